"""The outbox's rows: what subscriptions ask for, and what they have not been told yet.

Put down in the transaction of what they tell. When to hand them on is not decided here.
"""
