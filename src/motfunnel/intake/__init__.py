"""Intake: histories that lie in files, taken into the store row by row.

Reads CSV, JSON lines and Parquet, and never stops at a bad row nor drops one. What the events mean
is the funnel's to say; contacts are folded once all rows are in, and no handler is told.
"""

from motfunnel.intake.files.columns import Columns
from motfunnel.intake.importer import Imported, import_file
from motfunnel.intake.retry import retry_rejects

__all__ = ["Columns", "Imported", "import_file", "retry_rejects"]
