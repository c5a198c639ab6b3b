"""The net promoter score of a period, from each contact's latest score in it.

Counts contacts, never answers. The interval is ``statistics``'.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row
from motfunnel.answers.cells import COHORT, COUNT, LEVEL, Kind, between, cell
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import BLUE, ORANGE, PALE
from motfunnel.domain.experience import DETRACTOR
from motfunnel.domain.funnel.rule import PROMOTER
from motfunnel.reports.experience.scores import Lived, read_lived
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import in_period
from motfunnel.reports.remarks import NO_SCORES, scores_gone
from motfunnel.statistics import Interval, NetPromoterScore

LARGEST: Final = 10
POINTS: Final = Kind("number", lambda points: f"{points:+.1f}")
DEFINITION: Final = (
    "of each contact's latest score in the period, the share at 9 or 10 less the share at 6 or "
    "below, in points; a score is a rating's, from 0 to 10"
)


@frozen(kw_only=True)
class NpsRow(Row):
    """The score, and whom it is made of.

    Names stand behind ``promoters``, ``passives``, ``detractors`` and ``contacts``.

    Attributes:
        nps: in points, from −100 to 100; None, never 0, where nobody gave a score.
        interval: adjusted Wald, around it.
        promoters: contacts whose latest score is 9 or more.
        passives: contacts whose latest score lies between.
        detractors: contacts whose latest score is 6 or less.
        contacts: all with a score in the period.
    """

    nps: float | None = field(metadata=cell(POINTS, "NPS"))
    interval: Interval | None = field(metadata=cell(between(POINTS), LEVEL))
    promoters: int = field(metadata=cell(COUNT, "promoters"))
    passives: int = field(metadata=cell(COUNT, "passives"))
    detractors: int = field(metadata=cell(COUNT, "detractors"))
    contacts: int = field(metadata=cell(COUNT, "contacts"))


def picture(answer: Nps) -> Picture:
    """Draw detractors, passives and promoters, and tell the score."""
    (row,) = answer.rows
    parts = [
        Part("detractors", ORANGE, [row.detractors]),
        Part("passives", PALE, [row.passives]),
        Part("promoters", BLUE, [row.promoters]),
    ]
    score = f"NPS {'–' if row.nps is None else POINTS.show(row.nps)}"
    sure = "" if row.interval is None else f" ({between(POINTS).show(row.interval)})"
    return stacked([score], parts, f"{score}{sure}; n = {row.contacts:,} contacts")


@frozen(kw_only=True, repr=False)
class Nps(Answer[NpsRow]):
    """The net promoter score.

    Attributes:
        period: of the scores; half-open, None: no bound.
        off_scale: how many ratings were left out, as they are not between 0 and 10.
    """

    row_class: ClassVar[type[Row]] = NpsRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"shares": picture}

    period: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))
    off_scale: int = field(metadata=cell(COUNT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Net promoter score" + in_period(self.period)

    @property
    def nps(self) -> float | None:
        """The score in points; None where nobody gave one."""
        return self.rows[0].nps


def _place(lived: Lived) -> tuple[datetime, str, str]:
    event = lived.event
    return event.occurred_at, event.id, event.contact


def _row(latest: dict[str, Lived], confidence: float) -> NpsRow:
    parts: dict[str, list[str]] = {"promoters": [], "passives": [], "detractors": []}
    for contact in sorted(latest):
        score = latest[contact].experience.score
        kind = "promoters" if score >= PROMOTER else "passives"
        parts["detractors" if score <= DETRACTOR else kind].append(contact)
    score_of = NetPromoterScore(**{part: len(who) for part, who in parts.items()})
    return NpsRow(
        nps=score_of.value,
        interval=score_of.interval(confidence),
        contacts=score_of.answers,
        **{part: len(who) for part, who in parts.items()},
        names={part: tuple(who) for part, who in parts.items()} | {"contacts": sorted(latest)},
    )


def nps(inquiry: Inquiry, *, period: Bounds | None = None, confidence: float = CONFIDENCE) -> Nps:
    """The net promoter score, in points.

    Numerator: contacts whose latest score in the period is 9 or 10, less those whose is 6 or
    below. Denominator: contacts with a score in the period. An empty denominator gives None.
    A score is that of a ``rating``, between 0 and 10; others are left out, and counted. Of
    several at one instant the one with the greatest id is the latest.

    Args:
        period: scores from the first instant on, before the second; None leaves an end open.
        confidence: of the interval.
    """
    cohort = read_cohort(period)
    latest: dict[str, Lived] = {}
    off_scale = 0
    with inquiry.reading() as source:
        for lived in read_lived(source, cohort, naming=None):
            if lived.experience.is_promoter is None:
                continue
            if not 0 <= lived.experience.score <= LARGEST:
                off_scale += 1
            elif lived.contact not in latest or _place(latest[lived.contact]) < _place(lived):
                latest[lived.contact] = lived
    erased, _ = inquiry.erased()
    gone = scores_gone(len(erased))
    left_out = f"ratings that are not between 0 and {LARGEST} were left out: {off_scale:,}"
    return Nps(
        name="nps",
        definition=DEFINITION,
        rows=(_row(latest, confidence),),
        period=cohort,
        off_scale=off_scale,
        notes=(
            *((left_out,) if off_scale else () if latest else (NO_SCORES,)),
            *(() if gone is None else (gone,)),
        ),
        **inquiry.header(confidence),
    )
