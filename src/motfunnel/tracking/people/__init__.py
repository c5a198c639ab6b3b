"""What is owed to the people behind contacts: to be one, to be told all, to be forgotten.

Leaves no key of somebody forgotten, and classifies nothing itself.
"""
