"""A Django project to test in: a small shop on three databases at once."""
