"""Reports over classified files: each question is answered as a store answers it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from click.testing import CliRunner

from motfunnel import Funnel, Touchpoint, Tracker, purchase
from motfunnel.batch import classify
from motfunnel.charts.labels import moment
from motfunnel.classified import Files
from motfunnel.cli.group import group
from motfunnel.domain.calendar import read_when
from motfunnel.domain.instant import iso
from motfunnel.errors import QuestionError, SourceError
from motfunnel.intake import import_file
from motfunnel.reports.catalogue import CATALOGUE
from motfunnel.testing import Clock
from motfunnel.transfer import dump, opened
from tests.golden import histories
from tests.golden.histories import DRAWN, GROCERIES
from tests.golden.questions import formats, questions

Both = tuple[Tracker, Files]

NOW = datetime(2026, 9, 1, tzinfo=UTC)
"""After the last row of each history."""

GIT: dict[str, Any] = {"contact": "contact", "event": "event", "at": "ts", "at_format": "unix"}
WORTH = (7, "12.35", 0.1, None, -5, 1e6, "0.000001")
"""What drawn purchases were worth, and refunds."""
HOUSEHOLDS: dict[str, Any] = {"contact": "household", "event": "event", "at": "at", "id": "id"}


@contextmanager
def both(file: Path, out: Path, funnel: Funnel, **reading: Any) -> Iterator[Both]:
    """The same rows in a store, and classified."""
    classify(file, out, funnel, **reading)
    with (
        Tracker("sqlite://", funnel, clock=Clock(NOW), spool=False) as tracker,
        Files(out, clock=Clock(NOW)) as files,
    ):
        import_file(tracker, file, **reading)
        yield tracker, files


@contextmanager
def git(folder: Path) -> Iterator[Both]:
    """Some of the demo's contributors."""
    with histories.demonstration("sqlite://", folder, every=24) as tracker:
        funnel = tracker.funnel
    with both(folder / "some.csv", folder / "out", funnel, **GIT) as made:
        yield made


@contextmanager
def groceries(folder: Path) -> Iterator[Both]:
    """Households that buy, are written to, and redeem coupons."""
    file = Path(histories.__file__).parent / "groceries.csv.gz"
    with both(file, folder / "out", GROCERIES, **HOUSEHOLDS) as made:
        yield made


@contextmanager
def drawn(folder: Path) -> Iterator[Both]:
    """All kinds of signals, with traits, as an export has them."""
    file = folder / "events.jsonl"
    file.write_text("\n".join(map(as_exported, histories.told(Random(7)))), "utf-8")
    valued = evolve(DRAWN, rules={**DRAWN.rules, "bought": purchase(value="worth")})
    with both(file, folder / "out", valued, like="segment") as made:
        yield made


def as_exported(event: dict[str, Any]) -> str:
    """An event as a line of a program's export."""
    row = {
        "userId": event["contact"],
        "timestamp": iso(event["occurred_at"]),
        "messageId": event["id"],
        "context": {},
    }
    if "traits" in event:
        row |= {"type": "identify", "traits": event["traits"]}
    else:
        worth = {"worth": WORTH[event["occurred_at"].day % len(WORTH)]}
        row |= {"type": "track", "event": event["event"], "properties": event["properties"] | worth}
    return json.dumps(row)


GROUPED: list[tuple[str, dict[str, Any]]] = [
    *(
        (name, {"within": timedelta(days=90), "by": by})
        for name in ("recidivism", "relapse", "reengagement", "loyalty", "recovery")
        for by in ("event", "property:branch", ("source", "trait:seats:5,20"), "trait:plan")
    ),
    ("recidivism", {"within": timedelta(days=90), "unit": "episode", "by": ("event", "reason")}),
    ("complaints", {"by": ("branch", "trait:plan")}),
    ("flows", {"by": ("source", "trait:plan")}),
]
"""Every kind of group, by each kind of start event."""

HISTORIES = {"git": git, "groceries": groceries, "drawn": drawn}


