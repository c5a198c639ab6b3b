"""The tables, version by version. How one is added, ``0001_initial`` says."""
