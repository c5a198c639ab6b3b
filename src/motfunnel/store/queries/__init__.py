"""The queries: what is read of all contacts as of an instant, streamed.

Writes nothing, and computes no rate.
"""
