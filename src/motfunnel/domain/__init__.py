"""What moments of truth are: signals, funnels, and the journey that classifies events.

Pure: the standard library and attrs only. No clock, database, logging or environment.
"""
