"""The net promoter score: the share of promoters less the share of detractors, in points.

Counts in, a score and its interval out. Who is a promoter, others decide.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

from attrs import field, frozen
from attrs.validators import ge

from motfunnel.statistics.interval import CONFIDENCE, Interval, critical_value

POINTS: Final = 100
_ADDED: Final = 3.0  # of these a quarter each to promoters and to detractors
_QUARTER: Final = _ADDED / 4


@frozen(kw_only=True)
class NetPromoterScore:
    """So many promoters, passives and detractors, and what they come to.

    Numerator: promoters less detractors. Denominator: all three; 0 of them make the score and the
    interval None, never 0. The unit is a point, from −100 to 100.

    >>> score = NetPromoterScore(promoters=5, passives=3, detractors=2)
    >>> score.value
    30.0

    Attributes:
        promoters: who would recommend.
        passives: who are neither.
        detractors: who would not.
    """

    promoters: int = field(validator=ge(0))
    passives: int = field(validator=ge(0))
    detractors: int = field(validator=ge(0))

    @property
    def answers(self) -> int:
        """How many they are together."""
        return self.promoters + self.passives + self.detractors

    @property
    def value(self) -> float | None:
        """The score in points, or None where nobody answered."""
        if not self.answers:
            return None
        return POINTS * (self.promoters - self.detractors) / self.answers

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the adjusted Wald interval; None where nobody answered.

        To the counts are added three quarters of a promoter, as much of a detractor, and one and a
        half passives; then the multinomial variance of the difference of two shares is taken
        (Rocks 2016, The American Statistician 70(4), 365-372; so in Lewis and Sauro 2021). It
        stands around the adjusted score, so that all promoters do not make it certain; it is cut
        off where the scale ends, and reaches as far as the score itself (which matters for a
        single answer).
        """
        z = critical_value(confidence)
        if self.value is None:
            return None
        of = self.answers + _ADDED
        good, bad = (self.promoters + _QUARTER) / of, (self.detractors + _QUARTER) / of
        middle = good - bad
        reach = z * sqrt((good + bad - middle**2) / of)
        lower, upper = POINTS * max(-1.0, middle - reach), POINTS * min(1.0, middle + reach)
        return Interval(lower=min(lower, self.value), upper=max(upper, self.value))
