"""Clocks, groups and estimates: how what is known of contacts becomes numbers.

Reads no database.
"""
