"""A store as files, and back: every row, every answer, all or nothing."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from motfunnel import Tracker
from motfunnel.classified import Files
from motfunnel.cli.group import group
from motfunnel.domain.event import Event
from motfunnel.errors import ConflictError, NoFunnelError, QuestionError, SourceError, StoreError
from motfunnel.intake import import_file
from motfunnel.store.copies.rows import copied_tables
from motfunnel.store.database.pace import Pace
from motfunnel.store.schema.tables import tables
from motfunnel.transfer import dump, load, opened
from tests.golden.questions import answers
from tests.strategies import histories, make_funnel, stories
from tests.tracking.scene import DAY, FUNNEL, NOON, Clock, day, rows_of

NAME = "nobody@example.com"
SOME = settings(max_examples=settings().max_examples // 5)  # each writes to three databases


@pytest.fixture
def anew(tmp_path: Path) -> Iterator[Tracker]:
    """A store in a file that has nothing yet."""
    with Tracker(f"sqlite:///{tmp_path}/anew.db", clock=Clock(), spool=False) as tracker:
        yield tracker


def fill(engine: Engine, folder: Path) -> Tracker:
    """A store that has something in every table."""
    tracker = Tracker(
        engine,
        funnel=FUNNEL,
        tenant=uuid4().hex,
        clock=Clock(),
        spool=False,
        tombstone_key="k" * 32,
    )
    tracker.database.pace = Pace(every=2)
    tracker.subscribe("crm")
    for number in range(8):
        contact, traits = f"person {number}", {"plan": "free", "seats": number, "é": None}
        tracker.identify(contact, traits, occurred_at=day(-1))
        for event, at, properties in (
            ("saw", 0, {"text": 'ü "\\N\t\n', "number": 1.0}),
            ("referred", number, {"friend": NAME}),
            ("bought", number + 1, {}),
            ("complained", number + 2, {"ticket": "7"}),
            ("left", number + 40, {"reason": ""}),
            ("saw", number + 60.5, {}),
        ):
            id = f"{event} {number} at {at}"
            tracker.track(contact, event, properties=properties, occurred_at=day(at), id=id)
    tracker.track("person 1", "mailed", occurred_at=day(41.5))  # late
    tracker.merge("person 2", into="person 1", force=True)
    tracker.merge("person 3", into="person 1", force=True)
    tracker.unmerge("person 3")
    tracker.track(NAME, "saw", occurred_at=day(1))
    tracker.forget(NAME)
    tracker.forget("person 4", keep_counts=True)
    tracker.sweep(as_of=day(75))
    file = folder / "rows.csv"
    file.write_text("contact,event,at\nperson 5,saw,2024-09-01\nperson 6,saw,never\n", "utf-8")
    import_file(tracker, file)
    row = {"source": "1" * 64, "line": 1, "added": 1, "rejected": 0, "recorded_at": day(1)}
    with engine.begin() as connection:  # as an import that was broken off leaves it
        connection.execute(insert(tables().imports).values(tenant=tracker.tenant, **row))
    return tracker


def stored(tracker: Tracker) -> dict[str, list[dict[str, Any]]]:
    """All rows of a store that a dump has, whosever they are."""
    kept = {f"motfunnel_{table.name}" for table in copied_tables(tables())}
    found = rows_of(tracker.database.engine, tracker.tenant)
    return {
        name: [{k: v for k, v in row.items() if k != "tenant"} for row in rows]
        for name, rows in found.items()
        if name in kept
    }


def files(folder: Path) -> dict[str, bytes]:
    """The files of a dump, but what says when it was made."""
    found = {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*.parquet")}
    about = json.loads((folder / "manifest.json").read_text("utf-8"))
    return found | {"rows": json.dumps(about["counts"]).encode()}


@pytest.mark.every_database
def test_every_row_of_every_table(engine: Engine, anew: Tracker, tmp_path: Path) -> None:
    tracker = fill(engine, tmp_path)
    dumped = dump(tracker, tmp_path / "there")
    assert all(dumped.rows.values()), dumped.rows
    assert load(anew, tmp_path / "there") == dumped
    assert stored(anew) == stored(tracker)
    dump(anew, tmp_path / "back")
    assert files(tmp_path / "back") == files(tmp_path / "there")
    again = Tracker(engine, tenant=uuid4().hex, clock=Clock(), spool=False)
    load(again, tmp_path / "back")
    assert stored(again) == stored(tracker)
    assert again.check().is_sound


def test_every_question_is_answered_alike(engine: Engine, anew: Tracker, tmp_path: Path) -> None:
    tracker = fill(engine, tmp_path)
    dump(tracker, tmp_path / "out")
    other = Tracker(anew.database.engine, tenant=tracker.tenant, clock=Clock(), spool=False)
    load(other, tmp_path / "out")
    instants = [day(30), day(90)]
    told, same = ([*answers(one, instants, [tracker.clock()])] for one in (tracker, other))
    assert same == told


@pytest.mark.slow
def test_a_dump_is_asked_as_the_store_is(engine: Engine, tmp_path: Path) -> None:
    """Every question, also by what was known earlier; nothing is left, or can be asked later."""
    tracker = fill(engine, tmp_path)
    dump(tracker, tmp_path / "out")
    before = files(tmp_path / "out")
    instants = [day(30), tracker.clock()]
    with opened(tmp_path / "out") as copy:
        assert [*answers(copy, instants, instants)] == [*answers(tracker, instants, instants)]
        assert copy.report().as_of == tracker.clock()
        with pytest.raises(QuestionError, match="future"):
            copy.report(as_of=tracker.clock() + DAY)
        place = Path(str(copy.database.engine.url.database)).parent
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not place.exists()
    assert files(tmp_path / "out") == before
    with pytest.raises(SourceError, match="is a dump"):
        Files(tmp_path / "out")


@pytest.mark.every_database
def test_it_goes_on_where_the_other_was(engine: Engine, anew: Tracker, tmp_path: Path) -> None:
    """Ids are known, histories have their checkpoints, subscriptions their messages."""
    tracker = fill(engine, tmp_path)
    dump(tracker, tmp_path / "out")
    load(anew, tmp_path / "out")
    both = tracker, anew
    told = [
        [message.id for batch in one.subscription("crm").batches(10) for message in batch]
        for one in both
    ]
    assert told[0] == told[1] != []
    for one in both:
        assert one.track("person 5", "bought", occurred_at=day(6), id="bought 5 at 6").duplicate
        with pytest.raises(ConflictError):
            one.track("person 5", "bought", occurred_at=day(7), id="bought 5 at 6")
    late = [one.track("person 5", "saw", occurred_at=day(44), id="late") for one in both]
    assert late[0].moments == late[1].moments
    assert late[0].revoked == late[1].revoked
    assert anew.check().is_sound


@SOME
@given(data=st.data())
def test_any_history(
    shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    assume(events)
    tracker = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex)
    keep(tracker, events)
    folder = tmp_path_factory.mktemp("any") / "out"
    dump(tracker, folder)
    with Tracker("sqlite://", funnel, spool=False) as other:
        load(other, folder)
        assert stored(other) == stored(tracker)
        assert [*other.moments()] == [*tracker.moments()]
        dump(other, folder.with_name("back"))
    assert files(folder.with_name("back")) == files(folder)


def keep(tracker: Tracker, events: list[Event]) -> None:
    for event in events:
        if event.name == "$identify":
            tracker.identify(
                event.contact, event.properties, occurred_at=event.occurred_at, id=event.id
            )
        else:
            tracker.track(
                event.contact,
                event.name,
                properties=event.properties,
                occurred_at=event.occurred_at,
                id=event.id,
            )


@pytest.mark.every_database
def test_one_state_is_read(url: str, tmp_path: Path) -> None:
    """What is tracked while a dump is being made is wholly in it, or not at all."""
    with Tracker(url, FUNNEL, spool=False) as tracker, Tracker(url, spool=False) as other:
        tracker.track("ada", "saw")
        seen = stored(tracker)

        def meanwhile(_: int) -> None:
            other.track(uuid4().hex, "saw")

        dumped = dump(tracker, tmp_path / "out", progress=meanwhile)
        assert dumped.rows["contacts"] == dumped.rows["events"] == 1
        with Tracker("sqlite://", spool=False) as anew:
            load(anew, tmp_path / "out")
            assert stored(anew)["motfunnel_events"] == seen["motfunnel_events"]


@pytest.mark.every_database
def test_all_or_nothing(engine: Engine, tmp_path: Path) -> None:
    """A load that is broken off, wherever, leaves no row behind."""
    tracker = fill(engine, tmp_path)
    rows = dump(tracker, tmp_path / "out").rows
    anew = Tracker(engine, tenant=uuid4().hex, spool=False)
    done: list[int] = []
    for most in (1, sum(rows.values())):

        def stop(number: int, most: int = most) -> None:
            done.append(number)
            if number >= most:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            load(anew, tmp_path / "out", progress=stop)
        assert not any(stored(anew).values())
    assert max(done) == sum(rows.values())
    load(anew, tmp_path / "out")
    assert stored(anew) == stored(tracker)


def test_a_damaged_dump_is_refused(anew: Tracker, tmp_path: Path) -> None:
    anew.create_tables()
    with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw")
        dump(tracker, tmp_path / "whole")
    for key in ("contacts", "erasures", "events"):
        for damage in (truncate, remove, again):
            damaged = tmp_path / "damaged"
            shutil.copytree(tmp_path / "whole", damaged)
            damage(damaged / key / "00000.parquet")
            with pytest.raises(SourceError, match=f"{key}/0000"):
                load(anew, damaged)
            shutil.rmtree(damaged)
    assert not any(stored(anew).values())


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def remove(file: Path) -> None:
    file.unlink()


def again(file: Path) -> None:
    """Its rows twice."""
    shutil.copy(file, file.with_name("00001.parquet"))


def test_a_value_changed_by_hand_is_refused(anew: Tracker, tmp_path: Path) -> None:
    with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw")
        dump(tracker, tmp_path / "out")
    file = tmp_path / "out" / "contacts" / "00000.parquet"
    with duckdb.connect() as connection:
        other = f"SELECT * REPLACE ('nowhere' AS stage) FROM '{file}'"
        connection.execute(f"COPY ({other}) TO '{file}.new' (FORMAT parquet)")
    Path(f"{file}.new").replace(file)
    with pytest.raises(SourceError, match=r"contacts/00000.parquet is not as it was dumped"):
        load(anew, tmp_path / "out")


def test_a_tenant_of_whom_nothing_is_stored(anew: Tracker, tmp_path: Path) -> None:
    anew.create_tables()
    with pytest.raises(NoFunnelError, match="nothing is stored of tenant 'default'"):
        dump(anew, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.every_database
def test_what_is_there_already_is_not_touched(engine: Engine, tmp_path: Path) -> None:
    tracker = fill(engine, tmp_path)
    dump(tracker, tmp_path / "out")
    before = stored(tracker)
    with pytest.raises(SourceError, match="already; load into"):
        load(tracker, tmp_path / "out")
    assert stored(tracker) == before


def interrupt(_: int) -> None:
    raise KeyboardInterrupt


def test_which_folders_are_refused(tmp_path: Path) -> None:
    with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
        tracker.track("ada", "saw")
        out = tmp_path / "out"
        dump(tracker, out)
        for one in (out, *out.rglob("*")):
            assert stat.S_IMODE(one.stat().st_mode) == (0o700 if one.is_dir() else 0o600)
        with pytest.raises(SourceError, match="is in use"):
            dump(tracker, out)
        broken = tmp_path / "broken"
        with pytest.raises(KeyboardInterrupt):
            dump(tracker, broken, progress=interrupt)
        with pytest.raises(SourceError, match="no whole dump"):
            load(tracker, broken)
        assert dump(tracker, broken).rows["events"] == 1
        assert files(broken) == files(out)
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "letter.txt").write_text("mine")
        theirs = tmp_path / "theirs" / "events" / "letter.txt"  # a folder is called as one of ours
        theirs.parent.mkdir(parents=True)
        theirs.write_text("mine")
        for folder in (tmp_path / "other", tmp_path / "other" / "letter.txt", tmp_path / "theirs"):
            with pytest.raises(SourceError):
                dump(tracker, folder)
        for text in "{", "[]", "null", '{"key": "x"}':  # nor is a manifest that is none of ours
            (tmp_path / "theirs" / "manifest.json").write_text(text)
            with pytest.raises(SourceError, match=r"manifest\.json"):
                dump(tracker, tmp_path / "theirs")
            with pytest.raises(SourceError):
                load(tracker, tmp_path / "theirs")
        assert (tmp_path / "other" / "letter.txt").read_text() == theirs.read_text() == "mine"
        about = json.loads((out / "manifest.json").read_text())
        (out / "manifest.json").write_text(json.dumps(about | {"tables": 6}))
        with pytest.raises(SourceError, match=r"tables of version 6.*motfunnel migrate"):
            load(tracker, out)


def test_who_was_forgotten_is_in_no_file(tmp_path: Path) -> None:
    with Tracker(f"sqlite:///{tmp_path}/crm.db", FUNNEL, spool=False) as tracker:
        tracker.track(NAME, "saw")
        tracker.track("ada", "referred", properties={"friend": NAME})
        tracker.forget(NAME)
        dump(tracker, tmp_path / "out")
    with duckdb.connect() as connection:
        for file in (tmp_path / "out").rglob("*.parquet"):
            assert NAME not in str(connection.execute(f"FROM '{file}'").fetchall())


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path}/no folder/crm.db"
    with Tracker(nowhere, FUNNEL, spool=False) as tracker, pytest.raises(StoreError):
        dump(tracker, tmp_path / "out")
    with pytest.raises(SourceError, match="no whole dump"), Tracker("sqlite://") as tracker:
        load(tracker, tmp_path / "out")


def test_on_the_command_line(tmp_path: Path) -> None:
    old, new, out = f"sqlite:///{tmp_path}/old.db", f"sqlite:///{tmp_path}/new.db", tmp_path / "out"
    with Tracker(old, FUNNEL, tenant="shop", spool=False) as tracker:
        tracker.track("ada", "saw", occurred_at=NOON - 100 * DAY)
    run = CliRunner().invoke
    done = run(group, ["dump", str(out), "--db", old, "--tenant", "shop"])
    assert (done.exit_code, done.output) == (
        0,
        f"1 contact and 1 event; 4 rows of 15 tables in {out}\n",
    )
    done = run(group, ["dump", str(tmp_path / "typo"), "--db", old, "--tenant", "shpo"])
    assert (done.exit_code, done.stderr) == (
        3,
        "motfunnel: nothing is stored of tenant 'shpo'; there are the tenants: shop (--tenant)\n",
    )
    done = run(group, ["load", str(out), "--db", new])
    assert done.output == (
        f"loaded 1 contact and 1 event; 4 rows of 15 tables in {out}, which were of tenant 'shop'\n"
    )
    assert run(group, ["load", str(out), "--db", new]).exit_code == 3
    told = [
        run(group, ["moments", "--db", db, *of]).output
        for db, *of in ([old, "--tenant", "shop"], [new])
    ]
    assert told[0] == told[1] != ""
    told = [
        run(group, ["report", "growth", "--period", "month", "--as-of", f"{NOON:%F}", *of]).output
        for of in (["--db", old, "--tenant", "shop"], ["--files", str(out)])
    ]
    assert told[0] == told[1]
    assert told[0].startswith("Growth")
