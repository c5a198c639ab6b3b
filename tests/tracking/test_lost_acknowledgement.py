"""A COMMIT whose answer is lost: the call is as if nothing had happened, and there is one row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from motfunnel import MomentKind, Tracker
from motfunnel.intake.importer import import_file
from tests.faults.figures import Figures
from tests.tracking.scene import FUNNEL, NOON, day, row_counts, told_kinds
from tests.tracking.trouble import Proxy

TIMES = 20 * int(os.environ.get("MOTFUNNEL_SOAK", "1"))

pytestmark = pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)


@pytest.fixture
def proxy(url: str) -> Iterator[Proxy]:
    """A line to the server that can be cut."""
    proxy = Proxy(url)
    yield proxy
    proxy.close()


@pytest.fixture
def tracker(proxy: Proxy, tmp_path: Path) -> Iterator[Tracker]:
    """A tracker at the other end of the line."""
    with Tracker(proxy.url, funnel=FUNNEL, spool=tmp_path / "spool") as tracker:
        tracker.track("zoe", "saw", occurred_at=NOON)
        yield tracker


def test_a_call_is_answered_by_its_first_attempt(
    tracker: Tracker, proxy: Proxy, engine: Engine, figures: Figures
) -> None:
    """Its moments are told once, it is no duplicate, and its event is stored once."""
    told = told_kinds(tracker, MomentKind.OPENING, MomentKind.DEPART)
    for n in range(TIMES):
        contact = f"contact {n // 2}"
        name, kind = (("saw", "opening"), ("left", "depart"))[n % 2]
        proxy.cut_next()
        tracked = tracker.track(contact, name, id=name, occurred_at=day(n % 2))
        assert not tracked.duplicate
        assert [moment.kind.value for moment in tracked.moments] == [kind]
        assert len(told) == n + 1
    assert proxy.cuts == TIMES
    counts = row_counts(engine, "default")
    assert counts["motfunnel_events"] == counts["motfunnel_moments"] == TIMES + 1
    figures.add("acknowledgements of a commit lost, each event stored once", TIMES)


def test_many_are_answered_so_too(tracker: Tracker, proxy: Proxy, engine: Engine) -> None:
    """Of a batch each event has the answer that it had; what was a duplicate before stays one."""
    for n in range(TIMES // 4):
        tracker.track("ada", "saw", id=f"{n}-old", occurred_at=NOON)
        proxy.cut_next()
        answers = tracker.track_many(
            {"contact": contact, "event": "saw", "id": f"{n}-{id}", "occurred_at": NOON}
            for contact, id in (("ada", "old"), ("bob", "new"), ("ada", "new"))
        )
        assert [answer.duplicate for answer in answers] == [True, False, False]
    assert proxy.cuts == TIMES // 4
    assert row_counts(engine, "default")["motfunnel_events"] == 1 + 3 * (TIMES // 4)


def test_an_import_counts_as_it_did(
    tracker: Tracker, proxy: Proxy, engine: Engine, tmp_path: Path
) -> None:
    """A batch of an import that was committed unheard is not counted as there before."""
    for n in range(TIMES // 3):
        file = tmp_path / f"{n}.csv"
        clock = f"00:{n // 60:02}:{n % 60:02}"
        file.write_text(f"contact,event,at\nada,saw,2024-01-01T{clock}Z\nada,,2024-01-01\n")
        proxy.cut_next(f"{clock}.")
        imported = import_file(tracker, file, contact="contact", event="event", at="at")
        assert (imported.added, imported.duplicates, imported.rejected) == (1, 0, 1)
    assert proxy.cuts == TIMES // 3
    assert row_counts(engine, "default")["motfunnel_events"] == 1 + TIMES // 3
