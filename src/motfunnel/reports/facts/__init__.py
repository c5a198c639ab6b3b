"""What is known of contacts as of an instant: by what is stored, or by what was known earlier.

Reads the store, and counts nothing.
"""
