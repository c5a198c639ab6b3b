"""``motfunnel merge``, ``unmerge``, ``assign``, ``forget``, ``tombstones``, ``export``."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import click

from motfunnel.cli.arguments import duration
from motfunnel.cli.exit import NOT_WHOLLY
from motfunnel.cli.output import print_json, print_lines, safe
from motfunnel.cli.queues.spool import use_spool, with_spool
from motfunnel.cli.store import with_tracker
from motfunnel.domain.event import to_json
from motfunnel.domain.instant import iso, read_iso, utc
from motfunnel.store.ledger.tombstones import Tombstone
from motfunnel.text import counted
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.profile.identity import Identity


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


@click.command("assign")
@click.argument("key")
@with_tracker
@click.option("--trial", required=True, metavar="NAME", help="What the trial is called.")
@click.option(
    "--holdout",
    required=True,
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="How much of all is held out, e.g. 0.1; who was assigned before keeps its arm.",
)
def assign_command(tracker: Tracker, /, key: str, trial: str, holdout: float) -> None:
    """Print to which arm of a trial the contact KEY belongs: treatment, or control.

    The first time chance decides, and it is recorded. Who has not departed is refused.
    """
    print_lines([tracker.assign(key, trial=trial, holdout=holdout)])


@click.command("forget")
@click.argument("key", required=False)
@with_tracker
@click.option("--keep-counts", is_flag=True, help="Leave a random token, so that counts stay.")
@click.option(
    "--silent-for", type=duration, metavar="DURATION",
    help="Instead of KEY: all of whom nothing has happened for so long, and old rejects.",
)  # fmt: skip
@click.option(
    "--again",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Instead of KEY: whom the tombstones in this file know, after a backup was restored.",
)
@with_spool
@click.pass_context
def forget_command(
    ctx: click.Context,
    tracker: Tracker,
    /,
    key: str | None,
    keep_counts: bool,
    silent_for: timedelta | None,
    again: Path | None,
    path: Path | None,
) -> None:
    """Erase the contact KEY: its keys, its events, and every mention of it."""
    if sum(one is not None for one in (key, silent_for, again)) != 1:
        raise click.UsageError("name one contact, or say --silent-for 1095d or --again FILE")
    tracker.spool = use_spool(tracker, path)
    if again is not None:
        count = tracker.forget_again(_read_tombstones(again))
        print_lines([f"{counted(count, 'contact')} forgotten again"])
        return
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
    if tracker.marker is None:
        lines.append("an import of the same file brings it back; a tombstone_key prevents that")
    if forgotten.token is not None:
        lines.append(f"its counts are kept under {forgotten.token}")
    print_lines(lines)
    if not forgotten.is_complete:
        click.echo("somebody reads on: the database's log was not emptied; run it again", err=True)
        ctx.exit(NOT_WHOLLY)


@click.command("tombstones")
@with_tracker
@click.option(
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The file; only its owner can read it.",
)
def tombstones_command(tracker: Tracker, /, output: Path) -> None:
    """Write down of whom there are tombstones, to be kept apart from the database's backups.

    Without the key they name nobody. After a backup was restored: motfunnel forget --again FILE.
    """
    found = tracker.tombstones()
    new = output.with_name(f"{output.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        for one in found:
            file.write(to_json({"mark": one.mark, "erased_at": iso(one.erased_at)}) + "\n")
    new.replace(output)
    print_lines([counted(len(found), "tombstone")])


@click.command("export")
@click.argument("key")
@with_tracker
@with_spool
def export_command(tracker: Tracker, /, key: str, path: Path | None) -> None:
    """Print everything that is recorded of the contact KEY, as JSON."""
    tracker.spool = use_spool(tracker, path)
    print_json(tracker.export(key))


def _read_tombstones(path: Path) -> list[Tombstone]:
    try:
        read = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [Tombstone(str(one["mark"]), utc(read_iso(one["erased_at"]))) for one in read]
    except (KeyError, TypeError, ValueError):
        raise click.UsageError(f"{safe(str(path))} holds no tombstones") from None


def _tell(identity: Identity) -> None:
    also = f", also known as {', '.join(identity.aliases)}" if identity.aliases else ""
    still = "" if identity.changed else " (as before)"
    print_lines([safe(f"{identity.contact}{also}{still}")])
