"""Intake: histories that lie in files, taken into the store row by row.

Reads CSV, JSON lines and Parquet, and never stops at a bad row nor drops one. What the events mean
is the funnel's to say; contacts are folded once all rows are in, and no handler is told.
"""

from motfunnel.intake.columns import Columns
from motfunnel.intake.imported import Imported
from motfunnel.intake.importing import import_file
from motfunnel.intake.retrying import retry_rejects

__all__ = ["Columns", "Imported", "import_file", "retry_rejects"]
