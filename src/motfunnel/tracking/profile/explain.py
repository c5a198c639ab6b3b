"""Explaining a contact: its events walked up to an instant, and the reason of each moment.

Walks the events themselves, not what is stored of the contact's state, so that it can explain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from motfunnel.answers.cells import days
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel.file import line, rule_text, write_patience
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.funnel.value import to_decimal
from motfunnel.domain.instant import MICROSECOND, format_duration, from_micros, to_micros
from motfunnel.domain.journey import Entry, Journey, in_order
from motfunnel.domain.machine import (
    GAPS,
    GAPS_SUM,
    IS_APOSTLE,
    LAST_TOUCH,
    PURCHASES,
    REFERRALS,
    STAGE,
)
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.store.ledger.rows import StoredEvent
from motfunnel.store.schema.types import read_micros
from motfunnel.text import counted
from motfunnel.tracking.profile.identity import Identity
from motfunnel.tracking.profile.profile import Before, Explained, Profile


def make_profile(
    identity: Identity, funnel: Funnel, events: Sequence[Event], as_of: datetime
) -> Profile:
    """Walk a contact's events up to the instant, and explain what comes of them."""
    journey = Journey(identity.contact, funnel)
    limit = to_micros(as_of)
    by_id = {(event.contact, event.id): event for event in events}
    traits: dict[str, Any] = {}
    befores: list[list[int]] = []
    count = value = 0
    for entry in in_order(events, funnel.read_stored):
        if entry.at > limit:
            break
        befores += _advance(journey, entry)
        event = by_id[entry.recorded_as, entry.id]
        traits |= event.properties if event.name == IDENTIFY else {}
        count += 1
        value += entry.reading.value or 0
    befores += _fall_silent(journey, limit)
    made_by: dict[tuple[str, str | None], Event] = {(e.contact, e.id): e for e in events}
    story = tuple(
        _explain(moment, made_by.get(moment.event_key), before, journey)
        for moment, before in zip(journey.moments, befores, strict=True)
    )
    profile = _profile(journey, as_of, story, count)
    worth = to_decimal(value) if funnel.has_values else None
    return evolve(profile, aliases=identity.aliases, traits=traits, value=worth)


def profile_of_erased(
    journey: Journey, as_of: datetime, erased_at: datetime, events: Sequence[StoredEvent]
) -> Profile:
    """Tell what is left of a contact that was erased with its counts kept."""
    why = f"kept as a count; erased at {erased_at:%Y-%m-%d %H:%M:%S} UTC"
    story = tuple(
        Explained(moment, None, why) for moment in journey.moments if moment.occurred_at <= as_of
    )
    limit = to_micros(as_of)
    value = sum(one.value or 0 for one in events if read_micros(one.occurred_at) <= limit)
    worth = to_decimal(value) if journey.funnel.has_values else None
    return evolve(_profile(journey, as_of, story, len(events)), deadline_at=None, value=worth)


def _profile(
    journey: Journey, as_of: datetime, story: tuple[Explained, ...], events: int
) -> Profile:
    return Profile(
        contact=journey.contact,
        as_of=as_of,
        presence=journey.presence,
        stage=journey.stage,
        purchases=journey.state[PURCHASES],
        currency=journey.funnel.currency,
        referrals=journey.state[REFERRALS],
        apostle=bool(journey.state[IS_APOSTLE]),
        open_cases=tuple(journey.open_cases),
        opened_at=journey.moments[0].occurred_at if journey.moments else None,
        last_touch_at=from_micros(journey.state[LAST_TOUCH]) if journey.moments else None,
        deadline_at=None if journey.deadline is None else from_micros(journey.deadline),
        traits={},
        moments=tuple(one.moment for one in story),
        story=story,
        episodes=tuple(journey.episodes.values()),
        events=events,
    )


def _advance(journey: Journey, entry: Entry) -> list[list[int]]:
    """Take one event; give the state before each moment that it made.

    A silence that ran out before it is taken in a step of its own: what the event found is what
    the silence had left.
    """
    silent = _fall_silent(journey, entry.at - 1)
    state = list(journey.state)
    made = journey.advance(entry)
    return silent + [state] * len(made)


