"""Views: answers as what a page shows of them: sentences, figures, cards and linked tables.

Counts nothing and asks nothing. What strangers wrote is handed on as it is; templates escape it.
"""
