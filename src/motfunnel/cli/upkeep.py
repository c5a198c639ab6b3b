"""``motfunnel sweep``, ``rebuild`` and ``check``: what keeps stored answers true."""

from __future__ import annotations

import click

from motfunnel.cli.faults import NOT_WHOLLY
from motfunnel.cli.output import print_lines, safe
from motfunnel.cli.progress import showing_progress
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import read_instant, zone
from motfunnel.tracking.check import check_contacts
from motfunnel.tracking.tracker import Tracker

_MOST_SHOWN = 100


@click.command("sweep")
@with_tracker
@click.option("--as-of", metavar="INSTANT", help="Up to this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Where naive instants are read.")
def sweep_command(tracker: Tracker, /, as_of: str | None, timezone: str) -> None:
    """Write down the departures by silence whose deadline has come."""
    departed = tracker.sweep(as_of=read_instant(as_of, timezone, "as-of"))
    print_lines([f"{departed:,} contacts departed by silence"])


@click.command("rebuild")
@with_tracker
def rebuild_command(tracker: Tracker, /) -> None:
    """Fold every contact anew, after the funnel changed."""
    with showing_progress() as progress:
        folded = tracker.rebuild(progress=lambda done: progress("contacts", done))
    print_lines([f"{folded:,} contacts folded"])


@click.command("check")
@with_tracker
@click.option("--sample", type=click.IntRange(min=1), help="Only so many contacts, any of them.")
@click.pass_context
def check_command(ctx: click.Context, tracker: Tracker, /, sample: int | None) -> None:
    """Replay contacts from their events, and compare with what is stored."""
    with showing_progress() as progress:
        checked = check_contacts(tracker, sample=sample, progress=lambda n: progress("contacts", n))
    for one in checked.differences[:_MOST_SHOWN]:
        print_lines(
            [safe(f"{one.contact}: {one.what}: stored {one.stored}, replayed {one.replayed}")]
        )
    if len(checked.differences) > _MOST_SHOWN:
        print_lines([f"and {len(checked.differences) - _MOST_SHOWN:,} more"])
    print_lines([str(checked)])
    if not checked.is_sound:
        ctx.exit(NOT_WHOLLY)
