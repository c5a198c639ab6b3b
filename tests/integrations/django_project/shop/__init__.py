"""The shop: a host's own tables and views, beside what is tracked."""
