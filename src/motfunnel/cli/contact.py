"""``motfunnel contact``: one contact's story, and why each moment holds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from motfunnel.cli.moments import COLUMNS, as_row
from motfunnel.cli.output import formats, print_json, print_lines, safe
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import ZONE, read_instant
from motfunnel.domain.instant import iso
from motfunnel.domain.moment import Episode, Presence
from motfunnel.tracking.profile import Explained, Profile
from motfunnel.tracking.tracker import Tracker


@click.command("contact")
@click.argument("key")
@with_tracker
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--timezone", type=ZONE, default="UTC", help="Where naive instants are read.")
@formats("text", "json")
def contact_command(
    tracker: Tracker, /, key: str, as_of: str | None, timezone: str, form: str
) -> None:
    """Tell a contact's story: its moments, and why each of them holds."""
    instant = tracker.as_of(read_instant(as_of, timezone, "as-of"))
    profile = tracker.contact(key, as_of=instant)
    if form == "json":
        print_json(to_dict(profile))
    else:
        print_lines(map(safe, _lines(profile)))


def to_dict(profile: Profile) -> dict[str, Any]:
    """The profile as JSON has it."""
    return {
        "contact": profile.contact,
        "as_of": iso(profile.as_of),
        "presence": profile.presence.value,
        "stage": profile.stage,
        "purchases": profile.purchases,
        "referrals": profile.referrals,
        "apostle": profile.apostle,
        "open_cases": [
            {"case": one.case, "event_id": one.event_id, "opened_at": iso(one.opened_at)}
            for one in profile.open_cases
        ],
        "opened_at": _iso(profile.opened_at),
        "last_touch_at": _iso(profile.last_touch_at),
        "deadline_at": _iso(profile.deadline_at),
        "traits": dict(profile.traits),
        "events": profile.events,
        "moments": [_told(one) for one in profile.story],
        "episodes": [_episode(one) for one in profile.episodes],
    }


def _told(one: Explained) -> dict[str, Any]:
    row = dict(zip(COLUMNS, as_row(one.moment), strict=True))
    return row | {"event": one.event, "why": one.why}


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "episode": episode.number,
        "departed_at": iso(episode.departed_at),
        "reason": episode.reason,
        "stage": episode.stage,
        "outreaches": episode.outreaches,
        "first_outreach_at": _iso(episode.first_outreach_at),
        "returned_at": _iso(episode.returned_at),
        "return_event_id": episode.return_event_id,
    }


def _lines(profile: Profile) -> Iterator[str]:
    if profile.presence is Presence.UNKNOWN:
        seen = f"; {profile.events} events, none of which opens" if profile.events else ""
        yield f"{profile.contact} is unknown{seen}"
        return
    yield (
        f"{profile.contact} is {profile.presence.value}, at stage {profile.stage}, "
        f"with {profile.purchases} purchases in {profile.events} events"
    )
    if profile.deadline_at is not None:
        yield f"departs if silent until {iso(profile.deadline_at)}"
    for one in profile.story:
        yield f"{iso(one.moment.occurred_at)}  {one.moment.kind.value:<10}  {one.why}"


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)
