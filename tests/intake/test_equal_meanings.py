"""The same rows mean the same as CSV, JSON lines, Parquet, and calls of ``track``."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select

from motfunnel import Funnel, Tracker, leave, purchase, rating, reach, touch
from motfunnel.errors import EventError
from motfunnel.intake import Imported, import_file
from tests.intake.conftest import Write

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2025, 1, 1, tzinfo=UTC)
COLUMNS = ("contact", "event", "occurred_at", "id", "paid", "seats", "plan", "amount")

EXPECTED: dict[str, list[Any]] = {
    "paid": [True, False, "true", "= False", "!= false", "!= true", [True, 1], 1],
    "seats": [10, "10", "= 10", "!= 10", ">= 5", "< 5", [1, "10"], True],
    "plan": ["free", "10", 10, True, "!= free", "!= true", ">= 5", ["free", True, 7]],
    "amount": [0.5, ">= 0.5", "!= 0.5", "< 1", "0.5"],
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "paid": st.booleans(),
    "seats": st.sampled_from([-1, 0, 1, 5, 10, 2**53 + 1]),
    "plan": st.sampled_from(
        ["free", "pro", "10", "10.0", " 10", "true", "False", "TRUE", "1,200.00", " ", "", "=7"]
    ),
    "amount": st.sampled_from([0.0, 0.5, 1.0, 1e22, -0.25]),
}


@st.composite
def funnels(draw: st.DrawFn) -> Funnel:
    """Funnels of which every rule has conditions."""

    def when() -> dict[str, Any]:
        names = draw(st.lists(st.sampled_from(sorted(EXPECTED)), min_size=1, unique=True))
        return {name: draw(st.sampled_from(EXPECTED[name])) for name in names}

    return Funnel(
        stages=("visitor", "lead", "customer"),
        rules={
            "changed": [reach("lead", when=when()), leave("plan", when=when()), touch(when=when())],
            "paid": [purchase(when=when()), touch()],
            "rated": [rating("seats", when=when()), rating("plan")],
        },
        patience={"default": timedelta(days=2)},
        unmapped=draw(st.sampled_from(["note", "touch", "refuse"])),
    )


def rows() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows, each of its own id; a property may be null."""
    row = st.fixed_dictionaries(
        {
            "contact": st.sampled_from(["ada", "bob"]),
            "event": st.sampled_from(["changed", "paid", "rated", "other"]),
            "occurred_at": st.integers(0, 40).map(lambda hours: START + timedelta(hours=7 * hours)),
            **{name: st.none() | value for name, value in VALUES.items()},
        }
    )
    return st.lists(row, min_size=1, max_size=8).map(
        lambda some: [{**row, "id": f"{n}"} for n, row in enumerate(some)]
    )


def as_text(value: Any) -> str:
    """A value as programs write it into CSV."""
    return value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)


def write_csv(path: Path, some: Sequence[dict[str, Any]]) -> None:
    """Texts."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([as_text(row[name]) for name in COLUMNS] for row in some)


def write_json(path: Path, some: Sequence[dict[str, Any]]) -> None:
    """Types, and null."""
    lines = [json.dumps(row | {"occurred_at": as_text(row["occurred_at"])}) for row in some]
    path.write_text("".join(f"{line}\n" for line in lines))


def write_parquet(path: Path, some: Sequence[dict[str, Any]]) -> None:
    """Typed columns."""
    types = [pa.string()] * 2 + [pa.timestamp("us", "UTC"), pa.string(), pa.bool_(), pa.int64()]
    schema = pa.schema(list(zip(COLUMNS, [*types, pa.string(), pa.float64()], strict=True)))
    pq.write_table(pa.Table.from_pylist(list(some), schema), path)


FORMS: dict[str, Callable[[Path, Sequence[dict[str, Any]]], None]] = {
    "events.csv": write_csv,
    "events.jsonl": write_json,
    "events.parquet": write_parquet,
}


def tracked(engine: Engine, tenant: str, funnel: Funnel, some: Sequence[dict[str, Any]]) -> Any:
    """What ``track`` makes of the rows."""
    refused = 0
    with Tracker(engine, funnel, tenant=tenant, clock=lambda: NOW) as tracker:
        for row in some:
            properties = {name: row[name] for name in VALUES}
            try:
                tracker.track(
                    row["contact"],
                    row["event"],
                    occurred_at=row["occurred_at"],
                    id=row["id"],
                    properties=properties,
                )
            except EventError:
                refused += 1
        return meaning(tracker), refused


def imported(engine: Engine, tenant: str, funnel: Funnel, path: Path) -> Any:
    """What an import of them in one form makes of them; no column is named."""
    with Tracker(engine, funnel, tenant=tenant, clock=lambda: NOW) as tracker:
        told = import_file(tracker, path)
        return meaning(tracker), told.rejected


def meaning(tracker: Tracker) -> Any:
    """All that was understood of the events."""
    events = tracker.database.tables.events
    with tracker.database.read() as connection:
        found = connection.execute(
            select(events.c.contact, events.c.id, events.c.event, events.c.occurred_at,
                   events.c.signal, events.c.alive)
            .where(events.c.tenant == tracker.tenant).order_by(events.c.contact, events.c.id)
        ).all()  # fmt: skip
    moments = {contact: list(tracker.moments(contact, as_of=NOW)) for contact in ("ada", "bob")}
    return [tuple(row) for row in found], moments


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One database for all examples, each a tenant of its own."""
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/equal.db")
        yield engine
        engine.dispose()


