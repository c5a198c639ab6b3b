"""A contact's profile, as a value: its state at an instant, and why. ``explain`` makes it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from attrs import asdict, frozen

from motfunnel.domain.event import Event, to_readable_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.value import to_millionths, to_number, value_text
from motfunnel.domain.instant import iso
from motfunnel.domain.journey import PRESENCES, OpenCase
from motfunnel.domain.machine import IS_APOSTLE, PRESENCE, PURCHASES, REFERRALS, STAGE
from motfunnel.domain.moment import Episode, Moment, Presence
from motfunnel.text import counted, preformatted

_SECONDS = "%Y-%m-%d %H:%M:%S"
_INDENT = " " * 21
_WIDTH = 80


@frozen(kw_only=True)
class Before:
    """What a contact was, just before a moment's event; or before its silence ran out.

    Attributes:
        presence: whether it was with us.
        stage: the highest stage that it had reached.
        purchases: those that counted.
        referrals: how often it had referred somebody.
        apostle: whether it was one.
    """

    presence: Presence
    stage: str
    purchases: int
    referrals: int
    apostle: bool

    @classmethod
    def of(cls, funnel: Funnel, state: Sequence[int]) -> Self:
        """Read a state, as the state machine keeps it."""
        return cls(
            presence=PRESENCES[state[PRESENCE]],
            stage=funnel.stages[state[STAGE]],
            purchases=state[PURCHASES],
            referrals=state[REFERRALS],
            apostle=bool(state[IS_APOSTLE]),
        )

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return asdict(self) | {"presence": self.presence.value}

    def __str__(self) -> str:
        """In a few words."""
        if self.presence is Presence.UNKNOWN:
            return "unknown"
        told = [f"{self.presence.value} at {self.stage}"]
        if self.purchases:
            told.append(counted(self.purchases, "purchase"))
        if self.referrals:
            told.append(counted(self.referrals, "referral"))
        return ", ".join([*told, *(["an apostle"] if self.apostle else [])])


@frozen
class Explained:
    """A moment, and why it holds.

    Attributes:
        moment: the moment.
        event: the name of the event that made it; None for a silence.
        why: the reason in words.
        rule: the line of the funnel that it rests on; None for one who was erased.
        before: what the contact was until then; None for one who was erased.
    """

    moment: Moment
    event: str | None
    why: str
    rule: str | None = None
    before: Before | None = None

    def __str__(self) -> str:
        """When, what and why, on one line."""
        when, kind = self.moment.occurred_at, self.moment.kind.value
        return f"{when:{_SECONDS}}  {kind:<10}  {self.why}"

    def to_dict(self) -> dict[str, Any]:
        """The moment with its reasons, ready for JSON."""
        before = None if self.before is None else self.before.to_dict()
        reasons = {"event": self.event, "why": self.why, "rule": self.rule, "before": before}
        return self.moment.to_dict() | reasons


@frozen(kw_only=True)
class Revoked:
    """A moment that was so until an event was recorded late, and has not been since.

    Attributes:
        moment: what was so, by all that had been recorded before.
        recorded_at: when the late event was recorded.
        events: it; or several, if they were recorded together.
    """

    moment: Moment
    recorded_at: datetime
    events: tuple[Event, ...]

    def __str__(self) -> str:
        """What was so, and what took it back."""
        late = ", ".join(f"{e.name} of {e.occurred_at:{_SECONDS}}" for e in self.events)
        taken = _wrapped(f"taken back by {late}, recorded {self.recorded_at:{_SECONDS}}")
        return f"{self.moment}\n{taken}"

    def to_dict(self) -> dict[str, Any]:
        """The moment with what took it back, ready for JSON."""
        late = [
            {"event": e.name, "event_id": e.id, "occurred_at": iso(e.occurred_at)}
            for e in self.events
        ]
        return self.moment.to_dict() | {"recorded_at": iso(self.recorded_at), "by": late}


@frozen(kw_only=True)
class Profile:
    """What is known of a contact as of an instant.

    Attributes:
        contact: the key.
        as_of: the instant.
        presence: ``unknown`` where nothing opened it.
        stage: the highest stage reached.
        purchases: those that count towards loyalty.
        value: what all of its purchases were worth, less what was refunded; None where the funnel
            names no values.
        currency: in which that is, where the funnel says it.
        referrals: how often it referred somebody.
        apostle: whether it is one now.
        open_cases: complaints that await their resolution.
        opened_at: when it opened.
        last_touch_at: when it was last alive.
        deadline_at: until when it may be silent; None when departed, or where nobody waits.
        traits: the latest value of each.
        moments: in order.
        story: the same, with why each holds.
        revoked: moments that were so once, and that an event recorded late took back.
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
    value: Decimal | None = None
    currency: str | None = None
    revoked: tuple[Revoked, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The profile, ready for JSON; instants as ISO 8601."""
        return {
            "contact": self.contact,
            "aliases": list(self.aliases),
            "as_of": iso(self.as_of),
            "presence": self.presence.value,
            "stage": self.stage,
            "purchases": self.purchases,
            "value": None if self.value is None else to_number(to_millionths(self.value)),
            "currency": self.currency,
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
            "moments": [one.to_dict() for one in self.story],
            "revoked": [one.to_dict() for one in self.revoked],
            "episodes": [episode.to_dict() for episode in self.episodes],
        }

    def to_json(self) -> str:
        """The same as a JSON text."""
        return to_readable_json(self.to_dict())

    def __repr__(self) -> str:
        """On one line: whose, what is so, and how much there is to tell."""
        what = [f"{self.presence.value} at {self.stage}"] * (self.presence is not Presence.UNKNOWN)
        said = ", ".join([*(what or ["unknown"]), counted(self.events, "event"),
                          counted(len(self.moments), "moment")])  # fmt: skip
        return f"<Profile {self.contact!r}: {said}, as of {iso(self.as_of)}>"

    def _repr_html_(self) -> str:
        """As a notebook shows it: the story."""
        return preformatted(self)

    def __str__(self) -> str:
        """The story in lines."""
        return "\n".join([*self._heading(), *map(str, self.story), *self._taken_back()])

    def tell(self) -> str:
        """The story in lines, below each moment what it rests on and what was so before."""
        lines = self._heading()
        for one in self.story:
            lines.append(str(one))
            if one.rule is not None:
                lines += _below(f"until then {one.before}", f"by {one.rule}")
        return "\n".join([*lines, *self._taken_back()])

    def _heading(self) -> list[str]:
        events = counted(self.events, "event")
        if self.presence is Presence.UNKNOWN:
            none = f"; {events}, none of which opens" if self.events else ""
            return [f"{self.contact} is unknown{none}"]
        lines = [f"{self.contact} is {self.presence.value}, at stage {self.stage}, after {events}"]
        if self.aliases:
            lines.append(f"also known as {', '.join(self.aliases)}")
        if self.value is not None:
            worth = value_text(to_millionths(self.value), self.currency)
            lines.append(f"purchases worth {worth}, refunds taken off")
        if self.deadline_at is not None:
            lines.append(f"departs by silence at {self.deadline_at:{_SECONDS}} UTC")
        return lines

    def _taken_back(self) -> list[str]:
        return ["no longer so:", *map(str, self.revoked)] if self.revoked else []


def _below(*told: str) -> list[str]:
    """Set what is told of a moment below it, on one line if that is not too long."""
    together = "; ".join(told)
    if len(_INDENT) + len(together) <= _WIDTH:
        return [_INDENT + together]
    return [_wrapped(one) for one in told]


def _wrapped(text: str) -> str:
    """Set lines below a moment, indented; a name that is long is not broken."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        expand_tabs=False,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)
