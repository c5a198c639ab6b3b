"""Who comes back: the rates of those who departed, and comparisons of outreach.

Each question has a file of its own name.
"""

from motfunnel.reports.returns.coverage import coverage
from motfunnel.reports.returns.holdout import holdout
from motfunnel.reports.returns.landmark import landmark
from motfunnel.reports.returns.mantel_byar import mantel_byar
from motfunnel.reports.returns.reactivation import reactivation
from motfunnel.reports.returns.recidivism import recidivism
from motfunnel.reports.returns.reengagement import reengagement
from motfunnel.reports.returns.relapse import relapse

__all__ = [
    "coverage",
    "holdout",
    "landmark",
    "mantel_byar",
    "reactivation",
    "recidivism",
    "reengagement",
    "relapse",
]
