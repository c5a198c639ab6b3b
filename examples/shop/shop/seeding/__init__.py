"""A history to look at: some dozens of people, a year and a half, the same at every seeding."""
