"""Questions about a tenant's contacts; each answers with a value that carries its definition.

From the ground up: ``measure``, ``facts``, the questions (``returns``, ``progress``, ``periods``,
``experience``, ``decisions``), ``report``, which lists them, and ``catalogue``.

Asks the store for rows and the statistics for estimates; writes nothing.
"""
