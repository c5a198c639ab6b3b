"""Survival data as histories: everybody departs, an event is a return, and one instant censors all.

A question has one instant, so who was censored after T departs T before it; who returned departs as
early as the longest observed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, outreach, touch
from motfunnel.domain.instant import MICROSECOND

END = datetime(2020, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
FUNNEL = Funnel(
    stages=("inside", "outside"),
    rules={"entered": touch(), "left": leave("why"), "came": touch(), "wrote": outreach()},
    patience={"default": None},
)


class Person(NamedTuple):
    """One observation.

    Attributes:
        time: how long it lasted, in days.
        happened: whether it ended by the event.
        group: the group, as the reason of the departure.
        wrote_after: after how many days an outreach came; None where none did.
    """

    time: float
    happened: bool
    group: str = "all"
    wrote_after: float | None = None


def days(number: float) -> timedelta:
    """So many days, and of a fraction the nearest microsecond."""
    return timedelta(days=number)


def micros(number: float) -> int:
    return days(number) // MICROSECOND


def release(engine: Engine, people: Iterable[Person]) -> Tracker:
    """A tracker of a new tenant with these histories, asked at the end of all observation."""
    known = list(people)
    longest = max(days(one.time) for one in known)
    tracker = Tracker(engine, FUNNEL, tenant=uuid4().hex, clock=lambda: END)
    tracker.track_many(
        event for n, one in enumerate(known) for event in _events(f"{n:05}", one, END - longest)
    )
    return tracker


def _events(contact: str, one: Person, earliest: datetime) -> Iterable[dict[str, Any]]:
    left = earliest if one.happened else END - days(one.time)
    said: list[tuple[str, datetime]] = [("entered", left - DAY), ("left", left)]
    if one.wrote_after is not None:
        said.append(("wrote", left + days(one.wrote_after)))
    if one.happened:
        said.append(("came", left + days(one.time)))
    for name, when in said:
        properties = {"why": one.group} if name == "left" else {}
        yield {"contact": contact, "event": name, "occurred_at": when, "properties": properties}
