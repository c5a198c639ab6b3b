"""A story: the moments of a contact, the newest first; alike ones in a row are folded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from attrs import frozen

from motfunnel.charts.labels import moment, readable
from motfunnel.dashboard.words import MOMENTS, STATES
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


def story(profile: Profile) -> list[Told]:
    """The moments, the newest first."""
    newest = reversed(profile.story)
    return [_folded(list(alike)) for _, alike in groupby(newest, lambda one: one.moment.kind)]


def _folded(alike: Sequence[Explained]) -> Told:
    latest, earliest = alike[0].moment, alike[-1].moment
    day = f"{latest.occurred_at:%Y-%m-%d}"
    since = f"{earliest.occurred_at:%Y-%m-%d}"
    times = "" if len(alike) == 1 else f" {len(alike):,} times"
    return Told(
        first=latest.occurred_at,
        when=day if day == since else f"{since} – {day}",
        what=f"{MOMENTS[latest.kind]}{times}",
        why=readable(alike[0].why),
    )


def state(profile: Profile) -> str:
    """What the contact is, in a sentence."""
    events = counted(profile.events, "event")
    if profile.opened_at is None:
        return (
            f"Nothing is known of this key but {events}."
            if profile.events
            else "Nobody is known by this key."
        )
    said = [f"{STATES[profile.presence].capitalize()}, at stage {profile.stage}, after {events}"]
    if profile.purchases:
        said.append(counted(profile.purchases, "purchase"))
    if profile.open_cases:
        said.append(counted(len(profile.open_cases), "open case"))
    if profile.deadline_at is not None:
        said.append(f"counts as gone on {profile.deadline_at:%Y-%m-%d} if nothing is heard")
    return "; ".join(said) + f". As of {moment(profile.as_of)}."


def revoked(profile: Profile) -> list[Told]:
    """What was so once, and what took it back."""
    return [_taken_back(one) for one in profile.revoked]


def _taken_back(one: Revoked) -> Told:
    by = ", ".join(f"{event.name} of {event.occurred_at:%Y-%m-%d}" for event in one.events)
    return Told(
        first=one.moment.occurred_at,
        when=f"{one.moment.occurred_at:%Y-%m-%d}",
        what=MOMENTS[one.moment.kind],
        why=f"taken back by {by}, recorded {one.recorded_at:%Y-%m-%d}",
    )
