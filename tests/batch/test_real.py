"""A real history, whole: classified files, held equal to the store in every column of every row."""

from __future__ import annotations

import json
from importlib import resources
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from motfunnel import Funnel, Tracker
from motfunnel.batch import classify
from motfunnel.domain.funnel.value import to_decimal
from motfunnel.intake import import_file
from tests.batch.answers import (
    contact_row,
    episode_row,
    events_in,
    moment_row,
    outputs,
    source_in,
)

READ: dict[str, Any] = {"contact": "contact", "event": "event", "at": "ts", "at_format": "unix"}


@pytest.mark.slow
def test_the_history_of_git_is_classified_as_the_store_does(tmp_path: Path) -> None:
    """250,786 events of 3,423 contacts, with ties, copies, and instants that step backwards."""
    here, out = resources.files("motfunnel.demo"), tmp_path / "out"
    with (
        resources.as_file(here / "git_history.csv.gz") as history,
        resources.as_file(here / "git.toml") as definition,
        Tracker(
            f"sqlite:///{tmp_path}/crm.db", Funnel.from_toml(definition), spool=False
        ) as tracker,
    ):
        done = classify(history, out, tracker.funnel, **READ)
        imported = import_file(tracker, history, **READ)
        assert (done.rows, done.rejected) == (imported.rows, imported.rejected)
        assert (done.events, done.as_of) == (imported.added, tracker.as_of(None))
        check_equal(tracker, out)


def check_equal(tracker: Tracker, out: Path) -> None:
    """Each row of each output is what the store answers."""
    table, found = tracker.database.tables.events, events_in(out)
    names = ["contact", "id", "event", "signal", "alive", "value", "properties", "occurred_at"]
    with tracker.database.read() as connection:
        stored = {(row.contact, row.id): row._asdict() for row in connection.execute(
            select(*(table.c[name] for name in names))
        )}  # fmt: skip
    events = {contact: [*rows] for contact, rows in groupby(found, itemgetter("contact"))}
    for event in (event for rows in events.values() for event in rows):
        expected = stored.pop((event["contact"], event["id"]))
        value, written = expected["value"], expected["properties"]
        expected["value"] = None if value is None else to_decimal(value)
        expected["properties"] = json.loads(written) if isinstance(written, str) else written
        assert {name: event[name] for name in names} == expected
    assert not stored
    profiles = [tracker.contact(contact) for contact in sorted(events)]
    moments = [moment_row(one) for profile in profiles for one in profile.moments]
    assert outputs(out, "moments") == moments
    episodes = [episode_row(one) for profile in profiles for one in profile.episodes]
    assert outputs(out, "episodes") == episodes
    contacts = [contact_row(one, source_in(one, events[one.contact])) for one in profiles]
    assert outputs(out, "contacts") == contacts
    assert outputs(out, "traits") == []
