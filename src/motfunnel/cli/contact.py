"""``motfunnel contact`` and ``motfunnel moments``: one story and why, and what happened to all."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Final, cast

import click
from attrs import evolve

from motfunnel.answers.words import in_own_words, own_moments
from motfunnel.cli.arguments import read_bound, zone
from motfunnel.cli.exit import NOT_WHOLLY
from motfunnel.cli.help import Choice, Command
from motfunnel.cli.output import (
    formats,
    print_csv_rows,
    print_json,
    print_json_rows,
    print_lines,
    safe,
)
from motfunnel.cli.store import with_tracker
from motfunnel.domain.funnel.words import USUAL
from motfunnel.domain.instant import iso
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.profile.profile import Profile

_KINDS: Final = tuple(kind.value for kind in MomentKind)
_MOMENT: Final = re.compile(rf"[0-9-]+ [0-9:]+  (?:{'|'.join(_KINDS)}) +")
"""How a line of a story begins: when, and what."""
_PRESENCE: Final = re.compile(r"( is |until then )(active|departed)(?= at |, )")
"""What a story says that a contact is, or was until then."""
COLUMNS: Final = (
    "contact",
    "moment",
    "occurred_at",
    "event_id",
    "from_stage",
    "to_stage",
    "reason",
    "episode",
)


@click.command(
    "contact",
    cls=Command,
    examples=(
        "ada@example.com",
        "ada@example.com --as-of 2025-12-31",
        "ada@example.com --format json",
    ),
)
@click.argument("key")
@with_tracker
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Where naive instants are read.")
@formats("text", "json")
@click.pass_context
def contact_command(
    ctx: click.Context, tracker: Tracker, /, key: str, as_of: str | None, timezone: str, form: str
) -> None:
    """Tell a contact's story: its moments, and why each of them holds.

    The exit code is 1 where nothing is recorded of such a contact.
    """
    profile = tracker.contact(key, as_of=read_bound(as_of, timezone, "as-of"))
    if form == "json":
        print_json(profile.to_dict())
    else:
        aliases = tuple(map(safe, profile.aliases))
        told = evolve(profile, contact=safe(profile.contact), aliases=aliases)
        print_lines(map(safe, _told(told, tracker.funnel.spoken)))
    if not profile.events:
        ctx.exit(NOT_WHOLLY)


@click.command(
    "moments",
    cls=Command,
    examples=(
        "--kind depart --since -30d",
        "--contact ada@example.com",
        "--kind recidivism --format csv",
    ),
)
@with_tracker
@click.option("--contact", metavar="KEY", help="Of this contact only.")
@click.option("--kind", type=Choice([kind.value for kind in MomentKind]), help="Of this kind only.")
@click.option("--since", metavar="INSTANT", help="From this instant on.")
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Where naive instants are read.")
@formats("text", "json", "csv")
def moments_command(
    tracker: Tracker,
    /,
    contact: str | None,
    kind: str | None,
    since: str | None,
    as_of: str | None,
    timezone: str,
    form: str,
) -> None:
    """List moments, contact by contact, each contact's in order."""
    found = tracker.iter_moments(
        contact,
        kind=None if kind is None else MomentKind(kind),
        since=read_bound(since, timezone, "since"),
        as_of=read_bound(as_of, timezone, "as-of"),
    )
    # Whoever reads may leave early; the question ends then, and not when Python finds it.
    with closing(cast("Generator[Moment]", found)):
        if form == "csv":
            print_csv_rows(COLUMNS, (tuple(moment.to_dict().values()) for moment in found))
        elif form == "json":
            print_json_rows(moment.to_dict() for moment in found)
        else:
            print_lines(_lines(found))


def _told(profile: Profile, spoken: Mapping[str, str]) -> Iterator[str]:
    """A story, in the funnel's own words where it has any; what others named stays."""
    if spoken == USUAL:
        yield from profile.tell().splitlines()
        return
    events = (one.event or "" for one in profile.story)
    names = {profile.contact, profile.stage, *profile.aliases, *events}
    for line in profile.tell().splitlines():
        moment = _MOMENT.match(line)
        begun = "" if moment is None else moment[0]
        own = own_moments(begun.rstrip(), spoken, _KINDS)
        rest = _PRESENCE.sub(lambda found: _is(found, spoken), line.removeprefix(begun))
        told = in_own_words(rest, spoken, {*names, *spoken.values()})
        yield f"{own:<{len(begun) - 2}}  {told}" if begun else told


def _is(found: re.Match[str], spoken: Mapping[str, str]) -> str:
    """What a contact is, in the funnel's word where it has one."""
    before, presence = found.groups()
    own = spoken[presence]
    return f"{before}{presence if own == USUAL[presence] else own}"


def _lines(moments: Iterator[Moment]) -> Iterator[str]:
    for moment in moments:
        at, contact = iso(moment.occurred_at), safe(moment.contact)
        yield f"{at}  {moment.kind.value:<10}  {contact:<24}  {safe(_detail(moment))}".rstrip()


def _detail(moment: Moment) -> str:
    if moment.kind is MomentKind.CONVERSION:
        return f"{moment.from_stage} to {moment.to_stage}"
    if moment.kind is MomentKind.REFERRAL and moment.referred:
        return f"referred {moment.referred}"
    if moment.episode is not None:
        why = f"{moment.reason}, " if moment.reason else ""
        return f"{why}episode {moment.episode}"
    return ""
