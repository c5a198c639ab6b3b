"""What moments of truth are: signals, funnels, and the journey that classifies events.

From the ground up: values (``instant``, ``event``, ``signal``, ``moment``), the one step
(``machine``), the definition (``funnel``), and walks by it (``journey``, ``lens``).

Pure: the standard library and attrs only. No clock, database, logging or environment.
"""
