"""What is asked of every history: each report in each of its formats, moments and contacts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from attrs import evolve

from motfunnel import Tracker
from motfunnel.errors import QuestionError

DAY = timedelta(days=1)
Section = tuple[str, str]
"""A question, and what was answered."""


def answers(
    tracker: Tracker, instants: list[datetime], known_by: list[datetime]
) -> Iterator[Section]:
    """Ask all there is: as of some instants, and by what was known at others."""
    for instant in instants:
        report = tracker.report(as_of=instant, timezone="Europe/Berlin")
        for name, asked in questions(tracker, instant):
            yield from formats(f"as of {instant:%F %T} {name}", report, name, asked)
        yield f"as of {instant:%F %T} moments", _lines(tracker.moments(as_of=instant))
    newest = max(instants)
    for known in known_by:
        report = tracker.report(as_of=newest, known_by=known)
        for name, asked in questions(tracker, newest):
            yield from formats(f"known by {known:%F %T} {name}", report, name, asked)
    contacts = sorted({moment.contact for moment in tracker.moments(as_of=newest)})
    for contact in contacts[:: max(1, len(contacts) // 12)]:
        profile = tracker.contact(contact, as_of=newest)
        yield f"contact {contact}", f"{profile}\n{_json(profile.to_dict())}"


def questions(tracker: Tracker, instant: datetime) -> list[tuple[str, dict[str, Any]]]:
    within, year = {"within": 90 * DAY}, (instant - 365 * DAY, instant)
    stages = tracker.funnel.stages
    other = evolve(tracker.funnel, patience={"default": 45 * DAY})
    return [
        ("recidivism", within),
        ("recidivism", {**within, "departed": year, "confidence": 0.9}),
        ("recidivism", {**within, "unit": "episode"}),
        *(
            ("recidivism", {**within, "by": by})
            for by in ("stage", "reason", "source", "trait:plan")
        ),
        ("recidivism", {**within, "unit": "episode", "by": "property:branch"}),
        ("reengagement", within),
        ("reengagement", {**within, "unit": "episode", "by": "stage"}),
        ("coverage", within),
        ("reactivation", {"period": year}),
        ("relapse", within),
        ("relapse", {**within, "unit": "episode"}),
        ("conversion", {**within, "start": stages[0], "goal": stages[-1]}),
        ("loyalty", within),
        ("recovery", within),
        ("departure_after_complaint", within),
        ("complaints", within),
        ("complaints", {**within, "by": "property:branch"}),
        ("referrals", {"period": year}),
        ("plan_holdout", {"baseline": 0.2, "effect": 0.1}),
        ("plan_holdout", {"baseline": 0.2, "effect": 0.1, "share": 0.1, "sequential": True}),
        ("holdout", within),
        ("landmark", {**within, "after": 14 * DAY}),
        ("mantel_byar", {}),
        ("funnel", {}),
        ("funnel", {"within": 60 * DAY, "by": "source"}),
        ("flows", {}),
        ("flows", {"steps": 4, "by": "trait:plan"}),
        ("lifecycle", {}),
        ("lifecycle", {"period": "week", "since": year[0], "by": "source"}),
        ("growth", {"period": "month"}),
        ("growth", {"period": "quarter", "by": "source"}),
        ("retention", {"period": "month"}),
        ("retention", {"period": "quarter", "how": "unbounded", "by": "trait:plan"}),
        ("value", {"period": "quarter"}),
        ("nps", {"period": year}),
        ("touchpoints", {}),
        ("touchpoints", {"by": "branch"}),
        ("journey_map", {}),
        *(("lens", {"name": name}) for name in ("carlzon", "lafley", "ultimate", "eight")),
        ("worklist", {}),
        ("worklist", {**within, "limit": 20}),
        ("patience", {}),
        ("patience", {"share": 0.2, "horizon": 180 * DAY}),
        ("simulate", {"other_funnel": other}),
        ("simulate", {"other_funnel": other, **within}),
    ]


def formats(title: str, report: Any, name: str, asked: dict[str, Any]) -> Iterator[Section]:
    told = ", ".join(f"{key}={_told(value)}" for key, value in asked.items())
    title = f"{title}({told})"
    try:
        answer = getattr(report, name)(**asked)
    except QuestionError as refusal:
        yield title, f"refused: {refusal}"
        return
    yield f"{title} text", answer.to_text(detail=True)
    yield f"{title} JSON", _json(answer.to_dict())
    yield f"{title} CSV", answer.to_csv()
    names = [
        f"{number} {part}: {' '.join(answer.members(row, part))}"
        for number, row in enumerate(islice(answer.rows, 40))
        for part in sorted(row.names)
    ]
    yield f"{title} names", "\n".join(names)


def _told(value: Any) -> str:
    if isinstance(value, tuple):
        return "…".join(map(_told, value))
    return str(value) if isinstance(value, str | int | float | timedelta | datetime) else "other"


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)


def _lines(moments: Any) -> str:
    told = (moment.to_dict().values() for moment in moments)
    return "\n".join(",".join("" if one is None else str(one) for one in each) for each in told)
