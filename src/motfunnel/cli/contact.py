"""``motfunnel contact``: one contact's story, and why each moment holds."""

from __future__ import annotations

import click
from attrs import evolve

from motfunnel.cli.output import formats, print_json, print_lines, safe
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import read_instant, zone
from motfunnel.tracking.tracker import Tracker


@click.command("contact")
@click.argument("key")
@with_tracker
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Where naive instants are read.")
@formats("text", "json")
def contact_command(
    tracker: Tracker, /, key: str, as_of: str | None, timezone: str, form: str
) -> None:
    """Tell a contact's story: its moments, and why each of them holds."""
    profile = tracker.contact(key, as_of=read_instant(as_of, timezone, "as-of"))
    if form == "json":
        print_json(profile.to_dict())
    else:
        aliases = tuple(map(safe, profile.aliases))
        told = evolve(profile, contact=safe(profile.contact), aliases=aliases)
        print_lines(map(safe, told.tell().splitlines()))
