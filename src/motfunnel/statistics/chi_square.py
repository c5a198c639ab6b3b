"""The chi-square of groups that are compared with one another, and how surprising it is.

Only what a log-rank test needs, exactly: no general matrices, no distributions but the one tail.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, lgamma, log, sqrt


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
