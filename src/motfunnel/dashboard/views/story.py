"""A story: the moments of a contact, the newest first; alike ones in a row are folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from attrs import frozen

from motfunnel.charts.labels import moment, readable
from motfunnel.dashboard.words import happened, is_said, own
from motfunnel.text import counted
from motfunnel.tracking.profile.profile import Explained, Profile, Revoked


@frozen(kw_only=True)
class Told:
    """One moment, or several alike that follow each other.

    Attributes:
        first: when; of several the latest.
        when: that as one reads it; of several from when to when.
        what: what happened.
        why: the reason; of several that of the latest.
    """

    first: datetime
    when: str
    what: str
    why: str


def story(profile: Profile, spoken: Mapping[str, str]) -> list[Told]:
    """The moments, the newest first."""
    runs = groupby(reversed(profile.story), lambda one: one.moment.kind)
    return [_folded(list(alike), spoken) for _, alike in runs]


def _folded(alike: Sequence[Explained], spoken: Mapping[str, str]) -> Told:
    latest, earliest = alike[0].moment, alike[-1].moment
    day = f"{latest.occurred_at:%Y-%m-%d}"
    since = f"{earliest.occurred_at:%Y-%m-%d}"
    times = "" if len(alike) == 1 else f" {len(alike):,} times"
    return Told(
        first=latest.occurred_at,
        when=day if day == since else f"{since} – {day}",
        what=f"{happened(latest.kind, spoken)}{times}",
        why=readable(own(alike[0].why, spoken, [alike[0].event or ""])),
    )


def state(profile: Profile, spoken: Mapping[str, str]) -> str:
    """What the contact is, in a sentence."""
    events = counted(profile.events, "event")
    if profile.opened_at is None:
        return (
            f"Nothing is known of this key but {events}."
            if profile.events
            else "Nobody is known by this key."
        )
    presence = is_said(profile.presence, spoken)
    said = [f"{presence[:1].upper()}{presence[1:]}, at stage {profile.stage}, after {events}"]
    if profile.purchases:
        said.append(own(counted(profile.purchases, "purchase"), spoken))
    if profile.open_cases:
        said.append(counted(len(profile.open_cases), "open case"))
    if profile.deadline_at is not None:
        said.append(f"counts as gone on {profile.deadline_at:%Y-%m-%d} if nothing is heard")
    return "; ".join(said) + f". As of {moment(profile.as_of)}."


def revoked(profile: Profile, spoken: Mapping[str, str]) -> list[Told]:
    """What was so once, and what took it back."""
    return [_taken_back(one, spoken) for one in profile.revoked]


def _taken_back(one: Revoked, spoken: Mapping[str, str]) -> Told:
    by = ", ".join(f"{event.name} of {event.occurred_at:%Y-%m-%d}" for event in one.events)
    return Told(
        first=one.moment.occurred_at,
        when=f"{one.moment.occurred_at:%Y-%m-%d}",
        what=happened(one.moment.kind, spoken),
        why=f"taken back by {by}, recorded {one.recorded_at:%Y-%m-%d}",
    )
