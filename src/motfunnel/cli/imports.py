"""``motfunnel import``: a file's events into the store, and its rejects once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from motfunnel.cli.arguments import zone
from motfunnel.cli.exit import NOT_WHOLLY
from motfunnel.cli.output import Report, print_lines, safe, showing_progress
from motfunnel.cli.store import with_tracker_of_any
from motfunnel.errors import ColumnsError
from motfunnel.intake.files.decimals import SIGNS
from motfunnel.intake.files.forms import FORMATS
from motfunnel.intake.importer import Imported, import_file
from motfunnel.intake.retry import retry_rejects
from motfunnel.keys import KEYS
from motfunnel.trackers.tracker import Tracker

_MEANINGS: Final = ("contact", "event", "at", "id", "timezone", "at_format", "truncate",
                    "contact_key", "any_contact", "decimal")  # fmt: skip


@click.command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@with_tracker_of_any
@click.option("--contact", metavar="COLUMN", help="Who: a column; else 'contact'.")
@click.option("--event", metavar="COLUMN", help="What happened: a column; else 'event'.")
@click.option("--at", metavar="COLUMN",
              help="When: a column; else 'occurred_at', 'at' or 'timestamp'.")  # fmt: skip
@click.option("--id", metavar="COLUMN",
              help="The event's id: a column; else 'id', if there is one.")  # fmt: skip
@click.option("--timezone", type=zone, help="Where naive instants are read; UTC if not given.")
@click.option(
    "--at-format",
    metavar="FORM",
    help="iso (the default), unix, unix_ms, unix_us, unix_ns, excel, or a strptime pattern.",
)
@click.option("--truncate", is_flag=True, default=None,
              help="Cut what is finer than a microsecond.")  # fmt: skip
@click.option("--file-format", type=click.Choice(FORMATS), help="If the name does not say.")
@click.option("--delimiter", help=r"What stands between cells of CSV; \t for a tab.")
@click.option("--encoding", help="Of CSV; UTF-8 if not given, or UTF-16 if it is marked so.")
@click.option("--decimal", type=click.Choice(SIGNS), help="The decimal sign of the numbers.")
@click.option("--contact-key", type=click.Choice([*KEYS]), multiple=True, default=None,
              help="Make keys of contacts alike; may be given several times.")  # fmt: skip
@click.option("--any-contact", is_flag=True, default=None,
              help="Take texts such as NULL as contacts too.")  # fmt: skip
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path),
              help="Write the rows that could not be taken to this file too.")  # fmt: skip
@click.option("--retry-rejects", is_flag=True, help="Take the rejects again, after mending.")
@click.pass_context
def import_command(
    ctx: click.Context, tracker: Tracker, /, file: Path | None, retry_rejects: bool, **options: Any
) -> None:
    """Take the events of a CSV, JSON lines or Parquet FILE.

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
    if imported.rejected:
        ctx.exit(NOT_WHOLLY)


def _import(
    tracker: Tracker, file: Path | None, options: dict[str, Any], progress: Report
) -> Imported:
    if file is None:
        raise click.UsageError("name the file to import")
    timezone = options.pop("timezone") or "UTC"
    options["contact_key"] = options["contact_key"] or None
    delimiter = (options.pop("delimiter") or "").replace("\\t", "\t") or None
    try:
        return import_file(
            tracker, file, timezone=timezone, delimiter=delimiter, progress=progress, **options
        )
    except ColumnsError as error:
        raise click.UsageError(str(error)) from None


def _retry(
    tracker: Tracker, file: Path | None, options: dict[str, Any], progress: Report
) -> Imported:
    for name in ("rejects", "file_format", "delimiter", "encoding"):
        if options[name] is not None:
            raise click.UsageError(f"--retry-rejects takes no --{name.replace('_', '-')}")
    mended = {name: options[name] or None for name in _MEANINGS}
    source = None if file is None else file.name
    return retry_rejects(tracker, source=source, progress=progress, **mended)
