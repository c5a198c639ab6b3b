"""The report: questions put to a tracker's contacts, all as of one instant.

Gathers the questions; each of the files that it gathers from is about one thing.
"""

from __future__ import annotations

from motfunnel.reports.decisions.advice import AboutTheNextStep
from motfunnel.reports.decisions.simulate import AboutChange
from motfunnel.reports.experience.complaints import AboutCases
from motfunnel.reports.experience.meetings import AboutTouchpoints
from motfunnel.reports.experience.nps import AboutPromoters
from motfunnel.reports.experience.recovery import AboutComplaints
from motfunnel.reports.periods.periods import AboutPeriods
from motfunnel.reports.progress.conversion import AboutProgress
from motfunnel.reports.progress.journeys import AboutJourneys
from motfunnel.reports.progress.lens import AboutLenses
from motfunnel.reports.progress.referrals import AboutReferrals
from motfunnel.reports.returns.departures import AboutDepartures
from motfunnel.reports.returns.trials import AboutOutreach


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
