"""`motfunnel rejects` counts, lists, shows, retries and drops what could not be taken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

DB = ("--db", "sqlite:///r.db")


@pytest.fixture
def rejected(run: Run) -> Run:
    """A store with four rejects of two kinds, from two files."""
    Path("funnel.toml").write_text('stages = ["a", "b"]\n[rules]\nseen = "touch"\n')
    bad = "ada,seen,soon\nbob,seen,later\n,seen,2025-01-01\n"
    for name, rows in {"one.csv": bad, "two.csv": "eva,seen,31.12.2024\n"}.items():
        Path(name).write_text(f"contact,event,at\n{rows}", "utf-8")
        run("import", name, "--funnel", "funnel.toml", *DB, code=1)
    return run


def test_rejects_are_counted_by_reason(rejected: Run) -> None:
    """What a reason quotes does not tell two kinds apart; a file does."""
    assert rejected("rejects", *DB).stdout.splitlines() == [
        "        2 one.csv: … is no ISO … instant",
        "        1 one.csv: the column … is empty",
        "        1 two.csv: … is no ISO … instant",
    ]
    assert len(rejected("rejects", "--source", "two.csv", *DB).stdout.splitlines()) == 1


def test_rejects_are_listed_and_shown(rejected: Run) -> None:
    """With the id by which one is shown, the file's line and the reason."""
    listed = rejected("rejects", "list", "--source", "one.csv", *DB).stdout.splitlines()
    assert [line.split("  ", 1)[1] for line in listed] == [
        "one.csv:2  'soon' is no ISO 8601 instant",
        "one.csv:3  'later' is no ISO 8601 instant",
        "one.csv:4  the column 'contact' is empty",
    ]
    (one,) = json.loads(rejected("rejects", "show", listed[1].split()[0], *DB).stdout)
    assert (one["line"], one["contact"]) == (3, "bob")
    assert one["payload"]["row"] == {"contact": "bob", "event": "seen", "at": "later"}


def test_rejects_are_dropped(rejected: Run) -> None:
    """By id or all of a file; never all because nothing was named."""
    listed = rejected("rejects", "list", "--source", "one.csv", *DB).stdout.splitlines()
    assert rejected("rejects", "drop", listed[0].split()[0], *DB).stdout == "1 reject dropped\n"
    rejected("rejects", "drop", *DB, code=2)
    dropped = rejected("rejects", "drop", "--all", "--source", "one.csv", *DB).stdout
    assert dropped == "2 rejects dropped\n"
    assert rejected("rejects", *DB).stdout.count("two.csv") == 1


def test_rejects_are_tried_again(rejected: Run) -> None:
    """As `import --retry-rejects` does."""
    assert (
        "1 row, 0 added" in rejected("rejects", "retry", "--source", "two.csv", *DB, code=1).stdout
    )


@pytest.mark.parametrize("arguments", [["show"], ["list", "id"], ["drop", "id", "--all"]])
def test_bad_usage(rejected: Run, arguments: list[str]) -> None:
    """Ids where they are needed, and nowhere else."""
    assert "Error" in rejected("rejects", *arguments, *DB, code=2).stderr
