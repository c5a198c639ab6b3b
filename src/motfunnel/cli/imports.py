"""``motfunnel init``, ``import`` and ``classify``: a look at a file, its events, and its rejects.

``init`` imports nothing: it writes a funnel to begin with, and the command that imports.
``classify`` needs no store: files in, files out.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from attrs import asdict

from motfunnel.batch import classify
from motfunnel.batch.classification import MEMORY
from motfunnel.cli.arguments import read_funnel, read_instant, zone
from motfunnel.cli.exit import NOT_WHOLLY
from motfunnel.cli.help import Choice, Command
from motfunnel.cli.output import Report, print_json_rows, print_lines, safe, showing_progress
from motfunnel.cli.store import with_tracker, with_tracker_of_any
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import ColumnsError
from motfunnel.intake.exports.profiles import PROFILES
from motfunnel.intake.exports.shape import EVENT_NAME, INSTANT
from motfunnel.intake.files.decimals import SIGNS
from motfunnel.intake.files.forms import FORMATS
from motfunnel.intake.importer import Imported, import_file
from motfunnel.intake.look import Look, form_text, look
from motfunnel.intake.rejects import count_reasons, discard_rejects, find_rejects
from motfunnel.intake.retry import retry_rejects
from motfunnel.keys import KEYS
from motfunnel.text import counted
from motfunnel.trackers.tracker import Tracker

_MEANINGS: Final = ("contact", "event", "at", "id", "timezone", "at_format", "truncate",
                    "contact_key", "any_contact", "decimal", "event_name")  # fmt: skip

GROUPS: Final = {
    "The columns": (
        *("contact", "event", "at", "id", "event-name", "wide", "once-per"),
        *("touchpoint", "expected", "experienced"),
    ),
    "The file": (
        *("like", "timezone", "at-format", "truncate", "file-format", "delimiter", "encoding"),
        *("decimal", "contact-key", "any-contact"),
    ),
}
"""Under which heading options stand in the help."""
_OF_SHAPES: Final = {EVENT_NAME: "as the export says", INSTANT: "the date of each event"}
_SHAPES: Final = ("like", "wide", "once_per", "touchpoint", "expected", "experienced")


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how the rows of files are to be read."""

    @click.option("--contact", metavar="COLUMN", help="Who: a column; else 'contact'.")
    @click.option("--event", metavar="COLUMN", help="What happened: a column; else 'event'.")
    @click.option("--at", metavar="COLUMN",
                  help="When: a column; else 'occurred_at', 'at' or 'timestamp'.")  # fmt: skip
    @click.option("--id", metavar="COLUMN",
                  help="The event's id: a column; else 'id', if there is one.")  # fmt: skip
    @click.option("--event-name", metavar="NAME", help="The name of all rows, instead of a column.")
    @click.option("--wide", metavar="COLUMN", multiple=True, default=None,
                  help="A date in a row that has several: an event of this name.")  # fmt: skip
    @click.option("--once-per", metavar="COLUMN",
                  help="Rows that share it are one event, such as an order's lines.")  # fmt: skip
    @click.option("--touchpoint", metavar="COLUMN", help="Where; else 'touchpoint', or the event.")
    @click.option("--expected", metavar="COLUMN",
                  help="The score that was expected; else 'expected'.")  # fmt: skip
    @click.option("--experienced", metavar="COLUMN", help="The score; else 'experienced'.")
    @click.option("--like", type=Choice([*PROFILES]), help="The export of another program.")
    @click.option("--timezone", type=zone, help="Where naive instants are read; UTC if not given.")
    @click.option(
        "--at-format",
        metavar="FORM",
        help="iso (the default), unix, unix_ms, unix_us, unix_ns, excel, or a strptime pattern.",
    )
    @click.option("--truncate", is_flag=True, default=None,
                  help="Cut what is finer than a microsecond.")  # fmt: skip
    @click.option("--file-format", type=Choice(FORMATS), help="If the name does not say.")
    @click.option("--delimiter", help=r"What stands between cells of CSV; \t for a tab.")
    @click.option("--encoding", help="Of CSV; UTF-8 if not given, or UTF-16 if it is marked so.")
    @click.option("--decimal", type=Choice(SIGNS), help="The decimal sign of the numbers.")
    @click.option("--contact-key", type=Choice([*KEYS]), multiple=True, default=None,
                  help="Make keys of contacts alike; may be given several times.")  # fmt: skip
    @click.option("--any-contact", is_flag=True, default=None,
                  help="Take texts such as NULL as contacts too.")  # fmt: skip
    @wraps(command)
    def reading(*arguments: Any, **options: Any) -> Any:
        return command(*arguments, **options)

    return reading


def said_of_columns(options: dict[str, Any]) -> dict[str, Any]:
    """What the options say, as reading takes it: what is not given is absent."""
    given = {name: value for name, value in options.items() if value not in (None, ())}
    if "delimiter" in given:
        given["delimiter"] = given["delimiter"].replace("\\t", "\t")
    return given


