"""The histories of the golden outputs: one real, one of real households, and drawn ones.

`groceries.csv.gz` holds the purchases, campaigns and redeemed coupons of 250 households, sampled
from the completejourney data (bradleyboehmke/completejourney, CC0).
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any

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
    reach,
    refer,
    research,
    resolve,
    touch,
)
from motfunnel.intake import import_file
from motfunnel.testing import Clock

DAY = timedelta(days=1)
HERE = Path(__file__).parent
NOW = datetime(2026, 6, 1, tzinfo=UTC)
"""When the imported histories were imported, and the drawn ones are asked."""

GROCERIES = Funnel(
    stages=("household", "buyer"),
    rules={
        "purchase": purchase(),
        "campaign": outreach(arm="kind", holdout="Type C"),
        "redeemed": advocate(),
    },
    patience={"default": timedelta(days=28)},
)
DRAWN = Funnel(
    stages=("visitor", "lead", "prospect", "customer"),
    rules={
        "looked": touch(),
        "searched": research(),
        "signed_up": reach("lead"),
        "asked_for_offer": reach("prospect"),
        "bought": purchase(),
        "rated": rating(score="score"),
        "brought_friend": refer(referred="friend"),
        "praised": advocate(),
        "complained": complain(case="case"),
        "resolved": resolve(case="case"),
        "unsubscribed": leave(reason="reason"),
        "winback_sent": outreach(arm="arm", holdout="control"),
    },
    patience={"default": timedelta(days=30), "customer": timedelta(days=60), "lead": None},
    touchpoints={
        "checkout": Touchpoint(promise="paid in a minute", expected=8),
        "support": Touchpoint(promise="an answer in a day", expected=7),
    },
)
_NAMES = (
    *("looked",) * 6,
    *("bought",) * 4,
    *("searched", "signed_up", "asked_for_offer", "rated", "rated", "complained", "resolved"),
    *("winback_sent", "winback_sent", "unsubscribed", "praised", "brought_friend", "unheard_of"),
)


@contextmanager
def demonstration(url: str, directory: Path, *, every: int = 8) -> Iterator[Tracker]:
    """Every so-many-th contact of the demonstration's history, imported."""
    here = resources.files("motfunnel.demo")
    with (
        resources.as_file(here / "git_history.csv.gz") as history,
        resources.as_file(here / "git.toml") as definition,
    ):
        funnel = Funnel.from_toml(definition)
        some = directory / "some.csv"
        with gzip.open(history, "rt", newline="") as source, some.open("w", newline="") as target:
            reader = csv.DictReader(source)
            writer = csv.DictWriter(target, reader.fieldnames or ())
            writer.writeheader()
            rows = list(reader)
            chosen = set(sorted({row["contact"] for row in rows})[::every])
            writer.writerows(row for row in rows if row["contact"] in chosen)
    with Tracker(url, funnel, clock=Clock(NOW), spool=False) as tracker:
        import_file(tracker, some, contact="contact", event="event", at="ts", at_format="unix")
        yield tracker


@contextmanager
def groceries(url: str, directory: Path) -> Iterator[Tracker]:
    """Households that buy, are written to, and redeem coupons; imported."""
    del directory
    with Tracker(url, GROCERIES, clock=Clock(NOW), spool=False) as tracker:
        file = HERE / "groceries.csv.gz"
        import_file(tracker, file, contact="household", event="event", at="at", id="id")
        yield tracker


@contextmanager
def drawn(url: str, seed: int) -> Iterator[Tracker]:
    """A drawn history that was tracked live: late events, merges, traits, an erasure."""
    rng, clock = Random(seed), Clock(NOW - 500 * DAY)
    with Tracker(url, DRAWN, clock=clock, spool=False, budget=None) as tracker:
        ordered = sorted(told(rng), key=lambda event: event["recorded_at"])
        for number in range(8):
            some = ordered[number * len(ordered) // 8 : (number + 1) * len(ordered) // 8]
            clock.move_to([event.pop("recorded_at") for event in some][-1])
            tracker.track_many(event for event in some if "traits" not in event)
            for event in some:
                if "traits" in event:
                    tracker.identify(event.pop("contact"), event.pop("traits"), **event)
            if number == 4:
                tracker.merge("c003", into="c001")
                tracker.sweep()
            elif number == 6:
                tracker.forget("c005")
        clock.move_to(NOW)
        yield tracker


def told(rng: Random, contacts: int = 120) -> Iterator[dict[str, Any]]:
    for number in range(contacts):
        contact, at = f"c{number:03}", NOW - rng.randrange(120, 480) * DAY
        identified = rng.random() < 0.3
        pace = rng.choice((2, 5, 11, 23))
        for order in range(rng.randrange(1, 30)):
            later = at + rng.choice((0, 1, 1, 1, 9)) * pace * timedelta(hours=rng.randrange(24))
            if later >= NOW - DAY:
                break
            at = later
            name = rng.choice(_NAMES)
            late = rng.choice((0, 0, 0, 1, 40)) * timedelta(hours=rng.randrange(1, 60))
            yield {
                "contact": contact,
                "event": name,
                "occurred_at": at,
                "id": f"{order}",
                "properties": _properties(rng, name),
                "recorded_at": min(at + late, NOW - timedelta(hours=1)),
            }
        if identified:
            yield {
                "contact": contact,
                "traits": {"plan": rng.choice(("free", "team")), "seats": rng.randrange(40)},
                "occurred_at": at,
                "id": "who",
                "recorded_at": min(at, NOW - timedelta(hours=1)),
            }


def _properties(rng: Random, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {"branch": rng.choice(("north", "south", "east"))}
    if name == "looked":
        made["source"] = rng.choice(("search", "letter", "", None))
    elif name in ("complained", "resolved"):
        made["case"] = f"case {rng.randrange(3)}"
    elif name == "winback_sent":
        made["arm"] = rng.choice(("control", "letter"))
    elif name == "unsubscribed":
        made["reason"] = rng.choice(("price", "moved"))
    elif name == "brought_friend":
        made["friend"] = f"c{rng.randrange(120):03}"
    elif name == "rated":
        made["score"] = rng.randrange(11)
    if rng.random() < 0.3:
        made |= {
            "touchpoint": rng.choice(("checkout", "support", "door")),
            "experienced": rng.randrange(11),
        }
    return made
