"""What keeps a store well: sweeps, rebuilds, checks, migrations, and its health in words.

Changes no event: whatever it writes can be made again from them.
"""
