"""No file takes more memory than a bound, whatever its lines and cells are."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import process_time

import pyarrow
import pytest
from pyarrow import parquet

from motfunnel import Tracker
from motfunnel.intake import importer
from motfunnel.intake.files.lines import MOST
from tests.intake.conftest import Write, rejects, stored, take

ROW = b'{"who":"ada","what":"seen","when":"2025-01-01","x":"'
OBJECT = ROW + b'"}\n'
HEAD = b"who,what,when,x\n"
GOOD = b"ada,seen,2025-01-01,y\n"
MOST_MEMORY = 200 << 10  # KiB

RUN = """
import sys
from motfunnel import Funnel, Tracker, touch
from motfunnel.intake import import_file
funnel = Funnel(stages=("visitor", "customer"), rules={"seen": touch()})
with Tracker(f"sqlite:///{sys.argv[1]}.db", funnel) as tracker:
    told = import_file(tracker, sys.argv[1], contact="who", event="what", at="when")
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM")).split()[1]
print(told.added, told.rejected, peak)
"""


def long_text(n: int) -> Iterator[bytes]:
    """So many MiB, one at a time."""
    return (b"x" * MOST for _ in range(n))


FILES: dict[str, tuple[Callable[[], Iterable[bytes]], int, int]] = {
    "one line of an object.jsonl.gz": (lambda: [OBJECT, ROW, *long_text(64), b'"}\n'], 1, 1),
    "no end of a line.jsonl": (lambda: [OBJECT, ROW, *long_text(64)], 1, 1),
    "lines within the bound.jsonl": (
        lambda: [OBJECT, *[ROW[:-1], b"[", b"[]," * 300_000, b"[]]}\n"] * 5], 1, 5),
    "a cell.csv.gz": (lambda: [HEAD, b"ada,seen,2025-01-01,", *long_text(99), b"\n", GOOD], 1, 1),
    "a quote.csv": (lambda: [HEAD, b'ada,seen,2025-01-01,"', *long_text(99), b"\n", GOOD], 1, 1),
    "a quote over lines.csv": (lambda: [HEAD, b'ada,seen,2025-01-01,"x\n', GOOD * 9_000], 9_000, 1),
    "cells that go on.csv": (lambda: [HEAD, b'"a\n",' * 4_000_000], 0, -1),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("name", FILES)
def test_no_file_takes_more_than_a_bound(tmp_path: Path, name: str) -> None:
    """Of a line that is too long its beginning is kept, and reading goes on after it."""
    parts, added, rejected = FILES[name]
    path = tmp_path / name
    with gzip.open(path, "wb", 1) if name.endswith(".gz") else path.open("wb") as file:
        file.writelines(parts())
    run = [sys.executable, "-c", RUN, str(path)]
    told = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
    assert int(told[0]) == added
    assert rejected < 0 or int(told[1]) == rejected
    assert int(told[2]) < MOST_MEMORY


def test_what_is_too_long_is_one_reject(lite: Tracker, write: Write) -> None:
    """Reading goes on at the line after it, and the lines are counted as they lie in the file."""
    csv.field_size_limit(131_072)  # as Python has it; a package that was imported may raise it
    long = b"x" * (MOST + 1)
    path = write(HEAD + GOOD + b"bob,seen,2025-01-01," + long + b"\n" + GOOD + b'eva,"a\n' + GOOD)
    assert (take(lite, path).added, len(rejects(lite))) == (3, 2)
    assert [(one.line, one.reason) for one in rejects(lite)] == [
        (3, "the line is no CSV: field larger than field limit (131072)"),
        (5, "the line is no CSV: unexpected end of data"),
    ]
    path = write(ROW + long + b'"}\n' + ROW + b'"}\n', "a.jsonl")
    assert take(lite, path).added == 1
    assert rejects(lite)[0].reason == "the line is too long: it has more than 1,048,576 characters"


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_many_thousand_columns_are_read(
    lite: Tracker, write: Write, tmp_path: Path, name: str
) -> None:
    """Names are looked up, not searched for: the time is that of the cells."""
    names = [f"column {n}" for n in range(30_000)]
    cells = ["ada", "seen", "2025-01-01", *[None] * len(names)]
    header = ["who", "what", "when", *names]
    before = process_time()
    if name == "a.csv":
        path = write("\n".join([",".join(header), ",".join(cell or "" for cell in cells)]), name)
    else:
        path = tmp_path / name
        nulls = pyarrow.array([None], pyarrow.string())
        table = {n: nulls if c is None else [c] for n, c in zip(header, cells, strict=True)}
        parquet.write_table(pyarrow.table(table), path)
    assert take(lite, path).added == 1
    assert stored(lite)[0][3] == {}
    assert process_time() - before < 30


def test_rejects_beyond_a_number_are_only_counted(
    lite: Tracker, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of nothing but bad rows fills no database; how many there are is said."""
    monkeypatch.setattr(importer, "MOST_REJECTS", 3)
    monkeypatch.setattr(importer, "AT_ONCE", 2)
    told = take(lite, write(HEAD + b",seen,2025-01-01,y\n" * 7 + GOOD))
    assert (told.rows, told.added, told.rejected, told.not_kept) == (8, 1, 7, 4)
    assert [one.line for one in rejects(lite)] == [2, 3, 4]
    assert "4 rows of them only counted, not kept" in str(told)


def test_a_key_twice_in_an_object_is_refused(lite: Tracker, write: Write) -> None:
    """Which of the two is meant would be a guess, at any depth."""
    twice = b'","z":1,"z":2}\n', b'","z":{"a":1,"a":1}}\n'
    told = take(lite, write(OBJECT + b"".join(ROW + end for end in twice), "a.jsonl"))
    assert told.rejected == 2
    assert all("stands twice in one object" in one.reason for one in rejects(lite))
