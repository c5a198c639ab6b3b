"""What was expected and what was lived, and what comes of those who complain.

Each question has a file of its own name.
"""

from motfunnel.reports.experience.complaints import complaints
from motfunnel.reports.experience.departure_after_complaint import departure_after_complaint
from motfunnel.reports.experience.journey_map import journey_map
from motfunnel.reports.experience.nps import nps
from motfunnel.reports.experience.recovery import recovery
from motfunnel.reports.experience.touchpoints import touchpoints

__all__ = [
    "complaints",
    "departure_after_complaint",
    "journey_map",
    "nps",
    "recovery",
    "touchpoints",
]
