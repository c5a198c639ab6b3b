"""Engines and connections: made from URLs, with faults that have a meaning and waits that end.

Knows drivers, pools and locks. Knows no table, and no transaction of a host's.
"""
