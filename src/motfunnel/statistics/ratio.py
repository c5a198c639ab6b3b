"""Ratios, means and shares that come contact by contact, with intervals that know it.

For yields, which may exceed one, and for things of which one contact may have several. A share of
contacts is a ``Proportion``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from math import exp, fsum, sqrt
from typing import Final, Self

from attrs import define, field, frozen

from motfunnel.statistics.clusters import FEWEST_CLUSTERS, Clusters, t_quantile
from motfunnel.statistics.interval import CONFIDENCE, WIDEST, Interval, critical_value, log_log_ends
from motfunnel.statistics.proportion import Proportion

IN_WORDS: Final = (
    "clustered by contact where contacts repeat, and a dash where these do not differ in their "
    "shares or are fewer than 10"
)
"""How its interval is made, for who reads it."""


@frozen(kw_only=True)
class Ratio:
    """So many of one thing for each of another, both counted contact by contact.

    Numerator: the sum of what each contact gave. Denominator: the sum of what each counts for; 0
    makes the value and the interval None, never 0. The interval stands on the log scale, with the
    variance of the ratio's logarithm summed contact by contact (the delta method; Cochran 1977,
    section 6.3), so that one contact who gave much makes it wide. Where contacts count for more
    than one, each is taken as if the ratio were that of all others, the interval takes the t
    quantile of as many degrees as there are contacts of one size, less one, and below 10 contacts
    there is none.

    >>> yielded = Ratio.of([(3, 1), (0, 1), (1, 1), (0, 1)])
    >>> yielded.value, yielded.numerator, yielded.denominator
    (1.0, 4, 4)
    >>> Ratio.of([]).value is None
    True

    Attributes:
        numerator: the sum of what each gave.
        denominator: the sum of what each counts for.
        variance_of_log: the variance of the ratio's logarithm; None where either sum is 0.
        clusters: what the contacts count for.
    """

    numerator: int
    denominator: int
    variance_of_log: float | None
    clusters: Clusters | None = None

    @classmethod
    def of(cls, contacts: Iterable[tuple[int, int]]) -> Self:
        """Sum up contacts, each with what it gave and what it counts for."""
        each = list(contacts)
        gave, count = sum(one[0] for one in each), sum(one[1] for one in each)
        clusters = Clusters.of([x for _, x in each if x])
        variance = None
        if gave and count and not clusters.are_one:
            variance = fsum(
                [((y / gave - x / count) * clusters.leave_out(x)) ** 2 for y, x in each]
            )
        return cls(numerator=gave, denominator=count, variance_of_log=variance, clusters=clusters)

    @property
    def value(self) -> float | None:
        """The ratio, or None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the ratio; None where nothing was given, or all gave alike.

        None too where contacts count for more than one and are fewer than 10.
        """
        z = critical_value(confidence)
        if self.clusters is not None:
            z = self.clusters.critical_value(confidence) or 0.0
        if self.value is None or not self.variance_of_log or not z:
            return None
        factor = exp(min(z * sqrt(self.variance_of_log), WIDEST))
        return Interval(lower=self.value / factor, upper=self.value * factor)


@frozen(kw_only=True)
class Mean:
    """So much for each of so many, added up contact by contact.

    Numerator: the sum of what each contact gave. Denominator: how many it gave; 0 of them make the
    value and the interval None, never 0. The unit is that of the amounts. The interval stands
    evenly around the mean. Where contacts count for more than one, each is taken as if the mean
    were that of all others, and the t quantile is that of as many degrees as there are contacts of
    one size, less one. Below 10 contacts there is none: few amounts say little of how large the
    largest are.

    >>> paid = Mean.of([(10, 1), (30, 2), (20, 1)])
    >>> paid.value, paid.numerator, paid.denominator
    (15.0, 60, 4)
    >>> Mean.of([]).value is None
    True

    Attributes:
        numerator: the sum of what each gave.
        denominator: the sum of what each counts for.
        variance: of the mean; None where there are too few contacts.
        degrees: of freedom.
    """

    numerator: int
    denominator: int
    variance: float | None
    degrees: float = 0.0

    @classmethod
    def of(cls, contacts: Iterable[tuple[int, int]]) -> Self:
        """Sum up contacts, each with what it gave and what it counts for."""
        each = list(contacts)
        gave, count = sum(one[0] for one in each), sum(one[1] for one in each)
        clusters = Clusters.of([x for _, x in each if x])
        if clusters.number < FEWEST_CLUSTERS:
            return cls(numerator=gave, denominator=count, variance=None)
        # In whole numbers first, so that contacts which do not differ add exactly nothing.
        apart = (((y * count - gave * x) / count, x) for y, x in each)
        squares = fsum([(gap * clusters.leave_out(x)) ** 2 for gap, x in apart])
        spare = 1.0 if clusters.repeat else clusters.number / (clusters.number - 1)
        return cls(
            numerator=gave,
            denominator=count,
            variance=squares * spare / count**2,
            degrees=clusters.degrees,
        )

    @property
    def value(self) -> float | None:
        """The mean, or None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval of the mean; None where all gave alike, or fewer than 10 gave."""
        if self.value is None or not self.variance:
            return None
        reach = t_quantile(confidence, self.degrees) * sqrt(self.variance)
        return Interval(lower=self.value - reach, upper=self.value + reach)


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
    # By how many could have been counted of a contact: how many such contacts there are, the sum of
    # what was counted of them, and the sum of its squares.
    _by_size: dict[int, tuple[int, int, int]] = field(factory=dict)

    @classmethod
    def of(cls, contacts: Iterable[tuple[int, int]]) -> Self:
        """Add up contacts, each with how many of its own are counted, and of how many."""
        share = cls()
        for (counted, of), alike in Counter(contacts).items():
            share.add(counted, of, alike)
        return share

    @classmethod
    def by_name(cls, counted: Iterable[Hashable], of: Iterable[Hashable]) -> Self:
        """Add up contacts by their names: one for each that is counted, and for each of all.

        >>> ClusteredShare.by_name(["ada"], ["ada", "ada", "bob"]).value
        0.3333333333333333
        """
        mine = Counter(counted)
        return cls.of((mine[contact], number) for contact, number in Counter(of).items())

    def add(self, counted: int, of: int, contacts: int = 1) -> None:
        """Add a contact, or several that are alike; a number below 0 takes them away again."""
        if not of:
            return
        self.numerator += counted * contacts
        self.denominator += of * contacts
        self.contacts += contacts
        number, once, squared = self._by_size.get(of, (0, 0, 0))
        number += contacts
        self._by_size[of] = (
            number,
            once + counted * contacts,
            squared + counted * counted * contacts,
        )
        if not number:
            del self._by_size[of]

    @property
    def value(self) -> float | None:
        """The share counted, or None where nothing could have been."""
        return self.numerator / self.denominator if self.denominator else None

    def interval(self, confidence: float = CONFIDENCE) -> Interval | None:
        """Give the interval around the share; None where contacts do not differ in theirs.

        Wilson's where no contact has two. Else on the log(-log) scale, with the variance of the
        share's logarithm summed contact by contact (the delta method; Cochran 1977, section 6.3),
        each as if the share were that of all others, and with the t quantile of as many degrees as
        there are contacts of one size, less one; None for fewer than 10 contacts. None or all
        counted have no place on that scale: there it is Wilson's with every contact counted once,
        as if all that is one contact's were alike.

        >>> ClusteredShare.of([(0, 5), (0, 3)]).interval().lower
        0.0
        """
        n, of = self.numerator, self.denominator
        sizes = self._sizes()
        if not sizes.repeat:
            return Proportion(numerator=n, denominator=of).interval(confidence)
        if n in (0, of):
            counted = self.contacts if n else 0
            return Proportion(numerator=counted, denominator=self.contacts).interval(confidence)
        z = sizes.critical_value(confidence)
        if z is None:
            return None
        # In whole numbers first, so that contacts which do not differ add exactly nothing.
        variance = fsum(
            (squared * of * of - 2 * once * size * n * of + number * size * size * n * n)
            / ((of - size) * n) ** 2
            for size, (number, once, squared) in self._by_size.items()
        )
        ends = log_log_ends(n / of, variance, z)
        return Interval(lower=ends[0], upper=ends[1]) if ends and variance else None

    def _sizes(self) -> Clusters:
        each = self._by_size.items()
        return Clusters(
            number=self.contacts,
            whole=self.denominator,
            squares=sum(size * size * number for size, (number, _, _) in each),
        )
