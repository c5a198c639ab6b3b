"""The pages: what visitors see, what customers do, what the staff read."""
