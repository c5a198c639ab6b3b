"""The tables: their columns, types and version, and in what the databases differ there.

Runs no statement on a contact's rows: it looks for the tables, writes down their version, and tells
the planner what to do.
"""
