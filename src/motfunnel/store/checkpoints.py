"""Checkpoints of a long history: the journey's state after so many events, to fold on from.

Turns one into a row and back. Runs no SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from motfunnel.domain import machine
from motfunnel.domain.event import to_json
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.domain.journey import Journey, OpenCase


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
