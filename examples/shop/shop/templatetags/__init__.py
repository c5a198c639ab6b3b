"""Filters of the shop for templates."""
