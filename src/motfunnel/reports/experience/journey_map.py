"""The journey map: each touchpoint with its target, and what was experienced there.

Divides last, and names whoever is counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import COHORT, COUNT, NAMED, SHARE, TEXT, between, cell, headed
from motfunnel.charts.dots import Gap, gaps
from motfunnel.charts.scene import Picture
from motfunnel.domain.columns import Column, column
from motfunnel.domain.experience import BAD, DELIGHT, DISAPPOINTMENT, GOOD, IN_BETWEEN, MET
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.reports.experience.scores import (
    GAP,
    NOTHING,
    SCORE,
    Meanings,
    Tally,
    in_map_order,
    promise_of,
)
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import in_period
from motfunnel.reports.remarks import NO_SCORES, no_scores, scores_gone
from motfunnel.statistics import ClusteredShare, Interval, Sample
from motfunnel.statistics.ratio import IN_WORDS

_KEPT: Final = (
    "Of the experiences with an expectation, an event's own before the map's: what was expected, "
    "the gap (experienced less expected), and the share kept, that is met or surpassed"
)
_KEPT_COLUMNS: Final = headed(
    ("expected", SCORE),
    ("gap", GAP),
    ("kept", SHARE),
    ("interval", between(SHARE)),
    ("numerator", COUNT),
    ("denominator", COUNT),
)
DEFINITION: Final = (
    "each touchpoint at the highest stage that the contact had reached: the score that the journey "
    "map leads one to expect (target), the mean of what was experienced, and how far that "
    "lies from the target; below, of the experiences with an expectation, the mean gap and the "
    f"share that was met or surpassed; its interval is {IN_WORDS}"
)


@frozen(kw_only=True)
class MapRow(Row):
    """One touchpoint of the journey map at one stage: what was meant, and what came of it.

    Names stand behind ``experiences``, ``numerator`` and ``denominator``; a contact is named once
    for each of its experiences.

    Attributes:
        stage: the highest stage that the contact had reached; None where nobody has been here.
        touchpoint: where.
        promise: what the map promises there; None where it promises nothing.
        target: the score that the map leads one to expect; None where it says none.
        experienced: the mean of what was experienced.
        from_target: experienced less target; None where either is.
        experiences: how many there were.
        expected: the mean of what was expected, an event's own expectation before the map's.
        gap: the mean of experienced less expected, of those with an expectation: they need not be
            all, and what they expected need not be the target.
        kept: the share of those with an expectation that was met or surpassed.
        interval: around that share: that of the disappointed, taken from 1; Wilson's, or clustered
            by contact where contacts repeat, and None where these do not differ in their shares.
        numerator: how many were met or surpassed.
        denominator: how many came with an expectation.
    """

    stage: str | None = field(metadata=cell(TEXT, NAMED))
    touchpoint: str = field(metadata=cell(TEXT, NAMED))
    promise: str | None = field(metadata=cell(TEXT, NAMED))
    target: float | None = field(metadata=cell(SCORE, NAMED))
    experienced: float | None = field(metadata=cell(SCORE, NAMED))
    from_target: float | None = field(metadata=cell(GAP, NAMED))
    experiences: int = field(metadata=cell(COUNT, NAMED))
    expected: float | None = field(metadata=cell(SCORE))
    gap: float | None = field(metadata=cell(GAP))
    kept: float | None = field(metadata=cell(SHARE))
    interval: Interval | None = field(metadata=cell(between(SHARE)))
    numerator: int = field(metadata=cell(COUNT))
    denominator: int = field(metadata=cell(COUNT))


def picture(answer: JourneyMap) -> Picture:
    """Draw the target and the experience of each touchpoint at each stage, in their order."""
    names = [f"{row.stage} · {row.touchpoint}" if row.stage is not None else row.touchpoint
             for row in answer.rows]  # fmt: skip
    rows = [
        Gap(name, row.target, row.experienced, row.from_target, row.experiences)
        for name, row in zip(names, answer.rows, strict=True)
    ]
    return gaps(rows, "target", "experienced", "experiences")


@frozen(kw_only=True, repr=False)
class JourneyMap(Answer[MapRow]):
    """The journey map with its targets and what was experienced, in the order of the stages.

    At each stage the touchpoints of the map come first, in its order; those of the map at which
    nobody has said anything come last of all.

    Attributes:
        period: of the experiences; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = MapRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"gaps": picture}

    period: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Journey map" + in_period(self.period)

    def tables(self) -> Iterator[Table]:
        """The scores against the target; then what was expected and kept, with its counts."""
        shown = columns_of(MapRow)
        yield self.table(None, shown, self.rows)
        if self.rows:
            yield self.table(_KEPT, shown[:2] + _KEPT_COLUMNS, self.rows)


