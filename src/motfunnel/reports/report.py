"""The report: questions put to a tracker's contacts, all as of one instant.

Lists the questions, a line each; what each asks and answers stands in a file of its name.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import When, iso
from motfunnel.domain.signal import Signal
from motfunnel.reports.decisions.patience import patience
from motfunnel.reports.decisions.plan_holdout import plan_holdout
from motfunnel.reports.decisions.simulate import simulate
from motfunnel.reports.decisions.worklist import worklist
from motfunnel.reports.experience.complaints import complaints
from motfunnel.reports.experience.departure_after_complaint import departure_after_complaint
from motfunnel.reports.experience.journey_map import journey_map
from motfunnel.reports.experience.nps import nps
from motfunnel.reports.experience.recovery import recovery
from motfunnel.reports.experience.touchpoints import touchpoints
from motfunnel.reports.ground import Ground
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.periods.growth import growth
from motfunnel.reports.periods.lifecycle import lifecycle
from motfunnel.reports.periods.retention import retention
from motfunnel.reports.periods.value import value
from motfunnel.reports.progress.conversion import conversion
from motfunnel.reports.progress.flows import flows
from motfunnel.reports.progress.funnel import funnel
from motfunnel.reports.progress.lens import lens
from motfunnel.reports.progress.loyalty import loyalty
from motfunnel.reports.progress.referrals import referrals
from motfunnel.reports.question import Question, Synchronous
from motfunnel.reports.returns.coverage import coverage
from motfunnel.reports.returns.holdout import holdout
from motfunnel.reports.returns.landmark import landmark
from motfunnel.reports.returns.mantel_byar import mantel_byar
from motfunnel.reports.returns.reactivation import reactivation
from motfunnel.reports.returns.recidivism import recidivism
from motfunnel.reports.returns.reengagement import reengagement
from motfunnel.reports.returns.relapse import relapse
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.recording.habits import near


class Questions:
    """All that a report can be asked, in the order in which it is listed."""

    recidivism: Final = Question(recidivism)
    reengagement: Final = Question(reengagement, needs=[Signal.OUTREACH])
    coverage: Final = Question(coverage, needs=[Signal.OUTREACH])
    reactivation: Final = Question(reactivation)
    relapse: Final = Question(relapse)
    conversion: Final = Question(conversion)
    loyalty: Final = Question(loyalty, needs=[Signal.PURCHASE])
    recovery: Final = Question(recovery, needs=[Signal.COMPLAIN])
    departure_after_complaint: Final = Question(departure_after_complaint, needs=[Signal.COMPLAIN])
    referrals: Final = Question(referrals, needs=[Signal.REFER])
    plan_holdout: Final = Question(plan_holdout)
    holdout: Final = Question(holdout)
    landmark: Final = Question(landmark, needs=[Signal.OUTREACH])
    mantel_byar: Final = Question(mantel_byar, needs=[Signal.OUTREACH])
    funnel: Final = Question(funnel)
    lifecycle: Final = Question(lifecycle)
    growth: Final = Question(growth)
    retention: Final = Question(retention)
    value: Final = Question(value)
    flows: Final = Question(flows)
    lens: Final = Question(lens)
    touchpoints: Final = Question(touchpoints, by_property=True)
    journey_map: Final = Question(journey_map)
    nps: Final = Question(nps, needs=[Signal.RATING])
    complaints: Final = Question(complaints, by_property=True, needs=[Signal.COMPLAIN])
    worklist: Final = Question(worklist)
    patience: Final = Question(patience)
    simulate: Final = Question(simulate)

    trait_names: Final = Question(Inquiry.trait_names)

    if not TYPE_CHECKING:  # or a checker would take any name

        def __getattr__(self, name: str) -> object:
            """Say what was probably meant; asked only for what is not there.

            Raises:
                AttributeError: always.
            """
            known = [one for one in dir(type(self)) if not one.startswith("_")]
            advice = "" if name.startswith("_") else near(name, known)
            said = f"a report has no {name!r}{advice and '; '}{advice}"
            raise AttributeError(said, name=name, obj=self)


class Report(Questions, Synchronous):
    """Rates and reports of one tenant, or of classified files, as of an instant.

    Made by ``Tracker.report``, and by ``Files.report`` of the batch engine. Every answer carries
    its definition, and prints.

    Args:
        tracker: whose contacts, or what stands for one.
        as_of: the instant; by default now, or the newest imported instant of a store that has
            only been imported into.
        known_by: take into account only what had been recorded by this instant.
        timezone: the IANA zone of calendar periods.

    Raises:
        QuestionError: an instant is naive or yet to come, or there is no such zone.
    """

    def __init__(
        self,
        tracker: Reader | Ground,
        *,
        as_of: When | None = None,
        known_by: When | None = None,
        timezone: str = "UTC",
    ) -> None:
        inquiry = Inquiry(tracker, as_of=as_of, known_by=known_by, timezone=timezone)
        self._inquiry = inquiry
        self.as_of: datetime = inquiry.as_of
        self.known_by: datetime | None = inquiry.known_by
        self.timezone: ZoneInfo = inquiry.timezone

    def __repr__(self) -> str:
        """As of when, by what was known until when, and in which zone."""
        known = "" if self.known_by is None else f", as known by {iso(self.known_by)}"
        return f"<Report as of {iso(self.as_of)}{known}, {self.timezone.key}>"

    @property
    def store_options(self) -> tuple[str, ...]:
        """The options by which the command line asks the same contacts."""
        return self._inquiry.store_options

    @property
    def definition(self) -> Funnel:
        """The funnel in use: ``funnel`` is the question how contacts go through its stages."""
        return self._inquiry.funnel
