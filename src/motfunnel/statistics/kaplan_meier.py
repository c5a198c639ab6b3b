"""The curve of return by Kaplan and Meier, with its median and its restricted mean.

Counts in, values out; None wherever the counts cannot say, and nothing carried forward. For
independent episodes without competing events; ``kaplan_meier_clustered`` and ``aalen_johansen``
hold the others.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from math import exp, fsum, inf, log, sqrt
from operator import neg
from typing import ClassVar, Final, Self

from attrs import field, frozen

from motfunnel.statistics.clusters import Clusters
from motfunnel.statistics.interval import (
    CONFIDENCE,
    WIDEST,
    Interval,
    critical_value,
    log_log_ends,
    log_log_interval,
)
from motfunnel.statistics.risk_table import RiskTable

SLACK: Final = 1e-9
"""It takes up rounding where a quantile is met exactly."""
HALF: Final = 0.5 + SLACK
"""The share away at which half are back."""
_HALF: Final = -log(HALF) * (1 - 1e-9)
"""The exponent of the band's lower end where that is at a half; less what rounding may take."""
_AT_ONCE: Final = 64
_WIDEST: Final = 700.0
"""So far reaches ``exp``."""


@frozen(kw_only=True)
class Step:
    """One return time of the curve: the counts there, and the estimates from there on."""

    time: int
    at_risk: int
    returned: int
    survival: float
    greenwood: float