@pytest.fixture(
    scope="module", params=[pytest.param("git", marks=pytest.mark.slow), "groceries", "drawn"]
)
def asked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """A store, and files of the same rows."""
    with HISTORIES[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.mark.parametrize("name", CATALOGUE)
@pytest.mark.parametrize("when", ["as classified", "earlier", "later"])
def test_each_question_is_answered_as_by_a_store(asked: Both, name: str, when: str) -> None:
    """In all of its forms, to the digit, with the names behind every number."""
    tracker, files = asked
    newest = tracker.as_of(None)
    instant = {"earlier": newest - timedelta(days=150), "later": NOW}.get(when, newest)
    about: dict[str, Any] = {
        "as_of": None if when == "as classified" else instant,
        "timezone": "Europe/Berlin",
    }
    stored, filed = tracker.report(**about), files.report(**about)
    asking = [*questions(tracker, instant), *GROUPED]
    mine = [options for one, options in asking if one == name]
    assert mine, f"tests/golden/questions.py asks {name} nowhere"
    for options in mine:
        expected = [*formats(when, stored, name, options)]
        assert [*formats(when, filed, name, options)] == expected


ROWS: list[dict[str, Any]] = [
    {"contact": "ada", "event": "Product Viewed", "at": "2024-01-01T10:00:00Z", "id": "1"},
    {"contact": "ada", "event": "Order Completed", "at": "2024-01-02T10:00:00Z", "id": "2"},
    {"contact": "bob", "event": "Product Viewed", "at": "2024-01-09T10:00:00Z", "id": "1"},
]


def classified(folder: Path, **options: Any) -> Path:
    """A few rows, classified."""
    file, out = folder / "rows.jsonl", folder / "out"
    file.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    classify(file, out, "ecommerce", **options)
    return out


def test_what_files_do_not_say_is_not_answered(tmp_path: Path) -> None:
    """What was known when; what came after the rows that were left out; events without events."""
    early = datetime(2024, 1, 5, tzinfo=UTC)
    with Files(classified(tmp_path, as_of=early, events=False)) as files:
        assert files.report().as_of == early
        with pytest.raises(QuestionError, match="when events were recorded"):
            files.report(known_by=early)
        with pytest.raises(QuestionError, match="later rows were left out"):
            files.report(as_of=early + timedelta(days=1))
        with pytest.raises(QuestionError, match="lies in the future"):
            files.report(as_of=datetime.now(UTC) + timedelta(days=1))
        assert files.report(as_of=early - timedelta(days=3)).funnel().rows[0].contacts == 1
        with pytest.raises(QuestionError, match="without --no-events"):
            files.report().retention()


def test_files_of_another_funnel_are_refused(tmp_path: Path) -> None:
    """But what no classification depends on may be said anew; and a folder has to be there."""
    out = classified(tmp_path)
    with pytest.raises(SourceError, match="another funnel"):
        Files(out, "saas")
    promised = evolve(Funnel.ecommerce(), touchpoints={"checkout": Touchpoint(expected=8)})
    with Files(out, promised) as files:
        assert files.funnel.touchpoints["checkout"].expected == 8
    with pytest.raises(SourceError, match="holds no classified files"):
        Files(tmp_path / "nowhere")


def test_files_that_are_damaged_are_told(tmp_path: Path) -> None:
    """By the name of the file, even if that happens while they are open."""
    out = classified(tmp_path)
    (file,) = (out / "episodes").iterdir()
    with Files(out) as files:
        files.report().recidivism(within="9d")
        file.write_bytes(b"PAR1")
        with pytest.raises(SourceError, match=r"episodes/000000.parquet"):
            files.report().recidivism(within="9d")
    with Files(out) as files, pytest.raises(SourceError, match=r"0.parquet is not as it was"):
        files.report().recidivism(within="9d")


def test_the_command(tmp_path: Path) -> None:
    """The same report as of a store, in any of its forms; one source at a time."""
    out = classified(tmp_path)
    call = ["report", "funnel", "--files", str(out), "--format", "json"]
    told = json.loads(CliRunner().invoke(group, call).stdout)
    with Files(out) as files:
        assert told == files.report().funnel().to_dict()
    page = tmp_path / "page.html"
    paged = ["report", "--files", str(out), "--pages", "overview", "--output", str(page)]
    assert CliRunner().invoke(group, paged).exit_code == 0
    assert "<h1" in page.read_text("utf-8")
    twice = CliRunner().invoke(group, [*call, "--db", "sqlite:///x.db"])
    assert twice.exit_code == 2
    assert "--files names files, and --db a store" in twice.stderr


DUMPED_AT = datetime(2024, 1, 9, 12, tzinfo=UTC)
"""Long ago, as a dump of last night is not; so that nobody takes it for now."""


def a_dump(folder: Path) -> Path:
    """The same rows, dumped by a store whose clock had gone so far."""
    with Tracker("sqlite://", "ecommerce", clock=Clock(DUMPED_AT), spool=False) as tracker:
        for row in ROWS:
            at = datetime.fromisoformat(row["at"])
            tracker.track(row["contact"], row["event"], occurred_at=at, id=row["id"])
        dump(tracker, folder / "dump")
    return folder / "dump"


@pytest.mark.parametrize("text", ["-2d", "-30h", "now", "today", "yesterday"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
@pytest.mark.parametrize("kind", ["classified", "dump"])
def test_an_instant_goes_back_from_the_last_that_they_know(
    tmp_path: Path, kind: str, zone: str, text: str
) -> None:
    """In text, on pages, as JSON and in Python: not from now, when nobody asked them yet."""
    made = {"classified": classified, "dump": a_dump}[kind](tmp_path)
    with Files(made) if kind == "classified" else opened(made) as source:
        last = source.report().as_of
        expected = read_when(text, ZoneInfo(zone), last)
        asked = source.report(as_of=text, timezone=zone)
        told = asked.funnel()
        assert asked.as_of == expected
    call = ["report", "funnel", "--files", str(made), f"--as-of={text}", "--timezone", zone]
    run = CliRunner().invoke
    assert json.loads(run(group, [*call, "--format", "json"]).stdout) == told.to_dict()
    assert run(group, call).stdout == told.to_text(80) + "\n"
    call = ["report", "--files", str(made), f"--as-of={text}", "--timezone", zone]
    paged = run(group, [*call, "--pages", "overview"]).stdout
    assert f"As of {moment(expected)}" in paged
    if kind == "dump":
        known = run(group, [*call[:1], "funnel", *call[1:3], f"--known-by={text}", *call[4:],
                            "--format", "json"])  # fmt: skip
        assert json.loads(known.stdout)["known_by"] == iso(expected)
