"""Files classified: real histories, conflicts, every form, broken runs, and what is refused."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow
import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from motfunnel import Funnel, Tracker, purchase, rating, touch
from motfunnel.batch import classification, classify, kernel, manifest, parts
from motfunnel.cli.group import group
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.event import given as given_properties
from motfunnel.domain.journey import walk
from motfunnel.errors import SourceError
from motfunnel.intake import import_file
from motfunnel.testing import Clock
from tests.batch.answers import episode_row, events_in, moment_row, outputs
from tests.batch.test_equal import as_line, assert_equal, told
from tests.golden.histories import demonstration
from tests.oracle import Story
from tests.strategies import make_funnel

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "bought": [purchase(when={"amount": ">= 5"}), touch()],
        "rated": rating("score"),
    },
    patience={"default": timedelta(days=3)},
)
ROWS: list[dict[str, Any]] = [
    {"contact": "ada", "event": "came", "at": "2024-01-01T10:00:00Z", "id": "1", "amount": None},
    {"contact": "ada", "event": "bought", "at": "2024-01-02T10:00:00Z", "id": "2", "amount": "7.5"},
    {"contact": "bob", "event": "bought", "at": "2024-01-02T10:00:00Z", "id": "1", "amount": "4"},
    {"contact": "bob", "event": "rated", "at": "2024-01-09T10:00:00Z", "id": "2", "amount": None},
]
GIT: dict[str, Any] = {"contact": "contact", "event": "event", "at": "ts", "at_format": "unix"}
OUTPUTS = ("moments", "episodes", "contacts", "events", "traits", "rejects")


@settings(max_examples=6)
@given(drawn=told(conflicts=True), data=st.data())
def test_conflicts_are_settled_alike_in_any_order(
    drawn: tuple[Story, list[Event]], data: st.DataObject
) -> None:
    """Of one id the first in the canonical order is taken, and the others are rejected."""
    story, events = drawn
    funnel = make_funnel(story)
    with TemporaryDirectory() as folder:
        seen = []
        for number, some in enumerate((events, data.draw(st.permutations(events)))):
            file, out = Path(folder) / f"{number}.jsonl", Path(folder) / f"{number}"
            file.write_text("\n".join(map(as_line, some)), "utf-8")
            done = classify(file, out, funnel)
            assert done.rows == done.events + done.duplicates + done.rejected + done.later
            seen.append([outputs(out, name) for name in OUTPUTS[:5]])
        assert seen[0] == seen[1]
        moments, episodes = seen[0][:2]
        for contact in {event.contact for event in events}:
            own = [
                evolve(event, properties=given_properties(event.properties))  # as a file has them
                for event in events
                if event.contact == contact and event.name != IDENTIFY  # no file may say that
            ]
            journey = walk(contact, funnel, own, as_of=done.as_of)
            assert [r for r in moments if r["contact"] == contact] == [
                moment_row(moment) for moment in journey.moments
            ]
            assert [r for r in episodes if r["contact"] == contact] == [
                episode_row(episode) for episode in journey.episodes.values()
            ]


def test_a_real_history_is_classified_as_the_store_does(tmp_path: Path) -> None:
    """Every moment of the Git project's contributors, in order, in every column; ids too."""
    with demonstration("sqlite://", tmp_path, every=24) as tracker:
        file, newest = tmp_path / "some.csv", tracker.as_of(None)
        done = classify(file, tmp_path / "out", tracker.funnel, as_of=newest, **GIT)
        assert done.later > 0
        expected = [moment_row(moment) for moment in tracker.iter_moments()]
    assert len(expected) > 1000
    assert outputs(tmp_path / "out", "moments") == expected


