"""One call: from a host's words to an event, to what it means, to whom it is told.

An event is recorded in a transaction that somebody else began and will end; only a fold that was
owed is written in one of our own.
"""
