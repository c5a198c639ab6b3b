"""The outbox: moments that reach somebody, at least once, and in order for each contact.

What is to be told is put down with the moment itself, below; here it is subscribed to, and handed
on.
"""
