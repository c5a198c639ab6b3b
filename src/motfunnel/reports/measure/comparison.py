"""How groups compare: differences of rates with intervals, and the log-rank test of the curves.

Part of a grouped rate whose groups hold different contacts. Says how far apart they lie, not why.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import field, frozen

from motfunnel.answers.cells import BY, GROUP, NAMED, P_VALUE, POINTS, between, cell, plain
from motfunnel.charts.labels import label
from motfunnel.statistics import Interval, LogRank

CAUTION: Final = (
    "each interval stands for itself: of twenty comparisons, one excludes 0 by chance alone"
)
WHOLE: Final = "over all of the observed time, whatever the window"
"""Of what the log-rank test is: unlike the rates, it knows no window."""

_BY_ARM: Final = ("assigned", "landmark")
_ARMS: Final = 2
_SHORT: Final = 18


@frozen(kw_only=True)
class DifferenceRow:
    """How far the rate of one group lies above that of the one it is compared with.

    Attributes:
        group: the group's value.
        difference: its rate less the other's; None where either is undefined.
        interval: Newcombe's, around the difference.
        p_value: of the log-rank test of these two alone; None where they cannot be compared.
        adjusted: the same by Holm, for all the groups that are compared with that one.
    """

    group: str = field(metadata=cell(GROUP, BY))
    difference: float | None = field(metadata=cell(POINTS, NAMED))
    interval: Interval | None = field(metadata=cell(between(POINTS), NAMED))
    p_value: float | None = field(metadata=cell(P_VALUE))
    adjusted: float | None = field(metadata=cell(P_VALUE, NAMED))


@frozen(kw_only=True)
class Comparison:
    """Groups of a rate that may be compared, each with the largest of them.

    Attributes:
        against: the group with which each other is compared: the one with the most observed.
        differences: one for each other group.
        log_rank: whether the curves of all groups could be one; None where they cannot tell.
        planned: the effect for which the intervals are always valid; None: they are Newcombe's,
            for a single look.
    """

    against: str
    differences: tuple[DifferenceRow, ...]
    log_rank: LogRank | None
    planned: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The comparison, ready for JSON."""
        test = self.log_rank
        return {
            "against": self.against,
            "planned": self.planned,
            "differences": [plain(one) for one in self.differences],
            "log_rank": None
            if test is None
            else {
                "chi_square": test.chi_square,
                "degrees_of_freedom": test.degrees_of_freedom,
                "p_value": test.p_value,
            },
        }

    @property
    def caption(self) -> str:
        """What is printed above the differences."""
        number = len(self.differences)
        if self.planned is not None:
            return (
                f"Against {self.against}, in percentage points; the intervals are valid however "
                f"often one looks, for a planned effect of {self.planned * 100:.4g} points; "
                "log-rank is left out, for its p holds for a single look"
            )
        test = describe(self.log_rank)
        whole = "" if self.log_rank is None else f", {WHOLE}"
        if number == 1:
            return f"Against {self.against}, in percentage points, by Newcombe. {test}{whole}"
        return (
            f"Against {self.against}, in percentage points, by Newcombe; {number} comparisons, and "
            f"{CAUTION}; p of each pair by log-rank, adjusted for the {number} by Holm. Of all "
            f"together, not adjusted: {test}{whole}"
        )


def apart(found: Comparison | None, by: str | None, before: str = "") -> str:
    """How far two groups lie apart, as it stands above a picture; nothing where it is not known.

    Of several differences those of arms are told, of which there are few.
    """
    if found is None or len(found.differences) > (_ARMS if by in _BY_ARM else 1):
        return ""
    told = "".join(
        f"{label(one.group, _SHORT)} less {label(found.against, _SHORT)}: {_points(one)}; "
        for one in found.differences
        if one.difference is not None
    )
    return told and before + told


def _points(one: DifferenceRow) -> str:
    sure = "" if one.interval is None else f" ({between(POINTS).show(one.interval)})"
    return f"{POINTS.show(one.difference)} points{sure}"


def describe(test: LogRank | None) -> str:
    """Put the log-rank test into words."""
    if test is None:
        return "Log-rank: the groups were never at risk together, and cannot be compared"
    p = "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.3f}"  # noqa: PLR2004
    freedom = test.degrees_of_freedom
    degrees = f"{freedom} degree{'' if freedom == 1 else 's'} of freedom"
    return f"Log-rank: χ² = {test.chi_square:.2f} with {degrees}, {p}"
