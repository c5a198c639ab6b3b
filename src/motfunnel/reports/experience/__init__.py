"""What was expected and what was lived, and what comes of those who complain.

Each question has a file of its own name; ``cases`` and ``scores`` are their common ground.
"""
