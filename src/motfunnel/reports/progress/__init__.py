"""How far contacts go, how fast, and where they are lost.

Each question has a file of its own name.
"""