@click.command(
    "import",
    cls=Command,
    groups=GROUPS,
    examples=(
        "orders.csv --event-name order_placed",
        "export/ --like mixpanel",
        "--retry-rejects",
    ),
)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@with_tracker_of_any
@reading_options
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the rows that could not be taken to this file too.")  # fmt: skip
@click.option("--retry-rejects", is_flag=True, help="Take the rejects again, after mending.")
@click.pass_context
def import_command(
    ctx: click.Context, tracker: Tracker, /, file: Path | None, retry_rejects: bool, **options: Any
) -> None:
    """Take the events of a CSV, JSON lines or Parquet FILE, or of a folder or ZIP of them.

    Columns that are called as the options show need no option; those not named become properties.
    Rows that cannot be taken are kept as rejects, and the exit code is then 1. Importing the same
    file twice adds nothing.
    """
    with showing_progress() as progress:
        if retry_rejects:
            imported = _retry(tracker, file, options, progress)
        else:
            imported = _import(tracker, file, options, progress)
    print_lines(map(safe, str(imported).splitlines()))
    if imported.unmapped:
        names = ", ".join(map(repr, imported.unmapped))
        taken_as = tracker.funnel.unmapped
        click.echo(safe(f"no rule of the funnel names: {names}; taken as {taken_as}"), err=True)
    if not imported.is_whole:
        ctx.exit(NOT_WHOLLY)


def _import(
    tracker: Tracker, file: Path | None, options: dict[str, Any], progress: Report
) -> Imported:
    if file is None:
        raise click.UsageError("name the file to import")
    try:
        return import_file(tracker, file, progress=progress, **said_of_columns(options))
    except ColumnsError as error:
        raise click.UsageError(str(error)) from None


def _retry(
    tracker: Tracker, file: Path | None, options: dict[str, Any], progress: Report
) -> Imported:
    for name in ("rejects", "file_format", "delimiter", "encoding", *_SHAPES):
        if options[name]:
            raise click.UsageError(f"--retry-rejects takes no --{name.replace('_', '-')}")
    mended = {name: options[name] or None for name in _MEANINGS}
    source = None if file is None else file.name
    return retry_rejects(tracker, source=source, progress=progress, **mended)


@click.command(
    "classify",
    cls=Command,
    groups=GROUPS,
    examples=(
        "orders.csv classified --funnel funnel.toml",
        "'2025-*.parquet' classified --funnel ecommerce",
        "export/ classified --funnel saas --like segment",
    ),
)
@click.argument("files", nargs=-1, required=True, metavar="FILES...", type=click.Path())
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--funnel", required=True, metavar="FILE|PRESET",
              help="The funnel: a file, or ecommerce or saas.")  # fmt: skip
@click.option("--as-of", metavar="INSTANT", help="As of this instant; else the newest of the rows.")
@click.option("--memory", default=MEMORY, show_default=True, help="How much to use.")
@click.option("--threads", type=click.IntRange(min=1), help="How many; else all processors.")
@click.option("--events/--no-events", default=True, show_default=True,
              help="Whether to write the events too.")  # fmt: skip
@reading_options
@click.pass_context
def classify_command(
    ctx: click.Context,
    /,
    files: tuple[str, ...],
    out: Path,
    funnel: str,
    as_of: str | None,
    **options: Any,
) -> None:
    """Classify whole histories in FILES, without a database, into the folder OUT.

    FILES are Parquet, CSV or JSON lines, folders of these, or patterns. Columns mean what they mean
    to import. OUT holds moments, episodes, contacts, events, traits and rejects as Parquet. A run
    that was broken off goes on where it was. The exit code is 1 if there are rejects.
    """
    read = read_funnel(funnel)
    assert isinstance(read, Funnel)  # one is required
    instant = read_instant(as_of, options["timezone"] or "UTC", "as-of")
    given = said_of_columns(options)
    try:
        with showing_progress() as progress:
            classified = classify([*files], out, read, as_of=instant, progress=progress, **given)
    except ColumnsError as error:
        raise click.UsageError(str(error)) from None
    print_lines(map(safe, str(classified).splitlines()))
    if classified.unmapped:
        names = ", ".join(map(repr, classified.unmapped))
        click.echo(
            safe(f"no rule of the funnel names: {names}; taken as {read.unmapped}"), err=True
        )
    if classified.rejected:
        ctx.exit(NOT_WHOLLY)


