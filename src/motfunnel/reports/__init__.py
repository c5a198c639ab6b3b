"""Questions about a tenant's contacts; each answers with a value that carries its definition.

Asks the store for rows and the statistics for estimates; writes nothing.
"""
