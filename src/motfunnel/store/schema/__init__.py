"""The tables: their columns, types and version, and in what the databases differ there.

Runs no statement of its own but those that look for the tables.
"""
