"""Histories whose events carry scores, and their reading by hand: shares no code with reports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from motfunnel.domain.event import IDENTIFY, Event
from tests import oracle
from tests.oracle import Story
from tests.strategies import HOUR, START, histories, stories

PEOPLE = ("ada", "bob", "cyd", "7")
TOUCHPOINTS: dict[str, dict[str, Any]] = {
    "checkout": {"promise": "paid in a minute", "expected": 8},
    "praised": {"promise": "", "expected": None},
}


def scores() -> st.SearchStrategy[dict[str, Any]]:
    """What an event says of an experience, often nothing, sometimes nothing usable."""
    some = st.sampled_from([None, " ", 0, 6, 6.5, "7", 8, 9, 10, "good", True, 1e300])
    return st.fixed_dictionaries(
        {},
        optional={
            "experienced": some,
            "expected": some,
            "touchpoint": st.sampled_from(["checkout", "shop", "", None, 7]),
            "branch": st.sampled_from(["north", "south", None, 1]),
        },
    )


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and histories of contacts that refer each other and say how it was."""
    story = draw(stories())
    drawn = {(e.contact, e.id): e for e in draw(histories(story, PEOPLE, most=30))}.values()
    events = [evolve(e, properties=e.properties | draw(scores())) for e in drawn]
    named = draw(st.booleans())
    trait = {"experienced": 3, "touchpoint": "checkout"}
    at = START + draw(st.integers(0, 8)) * HOUR
    said = Event(contact="ada", name=IDENTIFY, occurred_at=at, id="trait", properties=trait)
    return story, [*events, said] if named else events


def past_of(
    events: list[Event], story: Story, as_of: datetime
) -> Iterator[tuple[str, list[tuple[Event, Story]]]]:
    """Each contact with its events up to an instant, in order, each with what it means."""
    for contact in sorted({event.contact for event in events}):
        mine = {event.id: event for event in events if event.contact == contact}
        ordered = oracle.in_order(mine.values(), story)
        yield contact, [(mine[one["id"]], one) for one in ordered if one["at"] <= as_of]


def experience(event: Event, meant: Story) -> dict[str, Any] | None:
    """What a contact experienced by an event, as one reads it off by eye."""
    if event.name == IDENTIFY:
        return None
    said = event.properties
    rated = score(said.get("score")) if meant["signal"] == "rating" else None
    experienced = rated if rated is not None else score(said.get("experienced"))
    if experienced is None:
        return None
    where = oracle.text(said.get("touchpoint")) or event.name
    expected = score(said.get("expected"))
    if expected is None:
        expected = TOUCHPOINTS.get(where, {}).get("expected")
    good = meant["promoter"] if rated is not None else experienced >= 9
    bad = experienced <= 6 and not good
    if expected is not None:
        good, bad = experienced > expected, experienced < expected
    return {
        "touchpoint": where,
        "score": experienced,
        "expected": expected,
        "verdict": "good" if good else "bad" if bad else "in between",
    }


def score(value: Any) -> float | None:
    """A score, of a number or of the text of one."""
    if isinstance(value, bool) or oracle.text(value) in ("", "good"):
        return None
    return None if float(value) > 1e9 else float(value)
