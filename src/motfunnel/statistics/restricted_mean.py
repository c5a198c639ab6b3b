"""The restricted mean: how long, on average, a contact stays away up to a horizon.

The area under a curve. Does not build the curve, and does not go beyond what was observed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from typing import Self

from attrs import frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval, critical_value
from motfunnel.statistics.risk_table import RiskTable


@frozen(kw_only=True)
class RestrictedMean:
    """The average time away up to a horizon, in the unit of the durations.

    The area under the curve of the share still away; its variance sums, over the return times,
    the square of the area still to come times Greenwood's term (Meier 1975; Klein & Moeschberger
    2003, section 4.5). The denominator of all of it is everybody observed.
    """

    tau: int
    value: float
    variance: float

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
        """Give the normal interval, either side alike; None where no return made a variance."""
        reach = critical_value(confidence) * self.standard_error
        if not reach:
            return None
        return Interval(lower=self.value - reach, upper=self.value + reach)
