"""What keeps a store well: sweeps, rebuilds, checks, and its health in words."""
