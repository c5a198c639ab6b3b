"""The ledger: the rows of contacts, as a transaction writes them, and reads what it needs to.

Decides nothing of what is written. The write path's statements are compiled once. What is asked of
all contacts, ``queries`` reads.
"""
