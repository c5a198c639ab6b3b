"""What is known of contacts as of an instant: by what is stored, or by what was known earlier.

``Facts`` is what questions ask for; ``Stored`` and ``Known`` give it.

Reads the store, and counts nothing.
"""
