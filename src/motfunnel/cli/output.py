"""How answers are printed: text that is safe on a terminal, JSON, and CSV, all row by row."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click

from motfunnel.cli.help import Choice

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_UNENCODABLE: Final = "backslashreplace"

Report = Callable[[str, int], None]


def formats(*names: str) -> Callable[..., Any]:
    """The option ``--format``."""
    return click.option(
        "--format",
        "form",
        type=Choice(names),
        default="text",
        show_default=True,
        help="The form of the answer.",
    )


def safe(text: str) -> str:
    """Show a text on one line, with control characters written out: names come from strangers."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def terminal_width() -> int | None:
    """How many columns the terminal has, or COLUMNS says; None where none is printed to."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def print_lines(lines: Iterable[str]) -> None:
    """Print lines; what the terminal cannot show is written out."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors=_UNENCODABLE)
    for line in lines:
        sys.stdout.write(f"{line}\n")


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print_lines([json.dumps(value, ensure_ascii=False, indent=2)])


def print_json_rows(rows: Iterable[dict[str, Any]]) -> None:
    """Print rows as one JSON array, a row a line."""
    before = "["
    for row in rows:
        sys.stdout.write(f"{before}\n{json.dumps(row, ensure_ascii=True)}")
        before = ","
    sys.stdout.write("[]\n" if before == "[" else "\n]\n")


def print_whole(text: str) -> None:
    """Print a file's text as it is, in UTF-8: what breaks a line within a cell belongs to it."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    sys.stdout.write(text)


def print_csv_rows(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    """Print rows as CSV in UTF-8, below a header."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)


@contextmanager
def showing_progress() -> Iterator[Report]:
    """Give a function that shows how many of something are done."""
    if not sys.stderr.isatty():
        yield lambda _, __: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,} {task.description}"))
    with Progress(
        *columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        tasks = {}

        def show(what: str, done: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=None)
            progress.update(tasks[what], completed=done)

        yield show
