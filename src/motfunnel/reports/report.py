"""The report: questions put to a tracker's contacts, all as of one instant.

Gathers the questions; each of the files that it gathers from is about one thing.
"""

from __future__ import annotations

from motfunnel.reports.advising import AboutTheNextStep
from motfunnel.reports.complaining import AboutComplaints
from motfunnel.reports.complaints import AboutCases
from motfunnel.reports.departing import AboutDepartures
from motfunnel.reports.experimenting import AboutOutreach
from motfunnel.reports.journeying import AboutJourneys
from motfunnel.reports.meeting import AboutTouchpoints
from motfunnel.reports.periodic import AboutPeriods
from motfunnel.reports.progressing import AboutProgress
from motfunnel.reports.promoting import AboutPromoters
from motfunnel.reports.referring import AboutReferrals
from motfunnel.reports.simulation import AboutChange
from motfunnel.reports.viewing import AboutLenses


class Report(
    AboutDepartures,
    AboutProgress,
    AboutComplaints,
    AboutReferrals,
    AboutOutreach,
    AboutPeriods,
    AboutJourneys,
    AboutLenses,
    AboutTouchpoints,
    AboutPromoters,
    AboutCases,
    AboutTheNextStep,
    AboutChange,
):
    """Rates and reports of one tenant, as of an instant.

    Made by ``Tracker.report``. Every answer carries its definition, and prints.

    Args:
        tracker: whose contacts.
        as_of: the instant; by default now, or the newest imported instant of a store that has
            only been imported into.
        known_by: take into account only what had been recorded by this instant.
        timezone: the IANA zone of calendar periods.

    Raises:
        QuestionError: an instant is naive or yet to come, or there is no such zone.
    """
