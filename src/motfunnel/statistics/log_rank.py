"""The log-rank test: whether groups return at the same pace.

Compares two curves or more, and says how surprising their difference would be by chance. Takes
each contact once, measures no effect, and knows nothing of how the groups came about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, compress, repeat
from math import erfc, exp, lgamma, log, sqrt
from typing import Final

from attrs import frozen

from motfunnel.statistics.kaplan_meier import SurvivalCurve
from motfunnel.statistics.risk_table import RiskTable

FEWEST_GROUPS: Final = 2


@frozen(kw_only=True)
class LogRank:
    """What the log-rank test says, with the counts it says it from.

    Attributes:
        chi_square: how far the groups lie from one common pace.
        degrees_of_freedom: how many of the groups could have differed: those at risk together
            with others, less one of each set of them.
        p_value: the probability of a chi-square at least as large, were the pace the same.
        observed: the returns of each group, in the order given.
        expected: the returns that the common pace would have given it.
    """

    chi_square: float
    degrees_of_freedom: int
    p_value: float
    observed: tuple[int, ...]
    expected: tuple[float, ...]


def log_rank(groups: Iterable[SurvivalCurve]) -> LogRank | None:
    """Compare the curves of two or more groups of different contacts (Mantel 1966; Peto 1972).

    At each return time the returns are shared out by those at risk, with the hypergeometric
    variance. A group that is never at risk together with another where somebody returned and
    somebody did not tells nothing and takes no degree of freedom; where that leaves nothing to
    compare, the answer is None.

    >>> slow = SurvivalCurve.from_counts([(4, 1, 0), (9, 0, 2)])
    >>> fast = SurvivalCurve.from_counts([(2, 2, 0), (9, 0, 1)])
    >>> round(log_rank([slow, fast]).chi_square, 4)
    0.9574

    Raises:
        ValueError: there are fewer than two groups.
    """
    curves = list(groups)
    return log_rank_of_risk_sets(len(curves), _risk_sets(curves))


def log_rank_of_risk_sets(
    groups: int, risk_sets: Iterable[tuple[Sequence[int], Sequence[int]]]
) -> LogRank | None:
    """Compare groups that contacts may change between, from the counts at each return time.

    Args:
        groups: how many groups there are.
        risk_sets: for each return time, how many of each group were at risk just before it, and
            how many of each returned at it.

    Raises:
        ValueError: there are fewer than two groups, a risk set counts more or fewer of them, or
            more returned than were at risk.
    """
    if groups < FEWEST_GROUPS:
        raise ValueError(f"a comparison takes two groups or more, not {groups}")
    observed, expected = [0] * groups, [0.0] * groups
    links = [[0.0] * groups for _ in range(groups)]
    pairs = list(combinations(range(groups), 2))
    for at_risk, returned in risk_sets:
        total, gone = sum(at_risk), sum(returned)
        share = gone / total if total else 0.0
        for group, exposed, back in zip(range(groups), at_risk, returned, strict=True):
            if not 0 <= back <= exposed:
                raise ValueError(f"{back} of {exposed} at risk cannot return")
            observed[group] += back
            expected[group] += exposed * share
        if 0 < gone < total:
            spread = share * (total - gone) / (total - 1) / total
            for a, b in pairs:
                links[a][b] += spread * at_risk[a] * at_risk[b]
                links[b][a] = links[a][b]
    return _judge(observed, expected, links)


def _judge(observed: list[int], expected: list[float], links: list[list[float]]) -> LogRank | None:
    deviations = [seen - due for seen, due in zip(observed, expected, strict=True)]
    chi_square, degrees = of_deviations(deviations, links)
    if not degrees:
        return None
    return LogRank(
        chi_square=chi_square,
        degrees_of_freedom=degrees,
        p_value=upper_tail(chi_square, degrees),
        observed=tuple(observed),
        expected=tuple(expected),
    )


def _risk_sets(curves: list[SurvivalCurve]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Count, at each time at which anybody returned, those at risk and the returns of each."""
    tables = [curve.table for curve in curves]
    times = sorted({*chain.from_iterable(map(_return_times, tables))})
    at_risk, returned = [], []
    for table in tables:
        durations, exposed = table.durations, (*table.at_risk, 0)
        at_risk.append(map(exposed.__getitem__, map(bisect_left, repeat(durations), times)))
        counts = dict(zip(durations, table.returned, strict=True))
        returned.append(map(counts.get, times, repeat(0)))
    return zip(zip(*at_risk, strict=True), zip(*returned, strict=True), strict=True)


