"""The log-rank test: whether groups return at the same pace.

Compares two curves or more, and says how surprising their difference would be by chance. Takes
each contact once, measures no effect, and knows nothing of how the groups came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, combinations, compress, groupby
from typing import Final

from attrs import frozen

from motfunnel.statistics.chi_square import of_deviations, upper_tail
from motfunnel.statistics.risk_table import RiskTable
from motfunnel.statistics.survival import SurvivalCurve

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


def _risk_sets(curves: list[SurvivalCurve]) -> Iterator[tuple[list[int], list[int]]]:
    """Count, at each time at which anybody returned, those at risk and the returns of each."""
    tables = [curve.table for curve in curves]
    for time, _ in groupby(sorted(chain.from_iterable(map(_return_times, tables)))):
        counts = [table.counts_at(time) for table in tables]
        yield [at_risk for at_risk, _ in counts], [returned for _, returned in counts]


def _return_times(table: RiskTable) -> Iterable[int]:
    return compress(table.durations, table.returned)