ODD = st.fixed_dictionaries(
    {
        "contact": st.sampled_from(["ada", " bob", "", "NULL", "x" * 255, "x" * 256, "é", None]),
        "event": st.sampled_from(["came", "bought", "rated", "unheard of", "$identify", " "]),
        "at": st.sampled_from(
            [datetime(2024, 1, 1, 10), datetime(2024, 1, 9), datetime(999, 1, 1),
             datetime(2300, 1, 1), None]
        ),
        "text_at": st.sampled_from(
            ["2024-01-01T10:00:00Z", "2024-01-01 10:00:00.5", "2024-02-30T00:00:00", "20240101",
             "2024-01-01T10:00:00+02:00", "2024-01-01T24:00:00", "2024-01-01T10:00:60", "", None]
        ),
        "id": st.one_of(st.integers(0, 30).map(str), st.sampled_from([" ", "", None])),
        "score": st.sampled_from([None, "9", " 10 ", "nine", "", "1e1"]),
        "amount": st.sampled_from([None, 4.5, 5.0, 1e300, float("nan"), -0.0]),
        "n": st.sampled_from([None, 0, 2**62, -1]),
        "is_new": st.sampled_from([None, True, False]),
        'qu"o.te': st.sampled_from([None, "", "nul\0", "\\u0000", 'q"\\\n\x7f\u2028é😀']),
        "day": st.sampled_from([None, date(2024, 1, 1)]),
    }
)  # fmt: skip
TYPES = {"at": "TIMESTAMP", "amount": "DOUBLE", "n": "BIGINT", "is_new": "BOOLEAN", "day": "DATE"}


