"""A change of a count from one time to the next, with what the two counts allow.

Knows nothing of periods: whoever counts takes two that are equally long, or says that they are not.
"""

from __future__ import annotations

from attrs import frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval
from motfunnel.statistics.proportion import Proportion


@frozen(kw_only=True)
class Change:
    """How a count of independent happenings compares with the one before.

    The value is the second count for each one of the first, less one; None, never 0, where the
    first is 0. Of both counts together the second's share is a proportion, whatever the pace
    (Przyborowski & Wilenski 1940): the ends of its Wilson interval, as odds, are the ends here.

    >>> doubled = Change(before=20, after=40)
    >>> doubled.value, doubled.is_clear()
    (1.0, True)
    >>> Change(before=20, after=24).is_clear()
    False
    """

    before: int
    after: int

    @property
    def value(self) -> float | None:
        """How much more, as a share of the count before."""
        return self.after / self.before - 1 if self.before else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the value; None where either count is 0.

        >>> around = Change(before=20, after=24).interval()
        >>> round(around.lower, 2), round(around.upper, 2)
        (-0.33, 1.15)
        """
        share = Proportion(numerator=self.after, denominator=self.after + self.before)
        around = share.interval(confidence)
        if around is None or not self.before or not self.after:
            return None
        lower, upper = (end / (1 - end) - 1 for end in (around.lower, around.upper))
        return Interval(lower=lower, upper=upper)

    def is_clear(self, confidence: float = CONFIDENCE) -> bool:
        """Whether it is more than chance makes of two counts at one pace."""
        share = Proportion(numerator=self.after, denominator=self.after + self.before)
        around = share.interval(confidence)
        return around is not None and 0.5 not in around  # noqa: PLR2004 - even odds
