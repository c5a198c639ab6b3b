"""Competing risks: the probability of each ending where one ending rules out the others.

The Aalen-Johansen estimator, exact where endings coincide: nothing is moved, nothing is random.
Ranks no causes, and knows none by name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import chain
from math import fsum
from typing import ClassVar, Self

from attrs import evolve, field, frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval, log_log_interval
from motfunnel.statistics.kaplan_meier import (
    SLACK,
    MedianInterval,
    RestrictedMean,
    SurvivalCurve,
)
from motfunnel.statistics.risk_table import RiskTable

_Tally = defaultdict[int, int]


@frozen(kw_only=True)
class CompetingRisks:
    """The cumulative incidence of each cause: the share that has ended by it, of all observed.

    At each time of an ending the incidence of a cause grows by the share that had not ended
    before it, times those who ended by that cause over those at risk (Aalen & Johansen 1978).
    Its variance is the delta method's (Dinse & Larson 1986, equation 6), and its interval stands
    on the log(-log) scale of the incidence itself. With nobody observed, every answer is None.

    >>> risks = CompetingRisks.from_observations(
    ...     [(2, "returned"), (3, "erased"), (5, "returned"), (6, None)]
    ... )
    >>> risks.incidence("returned", 5), risks.incidence("erased", 5), risks.survival(5)
    (0.5, 0.25, 0.25)

    Attributes:
        curve: the share that has not ended at all; all causes count as its returns.
        causes: the causes, in alphabetical order.
        cause: the one that it tells of where it is asked as a ``Curve`` is; see ``of``.
    """

    estimator: ClassVar[str] = "Aalen–Johansen"

    curve: SurvivalCurve
    causes: tuple[str, ...]
    cause: str = field(default="", kw_only=True)
    _counts: Mapping[str, tuple[int, ...]] = field(repr=False, hash=False)
    _incidence: Mapping[str, tuple[float, ...]] = field(repr=False, eq=False)

    @classmethod
    def from_counts(
        cls,
        rows: Iterable[tuple[int, Mapping[str, int], int]],
        *,
        causes: Iterable[str] = (),
    ) -> Self:
        """Build the incidences from rows of (duration, count by cause, censored), in any order.

        Args:
            rows: the counts; repeated durations are merged, and endings come before censorings.
            causes: causes to know of even where no row counts them: their incidence is then 0.

        Raises:
            ValueError: a duration or a count is negative.
        """
        ended, unseen = _tallies(causes), _Tally(int)
        for t, by_cause, censored in rows:
            if censored < 0 or any(count < 0 for count in by_cause.values()):
                raise ValueError(f"no count at {t} may be negative: {dict(by_cause)}, {censored}")
            unseen[t] += censored
            for cause, count in by_cause.items():
                ended[cause][t] += count
        return cls._of_tallies(ended, unseen)

    @classmethod
    def from_observations(
        cls, observations: Iterable[tuple[int, str | None]], *, causes: Iterable[str] = ()
    ) -> Self:
        """Build the incidences from one (duration, cause) for each episode; None is censored.

        Raises:
            ValueError: a duration is negative.
        """
        counts = Counter(observations)
        ended, unseen = _tallies(causes), _Tally(int)
        for (t, cause), count in counts.items():
            tally = unseen if cause is None else ended[cause]
            tally[t] += count
        return cls._of_tallies(ended, unseen)

    @classmethod
    def _of_tallies(cls, ended: defaultdict[str, _Tally], unseen: _Tally) -> Self:
        rows = chain(
            ((t, count, 0) for by_time in ended.values() for t, count in by_time.items()),
            ((t, 0, count) for t, count in unseen.items()),
        )
        curve = SurvivalCurve.from_counts(rows)
        counts = {
            cause: tuple([ended[cause].get(t, 0) for t in curve.table.durations])
            for cause in sorted(ended)
        }
        return cls(
            curve=curve,
            causes=tuple(counts),
            counts=counts,
            incidence={cause: _accumulate(curve, counts[cause]) for cause in counts},
        )

    def of(self, cause: str) -> Self:
        """The same, to be asked as any ``Curve`` is: of one cause, with which others compete.

        >>> risks = CompetingRisks.from_observations([(2, "returned"), (3, "erased"), (6, None)])
        >>> risks.of("returned").quantile(0.25)
        2

        Raises:
            ValueError: there is no such cause.
        """
        self._must_know(cause)
        return evolve(self, cause=cause)

    @property
    def table(self) -> RiskTable:
        """The counts at each distinct duration; all causes count as its returns."""
        return self.curve.table

    def at_risk(self, t: int) -> int:
        """Count those still under observation that had not ended just before this duration."""
        return self.curve.at_risk(t)

    def survival(self, t: int) -> float | None:
        """Estimate the share that has not ended; None past the last observed duration."""
        return self.curve.survival(t)

    def incidence(self, cause: str, t: int) -> float | None:
        """Estimate the share that has ended by the cause; None past the last observed duration.

        Where all have ended it stays what it is.

        Raises:
            ValueError: there is no such cause.
        """
        self._must_know(cause)
        if self.curve.survival(t) is None:
            return None
        row = self.curve.table.row(t)
        return 0.0 if row is None else self._incidence[cause][row]

    def variance(self, cause: str, t: int) -> float | None:
        """Give the variance of the incidence; 0 before the cause's first ending.

        None past the last observed duration.

        Raises:
            ValueError: there is no such cause.
        """
        now = self.incidence(cause, t)
        if now is None:
            return None
        row = self.curve.table.row(t)
        return 0.0 if row is None else max(0.0, self._delta(cause, row, now))

    def interval(self, cause: str, t: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the incidence, on its log(-log) scale.

        None before the cause's first ending, where all have ended by it, and past the last
        observed duration.

        Raises:
            ValueError: there is no such cause.
        """
        incidence, variance = self.incidence(cause, t), self.variance(cause, t)
        if not incidence or variance is None:
            return None
        return log_log_interval(incidence, variance / incidence**2, confidence)

    def probability(self, t: int) -> float | None:
        """Estimate the share that has ended by ``cause``; None past the last observed duration."""
        return self.incidence(self.cause, t)

    def probability_interval(self, t: int, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of that share, as ``interval`` does."""
        return self.interval(self.cause, t, confidence)

    def effective_number(self, t: int) -> float | None:
        """How many, all observed for so long, would tell as much of the share not ended."""
        return self.curve.effective_number(t)

    def quantile(self, share: float) -> int | None:
        """Find the first duration within which at least a share has ended by ``cause``, or None."""
        self._must_know(self.cause)
        row = bisect_left(self._incidence[self.cause], share - SLACK)
        return self.table.durations[row] if row < len(self.table.durations) else None

    def median_interval(self, _: float = CONFIDENCE) -> MedianInterval | None:
        """There is none: it is not told where others compete."""
        return None

    def restricted_mean(self, _: int) -> RestrictedMean | None:
        """There is none: who ended by another cause waits for ever."""
        return None

    def chance(self, after: int, within: int) -> float | None:
        """Estimate the share that ends by ``cause`` within so much more, of those not ended.

        The growth of the incidence between the two, over the share that had not ended.
        """
        still = self.survival(after)
        now, later = self.probability(after), self.probability(after + within)
        return None if not still or now is None or later is None else (later - now) / still

    def chance_interval(self, _: int, __: int, ___: float = CONFIDENCE) -> Interval | None:
        """There is none."""
        return None

    def _delta(self, cause: str, last: int, now: float) -> float:
        """Sum the delta method's three terms over the endings up to a row of the table."""
        table, before, terms = self.curve.table, 1.0, []
        for row in range(last + 1):
            at_risk, ended = table.at_risk[row], table.returned[row]
            if not ended:
                continue
            by_cause = self._counts[cause][row]
            to_come = now - self._incidence[cause][row]
            share = before * by_cause / at_risk
            terms.append(share * before * (at_risk - by_cause) / at_risk**2)
            terms.append(-2.0 * to_come * share / at_risk)
            if at_risk > ended:
                terms.append(to_come**2 * ended / (at_risk * (at_risk - ended)))
            before = self.curve.survival_after[row]
        return fsum(terms)

    def _must_know(self, cause: str) -> None:
        if cause not in self._counts:
            raise ValueError(f"no cause {cause!r} among {', '.join(self.causes) or 'none'}")


def _tallies(causes: Iterable[str]) -> defaultdict[str, _Tally]:
    tallies: defaultdict[str, _Tally] = defaultdict(lambda: _Tally(int))
    for cause in causes:
        tallies[cause] = _Tally(int)
    return tallies


def _accumulate(curve: SurvivalCurve, counts: tuple[int, ...]) -> tuple[float, ...]:
    """Add up the incidence of one cause over the rows of the table.

    Between two censorings everybody weighs the same, so endings are counted there, not summed.
    """
    incidence = []
    settled, ended, base, share = 0.0, 0, curve.table.size, 1.0
    for row, count in enumerate(counts):
        ended += count
        incidence.append(settled + share * (ended / base))
        if unseen := curve.table.censored[row]:
            base = curve.table.at_risk[row] - curve.table.returned[row] - unseen
            settled, ended, share = incidence[-1], 0, curve.survival_after[row]
    return tuple(incidence)
