"""Where contacts, events and moments are kept: the only room that knows SQLAlchemy.

Says how things are written and read on SQLite, PostgreSQL and MariaDB. Decides nothing about what
an event means, and opens no transaction that it was not asked for. From the ground up: ``schema``,
``engine``, ``hosts``, ``database``, ``ledger`` (writing), ``queries`` (reading).
"""
