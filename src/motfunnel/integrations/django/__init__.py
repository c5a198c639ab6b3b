"""motfunnel in a Django project: on Django's own connections, and in their transactions.

An app to be named in INSTALLED_APPS. Importing this package loads nothing of Django.
"""
