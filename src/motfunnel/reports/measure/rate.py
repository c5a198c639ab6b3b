"""A windowed rate: a share that carries its definition, its counts, and how sure one can be.

Made by ``estimate``. Holds who was counted, so that any number can be turned into names.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of, dots
from motfunnel.answers.cells import (
    BY,
    COHORT,
    COUNT,
    DURATION,
    GROUP,
    NAMED,
    SHARE,
    TEXT,
    WAIT,
    WINDOW,
    Kind,
    between,
    cell,
    nested,
    percent,
    span,
)
from motfunnel.charts import curves as charts
from motfunnel.charts.curves import Scale, Step, Words, curves
from motfunnel.charts.labels import labels
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import PALETTE
from motfunnel.domain.instant import MICROSECOND, format_duration, iso
from motfunnel.reports.measure.adjusted import Adjusted, HazardRow
from motfunnel.reports.measure.clock import in_period
from motfunnel.reports.measure.comparison import Comparison, DifferenceRow, apart
from motfunnel.statistics import CompetingRisks, Curve, Interval, Proportion, SurvivalCurve

FEWEST_AT_RISK: Final = 10
"""Below this many nothing is read off a curve: at risk, or in effect."""

KM: Final = "KM"
AJ: Final = "AJ"
"""The headings of curves by Kaplan–Meier and by Aalen–Johansen."""

_NAMES: Final = {KM: SurvivalCurve.estimator, AJ: CompetingRisks.estimator}
_LETTERS: Final = {name: letters for letters, name in _NAMES.items()}
_ROUNDING: Final = 1e-9
_STEPS: Final = {_NAMES[KM]: 400, _NAMES[AJ]: 100}
"""So many steps of a curve are drawn: a screen shows no more, and those of the second take long."""

_SEEN: Final = 100
"""A curve that ends before this part of the window is an upright line at its edge."""

COMPETING = (
    "to contacts that were erased with their counts kept nothing can happen any more: they count "
    "as without the event, and the erasure is a competing risk"
)


def competing(erased: int) -> str:
    """How many count as without the event since they were erased."""
    return f"the {erased:,} erased with counts kept count as without the event; {COMPETING}"


@frozen(kw_only=True)
class Span:
    """From which duration to which; an upper end of None was not reached."""

    lower: timedelta
    upper: timedelta | None

    @classmethod
    def of(cls, lower: float, upper: float | None) -> Self:
        """Make one of microseconds."""
        return cls(lower=lower * MICROSECOND, upper=None if upper is None else upper * MICROSECOND)


@frozen(kw_only=True)
class KaplanMeier:
    """The same probability with those still under observation counted for as long as they were.

    Attributes:
        probability: of the event within the window; None where it rests on fewer than 10 in
            effect (``SurvivalCurve.effective_number``), or nobody was observed for that long and
            it has not come to all.
        interval: its log(−log) interval; None where undefined.
        at_risk: how many were still under observation just before the window's end, without the
            event so far: those to whom it came, or whose observation ended, at its very end are
            among them.
        median: the time by which half had it; None where fewer did.
        median_interval: between which times that lies; an upper end of None was not yet reached.
        mean: how long, on average, one waits for it within the window; whoever waits longer counts
            with the window. None where the probability is.
        mean_interval: its interval, on the logit of the mean over the window.
        curve: the whole curve; by Aalen–Johansen where an erasure competes with the event.
    """

    probability: float | None = field(metadata=cell(SHARE, "{estimator}"))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    at_risk: int = field(metadata=cell(COUNT, NAMED))
    median: timedelta | None = field(metadata=cell(WAIT, NAMED))
    median_interval: Span | None = field(default=None, metadata=cell(between(DURATION), NAMED))
    mean: timedelta | None = field(default=None, metadata=cell(WAIT, NAMED))
    mean_interval: Span | None = field(default=None, metadata=cell(between(DURATION), NAMED))
    curve: Curve = field(repr=False)


@frozen(kw_only=True)
class RateRow(Row):
    """The rate of one group.

    Attributes:
        group: the group's value; None where all are one group.
        rate: the numerator over the denominator; None, never 0, where that is 0.
        interval: around the rate; Wilson's, or clustered by contact where contacts repeat.
        numerator: mature, and with the event within the window.
        denominator: mature: observed for the whole window.
        immature: the share of the cohort that is not mature; None for an empty cohort.
        immature_count: how many these are.
        erased_count: how many were erased, their counts kept, before the event and by the instant.
        km: the Kaplan–Meier answer, to be read beside it.
    """

    group: str | None = field(metadata=cell(GROUP, BY))
    rate: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    numerator: int = field(metadata=cell(COUNT, NAMED))
    denominator: int = field(metadata=cell(COUNT, NAMED))
    immature: float | None = field(metadata=cell(SHARE, NAMED))
    immature_count: int = field(metadata=cell(COUNT))
    erased_count: int = field(metadata=cell(COUNT))
    km: KaplanMeier = field(metadata=cell(nested(KaplanMeier)))


@frozen(kw_only=True)
class CausedRow(RateRow):
    """The rate of one group whose event is a purchase or advocacy, whichever comes first.

    Attributes:
        purchase_first: of the numerator, those with whom it was a purchase.
        advocacy_first: of the numerator, those with whom it was advocacy.
    """

    purchase_first: int = field(metadata=cell(COUNT, NAMED))
    advocacy_first: int = field(metadata=cell(COUNT, NAMED))


def curve_picture(answer: Rate) -> Picture:
    """Draw the curve of each group, of many the largest.

    A curve ends where it rests on fewer than ten in effect: there the number is withheld, and so is
    the line.
    The band is left out where episodes of one contact repeat, as it would be too narrow.
    """
    rows = sorted(answer.rows, key=lambda row: -_size(row))[: len(PALETTE)]
    rows = [row for row in answer.rows if row in rows]
    scale = Scale.of(answer.within)
    names = labels(row.group or "all" for row in rows)
    short = labels((row.group for row in rows), 14)
    shown = [
        _curve(row, name, little, answer, scale)
        for row, name, little in zip(rows, names, short, strict=True)
    ]
    blank = _blank(shown, scale)
    words = Words(
        since=answer.since,
        event=answer.event,
        by=" or ".join(dict.fromkeys(_NAMES[_estimator(row)] for row in rows)),
        window=format_duration(answer.within),
        blank=blank,
        nearly=max((row.interval.upper for row in rows if row.interval), default=0.0),
    )
    return curves(
        shown,
        scale,
        words,
        grouped=answer.by is not None,
        counted=_counted(answer, rows, blank),
        told=_told(answer, rows),
    )


def rates_picture(answer: Rate) -> Picture:
    """Draw a dot for each group, and say how far two lie apart."""
    return dots(answer, apart(answer.comparison, answer.by))


@frozen(kw_only=True, repr=False)
class Rate(Answer[RateRow]):
    """A windowed rate, of all or by groups: one row for each group, in the order of their names.

    Names stand behind ``numerator``, ``denominator``, ``immature``, ``erased`` and ``at_risk``.

    Attributes:
        within: the window; its edge belongs to it.
        unit: ``contact`` (each contact's first episode in the cohort) or ``episode`` (all).
        by: what the rows are grouped by, or None.
        cohort: from when to when the clocks of those counted began; half-open, None: no bound.
        since: from what the clocks count, in words.
        event: what those did for whom they stopped, in words.
        comparisons: of a contact-based rate by groups, how those compare that may be compared:
            all of them, or, where their silences have different patience, each part of them.
        adjusted: the same with other things held alike; None where that was not asked for.
    """

    row_class: ClassVar[type[Row]] = RateRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"curve": curve_picture, "rates": rates_picture}

    within: timedelta = field(metadata=cell(WINDOW))
    unit: str = field(metadata=cell(TEXT))
    by: str | None = field(metadata=cell(TEXT))
    cohort: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))
    since: str
    event: str
    comparisons: tuple[Comparison, ...] = ()
    adjusted: Adjusted | None = None

    @property
    def comparison(self) -> Comparison | None:
        """The first of the comparisons, and mostly the only one; None where there is none."""
        return self.comparisons[0] if self.comparisons else None

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that a reader has to know besides, and what those may have done who are gone."""
        return (*super().remarks, *([biased(self)] if self.erased else []))

    @property
    def row(self) -> RateRow:
        """The one row of a rate without groups."""
        if self.by is not None:
            raise ValueError(f"this rate is grouped by {self.by}; look at its rows")
        return self.rows[0]

    @property
    def rate(self) -> float | None:
        """The share, of a rate without groups; None where nobody is mature."""
        return self.row.rate

    @property
    def numerator(self) -> int:
        """Those with the event within the window, of a rate without groups."""
        return self.row.numerator

    @property
    def denominator(self) -> int:
        """Those observed for the whole window, of a rate without groups."""
        return self.row.denominator

    @property
    def interval(self) -> Interval | None:
        """The interval around the share, of a rate without groups."""
        return self.row.interval

    @property
    def immature(self) -> float | None:
        """The share not observed for the whole window, of a rate without groups."""
        return self.row.immature

    @property
    def km(self) -> KaplanMeier:
        """The Kaplan–Meier answer, of a rate without groups."""
        return self.row.km

    def words_of(self, part: str) -> Collection[str]:
        """By which words a count may be called: the numerator also by what happened to it."""
        words = super().words_of(part)
        return (*words, self.event, self.word(self.event)) if part == "numerator" else words

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        stretch = in_period(self.cohort)
        cohort = f", cohort{stretch}" if stretch else ""
        window = format_duration(self.within)
        return f"{self.name.capitalize()} within {window}, {self.unit}-based{cohort}"

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON; without groups the row is part of it."""
        told = super().to_dict()
        if self.by is not None:
            compared = [one.to_dict() for one in self.comparisons]
            told |= {"comparison": next(iter(compared), None), "comparisons": compared}
            return told | ({} if self.adjusted is None else {"adjusted": self.adjusted.to_dict()})
        del told["rows"]
        alone = self.row.to_dict()
        del alone["group"]
        return told | alone

    def columns(self) -> list[tuple[str, Kind, list[Any]]]:
        """As of any answer; with other things held alike, each group's hazard ratio beside it."""
        told = super().columns()
        if self.adjusted is None:
            return told
        return [*told, *self.adjusted.columns([f"{self.by} {row.group}" for row in self.rows])]

    def _first_tables(self) -> Iterator[Table]:
        """All but the curves."""
        curves = self._caption()
        return (one for one in self.tables() if one[0] != curves)

    def tables(self) -> Iterator[Table]:
        """The rates, the curves with what they are by, and last how the groups compare."""
        rates, (_, header, rows) = super().tables()
        yield rates
        yield self._caption(), header, rows
        for compared in self.comparisons:
            yield self.table(compared.caption, columns_of(DifferenceRow), compared.differences)
        if self.adjusted is not None:
            yield self.table(self.adjusted.caption, columns_of(HazardRow), self.adjusted.rows)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        used = [name for name, rows in self._estimators().items() if rows]
        return super().words() | {"by": self.by or "", "estimator": " or ".join(used) or KM}

    def _gist(self) -> str:
        return (
            super()._gist() if self.by is not None or len(self.rows) != 1 else _rate(self.rows[0])
        )

    def _kinds(self) -> tuple[str, ...]:
        return ("curve",) if self.by is None else ("rates", "curve")

    def _estimators(self) -> dict[str, list[RateRow]]:
        """Of which rows the curve is by which estimator: where an event competes, by the second."""
        by: dict[str, list[RateRow]] = {KM: [], AJ: []}
        for row in self.rows:
            by[_estimator(row)].append(row)
        return by

    def _caption(self) -> str:
        """What is printed above the curves."""
        plain, competing = self._estimators().values()
        whose, withheld = "", "probability and mean are withheld" if plain else "withheld"
        end = f"{withheld} below {FEWEST_AT_RISK} in effect"
        if plain and competing:
            whose = f" in {', '.join(row.group or '' for row in competing)}"
        used = ["Kaplan–Meier"] if plain or not competing else []
        if competing:
            used.append(f"Aalen–Johansen{whose}, as something else ruled the event out")
            end += "; by Aalen–Johansen no mean is told, and no interval of the median"
        observed = "with the immature counted for as long as they were observed"
        mean = "; mean: the mean time without it, up to the window" if plain else ""
        return f"By {', and by '.join(used)}, {observed}{mean}; {end}"


@frozen(kw_only=True, repr=False)
class CausedRate(Rate):
    """A windowed rate whose rows say what came first.

    Names stand behind ``purchase_first`` and ``advocacy_first`` too.
    """

    row_class: ClassVar[type[Row]] = CausedRow


@frozen(kw_only=True, repr=False)
class PeriodRate(Rate):
    """A rate whose clocks all start with a period and whose window ends with it.

    Its cohort is the period; what happens at its end is in the next one.
    """

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        start, end = (iso(one) for one in self.cohort if one is not None)
        return f"{self.name.capitalize()} in the period from {start} to {end}, {self.unit}-based"


def biased(answer: Rate) -> str:
    """What those may have done to a rate who were erased with nothing of them kept."""
    said = "if the erased were unlike the rest, the rate is biased"
    if answer.by is not None or answer.unit != "contact" or len(answer.rows) != 1:
        return said
    none, every = (
        Proportion(numerator=row.numerator + more, denominator=row.denominator + answer.erased)
        for row in answer.rows
        for more in (0, answer.erased)
    )
    return (
        f"{said}: had all of them been counted here with the event, or without it, it would be "
        f"{percent(none.value)} to {percent(every.value)}"
    )


def is_enough(number: float | None) -> bool:
    """Whether a curve rests on enough contacts, in effect, to be quoted."""
    return number is not None and number >= FEWEST_AT_RISK - _ROUNDING


def traced(curve: Curve, window: timedelta, confidence: float, scale: Scale) -> list[Step]:
    """The steps of a curve that are drawn: no more than a screen shows.

    They end with the window, or where it rests on fewer than ten in effect.
    """
    table, end = curve.table, window // MICROSECOND
    if not is_enough(curve.effective_number(end)):
        # The number never rises.
        after = bisect_left(table.durations, True, key=lambda t: _ends(curve, t))
        if not after:
            return []
        end = min(end, table.durations[after - 1])
    times = [t for t, n in zip(table.durations, table.returned, strict=True) if n and t <= end]
    each = -(-len(times) // _STEPS[curve.estimator]) or 1
    steps = [Step(0.0, 0.0, 0.0, 0.0)]
    for t in sorted({0, *times[::-1][::each], end}):
        share, interval = curve.probability(t), curve.probability_interval(t, confidence)
        if share is not None:
            ends = (interval.lower, interval.upper) if interval else (share, share)
            steps.append(Step(t / (scale.one // MICROSECOND), share, *ends))
    return steps


def _ends(curve: Curve, t: int) -> bool:
    return not is_enough(curve.effective_number(t))


def _curve(row: RateRow, name: str, short: str, answer: Rate, scale: Scale) -> charts.Curve:
    return charts.Curve(
        group=name,
        short=short,
        name=f"{name}: {percent(row.km.probability)} ({_estimator(row)})",
        steps=traced(row.km.curve, answer.within, answer.confidence, scale),
        has_band=answer.unit != "episode",
        end=row.km.probability,
        ends=row.km.interval,
        at_risk=[row.km.curve.at_risk(t * scale.one // MICROSECOND) for t in scale.ticks()],
    )


def _estimator(row: RateRow) -> str:
    """How the curve of a row was estimated, in two letters."""
    return _LETTERS[row.km.curve.estimator]


def _blank(shown: Sequence[charts.Curve], scale: Scale) -> str:
    """Why there is no curve; nothing where there is one."""
    if any(one.end is not None for one in shown):
        return ""
    ends = [one.steps[-1].at for one in shown if one.steps]
    if not ends:
        return f"it rests on fewer than {FEWEST_AT_RISK} in effect, and no curve is quoted"
    if max(ends) * _SEEN < scale.window:
        return f"fewer than {FEWEST_AT_RISK} in effect almost from the start: no curve is quoted"
    return ""


def _counted(answer: Rate, rows: Sequence[RateRow], blank: str) -> str:
    if answer.by is not None:
        fewer = len(answer.rows) > len(rows)
        largest = f"the {len(rows)} largest of {len(answer.rows)} groups, " if fewer else ""
        lie = apart(answer.comparison, answer.by, "by their rates, ")
        n = f"{lie}{largest}n = {sum(map(_size, rows)):,}"
    else:
        n = _rate(rows[0])
    if blank:
        return n
    cut = any(_size(row) and row.km.probability is None for row in rows)
    ends = f"; each curve ends where it rests on fewer than {FEWEST_AT_RISK}" if cut else ""
    if answer.unit == "episode":
        return f"{n}{ends}"
    return f"{n}; {answer.confidence * 100:.4g}% band{ends}"


def _rate(row: RateRow) -> str:
    size = _size(row)
    if row.rate is None:
        return "nobody observed" + (f" for the whole window; n = {size:,}" if size else "")
    return (
        f"{percent(row.rate)} ({span(row.interval)}), {row.numerator:,} of {row.denominator:,} "
        f"observed; n = {size:,}, {percent(row.immature)} immature"
    )


def _told(answer: Rate, rows: Sequence[RateRow]) -> str:
    said = [
        f"{'all' if row.group is None else row.group}: {percent(row.km.probability)} "
        f"({span(row.km.interval)}), {row.km.at_risk:,} at risk"
        for row in rows
    ]
    window = format_duration(answer.within)
    return f"Curve of the share with the event, up to {window}. At its end, {'; '.join(said)}."


def _size(row: RateRow) -> int:
    return row.denominator + row.immature_count
