"""Who comes back: the rates of those who departed, and comparisons of outreach.

Each question has a file of its own name.
"""