@click.command(
    "init",
    cls=Command,
    examples=("orders.csv", "orders.csv --at ordered_at", "orders.csv --contact email"),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--contact", metavar="COLUMN", help="Who, where the guess is wrong.")
@click.option("--event", metavar="COLUMN", help="What happened, likewise.")
@click.option("--at", metavar="COLUMN", help="When, likewise.")
@click.option("--funnel", default="funnel.toml", show_default=True, metavar="FILE",
              type=click.Path(dir_okay=False, path_type=Path),
              help="Where to write the funnel; one that is there stays.")  # fmt: skip
@click.option("--db", default="sqlite:///crm.db", show_default=True, metavar="URL",
              help="The database in the command.")  # fmt: skip
@click.pass_context
def init_command(ctx: click.Context, /, file: Path, funnel: Path, db: str, **named: Any) -> None:
    """Look at FILE, write a funnel for it, and print the command that imports it.

    Nothing is imported. On a terminal it asks before it writes.
    """
    given = {name: value for name, value in named.items() if value is not None}
    found = look(file, given=given)
    if sys.stdin.isatty() and found.missing:
        asked = {name: click.prompt(f"Which column is the {name}?") for name in found.missing}
        found = look(file, given=given | asked)
    print_lines(map(safe, _told(found)))
    if found.missing:
        options = " ".join(f"--{name} COLUMN" for name in found.missing)
        click.echo(f"say which columns to read: motfunnel init FILE {options}", err=True)
        ctx.exit(NOT_WHOLLY)
    print_lines(
        ["", safe(_write(funnel, found)), "Then import:", "", f"  {_command(found, funnel, db)}"]
    )


def _told(found: Look) -> list[str]:
    """What the file seems to be."""
    columns = found.columns
    rows, contacts = counted(found.rows, "row"), counted(found.contacts, "contact")
    like = f", as {found.like} exports them" if found.like else ""
    lines = [f"{found.path.name}: {rows} looked at, {contacts}{like}"]
    lines += [f"  {remark}" for remark in found.remarks]
    for option in ("contact", "event", "at", "id"):
        column = columns.get(option)
        if option == "event" and "event_name" in columns:
            lines.append(f"  event    all rows: {columns['event_name']}")
        elif column is None:
            why = "ids are made of the rows" if option == "id" else "no column seems to be it"
            lines.append(f"  {option:<8} {why}")
        else:
            form = f", {form_text(columns.get('at_format'))}; UTC where no offset says otherwise"
            shown = _OF_SHAPES.get(column, column)
            lines.append(f"  {option:<8} {shown}{form if option == 'at' else ''}")
    if found.missing:
        lines.append(f"  columns  {', '.join(found.names)}")
    return [*lines, *(f"  {rows:>9,} {name}" for name, rows in found.events.most_common(10))]


def _write(path: Path, found: Look) -> str:
    if path.exists():
        return f"{path} is there already, and stays as it is."
    if sys.stdin.isatty() and not click.confirm(f"Write {path}?", default=True):
        return f"{path} is not written."
    path.write_text(found.funnel(), "utf-8")
    return f"Wrote {path}: read what it takes each event to mean, and mend it."


def _command(found: Look, funnel: Path, db: str) -> str:
    words = ["motfunnel", "import", str(found.path), "--funnel", str(funnel), "--db", db]
    if found.like is not None:
        return shlex.join([*words, "--like", found.like])
    if found.file_format is not None:
        words += ["--file-format", found.file_format]
    for option, value in found.columns.items():
        words += [f"--{option.replace('_', '-')}", value] if value else []
    return shlex.join(words)


@click.command("rejects")
@click.argument("action", type=Choice(["count", "list", "show", "drop", "retry"]),
                default="count")  # fmt: skip
@click.argument("ids", nargs=-1)
@with_tracker
@click.option("--source", metavar="NAME", help="Only those of files with this name.")
@click.option("--all", "is_all", is_flag=True, help="Of drop: all that are meant, without ids.")
@click.pass_context
def rejects_command(
    ctx: click.Context,
    tracker: Tracker,
    /,
    action: str,
    ids: tuple[str, ...],
    source: str | None,
    is_all: bool,
) -> None:
    """Look at the rows that could not be taken: count, list, show ID, drop ID, or retry."""
    if (action in ("count", "list", "retry") and ids) or (action == "show" and not ids):
        raise click.UsageError("show and drop take the ids that list prints; the others take none")
    if action == "drop" and bool(ids) is is_all:
        raise click.UsageError("name the rejects to drop by their ids, or say --all")
    if action == "retry":
        with showing_progress() as progress:
            imported = retry_rejects(tracker, source=source, progress=progress)
        print_lines(map(safe, str(imported).splitlines()))
        ctx.exit(NOT_WHOLLY if imported.rejected else 0)
    found = (one for one in find_rejects(tracker, source) if not ids or one.id in ids)
    if action == "count":
        reasons = count_reasons(found).most_common()
        print_lines(safe(f"{rows:>9,} {file}: {reason}") for (file, reason), rows in reasons)
    elif action == "list":
        print_lines(safe(f"{one.id}  {one.source}:{one.line}  {one.reason}") for one in found)
    elif action == "show":
        print_json_rows(asdict(one) | {"payload": json.loads(one.payload)} for one in found)
    else:
        dropped = discard_rejects(tracker, [one.id for one in found])
        print_lines([f"{counted(dropped, 'reject')} dropped"])
