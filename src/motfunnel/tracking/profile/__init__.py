"""One contact's story: which keys it has, what happened, what that means, and why.

Writes nothing.
"""
