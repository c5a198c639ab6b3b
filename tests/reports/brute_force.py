"""Rates counted from events by the plainest means: the oracle's story, loops and fractions.

Shares no code with the library's reports.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from motfunnel.domain.event import IDENTIFY, Event
from tests import oracle
from tests.oracle import Story

Bounds = tuple[datetime | None, datetime | None]
By = str | tuple[str, ...]
ADVOCATES = ("advocate", "refer", "rating")


def expected_rows(
    kind: str,
    events: Iterable[Event],
    story: Story,
    as_of: datetime,
    within: timedelta,
    cohort: Bounds,
    by: By | None,
    unit: str,
    **asked: Any,
) -> dict[str | None, dict[str, Any]]:
    """Count numerator, denominator, immature and at risk of each group."""
    histories: dict[str, list[Event]] = {}
    for event in events:
        histories.setdefault(event.contact, []).append(event)
    told = {contact: oracle.tell(each, story, as_of) for contact, each in histories.items()}
    rows: dict[str | None, dict[str, Any]] = {} if by else {None: _empty()}
    for contact in sorted(told):
        past = [one for one in oracle.in_order(histories[contact], story) if one["at"] <= as_of]
        taken = 0
        for clock in STARTS[kind](told[contact], past, story, asked):
            start, (low, high) = clock["at"], cohort
            if start > as_of or (low and start < low) or (high and start >= high):
                continue
            taken += 1
            if unit == "contact" and taken > 1:
                continue
            group = None if by is None else group_of(by, contact, clock, histories, told)
            _count(rows.setdefault(group, _empty()), clock, as_of, within, contact)
    return rows


def _empty() -> dict[str, Any]:
    return {"n": 0, "of": 0, "immature": 0, "at_risk": 0, "members": [], "times": [], "causes": []}


def _count(
    row: dict[str, Any], clock: Story, as_of: datetime, within: timedelta, contact: str
) -> None:
    start, end, rival = clock["at"], clock["end"], clock.get("rival")
    until = end or rival or as_of
    how = "happened" if end else "ruled out" if rival else None
    row["times"].append((until - start, how, contact))
    row["at_risk"] += until - start >= within
    if start + within > as_of:
        row["immature"] += 1
        return
    row["of"] += 1
    if end is not None and end - start <= within:
        row["n"] += 1
        row["members"].append(contact)
        row["causes"].append(clock.get("cause"))


def _departures(told: Story, *_: Any) -> Iterator[Story]:
    for one in told["episodes"]:
        yield one | {"at": one["departed_at"], "end": one["returned_at"], "by": _depart(told, one)}


def _depart(told: Story, episode: Story) -> Any:
    kinds = [m for m in told["moments"] if m["kind"] == "depart"]
    return kinds[episode["number"] - 1]["event_id"]


def _attempts(told: Story, past: list[Story], *_: Any) -> Iterator[Story]:
    for one in told["episodes"]:
        at = one["first_outreach_at"]
        if at is not None:
            first = [
                e for e in past if e["signal"] == "outreach" and e["attempt"] and e["at"] == at
            ]
            yield one | {"at": at, "end": one["returned_at"], "by": first[0]["id"]}


def _coverage(told: Story, *_: Any) -> Iterator[Story]:
    for one in told["episodes"]:
        reached, back = one["first_outreach_at"], one["returned_at"]
        rival = None if reached else back
        at = one["departed_at"]
        yield one | {"at": at, "end": reached, "rival": rival, "by": _depart(told, one)}


def _relapses(told: Story, *_: Any) -> Iterator[Story]:
    episodes = told["episodes"]
    for number, one in enumerate(episodes):
        if one["returned_at"] is not None:
            following = [later["departed_at"] for later in episodes[number + 1 :]]
            end = following[0] if following else None
            yield one | {"at": one["returned_at"], "end": end, "by": one["returned_by"]}


def _away(told: Story, past: list[Story], story: Story, asked: Story) -> Iterator[Story]:
    start = asked["period"][0]
    for one in told["episodes"]:
        back = one["returned_at"]
        if one["departed_at"] < start and not (back is not None and back < start):
            yield one | {"at": start, "end": back, "by": _depart(told, one)}


def _conversions(told: Story, past: list[Story], story: Story, asked: Story) -> Iterator[Story]:
    stages = story["stages"]
    low, high = (stages.index(asked[end]) for end in ("start", "goal"))
    reached: dict[int, Story] = {}
    for one in told["moments"]:
        if one["kind"] in ("opening", "conversion"):
            stage = stages.index(one["to_stage"]) if one["to_stage"] else 0
            for lower in range(stage + 1):
                reached.setdefault(lower, one | {"stage": stages[stage]})
    if low in reached:
        end = reached[high]["at"] if high in reached else None
        yield reached[low] | {"end": end, "by": reached[low]["event_id"]}


def _loyalty(told: Story, past: list[Story], *_: Any) -> Iterator[Story]:
    bought = [e for e in past if e["signal"] == "purchase"]
    loyal = [m["at"] for m in told["moments"] if m["kind"] == "loyalist"]
    if bought:
        yield {"at": bought[0]["at"], "by": bought[0]["id"], "end": loyal[0] if loyal else None}


def _departures_after(told: Story, past: list[Story], story: Story, _: Any) -> Iterator[Story]:
    for place, stage, one in _complaints(told, story):
        later = [m["at"] for m in told["moments"][place:] if m["kind"] == "depart"]
        end = later[0] if later else None
        yield one | {"end": end, "by": one["event_id"], "stage": stage}


def _recoveries(told: Story, past: list[Story], story: Story, _: Any) -> Iterator[Story]:
    for _place, stage, one in _complaints(told, story):
        after = [e["id"] for e in past].index(one["event_id"])
        first = None
        for number, event in enumerate(past):
            if number > after and first is None and _recovers(event, past[: number + 1], story):
                first = event
        cause = None if first is None else "purchase"
        if first is not None and first["signal"] in ADVOCATES:
            cause = "advocacy"
        end = None if first is None else first["at"]
        yield one | {"end": end, "cause": cause, "by": one["event_id"], "stage": stage}


def _recovers(event: Story, upto: list[Story], story: Story) -> bool:
    enough = story["apostle_after_referrals"]
    if event["signal"] == "refer":
        return enough is not None and sum(e["signal"] == "refer" for e in upto) >= enough
    if event["signal"] == "rating":
        return bool(event["promoter"])
    return event["signal"] in ("purchase", "advocate")


def _complaints(told: Story, story: Story) -> Iterator[tuple[int, str, Story]]:
    for place, one in enumerate(told["moments"]):
        if one["kind"] == "complaint":
            before = [m["to_stage"] for m in told["moments"][:place] if m["to_stage"]]
            yield place, before[-1] if before else story["stages"][0], one


STARTS: dict[str, Any] = {
    "recidivism": _departures,
    "reengagement": _attempts,
    "coverage": _coverage,
    "relapse": _relapses,
    "reactivation": _away,
    "conversion": _conversions,
    "loyalty": _loyalty,
    "recovery": _recoveries,
    "departure_after_complaint": _departures_after,
}


def group_of(
    by: By,
    contact: str,
    clock: Story,
    histories: dict[str, list[Event]],
    told: dict[str, Story],
) -> str:
    """The value that held at a start event; of several at once, what is alike in all."""
    if isinstance(by, tuple):
        return " · ".join(group_of(one, contact, clock, histories, told) for one in by)
    name, bands = _banded(by)
    return _in_band(_value(name, contact, clock, histories, told), bands)


def group_of_event(by: By | None, event: Event) -> str | None:
    """The group of what an event says, of which a plain name is a property."""
    if by is None:
        return None
    if isinstance(by, tuple):
        return " · ".join(group_of_event(one, event) or "" for one in by)
    name, bands = _banded(by)
    if name == "event":
        return event.name
    given = event.properties.get(name.removeprefix("property:"))
    return _in_band(_text(given) if oracle.text(given) else "unknown", bands)


def _in_band(value: str, bands: list[str]) -> str:
    if not bands:
        return value
    try:
        read = float(value)
    except ValueError:
        return "unknown"
    return [label for low, label in _bands(bands) if read >= low][-1]


def in_order(by: By | None, groups: Iterable[str | None]) -> list[Any]:
    """Groups as they are listed: bands from the lowest on, the others by their names."""

    def place(group: str | None) -> list[tuple[int, str]]:
        each = by if isinstance(by, tuple) else (by or "",)
        parts = (group or "").split(" · ") if isinstance(by, tuple) else [group or ""]
        return [_place(one, part) for one, part in zip(each, parts, strict=True)]

    return sorted(groups, key=place)


def _place(by: str, group: str) -> tuple[int, str]:
    labels = [label for _, label in _bands(_banded(by)[1])]
    return (labels.index(group) if group in labels else len(labels)), group


def _banded(by: str) -> tuple[str, list[str]]:
    name, _, bands = by.rpartition(":")
    return (name, bands.split(",")) if bands[:1].isdigit() and name else (by, [])


def _bands(bands: list[str]) -> list[tuple[float, str]]:
    if not bands:
        return []
    found = [(float("-inf"), f"below {bands[0]}")]
    for number, low in enumerate(bands[:-1]):
        found.append((float(low), f"{low} to below {bands[number + 1]}"))
    return [*found, (float(bands[-1]), f"{bands[-1]} and more")]


def _value(
    by: str,
    contact: str,
    clock: Story,
    histories: dict[str, list[Event]],
    told: dict[str, Story],
) -> str:
    if by == "event":
        made = [e.name for e in histories[contact] if e.id == clock["by"]]
        return made[0] if made else "silence"
    if by == "source":
        return _source(contact, histories, told)
    if by in ("stage", "reason"):
        value: str = clock[by]
        return value
    if by.startswith("property:"):
        said = next((e.properties for e in histories[contact] if e.id == clock["by"]), {})
        given = said.get(by.removeprefix("property:"))
        return _text(given) if oracle.text(given) else "unknown"
    latest = "unknown"
    for event in sorted(histories[contact], key=lambda event: (event.occurred_at, event.id)):
        in_time = event.occurred_at <= clock["at"]
        if event.name == IDENTIFY and in_time and by in event.properties:
            latest = _text(event.properties[by])
    return latest


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