def map_rows(
    tallies: dict[tuple[str, str], Tally], funnel: Funnel, confidence: float
) -> Iterator[MapRow]:
    """Make the rows: stage by stage the touchpoints met there; then those of the map never met."""
    stages = [*funnel.stages, *sorted({stage for stage, _ in tallies} - {*funnel.stages})]
    for stage in stages:
        met = {touchpoint for of, touchpoint in tallies if of == stage}
        for touchpoint in in_map_order(met, funnel):
            yield _map_row(stage, touchpoint, tallies[stage, touchpoint], funnel, confidence)
    seen = {touchpoint for _, touchpoint in tallies}
    for touchpoint in funnel.touchpoints:
        if touchpoint not in seen:
            yield _map_row(None, touchpoint, Tally(), funnel, confidence)


def _map_row(
    stage: str | None, touchpoint: str, tally: Tally, funnel: Funnel, confidence: float
) -> MapRow:
    known = funnel.touchpoints.get(touchpoint)
    kept, expected = tally.of(DELIGHT, MET), tally.of(DELIGHT, MET, DISAPPOINTMENT)
    # The interval is that of the disappointed, from whom ``touchpoints`` tells it too.
    missed = ClusteredShare.by_name(tally.of(DISAPPOINTMENT), expected).interval(confidence)
    target, actual = None if known is None else known.expected, tally.experienced.mean
    return MapRow(
        stage=stage,
        touchpoint=touchpoint,
        promise=promise_of(touchpoint, funnel),
        target=target,
        experienced=actual,
        from_target=None if target is None or actual is None else actual - target,
        experiences=tally.experienced.size,
        expected=Sample.of(tally.expected).mean,
        gap=Sample.of(tally.gaps).mean,
        kept=len(kept) / len(expected) if expected else None,
        interval=None if missed is None else missed.complement(),
        numerator=len(kept),
        denominator=len(expected),
        names={
            "experiences": tally.who(GOOD, IN_BETWEEN, BAD),
            "numerator": tally.who(DELIGHT, MET),
            "denominator": tally.who(DELIGHT, MET, DISAPPOINTMENT),
        },
    )


def journey_map(
    inquiry: Inquiry, *, period: Bounds | None = None, confidence: float = CONFIDENCE
) -> JourneyMap:
    """The journey map written out: target and experience of each touchpoint, stage by stage.

    Numerator of ``kept``: experiences that met or surpassed what was expected. Denominator:
    those with an expected score. An empty denominator gives None.

    Args:
        period: experiences from the first instant on, before the second.
        confidence: of the intervals.
    """
    cohort, funnel = read_cohort(period, inquiry.instant), inquiry.funnel
    with inquiry.reading() as source:
        meanings, labels = Meanings(source.funnel), source.names.labels.texts
        contacts: defaultdict[tuple[int, int], Column] = defaultdict(column)
        for scored in source.scored(cohort, meanings.read, staged=True):
            keys = zip(scored.said, scored.stages, strict=True)
            for contact, key in zip(scored.contacts, keys, strict=True):
                contacts[key].append(contact)
        people = source.names.people.texts
    tallies: dict[tuple[str, str], Tally] = defaultdict(lambda: Tally(people))
    for (said, stage), who in contacts.items():
        if said != NOTHING:
            one, _ = meanings.known[said]
            tallies[labels[stage], one.touchpoint].add(one, who)
    erased, _ = inquiry.erased()
    notes = (None if tallies else NO_SCORES, scores_gone(len(erased)))
    return JourneyMap(
        name="journey map",
        definition=DEFINITION,
        rows=tuple(map_rows(tallies, funnel, confidence)),
        lacking=no_scores(funnel, is_any=bool(tallies)),
        period=cohort,
        notes=tuple(note for note in notes if note is not None),
        **inquiry.header(confidence),
    )
