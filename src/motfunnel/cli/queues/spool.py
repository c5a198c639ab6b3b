"""``motfunnel spool``: what waits on this machine because the database was not there for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from motfunnel.cli.exit import NOT_WHOLLY
from motfunnel.cli.output import print_lines, safe
from motfunnel.cli.store import with_tracker_of_any
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.recording.entry import SetAside
from motfunnel.tracking.spool.spool import Spool


def with_spool(command: Any) -> Any:
    """The option that names a spool."""
    return click.option(
        "--spool", "path", type=click.Path(dir_okay=False, path_type=Path),
        help="The file, where the application names one; else the store's own.",
    )(command)  # fmt: skip


@click.group("spool")
def spool_command() -> None:
    """Look at what waits in the spool, or deliver it.

    Run it as the user, and on the machine, that the application runs as and on: the file lies in
    that user's state folder.
    """


@spool_command.command("deliver")
@with_tracker_of_any
@with_spool
@click.pass_context
def deliver_command(ctx: click.Context, tracker: Tracker, /, path: Path | None) -> None:
    """Record what waits, also what would be tried again only later.

    What is refused goes to the rejects, and the exit code is then 1.
    """
    spool = use_spool(tracker, path)
    tracker.spool = spool
    delivered = tracker.deliver()
    print_lines([str(delivered)])
    if delivered.rejected:
        ctx.exit(NOT_WHOLLY)


@spool_command.command("list")
@with_tracker_of_any
@with_spool
def list_command(tracker: Tracker, /, path: Path | None) -> None:
    """List what waits, oldest first."""
    spool = use_spool(tracker, path)
    print_lines(safe(_line(aside)) for aside in (() if spool is None else spool.entries()))


@spool_command.command("count")
@with_tracker_of_any
@with_spool
def count_command(tracker: Tracker, /, path: Path | None) -> None:
    """Count what waits."""
    spool = use_spool(tracker, path)
    print_lines([str(0 if spool is None else len(spool))])


def use_spool(tracker: Tracker, path: Path | None) -> Spool | None:
    """The spool that is named, or the store's own."""
    return tracker.spool if path is None else Spool(path, tracker.database.pause)


def _line(aside: SetAside) -> str:
    at = aside.occurred_at
    instant = at.get("$instant", "") if isinstance(at, dict) else at
    return f"{instant}  {aside.event}  {aside.contact}  {aside.id}  ({aside.reason})"
