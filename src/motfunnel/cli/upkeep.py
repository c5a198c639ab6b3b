"""``motfunnel sweep``, ``rebuild``, ``check``, ``migrate``, ``health``: what keeps a store well."""

from __future__ import annotations

import click

from motfunnel.cli.arguments import read_bound, zone
from motfunnel.cli.exit import IMPOSSIBLE, NOT_WHOLLY
from motfunnel.cli.output import formats, print_json, print_lines, safe, showing_progress
from motfunnel.cli.store import with_tracker
from motfunnel.errors import NoFunnelError
from motfunnel.text import counted
from motfunnel.trackers.tracker import Tracker

_MOST_SHOWN = 100


@click.command("sweep")
@with_tracker
@click.option("--as-of", metavar="INSTANT", help="Up to this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Where naive instants are read.")
def sweep_command(tracker: Tracker, /, as_of: str | None, timezone: str) -> None:
    """Write down the departures by silence whose deadline has come."""
    departed = tracker.sweep(as_of=read_bound(as_of, timezone, "as-of"))
    print_lines([f"{counted(departed, 'contact')} departed by silence"])


@click.command("rebuild")
@with_tracker
def rebuild_command(tracker: Tracker, /) -> None:
    """Fold every contact anew, after the funnel changed."""
    with showing_progress() as progress:
        folded = tracker.rebuild(progress=lambda done: progress("contacts", done))
    print_lines([f"{counted(folded, 'contact')} folded"])


@click.command("check")
@with_tracker
@click.option("--sample", type=click.IntRange(min=1), help="Only so many contacts, any of them.")
@click.option("--repair", is_flag=True, help="Fold anew the contacts that differ.")
@click.pass_context
def check_command(
    ctx: click.Context, tracker: Tracker, /, sample: int | None, repair: bool
) -> None:
    """Replay contacts from their events, and compare with what is stored."""
    with showing_progress() as progress:
        checked = tracker.check(
            sample=sample, repair=repair, progress=lambda n: progress("contacts", n)
        )
    for one in checked.differences[:_MOST_SHOWN]:
        print_lines(
            [safe(f"{one.contact}: {one.what}: stored {one.stored}, replayed {one.replayed}")]
        )
    if len(checked.differences) > _MOST_SHOWN:
        print_lines([f"and {len(checked.differences) - _MOST_SHOWN:,} more"])
    print_lines([str(checked)])
    if not checked.is_sound:
        ctx.exit(NOT_WHOLLY)


@click.command("migrate")
@with_tracker
def migrate_command(tracker: Tracker, /) -> None:
    """Bring the tables of an earlier version to this one's; all data is kept."""
    before, after = tracker.migrate()
    if not before:
        line = "there are no tables to migrate"
    elif before == after:
        line = f"the tables are of version {after} already"
    else:
        line = f"the tables were of version {before}, and are of version {after} now"
    print_lines([line])


@click.command("health")
@with_tracker
@formats("text", "json")
@click.pass_context
def health_command(ctx: click.Context, tracker: Tracker, /, form: str) -> None:
    """Say how the store is: whether it can be written, and what waits."""
    health = tracker.health()
    if health.error == NoFunnelError.__name__:
        raise NoFunnelError(health.reason)
    if form == "json":
        print_json(health.to_dict())
    else:
        print_lines([str(health)])
    if not health.is_well:
        ctx.exit(IMPOSSIBLE if health.is_writable is None else NOT_WHOLLY)
