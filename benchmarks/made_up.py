"""Made-up histories of a shop's contacts: the same for the same seed.

Contacts arrive over two years, some more and some less eager. They look around, sign up, buy, rate,
complain, bring friends, say that they leave or just fall silent; some are written to while they are
away, some are held out, and some come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Final

from motfunnel import (
    Funnel,
    Touchpoint,
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

SINCE: Final = datetime(2023, 1, 1, tzinfo=UTC)
UNTIL: Final = datetime(2025, 1, 1, tzinfo=UTC)
DAY: Final = 86_400.0

FUNNEL: Final = Funnel(
    stages=("visitor", "lead", "prospect", "customer"),
    rules={
        "looked": touch(),
        "searched": research(),
        "signed_up": reach("lead"),
        "asked_for_offer": reach("prospect"),
        "bought": purchase(),
        "rated": rating(score="score"),
        "brought_friend": refer(referred="friend"),
        "complained": complain(case="case"),
        "resolved": resolve(case="case"),
        "unsubscribed": leave(reason="reason"),
        "winback_sent": outreach(arm="arm", holdout="control"),
    },
    patience={"default": timedelta(days=30), "customer": timedelta(days=60)},
    touchpoints={
        "checkout": Touchpoint(promise="paid in a minute", expected=8),
        "support": Touchpoint(promise="an answer in a day", expected=7),
    },
)

# What a contact does next, and how often in a hundred.
_DEEDS: Final = {
    "looked": 56,
    "searched": 8,
    "signed_up": 7,
    "asked_for_offer": 5,
    "bought": 10,
    "rated": 5,
    "brought_friend": 2,
    "complained": 4,
    "unsubscribed": 3,
}
_SOURCES: Final = ("search", "advertisement", "newsletter", "friend", None)
_REASONS: Final = ("price", "moved", "too many letters")
_NAMES: Final = tuple(_DEEDS)
_WEIGHTS: Final = tuple(_DEEDS.values())

Row = dict[str, Any]


def rows(size: int, seed: int = 1) -> Iterator[Row]:
    """Give so many events, contact by contact; each a row for an import."""
    rng, written = Random(seed), 0
    for number in count():
        for row in _history(rng, number):
            yield row
            written += 1
            if written == size:
                return


def traits(contacts: int, seed: int = 2) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the traits of every tenth contact."""
    rng = Random(seed)
    for number in range(0, contacts, 10):
        plan, country = rng.choice(("free", "team", "company")), rng.choice(("de", "fr", "it"))
        yield name_of(number), {"plan": plan, "country": country}


def name_of(number: int) -> str:
    """What a contact is called."""
    return f"contact-{number:08d}"


def _history(rng: Random, number: int) -> Iterator[Row]:
    """The events of one contact, in order."""
    length = (UNTIL - SINCE).total_seconds()
    at = length * rng.random() ** 0.7
    eagerness = rng.expovariate(1 / 6) + 0.5  # days from one event to the next
    will = 0.03 + 0.15 * rng.random()  # how easily it stays away for long
    deed, n = "looked", 0
    while at < length:
        for later, name, properties in _deed(rng, number, n, deed):
            if at + later < length:
                yield _row(number, n, at + later, name, properties)
                n += 1
        gap = rng.expovariate(1 / eagerness) * DAY
        if deed == "unsubscribed" or rng.random() < will:
            gap += (30 + rng.expovariate(1 / 90)) * DAY
            if _chance(rng, 50) and at + gap * 0.7 < length:
                arm = {"arm": "control" if _chance(rng, 30) else "letter"}
                yield _row(number, n, at + gap * 0.7, "winback_sent", arm)
                n += 1
            if _chance(rng, 35):
                return
        at += gap
        deed = rng.choices(_NAMES, _WEIGHTS)[0]


def _deed(rng: Random, number: int, n: int, name: str) -> Iterator[tuple[float, str, Row]]:
    """What happens at one visit: seconds after its beginning, the event, its properties."""
    if name == "looked":
        yield 0.0, name, {"source": rng.choice(_SOURCES), "page": rng.randrange(50)}
    elif name == "bought":
        yield 0.0, name, {"amount": rng.randrange(5, 300), "branch": f"branch {rng.randrange(12)}"}
        if _chance(rng, 40):
            lived = {"touchpoint": "checkout", "experienced": rng.randrange(3, 11)}
            yield 60.0, "looked", lived | {"branch": f"branch {rng.randrange(12)}"}
    elif name == "rated":
        yield 0.0, name, {"score": rng.choice((2, 5, 6, 7, 8, 8, 9, 9, 10)), "touchpoint": "shop"}
    elif name == "brought_friend":
        yield 0.0, name, {"friend": name_of(number + rng.randrange(1, 2000))}
    elif name == "complained":
        case = {"case": f"case {number}-{n}"}
        yield 0.0, name, case
        if _chance(rng, 80):
            scored = {"touchpoint": "support", "experienced": rng.randrange(1, 11)}
            yield rng.expovariate(1 / 6) * 3600, "resolved", case | scored
    elif name == "unsubscribed":
        yield 0.0, name, {"reason": rng.choice(_REASONS)}
    else:
        yield 0.0, name, {}


def _chance(rng: Random, percent: int) -> bool:
    return 100 * rng.random() < percent


def _row(number: int, n: int, seconds: float, event: str, properties: Row) -> Row:
    at = SINCE + timedelta(seconds=seconds)
    said = {key: value for key, value in properties.items() if value is not None}
    return {"contact": name_of(number), "id": f"e{n}", "event": event, "at": at.isoformat()} | said