def _fall_silent(journey: Journey, until: int) -> list[list[int]]:
    state = list(journey.state)
    return [state for _ in journey.silence(until)]


def _explain(moment: Moment, event: Event | None, state: list[int], journey: Journey) -> Explained:
    name = None if event is None else event.name
    before = Before.of(journey.funnel, state)
    if moment.is_silent:
        why = why_silent(moment.occurred_at, state, journey.funnel)
    else:
        why = _WHY[moment.kind](moment, name, journey)
    return Explained(
        moment, name, why, ground_of(moment, event, before.stage, journey.funnel), before
    )


def why_silent(departed_at: datetime, state: Sequence[int], funnel: Funnel) -> str:
    """Say what the silence was that a departure came of.

    Args:
        departed_at: the deadline that passed.
        state: of the contact, before or after it.
        funnel: by which it was made.
    """
    stage = funnel.stages[state[STAGE]]
    patience = funnel.patience_of(stage)
    if isinstance(patience, Rhythm):
        waited = departed_at - from_micros(state[LAST_TOUCH])
        usual = patience.usual_gap(state[GAPS], timedelta(microseconds=state[GAPS_SUM]))
        return _why_out_of_rhythm(waited, usual, patience)
    waits = "" if patience is None else format_duration(patience)
    return f"silent for {waits}, the patience at stage {stage}"


def _why_out_of_rhythm(waited: timedelta, usual: timedelta, rhythm: Rhythm) -> str:
    """Say how a contact's own gaps gave its patience, or which bound did."""
    times = f"{rhythm.tenths / 10:g} times its usual {_days(usual)} between visits"
    asked, silent = usual * rhythm.tenths / 10, f"silent for {_days(waited)}"
    if asked < rhythm.at_least:
        return f"{silent}, the least there is; {times} would be {_days(asked)}"
    if asked > rhythm.at_most + MICROSECOND:
        return f"{silent}, the most there is; {times} would be {_days(asked)}"
    return f"{silent}, {times}"


def _days(duration: timedelta) -> str:
    """A duration in days, hours or minutes; whole ones without a fraction."""
    short = duration < timedelta(hours=1)
    told = f"{duration / timedelta(minutes=1):.1f} min" if short else days(duration)
    return told.replace(".0 ", " ")


def _why_depart(moment: Moment, name: str | None, _: Journey) -> str:
    return f"said {name}: {moment.reason}"


def _why_return(moment: Moment, name: str | None, journey: Journey) -> str:
    episode = journey.episodes[moment.episode or 0]
    away = moment.occurred_at - episode.departed_at
    asked = ""
    if episode.outreaches:
        asked = f" and {counted(episode.outreaches, 'attempt')} to bring it back"
    span = counted(away.days, "day") if away.days else "less than a day"
    return f"{name} after {span} away{asked}"


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
    MomentKind.LOYALIST: lambda m, name, j: f"{name} again",
}


def ground_of(moment: Moment, event: Event | None, stage: str, funnel: Funnel) -> str:
    """Quote the rule of the moment's event with the threshold that it passed, or the patience.

    Args:
        moment: the moment.
        event: what made it; None for a silence.
        stage: where the contact was before it.
        funnel: by which it was made.
    """
    if event is None:
        return _patience(stage, funnel)
    rule = funnel.rule_of(event.name, event.properties)
    said = line("unmapped", funnel.unmapped) if rule is None else rule_text(event.name, rule)
    return ", ".join([said, *_thresholds(moment.kind, rule, funnel)])


def _thresholds(kind: MomentKind, rule: Rule | None, funnel: Funnel) -> list[str]:
    if kind is MomentKind.LOYALIST:
        apart = line("loyal_apart", format_duration(funnel.loyal_apart))
        return [line("loyal_after", funnel.loyal_after), *([apart] if funnel.loyal_apart else [])]
    if kind is MomentKind.APOSTLE and rule is not None and rule.signal is Signal.REFER:
        return [line("apostle_after_referrals", funnel.apostle_after_referrals)]
    return []


def _patience(stage: str, funnel: Funnel) -> str:
    key = stage if stage in funnel.patience else "default"
    patience = funnel.patience_of(stage)
    return f"[patience] {line(key, write_patience(patience))}"