def _return_times(table: RiskTable) -> Iterable[int]:
    return compress(table.durations, table.returned)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust several p-values for being several, step by step from the smallest (Holm 1979).

    Whoever calls those below a level significant errs at all with no more than its probability.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, least = [1.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for place, number in enumerate(order):
        least = max(least, min(1.0, p_values[number] * (len(p_values) - place)))
        adjusted[number] = least
    return adjusted


def goodness_of_fit(counts: Sequence[int], shares: Sequence[float]) -> tuple[float, float] | None:
    """Compare counts with the shares that were planned: Pearson's chi-square, and its p.

    None where nothing was counted. The shares add up to 1, and none is 0.

    >>> chi_square, p = goodness_of_fit([440, 560], [0.4, 0.6])
    >>> round(chi_square, 4), round(p, 6)
    (6.6667, 0.009823)
    """
    whole = sum(counts)
    if not whole:
        return None
    each = zip(counts, shares, strict=True)
    chi_square = sum((n - whole * share) ** 2 / (whole * share) for n, share in each)
    return chi_square, upper_tail(chi_square, len(counts) - 1)


def upper_tail(chi_square: float, degrees_of_freedom: int) -> float:
    """Give the probability of a chi-square at least this large where groups do not differ.

    The closed form for whole degrees of freedom (Abramowitz & Stegun 1964, 26.4.4 and 26.4.5).

    >>> round(upper_tail(3.841458820694124, 1), 12)
    0.05

    Raises:
        ValueError: the chi-square is negative, or there is not one degree of freedom.
    """
    if chi_square < 0 or degrees_of_freedom < 1:
        raise ValueError(f"no chi-square of {chi_square} with {degrees_of_freedom} degrees")
    half = chi_square / 2
    if not half:
        return 1.0
    odd = degrees_of_freedom % 2
    tail = erfc(sqrt(half)) if odd else exp(-half)
    # Q(a + 1) = Q(a) + half**a * exp(-half) / gamma(a + 1), from a = 1/2 or a = 1 upwards.
    for step in range(degrees_of_freedom // 2 - (not odd)):
        a = step + (0.5 if odd else 1.0)
        tail += exp(a * log(half) - half - lgamma(a + 1))
    return min(1.0, tail)


def of_deviations(
    deviations: Sequence[float], links: Sequence[Sequence[float]]
) -> tuple[float, int]:
    """Weigh the groups' deviations by their covariance into a chi-square and its degrees.

    The covariance of two groups is less than 0 by their link, and each variance is the sum of a
    group's links: deviations sum to 0 within groups that are linked, directly or through others.
    So one group of each linked set tells nothing that the others do not, and is left out.

    Args:
        deviations: how far each group lies from what was expected of it.
        links: for each two groups, how much of the spread they share; symmetric, none negative.
    """
    total, degrees = 0.0, 0
    for linked in _linked_sets(links):
        told = linked[1:]
        solved = _solve(
            [[sum(links[a]) if a == b else -links[a][b] for b in told] for a in told],
            [deviations[a] for a in told],
        )
        total += sum(deviations[a] * x for a, x in zip(told, solved, strict=True))
        degrees += len(told)
    return max(0.0, total), degrees


def _linked_sets(links: Sequence[Sequence[float]]) -> list[list[int]]:
    """Part the groups into those that can be compared with one another."""
    found: list[list[int]] = []
    unseen = set(range(len(links)))
    while unseen:
        members = [min(unseen)]
        unseen.discard(members[0])
        for member in members:  # grows while it is walked
            near = sorted(other for other in unseen if links[member][other] > 0)
            members += near
            unseen.difference_update(near)
        found.append(members)
    return found


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solve linear equations whose diagonal dominates, for which no pivoting is needed."""
    size = len(right)
    for i in range(size):
        for j in range(i + 1, size):
            factor = matrix[j][i] / matrix[i][i]
            right[j] -= factor * right[i]
            for k in range(i, size):
                matrix[j][k] -= factor * matrix[i][k]
    for i in reversed(range(size)):
        known = sum(matrix[i][k] * right[k] for k in range(i + 1, size))
        right[i] = (right[i] - known) / matrix[i][i]
    return right
