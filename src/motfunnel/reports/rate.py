"""A windowed rate: a share that carries its definition, its counts, and how sure one can be.

Made by ``estimate``. Holds who was counted, so that any number can be turned into names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Self

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Row, Table, columns_of
from motfunnel.answers.cells import (
    BY,
    COHORT,
    COUNT,
    DURATION,
    GROUP,
    LEVEL,
    SHARE,
    TEXT,
    WAIT,
    WINDOW,
    between,
    cell,
    nested,
)
from motfunnel.domain.instant import MICROSECOND, format_duration, iso
from motfunnel.reports.comparison import Comparison, DifferenceRow
from motfunnel.statistics import CompetingRisks, Interval, SurvivalCurve

FEWEST_AT_RISK = 10
"""Below this many still under observation at the window's end, no curve is quoted there."""

KM: Final = "KM"
AJ: Final = "AJ"
"""The headings of curves by Kaplan–Meier and by Aalen–Johansen."""

COMPETING = (
    "to contacts that were erased with their counts kept nothing can happen any more: they count "
    "as without the event, and the erasure is a competing risk"
)


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
        probability: of the event within the window; None where fewer than 10 are at risk at its
            end, or nobody was observed for that long.
        interval: its log(−log) interval; None where undefined.
        at_risk: how many were still under observation just before the window's end, without the
            event so far: those to whom it came, or whose observation ended, at its very end are
            among them.
        median: the time by which half had it; None where fewer did.
        median_interval: between which times that lies; an upper end of None was not yet reached.
        mean: how long, on average, one waits for it within the window; whoever waits longer counts
            with the window. None where the probability is.
        mean_interval: its normal interval.
        curve: the whole curve; by Aalen–Johansen where an erasure competes with the event.
    """

    probability: float | None = field(metadata=cell(SHARE, "{estimator}"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    at_risk: int = field(metadata=cell(COUNT, "at risk"))
    median: timedelta | None = field(metadata=cell(WAIT, "median"))
    median_interval: Span | None = field(default=None, metadata=cell(between(DURATION), LEVEL))
    mean: timedelta | None = field(default=None, metadata=cell(WAIT, "mean"))
    mean_interval: Span | None = field(default=None, metadata=cell(between(DURATION), LEVEL))
    curve: SurvivalCurve | CompetingRisks = field(repr=False)


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
    rate: float | None = field(metadata=cell(SHARE, "rate"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    numerator: int = field(metadata=cell(COUNT, "counted"))
    denominator: int = field(metadata=cell(COUNT, "observed"))
    immature: float | None = field(metadata=cell(SHARE, "immature"))
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

    purchase_first: int = field(metadata=cell(COUNT, "purchase"))
    advocacy_first: int = field(metadata=cell(COUNT, "advocacy"))


@frozen(kw_only=True)
class Rate(Answer[RateRow]):
    """A windowed rate, of all or by groups: one row for each group, in the order of their names.

    Names stand behind ``numerator``, ``denominator`` and ``immature``.

    Attributes:
        within: the window; its edge belongs to it.
        unit: ``contact`` (each contact's first episode in the cohort) or ``episode`` (all).
        by: what the rows are told apart by, or None.
        cohort: from when to when the clocks of those counted began; half-open, None: no bound.
        since: from what the clocks count, in words.
        event: what those did for whom they stopped, in words.
        comparison: of a contact-based rate by groups, how they compare.
    """

    row_class: ClassVar[type[Row]] = RateRow

    within: timedelta = field(metadata=cell(WINDOW))
    unit: str = field(metadata=cell(TEXT))
    by: str | None = field(metadata=cell(TEXT))
    cohort: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))
    since: str
    event: str
    comparison: Comparison | None = None

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

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        start, end = self.cohort
        since = "" if start is None else f" from {iso(start)}"
        until = "" if end is None else f" to {iso(end)}"
        cohort = f", cohort{since}{until}" if since or until else ""
        window = format_duration(self.within)
        return f"{self.name.capitalize()} within {window}, {self.unit}-based{cohort}"

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON; without groups the row is part of it."""
        told = super().to_dict()
        if self.by is not None:
            compared = self.comparison
            return told | {"comparison": None if compared is None else compared.to_dict()}
        del told["rows"]
        alone = self.row.to_dict()
        del alone["group"]
        return told | alone

    def tables(self) -> Iterator[Table]:
        """The rates, the curves with what they are by, and last how the groups compare."""
        rates, (_, header, rows) = super().tables()
        yield rates
        yield self._caption(), header, rows
        if self.comparison is not None:
            columns = columns_of(DifferenceRow)
            yield self.table(self.comparison.caption, columns, self.comparison.differences)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        used = [name for name, rows in self._estimators().items() if rows]
        return super().words() | {"by": self.by or "", "estimator": " or ".join(used) or KM}

    def _estimators(self) -> dict[str, list[RateRow]]:
        """Of which rows the curve is by which estimator: where an event competes, by the second."""
        by: dict[str, list[RateRow]] = {KM: [], AJ: []}
        for row in self.rows:
            by[AJ if isinstance(row.km.curve, CompetingRisks) else KM].append(row)
        return by

    def _caption(self) -> str:
        """What is printed above the curves."""
        plain, competing = self._estimators().values()
        whose, withheld = "", "probability and mean are withheld" if plain else "withheld"
        end = f"{withheld} below {FEWEST_AT_RISK} at risk{self._all_had_it(plain)}"
        if plain and competing:
            whose = f" in {', '.join(row.group or '' for row in competing)}"
        used = ["Kaplan–Meier"] if plain or not competing else []
        if competing:
            used.append(f"Aalen–Johansen{whose}, as something else ruled the event out")
            end += "; by Aalen–Johansen no mean is told, and no interval of the median"
        observed = "with the immature counted for as long as they were observed"
        mean = "; mean: the mean time without it, up to the window" if plain else ""
        return f"By {', and by '.join(used)}, {observed}{mean}; {end}"

    def _all_had_it(self, plain: Sequence[RateRow]) -> str:
        """Why nobody is at risk at the window's end, where all had the event before it."""
        every = [one for one in plain if not one.km.at_risk and _is_complete(one.km.curve)]
        if not every:
            return ""
        whose = f"in {', '.join(one.group or '' for one in every)}, where " if self.by else ""
        return f", as {whose}it came to all before the window's end"


def _is_complete(curve: SurvivalCurve | CompetingRisks) -> bool:
    return isinstance(curve, SurvivalCurve) and curve.is_complete


@frozen(kw_only=True)
class CausedRate(Rate):
    """A windowed rate whose rows say what came first.

    Names stand behind ``purchase_first`` and ``advocacy_first`` too.
    """

    row_class: ClassVar[type[Row]] = CausedRow


@frozen(kw_only=True)
class PeriodRate(Rate):
    """A rate whose clocks all start with a period and whose window ends with it.

    Its cohort is the period; what happens at its end is in the next one.
    """

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        start, end = (iso(one) for one in self.cohort if one is not None)
        return f"{self.name.capitalize()} in the period from {start} to {end}, {self.unit}-based"
