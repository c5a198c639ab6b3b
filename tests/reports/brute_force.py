"""Return rates counted from events by the plainest means: the oracle's episodes, loops, fractions.

Shares no code with the library's reports.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from motfunnel.domain.event import IDENTIFY, Event
from tests import oracle
from tests.oracle import Story

Bounds = tuple[datetime | None, datetime | None]


def expected_rows(
    kind: str,
    events: Iterable[Event],
    story: Story,
    as_of: datetime,
    within: timedelta,
    cohort: Bounds,
    by: str | None,
    unit: str,
) -> dict[str | None, dict[str, Any]]:
    """Count numerator, denominator, immature and at risk of each group."""
    histories: dict[str, list[Event]] = {}
    for event in events:
        histories.setdefault(event.contact, []).append(event)
    told = {contact: oracle.tell(each, story, as_of) for contact, each in histories.items()}
    rows: dict[str | None, dict[str, Any]] = {} if by else {None: _empty()}
    for contact in sorted(told):
        taken = 0
        for episode in told[contact]["episodes"]:
            start = episode["departed_at" if kind == "recidivism" else "first_outreach_at"]
            low, high = cohort
            if start is None or (low and start < low) or (high and start >= high):
                continue
            taken += 1
            if unit == "contact" and taken > 1:
                continue
            group = None if by is None else _group(by, contact, episode, start, histories, told)
            _count(rows.setdefault(group, _empty()), episode, start, as_of, within, contact)
    return rows


def _empty() -> dict[str, Any]:
    return {"n": 0, "of": 0, "immature": 0, "at_risk": 0, "members": [], "times": []}


def _count(
    row: dict[str, Any],
    episode: Story,
    start: datetime,
    as_of: datetime,
    within: timedelta,
    contact: str,
) -> None:
    back = episode["returned_at"]
    row["times"].append(((back or as_of) - start, back is not None, contact))
    row["at_risk"] += (back or as_of) - start >= within
    if start + within > as_of:
        row["immature"] += 1
        return
    row["of"] += 1
    if back is not None and back - start <= within:
        row["n"] += 1
        row["members"].append(contact)


def _group(
    by: str,
    contact: str,
    episode: Story,
    start: datetime,
    histories: dict[str, list[Event]],
    told: dict[str, Story],
) -> str:
    if by == "source":
        return _source(contact, histories, told)
    if by in ("stage", "reason"):
        value: str = episode[by]
        return value
    latest = "unknown"
    said = sorted(histories[contact], key=lambda event: (event.occurred_at, event.id))
    for event in said:
        if event.name == IDENTIFY and event.occurred_at <= start and by in event.properties:
            value = event.properties[by]
            latest = value if isinstance(value, str) else json.dumps(value)
    return latest


def _source(contact: str, histories: dict[str, list[Event]], told: dict[str, Story]) -> str:
    opening = told[contact]["moments"][0]
    event = next(e for e in histories[contact] if e.id == opening["event_id"])
    given = event.properties.get("source")
    if isinstance(given, str) and given.strip():
        return given
    for other, events in histories.items():
        for event in events if other != contact else ():
            friend = oracle.text(event.properties.get("friend"))
            in_time = event.occurred_at <= opening["at"]
            if event.name == "invited_friend" and friend == contact and in_time:
                return "referral"
    return "direct"
