"""The database: transactions of our own, and a host's that are joined; tried until certain.

What stands above asks a ``Database`` for a connection, and never where it came from.
"""
