"""One call: from a host's words to an event, to what it means, to whom it is told.

What is recorded here is in a transaction that somebody else began and will end.
"""
