"""What the clock of a rate counts from, and what it waits for: the words on the axes of curves.

A table, by the name of the rate. A conversion's two stages are read from its definition.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

from motfunnel.figures.lettering import label
from motfunnel.reports.rate import Rate


@frozen
class ClockWords:
    """Two ends of a clock, in words.

    Attributes:
        since: what its time is counted from.
        event: what those did with whom it stopped.
    """

    since: str
    event: str


_WORDS: Final = {
    "recidivism": ClockWords("the departure", "returned"),
    "re-engagement": ClockWords("the first outreach", "returned"),
    "outreach coverage": ClockWords("the departure", "had a first outreach"),
    "reactivation": ClockWords("the start of the period", "returned"),
    "relapse": ClockWords("the return", "departed again"),
    "loyalty": ClockWords("the first purchase", "became a loyalist"),
    "recovery": ClockWords("the complaint", "purchased or advocated"),
    "departure after complaint": ClockWords("the complaint", "departed"),
    "hold-out trial": ClockWords("the assignment", "returned"),
    "landmark comparison": ClockWords("the landmark", "returned"),
}
_ANY: Final = ClockWords("the clock started", "had the event")
_STAGES: Final = re.compile(
    r"of the contacts that reached (.+) \(or a higher stage\) in the cohort and "
    r".*, the share that reached (.+) \(or a higher one\) within it",
    re.DOTALL,
)
_SHORT: Final = 24


def words_of(answer: Rate) -> ClockWords:
    """Name the two ends of the clock of a rate."""
    if found := _STAGES.fullmatch(answer.definition):
        low, high = (label(stage, _SHORT) for stage in found.groups())
        return ClockWords(f"reaching {low}", f"reached {high}")
    return _WORDS.get(answer.name, _ANY)
