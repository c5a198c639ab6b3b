"""Classified files, held equal to what the store answers after an import of the same rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from motfunnel import Funnel, Tracker
from motfunnel.batch import classify
from motfunnel.domain.event import Event
from motfunnel.domain.funnel.value import to_decimal
from motfunnel.domain.instant import iso
from motfunnel.intake import import_file
from motfunnel.testing import Clock
from tests.batch.answers import (
    contact_row,
    episode_row,
    events_in,
    moment_row,
    outputs,
    source_in,
)
from tests.oracle import Story
from tests.strategies import NEVER, START, histories, make_funnel, stories

NOW = START + 2 * NEVER


@st.composite
def told(draw: st.DrawFn, *, conflicts: bool = False) -> tuple[Story, list[Event]]:
    """A story, and the histories of several contacts in it, shuffled."""
    story = draw(stories())
    several = draw(st.lists(histories(story, conflicts=conflicts), min_size=4, max_size=10))
    names = ["ada", "Ada", "日本", "b'ob", *(f"c{number}" for number in range(6))]
    each = zip(names, several, strict=False)
    events = [
        Event(contact=name, name=e.name, occurred_at=e.occurred_at, id=e.id,
              properties=e.properties | ({"source": f"s {e.id}"} if e.id < "b" else {}))
        for name, history in each for e in history
    ]  # fmt: skip
    assume(events)
    return story, draw(st.permutations(events))


def as_line(event: Event) -> str:
    row: dict[str, Any] = {"contact": event.contact, "event": event.name, "id": event.id}
    return json.dumps(row | {"at": iso(event.occurred_at)} | event.properties)


def as_of_some() -> st.SearchStrategy[datetime | None]:
    return st.one_of(st.none(), st.integers(0, 12).map(lambda hour: START + timedelta(hours=hour)))


def assert_equal(tracker: Tracker, out: Path, as_of: datetime) -> None:
    """Every row of every output is what the store answers."""
    moments = [moment_row(one) for one in tracker.iter_moments(as_of=as_of)]
    assert outputs(out, "moments") == sorted(moments, key=lambda row: row["contact"])
    events = [*events_in(out)]
    contacts = sorted({event["contact"] for event in events})
    profiles = [tracker.contact(contact, as_of=as_of) for contact in contacts]
    assert outputs(out, "episodes") == [episode_row(e) for p in profiles for e in p.episodes]
    expected = [contact_row(profile, source_in(profile, events)) for profile in profiles]
    assert outputs(out, "contacts") == expected
    query = "SELECT contact, id, event, signal, alive, value, properties FROM motfunnel_events"
    with tracker.database.read() as connection:
        stored = {
            (row.contact, row.id): (
                row.event,
                row.signal,
                row.alive,
                json.loads(row.properties),
                None if row.value is None else to_decimal(row.value),
            )
            for row in connection.execute(text(query))
        }
    for event in events:
        key, all_seen = (event["contact"], event["id"]), as_of >= NOW
        name, signal, alive, properties, value = stored.pop(key)
        assert (event["event"], event["signal"]) == (name, signal)
        assert event["properties"] == properties
        assert event["value"] == value
        assert not all_seen or event["alive"] == alive


@settings(max_examples=settings().max_examples // 4)
@given(drawn=told(), as_of=as_of_some())
def test_any_history_is_classified_as_the_store_does(
    drawn: tuple[Story, list[Event]], as_of: datetime | None
) -> None:
    """In every column of every output, at any instant."""
    story, events = drawn
    funnel: Funnel = make_funnel(story)
    with TemporaryDirectory() as folder:
        file, out = Path(folder) / "rows.jsonl", Path(folder) / "out"
        file.write_text("\n".join(map(as_line, events)), "utf-8")
        classified = classify(file, out, funnel, as_of=as_of)
        with Tracker("sqlite://", funnel, clock=Clock(NOW)) as tracker:
            imported = import_file(tracker, file)
            assert classified.rejected == imported.rejected
            assert classified.rows == imported.rows
            assert as_of is not None or classified.as_of == tracker.as_of(None)
            assert_equal(tracker, out, classified.as_of)
