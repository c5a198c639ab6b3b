"""All rows of a tenant, read and put in as they are: what a copy of a store is made of.

Knows no file, and nothing of what the rows mean.
"""
