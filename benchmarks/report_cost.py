"""What every report costs, beside the first reports and beside statements written by hand.

Makes up histories (see ``made_up``), keeps them in one database, each size a tenant with tables of
its own, and asks for every report, each in a process of its own. Then asks the same of the first
reports, which made an object of every row: the sources of ``--first``, a commit of this repository.

Prints a table: the processor seconds of the process that asks, and of the server where that is
PostgreSQL on the same machine; the memory beyond what the process held before; how many times as
much the first reports took, of both, and the mark that was set; and of a question that is one
statement of SQL, how many times the processor seconds of that the report took. That is a statement
that brings the rows behind the counts here, with names and instants and nothing done about them;
of ``lifecycle`` and ``retention`` the one that counts.

    createdb motfunnel_report_cost
    python benchmarks/report_cost.py --db postgresql://localhost/motfunnel_report_cost

``--write PAGE`` writes the table between the markers of its database and size; with ``--only``, of
the lines that are there, those alone are written anew. Leaves the database as a next run can use
it; drop it when done.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from filling import fill, make_tracker
from questions import QUESTIONS, Question
from sqlalchemy import func, select

FIRST = "ccf0680fc84d6d30102240748e342793e7bd7136"
"""The last commit whose reports made an object of every row; it can read today's store."""
HERE = Path(__file__).resolve().parent
HEADER = (
    "report", "own s", "server s", "MiB", "sent", "first reports", "their memory", "by hand",
)  # fmt: skip
ASK = "import sys; sys.path[:0] = sys.argv[1:3]; import one_report; one_report.main(*sys.argv[3:])"

Cost = dict[str, Any]


def main() -> None:
    """Fill, ask, print, and write where that is asked for."""
    arguments = _arguments()
    print(fill(arguments.db, arguments.events), flush=True)
    asked = [n for n, one in enumerate(QUESTIONS) if _is_asked(one, arguments.only)]
    with tempfile.TemporaryDirectory() as folder:
        first = _unpacked(arguments.first, Path(folder))
        print(_padded(HEADER), flush=True)
        for number in asked:
            line = tuple(_line(number, arguments, first))
            print(_padded(line), flush=True)
            if arguments.write is not None:
                _write(arguments.write, arguments.db, arguments.events, line)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--db", required=True, metavar="URL")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many to ask of")
    parser.add_argument("--only", nargs="*", metavar="WORD", help="of the first column")
    parser.add_argument("--first", default=FIRST, metavar="COMMIT", help="'' for none")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with markers")
    return parser.parse_args()


def _is_asked(question: Question, words: list[str] | None) -> bool:
    return not words or bool({*words} & {*str(question).split()})


def _unpacked(commit: str, folder: Path) -> Path | None:
    """The sources of a commit; None where there is none such, as in a copy without its history."""
    archive = ["git", "archive", commit, "src"]
    packed = subprocess.run(archive, cwd=HERE.parent, capture_output=True, check=False)
    if packed.returncode:
        print(f"no sources of {commit or 'the first reports'}: not compared")
        return None
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as sources:
        sources.extractall(folder, filter="data")
    return folder / "src"


def _line(number: int, arguments: argparse.Namespace, first: Path | None) -> Iterator[str]:
    """The cells of one question."""
    question = QUESTIONS[number]
    cost = _ask(HERE.parent / "src", arguments, number, by_hand=True)
    yield f"`{question}`"
    yield f"{cost['own']:.2f}"
    yield "" if cost["server"] is None else f"{cost['server']:.2f}"
    yield f"{cost['mebibytes']:.0f}"
    yield f"{cost['sent']}"
    if first is None:
        yield from ("", "")
    else:
        before = _ask(first, arguments, number, by_hand=False)
        mark = question.marks.get(arguments.db.split(":")[0].split("+")[0])
        yield _at_least(_seconds(before) / _seconds(cost), mark)
        yield _at_least(before["mebibytes"] / max(cost["mebibytes"], 1), question.memory)
    yield _beside_rows(cost, question)


def _ask(source: Path, arguments: argparse.Namespace, number: int, *, by_hand: bool) -> Cost:
    """Ask one question by the reports of some sources, in a process of their own."""
    told = (arguments.db, arguments.events, number, int(by_hand))
    command = [sys.executable, "-c", ASK, source, HERE, *told]
    printed = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, check=True, text=True)
    cost: Cost = json.loads(printed.stdout)
    return cost


def _seconds(cost: Cost) -> float:
    return float(cost["own"]) + float(cost["server"] or 0.0)


def _at_least(times: float, mark: float | None) -> str:
    if mark is None:
        return f"{times:.1f} ×"
    return f"{times:.1f} × (≥ {mark:g}{'' if round(times, 1) >= mark else ': missed'})"


def _beside_rows(cost: Cost, question: Question) -> str:
    """How many times a statement by hand the report took."""
    if question.by_hand is None or "named" not in cost:
        return ""
    hand = cost["counts" if question.by_hand.is_counting else "named"]
    times, mark = _seconds(cost) / _seconds(hand), question.by_hand.mark
    missed = "" if round(times, 1) <= mark else ": missed"
    other = "" if cost["alike"] else ", other counts"
    return f"{times:.1f} × (≤ {mark:g}{missed}{other})"


def _padded(cells: tuple[str, ...]) -> str:
    widths = (35, 8, 10, 7, 6, 23, 23, 23)
    return "".join(
        f"{cell:{'<' if n == 0 else '>'}{width - 1}} "
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )


def _write(page: Path, url: str, size: int, line: tuple[str, ...]) -> None:
    """Put a line between the markers of its database and size, in the order of the questions."""
    name = url.split(":", maxsplit=1)[0].split("+", maxsplit=1)[0]
    begin, end = (f"<!-- report_cost {word} {name} {size} -->" for word in ("from", "to"))
    before, found, rest = page.read_text().partition(begin)
    block, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{page} has no place for it; write {begin} and {end}")
    rows = {row.split(" | ")[0]: row for row in block.splitlines() if row.startswith("| `")}
    rows[f"| {line[0]}"] = f"| {' | '.join(line)} |"
    order = [f"| `{question}`" for question in QUESTIONS]
    table = [f"| {' | '.join(HEADER)} |", f"| --- |{' --: |' * (len(HEADER) - 1)}"]
    table += [rows[key] for key in order if key in rows]
    said = f"{_made(url, size)}, {datetime.now(UTC):%-d %B %Y}:"
    page.write_text("\n".join([before + begin, "", said, "", *table, "", end + after]))


@cache
def _made(url: str, size: int) -> str:
    """Of what, and by what, it was measured."""
    with make_tracker(url, size) as tracker, tracker.database.engine.connect() as connection:
        contacts, dialect = tracker.database.tables.contacts, connection.dialect
        count = select(func.count()).where(contacts.c.tenant == tracker.tenant)
        many = connection.scalar(count)
        version = ".".join(map(str, (dialect.server_version_info or ())[:2]))
    name = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(dialect.name, dialect.name)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{size:,} events of {many:,} contacts in {name} {version}, {python}"


if __name__ == "__main__":
    main()
