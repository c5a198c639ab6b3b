"""Whether there are more of them: reports with a row for each period of the calendar.

Each question has a file of its own name.
"""

from motfunnel.reports.periods.growth import growth
from motfunnel.reports.periods.lifecycle import lifecycle
from motfunnel.reports.periods.retention import retention

__all__ = ["growth", "lifecycle", "retention"]
