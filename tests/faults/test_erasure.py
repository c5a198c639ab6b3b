"""After `forget` nothing of a contact is left: no key and no word, in no table and no file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from attrs import define
from sqlalchemy import Engine, create_engine, select

from motfunnel import Tracker
from motfunnel.errors import MotfunnelError
from motfunnel.intake import import_file
from motfunnel.store.database.database import Database
from motfunnel.store.ledger.statements import SOME
from motfunnel.store.schema.tables import tables
from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.erasure_search import Find, search_files, search_tables
from tests.faults.figures import Figures
from tests.faults.operations import HAS_IDENTITY, OPERATIONS, open_tracker, said
from tests.faults.snapshot import copy_tenant, snapshot
from tests.faults.soak import size
from tests.faults.victim import kill_at
from tests.tracking.fleet import Place as Scene
from tests.tracking.scene import FUNNEL, Clock, day

pytestmark = pytest.mark.skipif(not HAS_IDENTITY, reason="this library knows no forget yet")

KEY = "ada.erased-5d1e77c0b2@example.com"
OLD_KEY = 'Ада "old"-c09b51d7e4\'@example.com'
MARKER = "word-of-hers-81b6f0a3c9d2 Łódź \"'\\ 日本"
WANTED = (KEY, OLD_KEY, MARKER)
KEEPING = "forget, keep counts"
BYSTANDERS = ("bob", "ada.erased", "ADA.ERASED-5D1E")


@define
class Place:
    """A database in which a contact is to be erased.

    Attributes:
        tracker: of the tenant that erases.
        engine: looks into the tables.
        file: the database's file, on SQLite.
    """

    tracker: Any
    engine: Engine
    file: Path | None

    def finds(self) -> list[Find]:
        """Where there is anything left."""
        found = search_tables(self.engine, WANTED)
        return found + (search_files(self.file, WANTED) if self.file else [])


@pytest.fixture(params=["of our own", pytest.param("the host's", marks=pytest.mark.slow)])
def place(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A tracker on a database of its own; on SQLite once with a log beside it, once with none."""
    engine = create_engine(url)
    if request.param == "the host's" and engine.dialect.name != "sqlite":
        pytest.skip("only on SQLite an engine decides what files there are")
    bind = url if request.param == "of our own" else engine
    tracker = Tracker(bind, FUNNEL, tenant="mine", clock=Clock())
    tracker.create_tables()
    file = tmp_path / "test.db" if engine.dialect.name == "sqlite" else None
    with tracker:
        yield Place(tracker, engine, file)
    engine.dispose()


def plant(tracker: Any, directory: Path, *, named: str = MARKER) -> None:
    """Put the keys and the word wherever a host may put them."""
    tracker.track_many(
        [
            said(KEY, "saw", f"id of {MARKER}", 0, source=f"{MARKER} the source"),
            said(KEY, "bought", "2", 1, note={"deep": [{MARKER: MARKER}]}),
            said(KEY, "complained", "3", 2, ticket=f"{MARKER} the case"),
            said(KEY, "left", "4", 3, reason=f"{MARKER} the reason"),
            said(KEY, "referred", "5", 4, friend=f"{MARKER} her friend"),
            said(KEY, f"{named} the event", "6", 5),
            said(KEY, "saw", KEY, 6, long="." * 30_000 + MARKER + "." * 30_000),
            said(OLD_KEY, "saw", "1", -3, source=OLD_KEY),
            said(OLD_KEY, "left", "2", -2, reason=OLD_KEY),
        ]
    )
    tracker.identify(KEY, {"mail": KEY, "name": MARKER, "n": [MARKER]}, occurred_at=day(2), id="t")
    for n, bystander in enumerate(BYSTANDERS):
        tracker.track_many(
            [
                said(bystander, "saw", "1", 0),
                said(bystander, "referred", "2", 1 + n, friend=KEY),
                said(bystander, "referred", "3", 2 + n, friend=OLD_KEY),
                said(bystander, "referred", "4", 3 + n, friend="carol"),
            ]
        )
    churn(tracker)
    tracker.merge(OLD_KEY, into=KEY)
    rejects(tracker, directory)


def churn(tracker: Any) -> None:
    """Make many versions of the rows: late events, sweeps, rebuilds, pages that fill and split."""
    for n in range(30):
        tracker.track_many([said(KEY, "saw", f"late {n}", -n / 7, source=f"{MARKER} {n}")])
    tracker.track_many(
        said(f"{n:03} filler", "saw", "1", 0, text="x" * 500) for n in range(SOME + 5)
    )
    tracker.sweep(as_of=day(30))
    tracker.rebuild()
    tracker.track_many([said(KEY, "bought", "again", 40)])


def rejects(tracker: Any, directory: Path) -> None:
    """Have rows of hers rejected."""
    path = directory / "elsewhere" / "rows.csv"
    path.parent.mkdir()
    name = OLD_KEY.replace('"', '""')
    path.write_text(
        "who,what,when,note\n"
        f"{KEY},saw,yesterday,her own row\n"
        f'"{name}",saw,never,her own row\n'
        "bob,saw,tomorrow,his row\n",
        encoding="utf-8",
    )
    imported = import_file(tracker, path, contact="who", event="what", at="when")
    assert imported.rejected == 3
    path.unlink()


