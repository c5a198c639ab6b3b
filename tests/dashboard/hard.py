"""A history that is hard to show: long names, some from right to left, huge and negative sums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from motfunnel import (
    Funnel,
    Touchpoint,
    Tracker,
    advocate,
    complain,
    leave,
    outreach,
    purchase,
    rating,
    refer,
    touch,
)

FIRST: Final = datetime(2025, 1, 1, tzinfo=UTC)
AS_OF: Final = FIRST + timedelta(days=320)
_WORD: Final = "Donaudampfschifffahrtsgesellschaft"
ARABIC: Final = "غالي جدا"
KEYS: Final = (
    f"{_WORD}.{_WORD}@{_WORD}.example",
    "מרים בת-אברהם",
    "عبد الرحمن بن محمد",
    "\u202eevil",
    "小" * 80,
    "a b " * 30,
    "x" * 200,
    "ada",
)
_LEAVER: Final = 7
"""One whose key is a word of reports, and who leaves at the end."""

SOURCES: Final = ("referral", "depart", ARABIC * 4, "z" * 90)
ORDERED: Final = "ordered_" + "x" * 40
SUMS: Final = ("123456789012.34", "-98765432109.99", "1000000000")
FUNNEL: Final = Funnel(
    stages=("v" * 40, "customer of the very first hour"),
    rules={
        "seen": touch(),
        ORDERED: purchase(value="total"),
        "quit": leave(reason="why"),
        "mailed": outreach(arm="arm", holdout="none"),
        "said": complain(),
        "rated": rating(score="score"),
        "invited": refer(referred="friend"),
        "praised": advocate(),
    },
    patience={"default": None},
    currency="rubles (old)",
    touchpoints={"t" * 60: Touchpoint(promise="p" * 90, expected=8)},
)


def key(n: int) -> str:
    """The n-th contact."""
    if n == _LEAVER:
        return "at risk"
    return f"{KEYS[n % len(KEYS)]}{n or ''}"


def history() -> Iterator[dict[str, Any]]:
    """Sixty contacts, who do all there is to do by chance."""
    rng = Random(1)
    for n in range(60):
        at = FIRST + timedelta(days=rng.uniform(0, 200))
        yield {
            "contact": key(n),
            "event": "seen",
            "occurred_at": at,
            "properties": {"source": SOURCES[n % 4]},
        }
        while (at := at + timedelta(days=rng.uniform(2, 40))) < AS_OF:
            event = rng.choice((ORDERED, *FUNNEL.rules))
            properties = {
                ORDERED: {"total": rng.choice(SUMS)},
                "quit": {"why": rng.choice(("too expensive " * 8, "Y" * 120, ARABIC))},
                "mailed": {"arm": rng.choice(("none", "letter"))},
                "rated": {
                    "score": rng.randint(0, 10),
                    "touchpoint": rng.choice(("t" * 60, ARABIC * 6)),
                },
                "invited": {"friend": key(n * 3 % 60)},
            }.get(event, {})
            yield {
                "contact": key(n),
                "event": event,
                "occurred_at": at,
                "properties": properties,
            }
    last = AS_OF - timedelta(days=3)
    yield {"contact": key(_LEAVER), "event": "quit", "occurred_at": last, "properties": {}}


def make_hard(url: str) -> Tracker:
    """A tracker with the history, on the day of its questions."""
    tracker = Tracker(url, FUNNEL)
    tracker.track_many(sorted(history(), key=lambda one: one["occurred_at"]))
    tracker.clock = lambda: AS_OF
    return tracker