@settings(max_examples=settings().max_examples // 4)
@given(
    rows=st.lists(ODD, min_size=1, max_size=30),
    at=st.sampled_from(["at", "text_at"]),
    without=st.sets(st.sampled_from(["day", "n", "at", "text_at"])),
)
def test_a_plain_row_is_what_an_import_makes_of_it(
    rows: list[dict[str, Any]], at: str, without: set[str]
) -> None:
    """Rows that DuckDB takes by itself, and those that it hands on, mean the same as imported."""
    columns = [name for name in rows[0] if name == at or name not in without]
    how: dict[str, Any] = {"contact": "contact", "event": "event", "at": at, "id": "id"}
    with TemporaryDirectory() as folder, duckdb.connect() as connection:
        file, out = Path(folder) / "rows.parquet", Path(folder) / "out"
        typed = ", ".join(f'"{c.replace(chr(34), chr(34) * 2)}" {TYPES.get(c, "VARCHAR")}'
                          for c in columns)  # fmt: skip
        connection.execute(f"CREATE TABLE rows ({typed})")
        marks = ", ".join("?" for _ in columns)
        connection.executemany(
            f"INSERT INTO rows VALUES ({marks})", [[row[name] for name in columns] for row in rows]
        )
        connection.execute(f"COPY rows TO '{file}'")
        done = classify(file, out, FUNNEL, **how)
        with Tracker("sqlite://", FUNNEL, clock=Clock(datetime.now(UTC))) as tracker:
            imported = import_file(tracker, file, **how)
            rejects = _rejects(tracker)
            if not any("is taken by" in reason for _, reason in rejects):
                assert_equal(tracker, out, done.as_of)
        found = [(row["row"], row["reason"]) for row in outputs(out, "rejects")]
        conflicts = {reason for _, reason in found if "is taken by" in reason}
        assert done.rejected == imported.rejected
        assert [one for one in found if one[1] not in conflicts] == [
            one for one in rejects if one[1] not in conflicts
        ]


def _rejects(tracker: Tracker) -> list[tuple[int, str]]:
    from motfunnel.intake.rejects import find_rejects

    return sorted((one.line or 0, one.reason) for one in find_rejects(tracker))


def each_form(folder: Path) -> Iterator[Any]:
    """The same rows in every form that can be read."""
    lines = [json.dumps(row) for row in ROWS]
    header = ",".join(ROWS[0])
    cells = [",".join("" if cell is None else str(cell) for cell in row.values()) for row in ROWS]
    (folder / "rows.jsonl").write_text("\n".join(lines))
    (folder / "rows.csv").write_text("\n".join([header, *cells]))
    with gzip.open(folder / "rows.csv.gz", "wt") as file:
        file.write("\n".join([header, *cells]))
    several = folder / "several"
    several.mkdir()
    for number, line in enumerate(lines):
        (several / f"{number}.jsonl").write_text(line)
    table = pyarrow.Table.from_pylist(ROWS)
    with duckdb.connect() as connection:
        connection.register("rows", table)
        connection.execute(f"COPY rows TO '{folder}/rows.parquet'")
    yield from (folder / f"rows.{suffix}" for suffix in ("jsonl", "csv", "csv.gz", "parquet"))
    yield from (several, str(several / "*.jsonl"), sorted(several.iterdir()), table)


def test_every_form_of_the_same_rows_gives_the_same(tmp_path: Path) -> None:
    """Files, packed files, folders, patterns, lists of files, tables of Arrow."""
    answers = []
    for number, source in enumerate(each_form(tmp_path)):
        done = classify(source, tmp_path / f"out{number}", FUNNEL)
        assert (done.rows, done.events, done.contacts) == (4, 4, 2)
        answers.append([outputs(done.out, name) for name in OUTPUTS])
    assert [row["moment"] for row in answers[0][0]] == [
        "opening", "conversion", "depart", "opening", "depart",
    ]  # fmt: skip
    assert answers == answers[:1] * len(answers)


class Killed(BaseException):
    """What no handler of errors catches."""


@pytest.mark.parametrize("broken", ["_part", "write_episodes", "write_events", "finish"])
def test_a_broken_run_goes_on_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """And until then nothing lies where the outputs will be."""
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(r | {"contact": f"c{n}"}) for n in range(9) for r in ROWS))
    monkeypatch.setattr(classification, "_PART", 4)
    whole = classify(file, tmp_path / "whole", FUNNEL, threads=1)
    assert whole.parts > 2
    out = tmp_path / "out"
    where: Any = {"_part": parts.Parting, "finish": manifest.Output}.get(broken, classification)
    calls: list[int] = []
    real = getattr(where, broken)

    def breaks(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == (2 if broken.startswith("write") else 1):
            raise Killed
        return real(*arguments)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(where, broken, breaks)
        classify(file, out, FUNNEL)
    assert [one.name for one in out.iterdir()] == [".unfinished"]
    assert str(classify(file, out, FUNNEL)) == str(whole)
    assert _bytes_of(out) == _bytes_of(tmp_path / "whole")
    before = (out / "manifest.json").stat().st_mtime_ns
    assert str(classify(file, out, FUNNEL)) == str(whole)  # and a third call has nothing to do
    assert (out / "manifest.json").stat().st_mtime_ns == before
    assert not (out / ".unfinished").exists()


def _bytes_of(out: Path) -> dict[str, bytes]:
    return {str(one.relative_to(out)): one.read_bytes() for one in out.rglob("*.parquet")}


def test_traits_of_an_export_are_those_of_an_import(tmp_path: Path) -> None:
    """And keys that an export says are one contact stay apart, which is said."""
    said = {"userId": "ada", "timestamp": "2024-01-01T10:00:00Z", "context": {}}
    rows = [
        said | {"type": "track", "messageId": "1", "event": "came", "properties": {"n": 1}},
        said | {"type": "identify", "messageId": "2", "traits": {"plan": "pro", "seats": 5}},
        said | {"type": "identify", "messageId": "3", "traits": {"plan": None}, "anonymousId": "x"},
    ]
    file, out = tmp_path / "rows.jsonl", tmp_path / "out"
    file.write_text("\n".join(map(json.dumps, rows)))
    done = classify(file, out, FUNNEL, like="segment")
    assert done.remarks == (
        "1 row says that another key is its contact too; all keys stay apart here",
    )
    with Tracker("sqlite://", FUNNEL) as tracker:
        import_file(tracker, file, like="segment")
        query = "SELECT contact, trait, value FROM motfunnel_traits ORDER BY event_id, ordinal"
        with tracker.database.read() as connection:
            stored = [tuple(row) for row in connection.execute(text(query))]
    found = [(row["contact"], row["trait"], row["value"]) for row in outputs(out, "traits")]
    assert [(*row[:2], row[2] or "null") for row in found] == stored
    assert ("ada", "plan", None) in found


def test_what_cannot_be_done_is_said_beforehand(tmp_path: Path) -> None:
    """A folder of somebody else's, too little memory, a contact that is too large, no file."""
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, ROWS)))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("Dear Ada")
    for out, memory, said in [
        (tmp_path / "mine", "2GiB", "holds other files"),
        (file, "2GiB", "is a file"),
        (tmp_path / "out", "1MiB", "the least is 256MiB"),
        (tmp_path / "out", "much", "is not an amount"),
    ]:
        with pytest.raises(SourceError, match=said):
            classify(file, out, FUNNEL, memory=memory)
    with pytest.raises(SourceError, match="no file"):
        classify(tmp_path / "nowhere.csv", tmp_path / "out", FUNNEL)
    with pytest.raises(SourceError, match="no file of rows in"):
        classify(tmp_path / "mine", tmp_path / "out", FUNNEL)
    assert [*(tmp_path / "mine").iterdir()] == [tmp_path / "mine" / "letter.txt"]


