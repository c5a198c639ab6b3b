"""The ledger: what is written, one contact's rows in one transaction.

Its statements are compiled once. What is written here, ``queries`` reads.
"""
