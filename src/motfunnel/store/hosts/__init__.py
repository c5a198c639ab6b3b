"""The host's own transaction: joined by savepoints, and watched until it is committed.

Never commits, rolls back or closes what is the host's.
"""