def test_a_part_that_cannot_fit_is_told_before_it_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A contact cannot be divided."""
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, ROWS)))
    monkeypatch.setattr(classification, "_ROW_BYTES", 1 << 28)
    with pytest.raises(SourceError, match=r"a part of [2-4] rows does not fit.*at least"):
        classify(file, tmp_path / "out", FUNNEL, memory="256MiB")
    assert not (tmp_path / "out" / "moments").exists()


def test_the_command(tmp_path: Path) -> None:
    """Files in, a folder out, a line of what became of them; 1 where rows were rejected."""
    file, out = tmp_path / "rows.jsonl", tmp_path / "out"
    file.write_text("\n".join([*map(json.dumps, ROWS), '{"contact": "cy"}']))
    call = ["classify", str(file), str(out), "--funnel", "ecommerce", "--as-of", "2024-01-05"]
    result = CliRunner().invoke(group, call)
    assert result.exit_code == 1, result.output
    assert "5 rows: 3 events of 2 contacts, 0 there twice, 1 rejected, 1 later" in result.stdout
    assert "no rule of the funnel names: 'came', 'bought', 'rated'; taken as note" in result.stderr
    (reject,) = outputs(out, "rejects")
    assert (reject["source"], reject["row"], reject["contact"]) == ("rows.jsonl", 5, "cy")
    assert json.loads(reject["payload"]) == {"contact": "cy"}
    assert {event["id"] for event in events_in(out)} == {"1", "2"}
    shutil.rmtree(out)
    again = CliRunner().invoke(group, [*call, "--no-events", "--memory", "512MiB"])
    assert again.exit_code == 1
    assert not (out / "events").exists()


@pytest.mark.slow  # for the compiler
def test_compiled_or_not_the_walk_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte, on real contributors."""
    pytest.importorskip("numba")
    with demonstration("sqlite://", tmp_path, every=200) as tracker:
        funnel = tracker.funnel
    classify(tmp_path / "some.csv", tmp_path / "plain", funnel, **GIT)
    monkeypatch.setattr(classification, "COMPILED_FROM", 0)
    classify(tmp_path / "some.csv", tmp_path / "compiled", funnel, **GIT)
    assert kernel.compiled() is not None
    assert _bytes_of(tmp_path / "plain") == _bytes_of(tmp_path / "compiled")