@settings(max_examples=settings().max_examples // 2)
@given(funnel=funnels(), some=rows())
def test_the_same_rows_mean_the_same_in_every_form(
    engine: Engine, funnel: Funnel, some: list[dict[str, Any]]
) -> None:
    """Every event means the same, every moment is the same, and as many are refused."""
    example = uuid4().hex
    expected = tracked(engine, example, funnel, some)
    with TemporaryDirectory() as folder:
        for name, write_rows in FORMS.items():
            write_rows(path := Path(folder, name), some)
            assert imported(engine, f"{example} {name}", funnel, path) == expected, name


def test_a_condition_that_never_held_is_said(lite: Tracker, write: Write) -> None:
    """A rule that never applied is named with what stood there; so is what is not a number."""
    path = write(
        "contact,event,occurred_at,paid,amount\n"
        'ada,bought,2025-01-01,yes,"1,200.00"\n'
        "ada,bought,2025-01-02,no,40\n"
        "bob,bought,2025-01-02,,\n"
    )
    rules = {
        "bought": [purchase(when={"paid": True}), touch(when={"amount": ">= 100"})],
        "elsewhere": touch(when={"paid": True}),
    }
    told = take_by(rules, path)
    assert told.remarks == (
        "never held in 3 rows: bought = { purchase = true, when = { paid = true } }; "
        "in the first, 'paid' is 'yes'",
        'never held in 3 rows: bought = { touch = true, when = { amount = ">= 100" } }; '
        "in the first, 'amount' is '1,200.00'",
        "bought: 1 value of 'amount' failed '>= 100', being no number, such as '1,200.00'; "
        "--decimal says which of its signs is the decimal one",
    )
    assert [f"  {remark}" for remark in told.remarks] == str(told).splitlines()[1:]
    assert not take_by({"bought": purchase(when={"paid": "no"})}, path).remarks


def take_by(rules: Any, path: Path) -> Imported:
    """Import into an empty store, by these rules."""
    funnel = Funnel(stages=("visitor", "customer"), rules=rules)
    with Tracker("sqlite://", funnel, clock=lambda: NOW) as tracker:
        return import_file(tracker, path)


def test_null_is_absent_by_every_door(tracker: Tracker) -> None:
    """An event told once with a null and once without the property is one event."""
    at = datetime(2025, 1, 1, tzinfo=UTC)
    tracker.track("ada", "seen", id="1", occurred_at=at, properties={"plan": None, "seats": 1})
    assert tracker.track("ada", "seen", id="1", occurred_at=at, properties={"seats": 1}).duplicate
    same = {"seats": 1, "other": None}
    assert tracker.track("ada", "seen", id="1", occurred_at=at, properties=same).duplicate


@pytest.mark.parametrize("at", ["occurred_at", "at", "timestamp"])
def test_own_names_need_no_option(lite: Tracker, write: Write, at: str) -> None:
    """Columns of our own names are found; who names all that is needed has said what is what."""
    path = write(f"contact,event,{at},id,plan\nada,seen,2025-01-01,7,pro\n")
    assert import_file(lite, path).added == 1
    (one,) = lite.export("ada")["events"]
    assert (one["id"], one["properties"]) == ("7", {"plan": "pro"})
    assert import_file(lite, path, contact="contact", event="event", at=at).added == 1
    assert sorted(each["id"] == "7" for each in lite.export("ada")["events"]) == [False, True]
