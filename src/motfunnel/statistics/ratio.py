"""Ratios and shares of counts that come contact by contact, with intervals that know it.

For yields, which may exceed one, and for things of which one contact may have several. A share of
contacts is a ``Proportion``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from math import exp, fsum, sqrt
from typing import Final, Self

from attrs import define, frozen

from motfunnel.statistics.interval import CONFIDENCE, Interval, critical_value, log_log_interval
from motfunnel.statistics.proportion import Proportion

IN_WORDS: Final = (
    "clustered by contact where contacts repeat, and a dash where these do not differ in their "
    "shares"
)
"""How its interval is made, for who reads it."""


@frozen(kw_only=True)
class Ratio:
    """So many of one thing for each of another, both counted contact by contact.

    Numerator: the sum of what each contact gave. Denominator: the sum of what each counts for; 0
    makes the value and the interval None, never 0. The interval stands on the log scale, with the
    variance of the ratio's logarithm summed contact by contact (the delta method; Cochran 1977,
    section 6.3), so that one contact who gave much makes it wide.

    >>> yielded = Ratio.of([(3, 1), (0, 1), (1, 1), (0, 1)])
    >>> yielded.value, yielded.numerator, yielded.denominator
    (1.0, 4, 4)
    >>> Ratio.of([]).value is None
    True

    Attributes:
        numerator: the sum of what each gave.
        denominator: the sum of what each counts for.
        variance_of_log: the variance of the ratio's logarithm; None where either sum is 0.
    """

    numerator: int
    denominator: int
    variance_of_log: float | None

    @classmethod
    def of(cls, contacts: Iterable[tuple[int, int]]) -> Self:
        """Sum up contacts, each with what it gave and what it counts for."""
        each = list(contacts)
        gave, count = sum(one[0] for one in each), sum(one[1] for one in each)
        variance = None
        if gave and count:
            variance = fsum([(y / gave - x / count) ** 2 for y, x in each])
        return cls(numerator=gave, denominator=count, variance_of_log=variance)

    @property
    def value(self) -> float | None:
        """The ratio, or None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the ratio; None where nothing was given, or all gave alike."""
        if self.value is None or not self.variance_of_log:
            return None
        factor = exp(critical_value(confidence) * sqrt(self.variance_of_log))
        return Interval(lower=self.value / factor, upper=self.value * factor)


@define
class ClusteredShare:
    """So many counted, of so many that could have been, added up contact by contact.

    Numerator: those counted. Denominator: all that could have been counted; 0 of them make the
    value and the interval None, never 0. The unit is a share of 1.

    >>> share = ClusteredShare.of([(1, 2), (0, 1), (2, 2)])
    >>> share.value, share.contacts
    (0.6, 3)

    Attributes:
        numerator: those counted.
        denominator: all that could have been.
        contacts: how many contacts they are of.
    """

    numerator: int = 0
    denominator: int = 0
    contacts: int = 0
    _counted_squared: int = 0
    _product: int = 0
    _of_squared: int = 0

    @classmethod
    def of(cls, contacts: Iterable[tuple[int, int]]) -> Self:
        """Add up contacts, each with how many of its own are counted, and of how many."""
        share = cls()
        for (counted, of), alike in Counter(contacts).items():
            share._add(counted, of, alike)
        return share

    @classmethod
    def by_name(cls, counted: Iterable[Hashable], of: Iterable[Hashable]) -> Self:
        """Add up contacts by their names: one for each that is counted, and for each of all.

        >>> ClusteredShare.by_name(["ada"], ["ada", "ada", "bob"]).value
        0.3333333333333333
        """
        mine = Counter(counted)
        return cls.of((mine[contact], number) for contact, number in Counter(of).items())

    def add(self, counted: int, of: int) -> None:
        """Add one contact."""
        self._add(counted, of, 1)

    def _add(self, counted: int, of: int, alike: int) -> None:
        self.numerator += counted * alike
        self.denominator += of * alike
        self.contacts += alike if of > 0 else 0
        self._counted_squared += counted * counted * alike
        self._product += counted * of * alike
        self._of_squared += of * of * alike

    @property
    def value(self) -> float | None:
        """The share counted, or None where nothing could have been."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval around the share; None where contacts do not differ in theirs.

        Wilson's where no contact has two. Else on the log(-log) scale, with the variance of the
        share's logarithm summed contact by contact (the delta method; Cochran 1977, section 6.3).
        None or all counted have no place on that scale: there it is Wilson's with every contact
        counted once, as if all that is one contact's were alike.

        >>> ClusteredShare.of([(0, 5), (0, 3)]).interval().lower
        0.0
        """
        n, of = self.numerator, self.denominator
        if self._of_squared == of:
            return Proportion(numerator=n, denominator=of).interval(confidence)
        if n in (0, of):
            counted = self.contacts if n else 0
            return Proportion(numerator=counted, denominator=self.contacts).interval(confidence)
        spread = (
            self._counted_squared * of * of - 2 * self._product * n * of + self._of_squared * n * n
        )
        return log_log_interval(n / of, spread / (n * n * of * of), confidence) if spread else None