@frozen(kw_only=True)
class SurvivalCurve:
    """The share still away after each duration, and its complement, the probability of return.

    At each return time the share is multiplied by those who stayed away over those at risk
    (Kaplan & Meier 1958), with Greenwood's variance (1926) and log(-log) intervals. Durations are
    whole numbers of one unit. With nobody observed, every answer is None; past the last observed
    duration too, unless all had returned by then: there they are back for ever.

    >>> curve = SurvivalCurve.from_counts([(3, 1, 0), (5, 1, 1), (8, 0, 1)])
    >>> curve.survival(5), curve.probability(5), curve.at_risk(5)
    (0.5, 0.5, 3)
    >>> curve.survival(9) is None
    True

    Attributes:
        table: the counts at each distinct duration.
        survival_after: the share still away from each row of the table on.
        greenwood_after: Greenwood's sum up to each row of the table.
    """

    estimator: ClassVar[str] = "Kaplan–Meier"

    table: RiskTable
    survival_after: tuple[float, ...] = field(repr=False, eq=False)
    greenwood_after: tuple[float, ...] = field(repr=False, eq=False)

    @classmethod
    def from_counts(cls, rows: Iterable[tuple[int, int, int]]) -> Self:
        """Build the curve from rows of (duration, returned, censored), in any order.

        Raises:
            ValueError: a duration or a count is negative.
        """
        return cls._of(RiskTable.from_counts(rows))

    @classmethod
    def from_columns(cls, durations: Sequence[int], returned: Sequence[int]) -> Self:
        """Build the curve from how long each episode was observed, and whether it returned.

        Raises:
            ValueError: a duration is negative.
        """
        return cls._of(RiskTable.from_columns(durations, returned))

    @classmethod
    def _of(cls, table: RiskTable) -> Self:
        survival, greenwood = _estimate(table)
        return cls(table=table, survival_after=survival, greenwood_after=greenwood)

    @classmethod
    def from_observations(cls, observations: Iterable[tuple[int, bool]]) -> Self:
        """Build the curve from one (duration, whether it returned) for each episode.

        Raises:
            ValueError: a duration is negative.
        """
        return cls.from_counts((t, 1, 0) if back else (t, 0, 1) for t, back in observations)

    def steps(self) -> Iterator[Step]:
        """Walk the distinct return times in order, with the counts and estimates at each."""
        table = self.table
        for row, returned in enumerate(table.returned):
            if returned:
                yield Step(
                    time=table.durations[row],
                    at_risk=table.at_risk[row],
                    returned=returned,
                    survival=self.survival_after[row],
                    greenwood=self.greenwood_after[row],
                )

    @property
    def is_complete(self) -> bool:
        """Whether all returned, so that nobody is left away after the last return."""
        return bool(self.survival_after) and self.survival_after[-1] == 0

    def at_risk(self, t: int) -> int:
        """Count those still under observation and away just before this duration."""
        return self.table.counts_at(t)[0]

    def survival(self, t: int) -> float | None:
        """Estimate the share still away after this duration; None past the last observed.

        Where it has come to 0 it is 0 from there on.
        """
        return self._at(self.survival_after, t, 1.0)

    def effective_number(self, t: int) -> float | None:
        """How many, all observed for so long, would tell as much of the share still away.

        Those still observed after the returns at this duration, over the share still away (Peto
        et al. 1977); where nobody is away any more, the same just before the last return. None
        where the share is.

        >>> SurvivalCurve.from_counts([(3, 995, 0), (9, 0, 5)]).effective_number(5)
        1000.0
        """
        if not self._knows(t):
            return None
        # Before the returns at a duration the quotient is the same, and nobody need be left.
        row = min(bisect_left(self.table.durations, t), len(self.table.durations) - 1)
        return self.table.at_risk[row] / (self.survival_after[row - 1] if row else 1.0)

    def probability(self, t: int) -> float | None:
        """Estimate the share back within this duration; None past the last observed.

        Numerator and denominator are those of every return time up to it: one less the product
        of (at risk less returned) over at risk. Everybody followed up, it is the plain share.
        """
        survival = self.survival(t)
        return None if survival is None else 1.0 - survival

    def greenwood(self, t: int) -> float | None:
        """Give Greenwood's sum, the variance of the logarithm of the share still away.

        None past the last observed duration; infinite where nobody was left away.
        """
        return self._at(self.greenwood_after, t, 0.0)

    def interval(self, t: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the share still away.

        None before the first return, where nobody was left away, and past the last observed.
        """
        survival, greenwood = self.survival(t), self.greenwood(t)
        if survival is None or greenwood is None:
            return None
        return log_log_interval(survival, greenwood, confidence)

    def probability_interval(self, t: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the share back; None wherever that of the share away is."""
        away = self.interval(t, confidence)
        return None if away is None else away.complement()

    def quantile(self, share: float) -> int | None:
        """Find the first duration within which at least a share is back, or None."""
        row = bisect_left(self.survival_after, share - 1.0 - SLACK, key=neg)
        return self.table.durations[row] if row < len(self.table.durations) else None

    def median(self) -> int | None:
        """Find the first duration after which at most half are still away, or None."""
        return self.quantile(0.5)

    def median_interval(self, confidence: float = CONFIDENCE) -> MedianInterval | None:
        """Find where the lower and the upper end of the curve's band first fall to a half.

        None where not even the lower end does (Brookmeyer & Crowley 1982, on the log(-log)
        scale). Where nobody is left away the band has ended, and crosses nothing.
        """
        z = critical_value(confidence)
        return median_interval(self._near_a_half(z), z)

    def _near_a_half(self, z: float) -> Iterator[tuple[int, float, float]]:
        """Walk the rows, without many at a time where no end of the band can be at a half yet.

        With x = -ln S the lower end is exp(-x exp(z sqrt(G) / x)). That exponent is convex in x and
        grows with G: among some rows in order it is largest at the first or the last, with the G of
        the last.
        """
        table, survival, greenwood = self.table, self.survival_after, self.greenwood_after
        for start in range(0, len(survival), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            first, last = survival[some][0], survival[some][-1]
            if not 0.0 < last <= first < 1.0 or _most(first, last, greenwood[some][-1], z) >= _HALF:
                yield from zip(table.durations[some], survival[some], greenwood[some], strict=True)

    def restricted_mean(self, tau: int) -> RestrictedMean | None:
        """Average the time away up to a horizon; None past the last observed duration.

        Where all had returned by then it is their mean.

        Raises:
            ValueError: the horizon is negative.
        """
        if tau < 0:
            raise ValueError(f"a horizon is not negative: {tau}")
        if not self._knows(tau):
            return None
        return RestrictedMean.of(self.table, self.survival_after, tau)

    def chance(self, after: int, within: int) -> float | None:
        """Estimate the share back within so much more, of those still away after so long.

        One less the share still away in the end over that at first; None past the last observed
        duration, and where nobody is left away.
        """
        now, later = self.survival(after), self.survival(after + within)
        return None if not now or later is None else 1.0 - later / now

    def chance_interval(
        self, after: int, within: int, confidence: float = CONFIDENCE
    ) -> Interval | None:
        """Give its interval, with Greenwood's sum over the returns between the two durations.

        None where there are none, and where nobody stays away.
        """
        now, later = self.survival(after), self.survival(after + within)
        if not now or later is None:
            return None
        before, until = self.greenwood(after) or 0.0, self.greenwood(after + within) or 0.0
        still = log_log_interval(later / now, until - before, confidence)
        return None if still is None else still.complement()

    def _knows(self, t: int) -> bool:
        """Whether anybody was observed for so long, or nobody is away any more."""
        return self.table.covers(t) or self.is_complete

    def _at(self, estimates: tuple[float, ...], t: int, at_first: float) -> float | None:
        if not self._knows(t):
            return None
        row = self.table.row(t)
        return at_first if row is None else estimates[row]


def _estimate(table: RiskTable) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Estimate survival and Greenwood's sum at each row of the table.

    Between two censorings the product and the sum telescope to one fraction each, so that a
    full follow-up gives the plain share, however many return times it has.
    """
    survival, greenwood = [], []
    share, total, base = 1.0, 0.0, table.size
    for at_risk, returned, censored in zip(
        table.at_risk, table.returned, table.censored, strict=True
    ):
        away = at_risk - returned
        survival.append(share * (away / base))
        greenwood.append(total + (base - away) / (base * away) if away else inf)
        if censored:
            share, total, base = survival[-1], greenwood[-1], away - censored
    return tuple(survival), tuple(greenwood)


@frozen(kw_only=True)
class MedianInterval:
    """The durations between which the median lies; an upper end of None was not yet reached."""

    lower: int
    upper: int | None


def _most(first: float, last: float, greenwood: float, z: float) -> float:
    reach = z * sqrt(greenwood)
    return max(x * exp(min(reach / x, _WIDEST)) for x in (-log(first), -log(last)))


def median_interval(rows: Iterable[tuple[int, float, float]], z: float) -> MedianInterval | None:
    """Find where the lower and the upper end of a curve's band first fall to a half.

    Where nobody is left away the band has ended, and crosses nothing.

    Args:
        rows: the duration, the share still away, and the variance of its logarithm, in order.
        z: how many standard errors either way the band reaches.
    """
    lower = None
    for duration, survival, variance in rows:
        ends = log_log_ends(survival, variance, z)
        if ends is None:
            continue
        if lower is None and ends[0] <= HALF:
            lower = duration
        if lower is not None and ends[1] <= HALF:
            return MedianInterval(lower=lower, upper=duration)
    return None if lower is None else MedianInterval(lower=lower, upper=None)


@frozen(kw_only=True)
class RestrictedMean:
    """The average time away up to a horizon, in the unit of the durations.

    Its interval stands on the logit of the mean over the horizon, by the delta method, so that it
    never leaves 0 to the horizon: the plain one did, and where returns are rare it held the truth
    too seldom.

    The area under the curve of the share still away; its variance sums, over the return times,
    the square of the area still to come times Greenwood's term (Meier 1975; Klein & Moeschberger
    2003, section 4.5). The denominator of all of it is everybody observed.
    """

    tau: int
    value: float
    variance: float
    clusters: Clusters | None = None

    @classmethod
    def of(cls, table: RiskTable, survival: Sequence[float], tau: int) -> Self:
        """Measure the area under the curve up to the horizon, which the table covers.

        Args:
            table: the counts of the curve.
            survival: the share still away from each row of the table on.
            tau: the horizon.
        """
        row = table.row(tau)
        end, areas, terms = tau, [], []
        to_come = 0.0
        for i in range(-1 if row is None else row, -1, -1):
            area = survival[i] * (end - table.durations[i])
            areas.append(area)
            to_come += area
            end = table.durations[i]
            at_risk, returned = table.at_risk[i], table.returned[i]
            if to_come and returned:
                terms.append(to_come * to_come * (returned / (at_risk * (at_risk - returned))))
        return cls(tau=tau, value=fsum([*areas, end]), variance=fsum(terms))

    @property
    def standard_error(self) -> float:
        """The square root of the variance."""
        return sqrt(self.variance)

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval within the horizon; None where no return made a variance.

        Of episodes that come in clusters it takes the t quantile, and there is none of too few.
        """
        z = critical_value(confidence)
        if self.clusters is not None:
            z = self.clusters.critical_value(confidence) or 0.0
        share = self.value / self.tau if self.tau else 0.0
        reach = z * self.standard_error
        if not reach or not 0.0 < share < 1.0:
            return None
        factor = exp(min(reach / (self.tau * share * (1.0 - share)), WIDEST))
        return Interval(
            lower=self.tau * share / (share + (1.0 - share) * factor),
            upper=self.tau * share / (share + (1.0 - share) / factor),
        )
