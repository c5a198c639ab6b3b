"""Classified files, asked like a store: every report, from what the batch engine has written.

Reads the folder, and changes nothing in it.
"""

from motfunnel.classified.files import Files

__all__ = ["Files"]
