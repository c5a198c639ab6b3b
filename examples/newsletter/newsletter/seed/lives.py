"""Made-up lives of readers: the same at every call, but for the instant at which they end.

Pure: says who did what when; ``__init__`` writes it down. A story is a list of steps, each so many
days after the one before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any, Final

Step = tuple[float, str, dict[str, Any]]
Act = tuple[datetime, str, dict[str, Any]]


@dataclass(frozen=True)
class Life:
    """A reader, who invited them, and what they did."""

    email: str
    inviter: str | None
    acts: list[Act]


JOINS: Final[list[Step]] = [(0, "subscribed", {}), (0.1, "confirmed", {})]


def reads(times: int) -> list[Step]:
    """An issue every two weeks."""
    return [(14, "issue_read", {})] * times


def pays(times: int = 1) -> list[Step]:
    """A month's plan, and the issues of that month."""
    return [(2, "plan_paid", {"plan": "month", "value": 4}), *reads(2)] * times


def complains(text: str, answered_after: float | None = 2) -> list[Step]:
    """A complaint, and mostly an answer."""
    answer: list[Step] = [(answered_after or 0, "complaint_resolved", {})]
    return [(1, "complained", {"text": text}), *(answer if answered_after else ())]


def leaves() -> list[Step]:
    """A farewell; everybody has their own reason."""
    return [(5, "unsubscribed", {})]


def is_written_to(after: float) -> list[Step]:
    """A letter that asks the reader to come back."""
    return [(after, "winback_sent", {})]


def comes_back(after: float) -> list[Step]:
    """The return."""
    return [(after, "came_back", {})]


TWICE: Final = "The last issue came twice."
CLOSED: Final = "I paid, and still could not read the issue for patrons."
BROKEN: Final = "The links in the letter do not work on my phone."
REASONS: Final = ("too many letters", "no time", "too expensive", "not for me")

STORIES: Final[tuple[list[Step], ...]] = (
    JOINS + reads(2) + pays(20),
    JOINS + reads(3) + leaves(),
    JOINS + reads(2) + leaves() + is_written_to(12) + comes_back(9) + reads(40),
    JOINS + reads(4),  # and fell silent
    JOINS + reads(40),
    JOINS + reads(2) + pays() + complains(CLOSED, 6) + leaves() + is_written_to(20),
    JOINS + reads(1) + is_written_to(75) + comes_back(11) + reads(8) + pays(12),
    JOINS + reads(3) + pays(2) + complains(TWICE) + reads(3) + pays(12),
    JOINS + reads(1) + is_written_to(70),
    JOINS + reads(2) + leaves(),
    JOINS + reads(5) + leaves() + comes_back(60) + reads(3) + leaves(),
    JOINS[:1],  # and never confirmed
)
RECENT: Final[dict[str, list[Step]]] = {
    "walt": JOINS + reads(5) + pays() + complains(BROKEN, None),
    "vera": JOINS + reads(7) + pays() + leaves(),
    "uma": JOINS + reads(3) + complains(TWICE, None),
    "tom": JOINS + reads(6) + leaves(),
}
"""Those who have just done their last step, so that there is something to do."""

NAMES: Final = """
ada bob grace alan barbara carol dennis edith frank gina harold ida jack katherine leo mary
nora oscar paula quentin rosa stan tina ulla victor wanda xenia yuri zoe amir bea carl dora
emil fay gus hedy ivan june karl lena milo nina otto pia rene sara
"""
INVITERS: Final = {
    **{"bob": "ada", "grace": "bob", "alan": "grace"},
    **{"edith": "barbara", "frank": "barbara", "gina": "barbara"},
    **{"oscar": "katherine", "vera": "ada"},
}


def lives(until: datetime) -> Iterator[Life]:
    """Everybody; stories take turns, and the subscribers come eight days apart."""
    random = Random(1871)
    for number, (name, story) in enumerate(zip(NAMES.split(), cycle(STORIES), strict=False)):
        began_at = until - timedelta(days=420 - 8 * number)
        yield _life(name, story, began_at, until, random)
    for name, story in RECENT.items():
        length = sum(after + 0.5 for after, _, _ in story)
        yield _life(name, story, until - timedelta(days=length + 1), until, random)


def _life(name: str, story: list[Step], at: datetime, until: datetime, random: Random) -> Life:
    acts: list[Act] = []
    for after, event, properties in story:
        at += timedelta(days=after + random.uniform(0, 0.5))
        reason = {"reason": random.choice(REASONS)} if event == "unsubscribed" else {}
        if at < until:
            acts.append((at, event, properties | reason))
    inviter = INVITERS.get(name)
    return Life(_address(name), None if inviter is None else _address(inviter), acts)


def _address(name: str) -> str:
    return f"{name}@example.com"
