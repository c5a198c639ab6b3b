"""Recording events and telling moments: the Tracker and what it is made of.

Decides which reads and writes belong together. Knows no SQL, and leaves every classification to
the domain.
"""
