"""What to do next: whom to write to, how long to wait, and what another funnel would change.

Each question has a file of its own name.
"""

from motfunnel.reports.decisions.patience import patience
from motfunnel.reports.decisions.simulate import simulate
from motfunnel.reports.decisions.worklist import worklist

__all__ = ["patience", "simulate", "worklist"]
