"""What to do next: whom to write to, how long to wait, and what another funnel would change.

Each question has a file of its own name; ``two_walks`` serves the simulation.
"""
