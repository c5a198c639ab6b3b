"""Checkpoints of a long history: the journey's state after so many events, to fold on from.

Turns one into a row and back, and says which numbered rows differ after a fold. Runs no SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Generic, TypeVar

from attrs import frozen

from motfunnel.domain import machine
from motfunnel.domain.event import to_json
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.domain.journey import Journey, OpenCase

Item = TypeVar("Item")


@frozen(kw_only=True)
class JourneyCheckpoint:
    """A journey as it stood between two instants.

    It is never taken amid events of one instant, so what comes after it can be told by the instant
    alone; and never after a silence that only a sweep has noticed.

    Attributes:
        contact: whose.
        events: how many events it has seen.
        last_at: the instant of the last of them, in microseconds.
        moments: how many moments these made.
        state: what the state machine keeps.
        open_cases: the complaints that awaited their resolution.
    """

    contact: str
    events: int
    last_at: int
    moments: int
    state: tuple[int, ...]
    open_cases: tuple[OpenCase, ...]


def checkpoint_of(
    journey: Journey, *, events: int, last_at: int, moments: int
) -> JourneyCheckpoint:
    """Keep a journey as it is after so many events and moments."""
    state = list(journey.state)
    if state[machine.OUTREACHES] == 0:  # an earlier episode's, which no row of a contact keeps
        state[machine.FIRST_OUTREACH] = 0
    return JourneyCheckpoint(
        contact=journey.contact,
        events=events,
        last_at=last_at,
        moments=moments,
        state=tuple(state),
        open_cases=tuple(journey.open_cases),
    )


def checkpoint_row(checkpoint: JourneyCheckpoint, tenant: str) -> dict[str, Any]:
    """The row of a checkpoint."""
    return {
        "tenant": tenant,
        "contact": checkpoint.contact,
        "events": checkpoint.events,
        "last_at": from_micros(checkpoint.last_at),
        "moments": checkpoint.moments,
        "state": to_json([checkpoint.state, write_cases(checkpoint.open_cases)]),
    }


def read_checkpoint_row(row: Mapping[str, Any]) -> JourneyCheckpoint:
    """The checkpoint of a row."""
    state, cases = json.loads(row["state"])
    if len(state) != len(machine.NEW_CONTACT):
        raise ValueError("it is no state")
    return JourneyCheckpoint(
        contact=row["contact"],
        events=row["events"],
        last_at=to_micros(row["last_at"]),
        moments=row["moments"],
        state=tuple(state),
        open_cases=tuple(read_cases(cases)),
    )


def write_cases(cases: Any) -> list[list[str | None]]:
    """Open cases, ready for JSON."""
    return [[one.case, one.event_id, one.opened_at.isoformat()] for one in cases]


def read_cases(written: Any) -> list[OpenCase]:
    """Open cases, as they were written."""
    return [
        OpenCase(case, event_id, datetime.fromisoformat(opened_at))
        for case, event_id, opened_at in written
    ]


@frozen
class Change(Generic[Item]):
    """The rows from a number on, before and after; both as short as they can be.

    Attributes:
        first: the number of the first row of both.
        before: what is stored.
        after: what is to be.
    """

    first: int
    before: Sequence[Item]
    after: Sequence[Item]

    def gone(self) -> list[int]:
        """The numbers of the rows that are to go, or to be written anew."""
        return [self.first + n for n in self._places() if n < len(self.before)]

    def made(self) -> list[tuple[int, Item]]:
        """The rows that are to be written, with their numbers."""
        return [(self.first + n, self.after[n]) for n in self._places() if n < len(self.after)]

    def _places(self) -> list[int]:
        pairs = enumerate(zip_longest(self.before, self.after))
        return [place for place, (old, new) in pairs if old != new]


def change(first: int, before: Sequence[Item], after: Sequence[Item]) -> Change[Item]:
    """Leave out what is the same at the beginning and, where as many are to be, at the end.

    >>> change(3, "abcde", "abxde")
    Change(first=5, before='c', after='x')
    >>> change(0, "abc", "abcd")
    Change(first=3, before='', after='d')
    """
    start, end = 0, len(before)
    shorter = min(end, len(after))
    while start < shorter and before[start] == after[start]:
        start += 1
    if end != len(after):
        return Change(first + start, before[start:], after[start:])
    while end > start and before[end - 1] == after[end - 1]:
        end -= 1
    return Change(first + start, before[start:end], after[start:end])
