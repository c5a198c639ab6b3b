"""The batch engine: whole histories in files, classified without a database.

``classify`` reads Parquet, CSV, JSON lines or an Arrow table, walks every contact through the same
``machine.step`` as the tracker, and writes moments, episodes, contacts and events as Parquet.
"""

from motfunnel.batch.classification import Classified, classify

__all__ = ["Classified", "classify"]
