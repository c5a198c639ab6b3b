"""``motfunnel assign``: to which arm of a trial somebody belongs, for scripts that send letters."""

from __future__ import annotations

import click

from motfunnel.cli.output import print_lines
from motfunnel.cli.store import with_tracker
from motfunnel.trackers.tracker import Tracker


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
