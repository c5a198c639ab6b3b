"""Exports: the shapes of files that other programs write, and what their rows say.

A profile turns the rows of such an export into flat rows of events. Knows no store and no funnel.
"""
