"""A short history with something for every report, and names that would like to be markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import evolve

from motfunnel import (
    Funnel,
    Touchpoint,
    Tracker,
    complain,
    leave,
    outreach,
    purchase,
    rating,
    reach,
    refer,
    resolve,
    touch,
)
from motfunnel.answers.answer import Answer
from motfunnel.reports.catalogue import Entry
from motfunnel.reports.report import Report

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
AS_OF = FIRST + timedelta(days=130)
HOSTILE = '<script>window.hurt = 1</script><b>&amp; "news'
SOURCES = ("search", HOSTILE, "=cmd\u202e")
FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "page_viewed": touch(),
        "signed_up": reach("lead"),
        "order_placed": purchase(value="total"),
        "unsubscribed": leave(reason="reason"),
        "winback_sent": outreach(arm="arm", holdout="none"),
        "invited": refer(referred="friend"),
        "ticket_opened": complain(case="ticket"),
        "ticket_closed": resolve(case="ticket"),
        "rated": rating(score="score"),
    },
    patience={"default": None},
    touchpoints={"checkout": Touchpoint(promise="paid in a minute", expected=8)},
)

GIVEN: Final[Mapping[str, Any]] = {
    "within": "9d",
    "after": "1d",
    "start": "visitor",
    "goal": "customer",
    "name": "ultimate",
    "other_funnel": evolve(FUNNEL, loyal_after=3),
    "baseline": 0.2,
    "effect": 0.1,
    "period": (FIRST, AS_OF),
}
"""What questions cannot do without."""

Said = tuple[str, int, dict[str, Any]]


def acts(n: int) -> Iterator[Said]:
    """What the n-th contact does, with the day."""
    yield "signed_up", n, {"source": SOURCES[n % 3]}
    if n % 4 < 2:
        yield "order_placed", n + 10, {"total": f"{n % 7 + 1}.50"}
    if n % 2 == 0:
        touchpoint = ("checkout", "delivery", HOSTILE)[n % 3]
        yield "rated", n + 12, {"score": 3 + n * 7 % 8, "touchpoint": touchpoint, "branch": n % 3}
    if n % 6 == 0:
        yield "ticket_opened", n + 5, {"ticket": "1"}
    if n % 12 == 0:
        yield "ticket_closed", n + 6, {"ticket": "1"}
    if n % 7 == 1:
        yield "invited", n + 3, {"friend": name(n + 4)}
    yield "unsubscribed", n + 40, {"reason": ("price", HOSTILE)[n % 2]}
    if n % 4:
        yield "winback_sent", n + 50, {"arm": ("none", "letter")[n % 2]}
    if n % 5 < 2:
        yield "page_viewed", n + 55 + n % 7, {}
    if n % 5 == 0:
        yield "unsubscribed", n + 63, {"reason": "price"}


def name(n: int) -> str:
    """The n-th contact; some keys are markup."""
    return f"c{n:02}" if n % 9 else f'<img src=x onerror="window.hurt=1">{n:02}'


def put(question: Entry, report: Report, **more: Any) -> Answer[Any]:
    """Put a question to a report with no more than it needs, and what is given."""
    needed = {name: GIVEN[name] for name, option in question.options.items() if option.needed}
    answer: Answer[Any] = getattr(report, question.name)(**needed | more)
    return answer


def make_tracker(url: str, contacts: int = 60) -> Tracker:
    """A tracker with the history."""
    tracker = Tracker(url, FUNNEL)
    tracker.track_many(history_of(contacts))
    return tracker


def history_of(contacts: int) -> Iterator[dict[str, Any]]:
    """The events of so many contacts."""
    for n in range(contacts):
        for event, at, properties in acts(n):
            yield {
                "contact": name(n),
                "event": event,
                "occurred_at": FIRST + timedelta(days=at),
                "id": f"{event}-{at}",
                "properties": properties,
            }
