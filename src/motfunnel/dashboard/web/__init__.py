"""Requests in, responses out: the dashboard behind WSGI, ASGI, and on one's own machine.

Knows no framework. Whoever may not look learns nothing here.
"""
