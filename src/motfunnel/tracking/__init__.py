"""Recording what contacts do, and telling what it means: contact by contact.

Knows no SQL. From the ground up: ``recording`` (one call), ``spool`` (what no database could be
told), ``profile`` (one contact's story), ``reader``, ``writer``, ``people`` and ``upkeep``.
"""
