"""Repeated episodes: a curve of return whose intervals know that a contact can count twice.

The curve is Kaplan and Meier's over all episodes; only its variance differs, summed contact by
contact. Does not choose episodes, and handles no competing event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from math import fsum
from typing import ClassVar, Final, Self

from attrs import evolve, field, frozen

from motfunnel.statistics.clusters import Clusters
from motfunnel.statistics.interval import CONFIDENCE, Interval, log_log_ends
from motfunnel.statistics.kaplan_meier import (
    MedianInterval,
    RestrictedMean,
    SurvivalCurve,
    median_interval,
)
from motfunnel.statistics.risk_table import RiskTable

_ROUNDING: Final = 1e-13
"""What a sum of terms that cancel out may be off by, as a share of them."""


@frozen(kw_only=True)
class ClusteredCurve:
    """The share back after each duration, over episodes that come in clusters: the contacts.

    The variance of the logarithm of the share still away is the sum over clusters of the square
    of what their episodes add to it (Williams 1995; Ying & Wei 1994), each divided by one less the
    cluster's share of the episodes: as if the estimate were made without it. Intervals take the t
    quantile of as many degrees as there are clusters of one size, less one, and there is none of
    fewer than 10. With one episode a cluster it is all Greenwood's sum and the normal's.

    >>> curve = ClusteredCurve.from_observations(
    ...     [("ada", 3, True), ("ada", 5, True), ("ben", 5, False), ("cy", 9, False)]
    ... )
    >>> curve.clusters, curve.probability(5)
    (3, 0.5)

    Attributes:
        curve: the curve over all episodes, whose own intervals would take them as independent.
        clusters: how many clusters there are.
    """

    estimator: ClassVar[str] = SurvivalCurve.estimator

    curve: SurvivalCurve
    clusters: int
    # Each episode's cluster by number, in the order of duration, the censored before the returned:
    # with the counts of the curve's table that is all there is to know of it.
    _cluster: tuple[int, ...] = field(repr=False)
    sizes: Clusters = field(init=False, repr=False)

    @classmethod
    def from_observations(cls, observations: Iterable[tuple[Hashable, int, bool]]) -> Self:
        """Build the curve from one (cluster, duration, whether it returned) for each episode.

        Raises:
            ValueError: a duration is negative.
        """
        rows = list(observations)
        names = [name for name, _, _ in rows]
        return cls.from_columns(names, [t for _, t, _ in rows], [back for _, _, back in rows])

    @classmethod
    def from_columns(
        cls, clusters: Sequence[Hashable], durations: Sequence[int], returned: Sequence[int]
    ) -> Self:
        """Build the curve from each episode's cluster, how long it was observed, and its return.

        Raises:
            ValueError: a duration is negative.
        """
        times = [2 * t + bool(back) for t, back in zip(durations, returned, strict=True)]
        ordered = map(clusters.__getitem__, sorted(range(len(times)), key=times.__getitem__))
        numbers: dict[Hashable, int] = {}
        return cls(
            curve=SurvivalCurve.from_columns(durations, returned),
            cluster=tuple([numbers.setdefault(name, len(numbers)) for name in ordered]),
            clusters=len(numbers),
        )

    @sizes.default
    def _sizes(self) -> Clusters:
        return Clusters.of(Counter(self._cluster).values())

    @property
    def table(self) -> RiskTable:
        """The counts of episodes at each distinct duration."""
        return self.curve.table

    def at_risk(self, t: int) -> int:
        """Count the episodes still under observation and away just before this duration."""
        return self.curve.at_risk(t)

    def survival(self, t: int) -> float | None:
        """Estimate the share of episodes still away; None past the last observed duration."""
        return self.curve.survival(t)

    def probability(self, t: int) -> float | None:
        """Estimate the share of episodes back; None past the last observed duration."""
        return self.curve.probability(t)

    def variance_of_log(self, t: int) -> float | None:
        """Give the clustered variance of the logarithm of the share of episodes still away.

        None where nobody was left away, past the last observed duration, and of one cluster.
        """
        totals = self._totals(t)
        return None if totals is None else self._sum_of_squares(totals)

    def _totals(self, t: int) -> list[float] | None:
        """What each cluster adds to the logarithm of the share of episodes still away."""
        at_t = self.curve.greenwood(t)
        if at_t is None or not self.curve.survival(t) or self.sizes.are_one:
            return None
        totals = [0.0] * self.clusters
        ended = self._added_by_the_ended(t)
        still_observed = repeat(at_t, len(self._cluster) - len(ended))
        for cluster, added in zip(self._cluster, chain(ended, still_observed), strict=True):
            totals[cluster] += added
        return totals

    def effective_number(self, t: int) -> float | None:
        """How many, all observed for so long, and of different clusters, would tell as much.

        The curve's, or what a share of the same variance would need, whichever is smaller. None
        past the last observed duration.
        """
        number, back = self.curve.effective_number(t), self.curve.probability(t)
        variance = self.variance_of_log(t)
        if number is None or back is None or not variance or not self.sizes.repeat:
            return number
        return min(number, back / ((1.0 - back) * variance))

    def interval(self, t: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the share of episodes still away.

        None before the first return, where nobody was left away, past the last observed duration,
        and for fewer than ten clusters of which any repeats.
        """
        survival, variance = self.survival(t), self.variance_of_log(t)
        if survival is None or variance is None:
            return None
        return _around(survival, variance, self.sizes, confidence)

    def probability_interval(self, t: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the share back; None wherever that of the share away is."""
        away = self.interval(t, confidence)
        return None if away is None else away.complement()

    def quantile(self, share: float) -> int | None:
        """Find the first duration within which at least a share of episodes is back."""
        return self.curve.quantile(share)

    def median(self) -> int | None:
        """Find the first duration after which at most half of the episodes are still away."""
        return self.curve.median()

    def median_interval(self, confidence: float = CONFIDENCE) -> MedianInterval | None:
        """Find where the lower and the upper end of the clustered band first fall to a half.

        None where not even the lower end does, and for fewer than ten clusters of which any
        repeats.
        """
        z = self.sizes.critical_value(confidence)
        if z is None:
            return None
        return median_interval(self._variances(), z)

    def restricted_mean(self, tau: int) -> RestrictedMean | None:
        """Average the time away up to a horizon, with a variance that knows the clusters.

        What an episode adds to the curve's variance is weighed with the area still to come. None
        past the last observed duration, and for one cluster.

        Raises:
            ValueError: the horizon is negative.
        """
        mean = self.curve.restricted_mean(tau)
        if mean is None or self.sizes.are_one:
            return None
        totals = [0.0] * self.clusters
        ended, observed = self._areas_added(tau)
        still_observed = repeat(observed, len(self._cluster) - len(ended))
        for cluster, added in zip(self._cluster, chain(ended, still_observed), strict=True):
            totals[cluster] += added
        return evolve(mean, variance=self._sum_of_squares(totals), clusters=self.sizes)

    def chance(self, after: int, within: int) -> float | None:
        """Estimate the share of episodes back within so much more, of those still away."""
        return self.curve.chance(after, within)

    def chance_interval(
        self, after: int, within: int, confidence: float = CONFIDENCE
    ) -> Interval | None:
        """Give its interval: that of a curve of the episodes still away, with their clusters."""
        now, later = self.survival(after), self.survival(after + within)
        before, until = self._totals(after), self._totals(after + within)
        if not now or later is None or before is None or until is None:
            return None
        left = Counter(self._cluster[len(self._added_by_the_ended(after)) :])
        sizes = Clusters.of(left.values())
        variance = fsum(
            ((until[cluster] - before[cluster]) * sizes.leave_out(size)) ** 2
            for cluster, size in left.items()
            if not sizes.are_one
        )
        still = _around(later / now, variance, sizes, confidence)
        return None if still is None else still.complement()

    def _sum_of_squares(self, totals: Sequence[float]) -> float:
        """Square what each cluster adds, as the estimate without it would have it."""
        factors = self._factors()
        return fsum([(total * factor) ** 2 for total, factor in zip(totals, factors, strict=True)])

    def _factors(self) -> list[float]:
        counts = Counter(self._cluster)
        return [self.sizes.leave_out(counts[cluster]) for cluster in range(self.clusters)]

    def _variances(self) -> Iterator[tuple[int, float, float]]:
        """Walk the rows of the curve: each duration, the share away, and its log's variance.

        The square of each cluster's total changes only with those of its episodes that end.
        """
        table, curve = self.curve.table, self.curve
        settled = [0.0] * self.clusters
        running = [0] * self.clusters
        for cluster in self._cluster:
            running[cluster] += 1
        weights = [factor * factor for factor in self._factors()]
        squares, mixed = 0.0, 0.0
        counts = fsum([w * n * n for w, n in zip(weights, running, strict=True)])
        episodes = iter(self._cluster)
        for row, exposure in enumerate(curve.greenwood_after):
            away = table.at_risk[row] - table.returned[row]
            if not away:
                return
            for added, number in (
                (exposure, table.censored[row]),
                (exposure - 1 / away, table.returned[row]),
            ):
                for cluster in islice(episodes, number):
                    before, n, w = settled[cluster], running[cluster], weights[cluster]
                    settled[cluster], running[cluster] = before + added, n - 1
                    squares += w * ((before + added) ** 2 - before**2)
                    mixed += w * ((before + added) * (n - 1) - before * n)
                    counts += w * ((n - 1) ** 2 - n**2)
            terms = squares, 2 * exposure * mixed, exposure**2 * counts
            variance = sum(terms)
            if variance < _ROUNDING * sum(map(abs, terms)):  # the clusters are alike: it is 0
                variance = 0.0
            yield table.durations[row], curve.survival_after[row], variance

    def _areas_added(self, tau: int) -> tuple[list[float], float]:
        """Say what each episode adds to the area up to a horizon: the ended, and all others."""
        table, survival = self.curve.table, self.curve.survival_after
        rows = bisect_right(table.durations, tau)
        to_come = [0.0] * rows
        end, area = tau, 0.0
        for row in reversed(range(rows)):
            area += survival[row] * (end - table.durations[row])
            to_come[row], end = area, table.durations[row]
        added, exposure = [], 0.0
        for row, area in enumerate(to_come):
            at_risk, returned = table.at_risk[row], table.returned[row]
            each = area / (at_risk - returned) if area else 0.0
            exposure += each * returned / at_risk
            added += [exposure] * table.censored[row] + [exposure - each] * returned
        return added, exposure

    def _added_by_the_ended(self, t: int) -> list[float]:
        """Say what each episode that ended by then adds to its cluster, in the stored order.

        Each adds Greenwood's sum up to its own end, for the returns it was at risk of; its own
        return then takes away one over those left away.
        """
        added: list[float] = []
        table = self.curve.table
        for row in range(bisect_right(table.durations, t)):
            exposure = self.curve.greenwood_after[row]
            away = table.at_risk[row] - table.returned[row]
            added += [exposure] * table.censored[row]
            added += [exposure - 1 / away] * table.returned[row]
        return added


def _around(
    survival: float, variance: float, sizes: Clusters, confidence: float
) -> Interval | None:
    z = sizes.critical_value(confidence)
    ends = None if z is None else log_log_ends(survival, variance, z)
    return None if ends is None else Interval(lower=ends[0], upper=ends[1])
