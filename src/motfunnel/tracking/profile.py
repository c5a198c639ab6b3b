"""A contact's profile: what is so at an instant, and why.

Made from the contact's events, not from what is stored of its state, so that it explains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen

from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import format_duration, from_micros, to_micros
from motfunnel.domain.journey import Journey, OpenCase, in_order
from motfunnel.domain.machine import IS_APOSTLE, LAST_TOUCH, PURCHASES, REFERRALS
from motfunnel.domain.moment import Episode, Moment, MomentKind, Presence


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

    def __str__(self) -> str:
        """The story in lines."""
        head = f"{self.contact}: {self.presence.value}, {self.stage}, {self.events} events"
        lines = [
            f"{one.moment.occurred_at:%Y-%m-%d %H:%M:%S}  {one.moment.kind.value:<11} {one.why}"
            for one in self.story
        ]
        return "\n".join([head, *lines])


def make_profile(contact: str, funnel: Funnel, events: Sequence[Event], as_of: datetime) -> Profile:
    """Walk a contact's events up to the instant, and explain what comes of them."""
    journey = Journey(contact, funnel)
    limit = to_micros(as_of)
    by_id = {(event.contact, event.id): event for event in events}
    traits: dict[str, Any] = {}
    count = 0
    for entry in in_order(events, funnel.read_stored):
        if entry.at > limit:
            break
        journey.advance(entry)
        event = by_id[entry.recorded_as, entry.id]
        traits |= event.properties if event.name == IDENTIFY else {}
        count += 1
    journey.silence(limit)
    names = {event.id: event.name for event in events}
    return Profile(
        contact=contact,
        as_of=as_of,
        presence=journey.presence,
        stage=journey.stage,
        purchases=journey.state[PURCHASES],
        referrals=journey.state[REFERRALS],
        apostle=bool(journey.state[IS_APOSTLE]),
        open_cases=tuple(journey.open_cases),
        opened_at=journey.moments[0].occurred_at if journey.moments else None,
        last_touch_at=from_micros(journey.state[LAST_TOUCH]) if journey.moments else None,
        deadline_at=None if journey.deadline is None else from_micros(journey.deadline),
        traits=traits,
        moments=tuple(journey.moments),
        story=tuple(_explain(moment, names, journey) for moment in journey.moments),
        episodes=tuple(journey.episodes.values()),
        events=count,
    )


def _explain(moment: Moment, names: Mapping[str, str], journey: Journey) -> Explained:
    name = None if moment.event_id is None else names[moment.event_id]
    return Explained(moment, name, _WHY[moment.kind](moment, name, journey))


def _why_depart(moment: Moment, name: str | None, journey: Journey) -> str:
    if name is not None:
        return f"said {name}: {moment.reason}"
    episode = journey.episodes[moment.episode or 0]
    patience = journey.funnel.patience_of(episode.stage)
    waited = "" if patience is None else format_duration(patience)
    return f"silent for more than {waited}, the patience at stage {episode.stage}"


def _why_return(moment: Moment, name: str | None, journey: Journey) -> str:
    episode = journey.episodes[moment.episode or 0]
    away = moment.occurred_at - episode.departed_at
    asked = f", after {episode.outreaches} outreaches" if episode.outreaches else ""
    return f"{name} after {away.days} days away{asked}"


def _why_referral(moment: Moment, name: str | None, _: Journey) -> str:
    return f"{name}" + (f" named {moment.referred}" if moment.referred else "")


_Why = Callable[[Moment, str | None, Journey], str]
_WHY: dict[MomentKind, _Why] = {
    MomentKind.OPENING: lambda m, name, j: f"{name} was the first event that opens",
    MomentKind.REFERRAL: _why_referral,
    MomentKind.CONVERSION: lambda m, name, j: f"{name}: from {m.from_stage} to {m.to_stage}",
    MomentKind.DEPART: _why_depart,
    MomentKind.RECIDIVISM: _why_return,
    MomentKind.APOSTLE: lambda m, name, j: f"{name} is advocacy",
    MomentKind.COMPLAINT: lambda m, name, j: f"{name}",
    MomentKind.LOYALIST: lambda m, name, j: f"{name}: bought again",
}
