"""``motfunnel merge``, ``unmerge``, ``forget`` and ``export``: what is owed to the people."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import click

from motfunnel.cli.faults import NOT_WHOLLY
from motfunnel.cli.output import print_json, print_lines, safe
from motfunnel.cli.spool import use_spool, with_spool
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import duration
from motfunnel.domain.wording import counted
from motfunnel.tracking.merging import Identity
from motfunnel.tracking.tracker import Tracker


@click.command("merge")
@click.argument("old")
@click.argument("new")
@with_tracker
@click.option("--force", is_flag=True, help="Even where OLD was identified.")
def merge_command(tracker: Tracker, /, old: str, new: str, force: bool) -> None:
    """Say that the keys OLD and NEW are one contact, which answers under NEW."""
    _tell(tracker.merge(old, into=new, force=force))


@click.command("unmerge")
@click.argument("old")
@with_tracker
def unmerge_command(tracker: Tracker, /, old: str) -> None:
    """Take the key OLD out of the contact that it was merged into."""
    _tell(tracker.unmerge(old))


@click.command("forget")
@click.argument("key", required=False)
@with_tracker
@click.option("--keep-counts", is_flag=True, help="Leave a random token, so that counts stay.")
@click.option(
    "--silent-for", type=duration, metavar="DURATION",
    help="Instead of KEY: all of whom nothing has happened for so long, and old rejects.",
)  # fmt: skip
@with_spool
@click.pass_context
def forget_command(
    ctx: click.Context,
    tracker: Tracker,
    /,
    key: str | None,
    keep_counts: bool,
    silent_for: timedelta | None,
    path: Path | None,
) -> None:
    """Erase the contact KEY: its keys, its events, and every mention of it."""
    if (key is None) == (silent_for is None):
        raise click.UsageError("name one contact, or say --silent-for 1095d")
    tracker.spool = use_spool(tracker, path)
    if silent_for is not None:
        count = tracker.retain(silent_for, keep_counts=keep_counts)
        print_lines([f"{counted(count, 'contact')} forgotten"])
        return
    forgotten = tracker.forget(key, keep_counts=keep_counts)
    lines = [
        f"{counted(forgotten.events, 'event')} erased, and what "
        f"{counted(forgotten.others, 'event')} of others, "
        f"{counted(forgotten.rejects, 'reject')} and "
        f"{counted(forgotten.spooled, 'spooled call')} said of it"
    ]
    if forgotten.token is not None:
        lines.append(f"its counts are kept under {forgotten.token}")
    print_lines(lines)
    if not forgotten.is_complete:
        click.echo("somebody reads on: the database's log was not emptied; run it again", err=True)
        ctx.exit(NOT_WHOLLY)


@click.command("export")
@click.argument("key")
@with_tracker
@with_spool
def export_command(tracker: Tracker, /, key: str, path: Path | None) -> None:
    """Print everything that is recorded of the contact KEY, as JSON."""
    tracker.spool = use_spool(tracker, path)
    print_json(tracker.export(key))


def _tell(identity: Identity) -> None:
    also = f", also known as {', '.join(identity.aliases)}" if identity.aliases else ""
    still = "" if identity.changed else " (as before)"
    print_lines([safe(f"{identity.contact}{also}{still}")])
