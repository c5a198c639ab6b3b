"""What is kept of answers, and what ends it: changes to what was recorded long ago.

Decides nothing of what is asked. Holds keys of contacts, as answers do; an erasure empties it.
"""
