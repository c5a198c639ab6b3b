"""A rhythm in the store: the deadline is known at the touch; the story says what it rests on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine

from motfunnel import Tracker, rhythm
from tests.tracking.scene import FUNNEL, day, rows_of

pytestmark = pytest.mark.every_database

WEEKLY = rhythm(2.5, usual="6d", at_least="5d", at_most="40d")


@pytest.fixture
def rhythmic(shared_engine: Engine, tracker: Tracker) -> Tracker:
    """The scene's funnel, by rhythm."""
    funnel = evolve(FUNNEL, patience={"default": WEEKLY})
    return Tracker(
        shared_engine, funnel=funnel, tenant=tracker.tenant + "r", clock=lambda: day(400)
    )


def seen(tracker: Tracker, contact: str, *days: float, **how: Any) -> None:
    """Track touches at some days, one by one."""
    for at in days:
        tracker.track(contact, "saw", id=f"{at}", occurred_at=day(at), **how)


def test_the_deadline_follows_the_gaps(shared_engine: Engine, rhythmic: Tracker) -> None:
    """Each touch moves the deadline that is stored; a late one moves all that came after it."""
    seen(rhythmic, "ada", 0)
    assert rhythmic.contact("ada", as_of=day(1)).deadline_at == day(15)
    seen(rhythmic, "ada", 2, 6)
    [row] = rows_of(shared_engine, rhythmic.tenant)["motfunnel_contacts"]
    assert row["deadline_at"] == day(6 + 2.5 * 18 / 4)
    seen(rhythmic, "ada", 4)
    [row] = rows_of(shared_engine, rhythmic.tenant)["motfunnel_contacts"]
    assert row["deadline_at"] == day(6 + 2.5 * 18 / 5)
    assert (row["gaps"], row["gaps_sum"]) == (3, 6 * 86_400_000_000)
    assert rhythmic.sweep(as_of=day(14)) == 0
    assert rhythmic.sweep(as_of=day(15)) == 1


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((0, 2, 6), "silent for 11.2 d, 2.5 times its usual 4.5 d between visits"),
        ((0,), "silent for 15 d, 2.5 times its usual 6 d between visits"),
        (
            range(23),
            "silent for 5 d, the least there is; 2.5 times its usual 1.4 d between visits "
            "would be 3.5 d",
        ),
        (
            (0, 14, 34, 60, 94),
            "silent for 40 d, the most there is; 2.5 times its usual 17.7 d between visits "
            "would be 44.2 d",
        ),
    ],
)
def test_the_story_says_what_was_usual(rhythmic: Tracker, days: Any, words: str) -> None:
    """How long the silence was, how many times the usual gap, and which bound decided."""
    seen(rhythmic, "ada", *days)
    last = rhythmic.contact("ada").story[-1]
    assert last.why == words
    assert last.rule == (
        '[patience] default = { rhythm = 2.5, usual = "6d", at_least = "5d", at_most = "40d" }'
    )


def test_the_stored_funnel_is_read_back(shared_engine: Engine, rhythmic: Tracker) -> None:
    """A tracker without a funnel of its own takes the stored one, rhythm and all."""
    seen(rhythmic, "ada", 0, 2, 6)
    again = Tracker(shared_engine, tenant=rhythmic.tenant, clock=lambda: day(400))
    assert again.funnel.patience_of("visitor") == WEEKLY
    assert again.contact("ada").moments == rhythmic.contact("ada").moments
    stored = rows_of(shared_engine, rhythmic.tenant)["motfunnel_funnels"]
    assert "rhythm" in json.dumps([str(one) for one in stored])
    assert rhythmic.check().is_sound
