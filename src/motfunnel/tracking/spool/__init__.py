"""The spool: what no database could be told, kept in files until one can.

Knows files and their lines. Who records them again is handed in.
"""
