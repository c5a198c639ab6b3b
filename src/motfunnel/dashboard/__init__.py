"""The dashboard: what a marketer opens on Monday, mounted in a host's own application.

Asks reports and shows their answers as pages. Changes nothing in the store, ever.
"""
