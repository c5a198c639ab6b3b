"""Partitions of another engine: together they are the whole; and code that lies in a zip."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motfunnel.batch import classify
from motfunnel.batch.partition import classify_partition, newest_in, schemas
from motfunnel.domain.event import Event
from motfunnel.domain.instant import iso
from motfunnel.errors import SourceError
from tests.batch.answers import outputs, plain
from tests.batch.test_equal import told
from tests.oracle import Story
from tests.strategies import make_funnel

Rows = list[dict[str, Any]]

TOGETHER = ("moments", "episodes", "contacts", "events")


def table_of(events: Iterable[Event]) -> pyarrow.Table:
    """Events as columns; what one has and another has not is null."""
    rows: Rows = [
        {"contact": e.contact, "event": e.name, "at": iso(e.occurred_at), "id": e.id}
        | {name: None if value is None else str(value) for name, value in e.properties.items()}
        for e in events
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pyarrow.table({name: pyarrow.array(c, pyarrow.string()) for name, c in columns.items()})


def of_each(rows: Rows) -> dict[str, Rows]:
    """Each contact's rows, in their order."""
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["contact"], []).append(row)
    return found


def rejects(rows: Rows) -> list[str]:
    """What was rejected and why, in no order."""
    return sorted(str([row[name] for name in ("contact", "id", "reason")]) for row in rows)


@pytest.mark.slow
@settings(max_examples=6)
@given(drawn=told(conflicts=True), parts=st.integers(1, 3))
def test_partitions_together_are_the_whole(drawn: tuple[Story, list[Event]], parts: int) -> None:
    """Whatever contacts fall into which; and the newest instant of each tells that of all."""
    story, events = drawn
    funnel, names = make_funnel(story), sorted({event.contact for event in events})
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        whole = classify(table_of(events), out, funnel)
        found: dict[str, Rows] = {name: [] for name in (*TOGETHER, "rejects")}
        newest: list[datetime] = []
        for number in range(parts):
            mine = [e for e in events if names.index(e.contact) % parts == number]
            batches = table_of(mine).to_batches(max_chunksize=3) if mine else []
            newest += filter(None, [newest_in(batches, funnel)])
            for name, batch in classify_partition(batches, funnel, as_of=whole.as_of):
                found.setdefault(name, []).extend(
                    {key: plain(value) for key, value in row.items()} for row in batch.to_pylist()
                )
        assert max(newest) == whole.as_of
        for name in TOGETHER:
            assert of_each(found[name]) == of_each(outputs(out, name))
        assert rejects(found["rejects"]) == rejects(outputs(out, "rejects"))


def test_what_comes_out_is_of_the_schema_that_was_told() -> None:
    """Also where some columns hold nothing."""
    at = datetime(2025, 1, 1, tzinfo=UTC)
    table = pyarrow.table({"contact": ["ada"], "event": ["x"], "at": [at], "id": ["1"]})
    later = at + timedelta(days=400)
    given = dict(classify_partition(table.to_batches(), "ecommerce", as_of=later))
    told = schemas("ecommerce")
    assert {*given} <= {*told}
    assert all(batch.schema == told[name] for name, batch in given.items())
    assert given["contacts"].to_pylist()[0]["contact"] == "ada"
    assert newest_in(table.to_batches(), "ecommerce") == at
    assert newest_in([], "ecommerce") is None
    assert newest_in([table.slice(0, 0).to_batches()[0]] if table.slice(0, 0).to_batches() else [],
                     "ecommerce") is None  # fmt: skip


def test_a_column_that_is_missing_is_told() -> None:
    """As of any other source."""
    batches = pyarrow.table({"contact": ["ada"], "event": ["x"]}).to_batches()
    with pytest.raises(SourceError, match="--at COLUMN"):
        next(classify_partition(batches, "ecommerce", as_of=datetime(2025, 1, 1, tzinfo=UTC)))


WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from datetime import UTC, datetime
import pyarrow
import motfunnel
from motfunnel.batch.partition import classify_partition
at = datetime(2025, 1, 1, tzinfo=UTC)
table = pyarrow.table({"contact": ["ada"], "event": ["x"], "at": [at], "id": ["1"]})
given = dict(classify_partition(table.to_batches(), "ecommerce", as_of=at))
print(".zip" in motfunnel.__file__, given["contacts"].num_rows)
"""


def test_the_code_runs_from_a_zip(wheel_file: Path, tmp_path: Path) -> None:
    """A wheel is one, and is what Spark hands its workers."""
    archive = tmp_path / "motfunnel.zip"
    archive.write_bytes(wheel_file.read_bytes())
    said = subprocess.check_output(
        [sys.executable, "-c", WORKER, str(archive)], text=True, cwd=tmp_path
    )
    assert said == "True 1\n"
