"""The Django project: settings, addresses, and where the database is."""
