"""The report: questions put to a tracker's contacts, all as of one instant.

Lists the questions, a line each; what each asks and answers stands in a file of its name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from motfunnel.reports import decisions, experience, periods, progress, returns
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.question import Question, Synchronous
from motfunnel.tracking.reader import Reader


class Questions:
    """All that a report can be asked, in the order in which it is listed."""

    recidivism: Final = Question(returns.recidivism)
    reengagement: Final = Question(returns.reengagement)
    coverage: Final = Question(returns.coverage)
    reactivation: Final = Question(returns.reactivation)
    relapse: Final = Question(returns.relapse)
    conversion: Final = Question(progress.conversion)
    loyalty: Final = Question(progress.loyalty)
    recovery: Final = Question(experience.recovery)
    departure_after_complaint: Final = Question(experience.departure_after_complaint)
    referrals: Final = Question(progress.referrals)
    holdout: Final = Question(returns.holdout)
    landmark: Final = Question(returns.landmark)
    mantel_byar: Final = Question(returns.mantel_byar)
    funnel: Final = Question(progress.funnel)
    lifecycle: Final = Question(periods.lifecycle)
    growth: Final = Question(periods.growth)
    retention: Final = Question(periods.retention)
    flows: Final = Question(progress.flows)
    lens: Final = Question(progress.lens)
    touchpoints: Final = Question(experience.touchpoints, by_property=True)
    journey_map: Final = Question(experience.journey_map)
    nps: Final = Question(experience.nps)
    complaints: Final = Question(experience.complaints, by_property=True)
    worklist: Final = Question(decisions.worklist)
    patience: Final = Question(decisions.patience)
    simulate: Final = Question(decisions.simulate)

    trait_names: Final = Question(Inquiry.trait_names)


class Report(Questions, Synchronous):
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

    def __init__(
        self,
        tracker: Reader,
        *,
        as_of: datetime | None = None,
        known_by: datetime | None = None,
        timezone: str = "UTC",
    ) -> None:
        inquiry = Inquiry(tracker, as_of=as_of, known_by=known_by, timezone=timezone)
        self._inquiry = inquiry
        self.as_of: datetime = inquiry.as_of
        self.known_by: datetime | None = inquiry.known_by
        self.timezone: ZoneInfo = inquiry.timezone
