"""The net promoter score of a period, from each contact's latest score in it.

Counts contacts, never answers. The interval is ``statistics``'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from motfunnel.answers.answer import Answer, Draw, Row
from motfunnel.answers.cells import COHORT, COUNT, NAMED, Kind, between, cell
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import BLUE, ORANGE, PALE
from motfunnel.domain.columns import NEVER, Column, column
from motfunnel.domain.funnel.rule import DETRACTOR, PROMOTER, SCALE
from motfunnel.reports.experience.scores import NOTHING, Meanings
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort, in_period
from motfunnel.reports.remarks import NO_SCORES, scores_gone
from motfunnel.statistics import Interval, NetPromoterScore

_OFF_SCALE: Final = -2
POINTS: Final = Kind("number", lambda points: f"{points:+z,.1f}")
NO_SUCH_SCORE: Final = (
    "a net promoter score exists on the scale from 0 to 10 only, and the funnel has another; the "
    "report touchpoints tells how its scores are"
)
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

    nps: float | None = field(metadata=cell(POINTS, NAMED))
    interval: Interval | None = field(metadata=cell(between(POINTS), NAMED))
    promoters: int = field(metadata=cell(COUNT, NAMED))
    passives: int = field(metadata=cell(COUNT, NAMED))
    detractors: int = field(metadata=cell(COUNT, NAMED))
    contacts: int = field(metadata=cell(COUNT, NAMED))


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


@define
class Latest:
    """The latest score of each contact, at the place of its number.

    Attributes:
        at: when it was given.
        said: the number of what was said; ``NOTHING`` of whom no score is known.
        ids: the event's id and key: of several at one instant the greatest is the latest.
    """

    at: Column = field(factory=column)
    said: Column = field(factory=column)
    ids: list[tuple[str, str]] = field(factory=list)

    def add(self, contact: int, at: int, event: tuple[str, str], said: int) -> None:
        """Hear of a score."""
        more = contact + 1 - len(self.at)
        if more > 0:
            self.at.extend(repeat(-NEVER, more))
            self.said.extend(repeat(NOTHING, more))
            self.ids.extend(repeat(("", ""), more))
        if (at, event) > (self.at[contact], self.ids[contact]):
            self.at[contact], self.said[contact], self.ids[contact] = at, said, event


def _latest(source: Facts, period: Cohort, meanings: Meanings) -> tuple[Latest, int]:
    """The latest score of each contact in a period, and how many are on no scale."""
    latest, off_scale, funnel = Latest(), 0, source.funnel

    def read(event: str, properties: Mapping[str, Any]) -> int:
        said = meanings.read(event, properties)
        if said != NOTHING and meanings.known[said][0].is_promoter is not None:
            return said
        return _OFF_SCALE if funnel.read_stored(event, properties).is_off_scale else NOTHING

    for scored in source.scored(period, read, naming=None):
        rows = zip(scored.contacts, scored.at, scored.said, scored.events, strict=True)
        for contact, at, said, (key, _, event_id) in rows:
            if said < 0:
                off_scale += said == _OFF_SCALE
            else:
                latest.add(contact, at, (event_id, key), said)
    return latest, off_scale


def _row(latest: Latest, meanings: Meanings, people: Sequence[str], confidence: float) -> NpsRow:
    parts = {part: column() for part in ("promoters", "passives", "detractors")}
    for contact, said in enumerate(latest.said):
        if said != NOTHING:
            score = meanings.known[said][0].score
            kind = "promoters" if score >= PROMOTER else "passives"
            parts["detractors" if score <= DETRACTOR else kind].append(contact)
    counts = {part: len(who) for part, who in parts.items()}
    score_of = NetPromoterScore(**counts)
    parts["contacts"] = sum(parts.values(), column())
    return NpsRow(
        nps=score_of.value,
        interval=score_of.interval(confidence),
        contacts=score_of.answers,
        **counts,
        names={part: Members(people, who) for part, who in parts.items()},
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
    cohort = read_cohort(period, inquiry.instant)
    with inquiry.reading() as source:
        meanings, people = Meanings(source.funnel), source.names.people.texts
        latest, off_scale = _latest(source, cohort, meanings)
    row = _row(latest, meanings, people, confidence)
    erased, _ = inquiry.erased()
    gone = scores_gone(len(erased))
    left_out = f"ratings that are not between 0 and 10 were left out: {off_scale:,}"
    return Nps(
        name="nps",
        definition=DEFINITION,
        rows=(row,),
        lacking="" if inquiry.funnel.scale == SCALE else NO_SUCH_SCORE,
        period=cohort,
        off_scale=off_scale,
        notes=(
            *((left_out,) if off_scale else () if row.contacts else (NO_SCORES,)),
            *(() if gone is None else (gone,)),
        ),
        **inquiry.header(confidence),
    )