def test_forget_leaves_nothing(place: Place, tmp_path: Path, figures: Figures) -> None:
    """No trace is left of a forgotten contact, under any of its keys, and nobody else is harmed."""
    plant(place.tracker, tmp_path)
    before = {find.where.rpartition(".")[2] for find in search_tables(place.engine, WANTED)}
    assert {"contact", "properties", "value", "reason", "source", "referred", "payload"} <= before
    place.tracker.forget(KEY)
    assert place.finds() == []
    check_the_others(place)
    for key in (KEY, OLD_KEY):
        assert place.tracker.contact(key).events == 0
    figures.add("databases searched after an erasure", 1)


@pytest.mark.slow
def test_forget_by_an_old_key(place: Place, tmp_path: Path) -> None:
    """A contact is forgotten as a whole, whichever of its keys is named."""
    plant(place.tracker, tmp_path)
    place.tracker.forget(OLD_KEY)
    assert place.finds() == []
    check_the_others(place)


def test_forget_and_keep_the_counts(place: Place, tmp_path: Path) -> None:
    """With its counts kept, a contact's moments stay, and no trace of who it was."""
    plant(place.tracker, tmp_path, named="what is no one's word")
    kinds = [moment.kind for moment in place.tracker.moments(as_of=day(45))]
    place.tracker.forget(KEY, keep_counts=True)
    assert place.finds() == []
    left = [moment.kind for moment in place.tracker.moments(as_of=day(45))]
    assert sorted(left) == sorted(kinds)
    check_the_others(place)


@pytest.mark.slow
def test_forget_one_who_came_back(place: Place, tmp_path: Path) -> None:
    """Forgotten, tracked again under the same key and forgotten again: nothing is left."""
    plant(place.tracker, tmp_path)
    place.tracker.forget(KEY)
    place.tracker.track_many([said(KEY, "left", "4", 3, reason=MARKER)])
    assert place.tracker.contact(KEY).events == 1
    place.tracker.forget(KEY)
    assert place.finds() == []


def test_forget_leaves_other_tenants_alone(place: Place, tmp_path: Path) -> None:
    """What another tenant holds under the same key stays as it is."""
    plant(place.tracker, tmp_path)
    theirs = Tracker(place.engine, FUNNEL, tenant="theirs", clock=Clock())
    theirs.track_many(
        [said(KEY, "saw", "1", 0, word=MARKER), said("bob", "referred", "2", 1, friend=KEY)]
    )
    before = snapshot(place.engine, "theirs")
    place.tracker.forget(KEY)
    assert snapshot(place.engine, "theirs") == before


def test_nothing_brings_it_back(place: Place, tmp_path: Path) -> None:
    """No verb that comes later finds anything of a forgotten contact to bring back."""
    plant(place.tracker, tmp_path)
    place.tracker.forget(KEY)
    place.tracker.sweep()
    place.tracker.rebuild()
    place.tracker.track_many([said("bob", "saw", "1", 0)])
    place.tracker.contact(KEY)
    place.tracker.forget(KEY)
    assert place.finds() == []


def test_parting_nobody_writes_nothing(place: Place) -> None:
    """An unmerge of a key that is unknown, or forgotten, does not put that key down."""
    attempt(lambda: place.tracker.unmerge(OLD_KEY))
    assert place.finds() == []


def attempt(act: Callable[[], object]) -> None:
    try:
        act()
    except MotfunnelError as error:
        assert MARKER not in repr(error)


def rejected_contacts(place: Place) -> list[str | None]:
    with place.engine.connect() as connection:
        return list(connection.scalars(select(tables().rejects.c.contact)).all())


def check_the_others(place: Place) -> None:
    """Nobody else lost an event, and whom they referred is only not named any more."""
    assert check_contacts(place.tracker).is_sound
    for bystander in BYSTANDERS:
        profile = place.tracker.contact(bystander, as_of=day(8))
        assert (profile.events, profile.referrals) == (4, 3)
        referred = [m.referred for m in profile.moments if str(m.kind) == "referral"]
        assert referred.count("carol") == 1
        assert not {KEY, OLD_KEY} & set(referred)
    assert place.tracker.contact("000 filler").events == 1
    assert rejected_contacts(place) == ["bob"]


@pytest.mark.slow
def test_an_erasure_that_was_killed_is_finished(
    shared_engine: Engine, tmp_path: Path, figures: Figures
) -> None:
    """Killed at any statement and run again, an erasure that keeps the counts leaves nothing."""
    Database(shared_engine).create_tables()
    prepared = uuid4().hex
    url = shared_engine.url.render_as_string(hide_password=False)
    with open_tracker(url, prepared) as tracker:
        OPERATIONS[KEEPING].prepare(tracker, tmp_path)
        kinds = sorted(moment.kind for moment in tracker.moments())
    fatal, step = 1, size(5, 1)
    while True:
        mine = uuid4().hex
        copy_tenant(shared_engine, prepared, mine)
        death = kill_at(shared_engine, Scene(url, mine), KEEPING, tmp_path, fatal)
        survivor: Any = open_tracker(shared_engine, mine)
        survivor.forget("ada", keep_counts=True)
        assert not [where for where, row in rows(shared_engine, mine) if "'ada'" in row]
        assert sorted(moment.kind for moment in survivor.moments()) == kinds
        assert check_contacts(survivor).is_sound
        if death.survived:
            break
        figures.add("kills at a statement of an erasure with its counts kept", 1)
        fatal += step


def rows(engine: Engine, tenant: str) -> Iterator[tuple[str, str]]:
    for table, found in snapshot(engine, tenant).items():
        yield from ((table, repr(row)) for row in found)
