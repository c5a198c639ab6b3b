"""The funnel's definition: its stages, rules, conditions and touchpoints, and its file.

Says what an event means. Knows nothing of contacts or of what became of them.
"""
