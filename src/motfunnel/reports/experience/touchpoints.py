"""Touchpoints: what was promised, what was expected, and what was experienced at each.

Divides last, and names whoever is counted; what an experience is, ``domain.experience`` says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of, show
from motfunnel.answers.cells import (
    BY,
    COHORT,
    COUNT,
    DATE,
    GROUP,
    KEY,
    NAMED,
    NUMBER,
    ROWS,
    SHARE,
    TEXT,
    Cell,
    between,
    cell,
    nested,
)
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part, stacked
from motfunnel.charts.dots import Gap, gaps
from motfunnel.charts.labels import fewer
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import BLUE, ORANGE, PALE
from motfunnel.domain.columns import Column, column
from motfunnel.domain.experience import BAD, DELIGHT, DISAPPOINTMENT, GOOD, IN_BETWEEN, MET
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros
from motfunnel.errors import QuestionError
from motfunnel.reports.experience.scores import (
    GAP,
    NOTHING,
    SCORE,
    Meanings,
    Tally,
    Worst,
    in_map_order,
    promise_of,
)
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort, in_period
from motfunnel.reports.measure.grouping import (
    By,
    Grouping,
    Groupings,
    in_order,
    read_property,
    together,
)
from motfunnel.reports.remarks import NO_SCORES, no_scores, scores_gone
from motfunnel.statistics import (
    ClusteredShare,
    Interval,
    Sample,
    intraclass_correlation,
    mean_range,
)
from motfunnel.statistics.ratio import IN_WORDS

WORST_CAPTION: Final = (
    "The worst experiences: the lowest scores, of equal ones those that fell furthest below what "
    "was expected, then the earliest"
)
_MOST: Final = 30
"""So many bars of verdicts are drawn."""

_TOLD: Final = (("_share", SHARE), ("_interval", between(SHARE)), ("", COUNT))
WORST: Final = 10
Key = tuple[str, str | None]
DEFINITION: Final = (
    "of every event with a score of what was experienced, the mean, and where something was "
    "expected (by the event, or else by the journey map) the mean gap: experienced less expected; "
    "shares are of experiences, of which one contact may have several; their intervals are "
    f"{IN_WORDS}"
)


@frozen(kw_only=True)
class AgainstExpectation:
    """How the experiences that were expected to be something turned out.

    Attributes:
        delight: how many were better than expected.
        delight_share: of those with an expectation; None where there are none.
        delight_interval: around that share; Wilson's, or clustered by contact where contacts
            repeat, and None where these do not differ in their shares.
        met: how many were as expected.
        met_share: as above.
        met_interval: as above.
        disappointment: how many were worse than expected.
        disappointment_share: as above.
        disappointment_interval: as above.
    """

    caption: ClassVar[str] = (
        "Against what was expected: better (delight), the same (met), worse (disappointment); of "
        "the experiences with an expectation"
    )
    parts: ClassVar[tuple[str, ...]] = ("delight", "met", "disappointment")
    of: ClassVar[str] = "with_expectation"

    delight: int = field(metadata=cell(COUNT))
    delight_share: float | None = field(metadata=cell(SHARE))
    delight_interval: Interval | None = field(metadata=cell(between(SHARE)))
    met: int = field(metadata=cell(COUNT))
    met_share: float | None = field(metadata=cell(SHARE))
    met_interval: Interval | None = field(metadata=cell(between(SHARE)))
    disappointment: int = field(metadata=cell(COUNT))
    disappointment_share: float | None = field(metadata=cell(SHARE))
    disappointment_interval: Interval | None = field(metadata=cell(between(SHARE)))


@frozen(kw_only=True)
class Verdicts:
    """How many experiences were good, bad or in between.

    Attributes:
        good: delight; without an expectation, a score from the promoter score on.
        good_share: of all experiences.
        good_interval: around that share, likewise.
        in_between: met; without an expectation, neither good nor bad.
        in_between_share: as above.
        in_between_interval: as above.
        bad: disappointment; without an expectation, a score up to 6.
        bad_share: as above.
        bad_interval: as above.
    """

    caption: ClassVar[str] = (
        "Good and bad: against the expectation, or without one from the promoter score on and up "
        "to 6; of all experiences"
    )
    parts: ClassVar[tuple[str, ...]] = ("good", "in_between", "bad")
    of: ClassVar[str] = "experiences"

    good: int = field(metadata=cell(COUNT))
    good_share: float | None = field(metadata=cell(SHARE))
    good_interval: Interval | None = field(metadata=cell(between(SHARE)))
    in_between: int = field(metadata=cell(COUNT))
    in_between_share: float | None = field(metadata=cell(SHARE))
    in_between_interval: Interval | None = field(metadata=cell(between(SHARE)))
    bad: int = field(metadata=cell(COUNT))
    bad_share: float | None = field(metadata=cell(SHARE))
    bad_interval: Interval | None = field(metadata=cell(between(SHARE)))


@frozen(kw_only=True)
class TouchpointRow(Row):
    """The experiences at one touchpoint, or of one group there.

    Names stand behind ``experiences``, ``delight``, ``met``, ``disappointment``, ``good``,
    ``in_between`` and ``bad``; a contact is named once for each of its experiences.

    Attributes:
        touchpoint: where.
        group: the group's value; None where all are one group.
        promise: what the journey map promises there; None where it promises nothing.
        experiences: how many there were.
        experienced: their mean score.
        deviation: their standard deviation: the consistency of the touchpoint; None below two.
        with_expectation: how many of them came with an expected score.
        expected: the mean of what was expected; None where nothing was.
        gap: the mean of experienced less expected, of those with both; None where there are none.
        against_expectation: delight, met and disappointment.
        verdicts: good, in between and bad.
    """

    touchpoint: str = field(metadata=cell(TEXT, NAMED))
    group: str | None = field(metadata=cell(GROUP, BY))
    promise: str | None = field(metadata=cell(TEXT))
    experiences: int = field(metadata=cell(COUNT, NAMED))
    experienced: float | None = field(metadata=cell(SCORE, NAMED))
    deviation: float | None = field(metadata=cell(SCORE, NAMED))
    with_expectation: int = field(metadata=cell(COUNT, NAMED))
    expected: float | None = field(metadata=cell(SCORE, NAMED))
    gap: float | None = field(metadata=cell(GAP, NAMED))
    against_expectation: AgainstExpectation = field(metadata=cell(nested(AgainstExpectation)))
    verdicts: Verdicts = field(metadata=cell(nested(Verdicts)))


@frozen(kw_only=True)
class Apart:
    """How far the groups of one touchpoint lie apart.

    Attributes:
        touchpoint: where.
        groups: how many groups there are, those of unknown value among them.
        lowest: the group with the lowest mean; of several the first.
        highest: the group with the highest mean; likewise.
        range: how far the highest mean lies above the lowest; None below two groups.
        between: the share of the variance that lies between groups, ICC(1); None where undefined.
    """

    touchpoint: str = field(metadata=cell(TEXT, NAMED))
    groups: int = field(metadata=cell(COUNT, NAMED))
    lowest: str = field(metadata=cell(TEXT, NAMED))
    highest: str = field(metadata=cell(TEXT, NAMED))
    range: float | None = field(metadata=cell(SCORE, NAMED))
    between: float | None = field(metadata=cell(NUMBER, NAMED))


@frozen(kw_only=True)
class WorstRow:
    """One of the worst experiences, by name.

    Attributes:
        contact: whose.
        event: the name of the event.
        event_id: its id.
        occurred_at: when.
        touchpoint: where.
        experienced: the score.
        expected: what had been expected; None where nothing was.
        gap: experienced less expected.
    """

    contact: str = field(metadata=cell(KEY, NAMED))
    event: str = field(metadata=cell(TEXT, NAMED))
    event_id: str = field(metadata=cell(KEY))
    occurred_at: datetime = field(metadata=cell(DATE, NAMED))
    touchpoint: str = field(metadata=cell(TEXT, NAMED))
    experienced: float = field(metadata=cell(SCORE, NAMED))
    expected: float | None = field(metadata=cell(SCORE, NAMED))
    gap: float | None = field(metadata=cell(GAP, NAMED))


def gaps_picture(answer: Touchpoints) -> Picture:
    """Draw what was expected and what was experienced at each touchpoint, and in each group."""
    rows = [
        Gap(_joined(answer, row), row.expected, row.experienced, row.gap, row.experiences)
        for row in answer.rows
    ]
    return gaps(rows, "expected", "experienced", "experiences")


def verdicts_picture(answer: Touchpoints) -> Picture:
    """Draw bad, in between and good experiences at each touchpoint."""
    rows = answer.rows[:_MOST]
    both = [row.verdicts for row in rows]
    parts = [
        Part("bad", ORANGE, [one.bad for one in both]),
        Part("in between", PALE, [one.in_between for one in both]),
        Part("good", BLUE, [one.good for one in both]),
    ]
    n = sum(row.experiences for row in rows)
    counted = f"n = {n:,} experiences{fewer(len(rows), len(answer.rows))}"
    return stacked([_joined(answer, row) for row in rows], parts, counted)


def _joined(answer: Touchpoints, row: TouchpointRow) -> str:
    return row.touchpoint if answer.by is None else f"{row.touchpoint} · {row.group}"


@frozen(kw_only=True, repr=False)
class Touchpoints(Answer[TouchpointRow]):
    """What was experienced at each touchpoint: those of the journey map first, in its order.

    Attributes:
        by: what tells the groups apart: a property of the event, or ``trait:NAME``; or None.
        period: of the experiences; half-open, None: no bound.
        apart: of each touchpoint, how far its groups lie apart; empty without groups.
        worst: the worst experiences: the lowest scores, of equal ones the largest gap first.
    """

    row_class: ClassVar[type[Row]] = TouchpointRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"gaps": gaps_picture, "verdicts": verdicts_picture}

    by: str | None = field(metadata=cell(TEXT))
    period: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))
    apart: tuple[Apart, ...] = field(metadata=cell(ROWS))
    worst: tuple[WorstRow, ...] = field(repr=False, metadata=cell(ROWS))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Touchpoints" + in_period(self.period)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"by": self.by or ""}

    def tables(self) -> Iterator[Table]:
        """The scores, what they amount to, how far groups lie apart, and the worst."""
        if not self.rows:
            return
        shown = [one for one in columns_of(TouchpointRow) if self.by or one[0] != "group"]
        yield self.table(None, shown, self.rows)
        whose = shown[: 2 if self.by else 1]
        for name, row in (("against_expectation", AgainstExpectation), ("verdicts", Verdicts)):
            yield row.caption, *self._shares(whose, f"{name}.", row.parts, row.of)
        if self.apart:
            caption = (
                "How far the groups lie apart: from the lowest mean to the highest, and the share "
                "of the variance between groups, ICC(1); about 0: no further than by chance"
            )
            yield self.table(caption, columns_of(Apart), self.apart)
        if self.worst:
            yield self.table(WORST_CAPTION, columns_of(WorstRow), self.worst)

    def _shares(
        self, whose: Sequence[tuple[str, Cell]], within: str, parts: Sequence[str], of: str
    ) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
        """A line for each part of each row: its share, the interval, and its counts."""
        lines = []
        for row in self.rows:
            names = [show(one.kind, row, path) for path, one in whose]
            for part in parts:
                told = [show(kind, row, f"{within}{part}{suffix}") for suffix, kind in _TOLD]
                lines.append([*names, part.replace("_", " "), *told, show(COUNT, row, of)])
        _, header, _ = self.table(None, whose, ())
        level = self.words()["level"]
        return [*header, "experience", "share", level, "counted", "of"], lines


def touchpoints(
    inquiry: Inquiry,
    *,
    by: By = None,
    period: Bounds | None = None,
    worst: int = WORST,
    confidence: float = CONFIDENCE,
) -> Touchpoints:
    """What was expected and experienced at each touchpoint, how evenly, and who fared worst.

    Denominator of the means, and of good, bad and in between: experiences (events with a
    score). Of gap, delight, met and disappointment: those of them with an expected score.
    Empty denominators give None. Where contacts repeat, intervals are clustered by contact.

    Args:
        by: a property of the event (or ``property:NAME``), ``event``, or ``trait:NAME`` as it
            held then, as in ``recidivism``; range and ICC(1) tell how far groups lie apart.
        period: experiences from the first instant on, before the second.
        worst: how many of the worst experiences to name.
        confidence: of the intervals.

    Raises:
        QuestionError: ``by`` names no property, or ``worst`` is not a count.
    """
    _check_worst(worst)
    groupings, cohort = read_property(by), read_cohort(period, inquiry.instant)
    tallies, least = _tally(inquiry, cohort, groupings, worst)
    ordered = _in_order(tallies, inquiry.funnel, groupings)
    return Touchpoints(
        name="touchpoints",
        definition=DEFINITION,
        rows=tuple(_row(key, tallies[key], inquiry.funnel, confidence) for key in ordered),
        apart=() if groupings is None else tuple(_apart(ordered, tallies)),
        worst=tuple(least),
        by=None if groupings is None else groupings.written,
        period=cohort,
        notes=_of_groups(inquiry, groupings, {group for _, group in tallies}),
        lacking=no_scores(inquiry.funnel, is_any=bool(tallies)),
        **inquiry.header(confidence),
    )


def _check_worst(worst: object) -> None:
    if not isinstance(worst, int) or isinstance(worst, bool) or worst < 0:
        raise QuestionError(f"worst is {worst!r}; it must be a count, 0 or more")


def _of_groups(
    inquiry: Inquiry, groupings: Groupings | None, groups: set[str | None]
) -> tuple[str, ...]:
    """That nothing has a score, or nothing with one has the property or the trait."""
    notes = (
        None if groups else NO_SCORES,
        inquiry.unknown(groupings, groups),
        scores_gone(len(inquiry.erased()[0])),
    )
    return tuple(note for note in notes if note is not None)


def _tally(
    inquiry: Inquiry, period: Cohort, groupings: Groupings | None, worst: int
) -> tuple[dict[Key, Tally], list[WorstRow]]:
    """Tally all experiences by touchpoint and group; keep the worst of them."""
    each = () if groupings is None else groupings.each
    with inquiry.reading() as source:
        people = source.names.people.texts
        meanings = Meanings(source.funnel, [one for one in each if one.is_of_the_event])
        traits = [source.traits(one.name) for one in each if not one.is_of_the_event]
        contacts: defaultdict[tuple[int, ...], Column] = defaultdict(column)
        least = Worst(worst, meanings)
        for scored in source.scored(period, meanings.read):
            held = [one.held(scored.contacts, scored.at) for one in traits]
            keys = zip(scored.said, *held, strict=True)
            for contact, key in zip(scored.contacts, keys, strict=True):
                contacts[key].append(contact)
            least.add(scored)
    tallies: dict[Key, Tally] = defaultdict(lambda: Tally(people))
    for (said, *values), who in contacts.items():
        if said != NOTHING:
            one, own = meanings.known[said]
            texts = [trait.values[value] for trait, value in zip(traits, values, strict=True)]
            tallies[one.touchpoint, _group(each, own, texts)].add(one, who)
    return tallies, [_worst(row, meanings, people) for row in least.rows]


def _group(
    each: Sequence[Grouping], own: Iterable[str | None], traits: Iterable[str | None]
) -> str | None:
    """The name of the group of some values: those of the event, and those of traits."""
    of_event, others = iter(own), iter(traits)
    values = [next(of_event if one.is_of_the_event else others) for one in each]
    named = [one.named(value) for one, value in zip(each, values, strict=True)]
    return together(named) if len(named) > 1 else named[0] if named else None


def _in_order(tallies: dict[Key, Tally], funnel: Funnel, groupings: Groupings | None) -> list[Key]:
    places = in_map_order({touchpoint for touchpoint, _ in tallies}, funnel)
    groups = in_order(groupings, {group for _, group in tallies})
    rank = {group: n for n, group in enumerate(groups)}
    return sorted(tallies, key=lambda key: (places.index(key[0]), rank[key[1]]))


def _row(key: Key, tally: Tally, funnel: Funnel, confidence: float) -> TouchpointRow:
    touchpoint, group = key
    all_of_them = tally.experienced
    expected = Sample.of(tally.expected)
    parts = {
        "experiences": tally.of(GOOD, IN_BETWEEN, BAD),
        **{part: tally.of(part) for part in (DELIGHT, MET, DISAPPOINTMENT, GOOD)},
        "in_between": tally.of(IN_BETWEEN),
        BAD: tally.of(BAD),
    }
    return TouchpointRow(
        touchpoint=touchpoint,
        group=group,
        promise=promise_of(touchpoint, funnel),
        experiences=all_of_them.size,
        experienced=all_of_them.mean,
        deviation=all_of_them.deviation,
        with_expectation=expected.size,
        expected=expected.mean,
        gap=Sample.of(tally.gaps).mean,
        against_expectation=AgainstExpectation(
            **_shares(parts, AgainstExpectation.parts, confidence)
        ),
        verdicts=Verdicts(**_shares(parts, Verdicts.parts, confidence)),
        names={
            part: Members(tally.people, who)
            for part, who in (parts | {AgainstExpectation.of: _expected(parts)}).items()
        },
    )


def _expected(parts: Mapping[str, Column]) -> Column:
    """Whose experiences came with an expectation."""
    return column(contact for part in AgainstExpectation.parts for contact in parts[part])


def _shares(parts: dict[str, Column], names: tuple[str, ...], confidence: float) -> dict[str, Any]:
    """The counts of some parts, their shares of all these, and the intervals around the shares."""
    told: dict[str, Any] = {}
    of = [contact for name in names for contact in parts[name]]
    for name in names:
        share = ClusteredShare.by_name(parts[name], of)
        told[name] = share.numerator
        told[f"{name}_share"] = share.value
        told[f"{name}_interval"] = share.interval(confidence)
    return told


def _apart(ordered: list[Key], tallies: dict[Key, Tally]) -> Iterator[Apart]:
    """How far the groups of each touchpoint lie apart, in the order of the touchpoints."""
    groups: dict[str, dict[str, Sample]] = {}
    for touchpoint, group in ordered:
        sample = tallies[touchpoint, group].experienced
        groups.setdefault(touchpoint, {})[group or ""] = sample
    for touchpoint, samples in groups.items():
        means = {group: sample.mean or 0.0 for group, sample in samples.items()}
        yield Apart(
            touchpoint=touchpoint,
            groups=len(samples),
            lowest=min(means, key=means.__getitem__),
            highest=max(means, key=means.__getitem__),
            range=mean_range(samples.values()),
            between=intraclass_correlation([*samples.values()]),
        )


def _worst(row: Sequence[Any], meanings: Meanings, people: Sequence[str]) -> WorstRow:
    _, at, _, event_id, contact, name, said = row
    one, _ = meanings.known[said]
    return WorstRow(
        contact=people[contact],
        event=name,
        event_id=event_id,
        occurred_at=from_micros(at),
        touchpoint=one.touchpoint,
        experienced=one.score,
        expected=one.expected,
        gap=one.gap,
    )
