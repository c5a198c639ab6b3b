"""A contact's profile, as a value: what is so at an instant, and why. ``explain`` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from motfunnel.domain.instant import iso
from motfunnel.domain.journey import OpenCase
from motfunnel.domain.moment import Episode, Moment, Presence
from motfunnel.domain.wording import counted

_SECONDS = "%Y-%m-%d %H:%M:%S"


@frozen
class Explained:
    """A moment, and why it holds.

    Attributes:
        moment: the moment.
        event: the name of the event that made it; None for a silence.
        why: the rule in words.
    """

    moment: Moment
    event: str | None
    why: str


@frozen(kw_only=True)
class Profile:
    """What is known of a contact as of an instant.

    Attributes:
        contact: the key.
        as_of: the instant.
        presence: ``unknown`` where nothing opened it.
        stage: the highest stage reached.
        purchases: those that count towards loyalty.
        referrals: how often it referred somebody.
        apostle: whether it is one now.
        open_cases: complaints that await their resolution.
        opened_at: when it opened.
        last_touch_at: when it was last alive.
        deadline_at: until when it may be silent; None when departed, or where nobody waits.
        traits: the latest value of each.
        moments: in order.
        story: the same, with why each holds.
        episodes: its departures.
        events: how many events it has.
        aliases: the other keys that were merged into it.
    """

    contact: str
    as_of: datetime
    presence: Presence
    stage: str
    purchases: int
    referrals: int
    apostle: bool
    open_cases: tuple[OpenCase, ...]
    opened_at: datetime | None
    last_touch_at: datetime | None
    deadline_at: datetime | None
    traits: Mapping[str, Any]
    moments: tuple[Moment, ...]
    story: tuple[Explained, ...]
    episodes: tuple[Episode, ...]
    events: int
    aliases: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The profile, ready for JSON; instants as ISO 8601."""
        return {
            "contact": self.contact,
            "aliases": list(self.aliases),
            "as_of": iso(self.as_of),
            "presence": self.presence.value,
            "stage": self.stage,
            "purchases": self.purchases,
            "referrals": self.referrals,
            "apostle": self.apostle,
            "open_cases": [
                {"case": one.case, "event_id": one.event_id, "opened_at": iso(one.opened_at)}
                for one in self.open_cases
            ],
            "opened_at": _iso(self.opened_at),
            "last_touch_at": _iso(self.last_touch_at),
            "deadline_at": _iso(self.deadline_at),
            "traits": dict(self.traits),
            "events": self.events,
            "moments": [
                one.moment.to_dict() | {"event": one.event, "why": one.why} for one in self.story
            ],
            "episodes": [episode.to_dict() for episode in self.episodes],
        }

    def __str__(self) -> str:
        """The story in lines."""
        events = counted(self.events, "event")
        if self.presence is Presence.UNKNOWN:
            none = f"; {events}, none of which opens" if self.events else ""
            return f"{self.contact} is unknown{none}"
        lines = [f"{self.contact} is {self.presence.value}, at stage {self.stage}, after {events}"]
        if self.aliases:
            lines.append(f"also known as {', '.join(self.aliases)}")
        if self.deadline_at is not None:
            lines.append(f"departs by silence at {self.deadline_at:{_SECONDS}} UTC")
        for one in self.story:
            when, kind = one.moment.occurred_at, one.moment.kind.value
            lines.append(f"{when:{_SECONDS}}  {kind:<10}  {one.why}")
        return "\n".join(lines)


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)
