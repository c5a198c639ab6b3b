"""Folding stored events anew: of one contact that a late event touched, or of many.

Gives what to store; ``domain.journey`` decides what the moments are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from attrs import define, evolve, frozen

from motfunnel.domain import machine
from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Reading
from motfunnel.domain.instant import from_micros
from motfunnel.domain.journey import Entry, Journey, PlainEntry, source_of
from motfunnel.domain.moment import Episode, Moment, MomentKind, Presence
from motfunnel.domain.signal import Signal
from motfunnel.errors import InconsistencyError
from motfunnel.store.database.pace import PACE
from motfunnel.store.ledger.checkpoints import Change, JourneyCheckpoint, change, checkpoint_of
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.rows import Meant, StoredEvent
from motfunnel.store.ledger.state import UNREADABLE, ContactState, after_checkpoint, before_first
from motfunnel.store.ledger.statements import SOME
from motfunnel.store.outbox.post import post_changes
from motfunnel.store.schema.dialects import chunks
from motfunnel.store.schema.types import read_micros, read_properties

_LABELS = tuple(signal.label for signal in Signal)  # by their ranks
_MOST_NAMES = 10_000

Meaning = tuple[Reading, int, int, str]
"""A reading, and what of it is asked most: the signal's rank, the stage of a reach, the label."""


@define
class Folded:
    """A contact, folded from its events, all of them or those after a checkpoint.

    Attributes:
        state: what to store of it; its journey holds all moments and episodes of these events.
        meanings: what those events mean of which another signal or worth is stored, or another
            answer to whether it kept the contact alive.
        checkpoints: the state at every so-many-th of these events.
        since: the checkpoint that it was folded on from.
    """

    state: ContactState
    meanings: list[Meant]
    checkpoints: list[JourneyCheckpoint]
    since: JourneyCheckpoint | None = None


def fold(
    stored: ContactState,
    events: Sequence[StoredEvent],
    funnel: Funnel,
    *,
    every: int = PACE.every,
    ends: Iterable[int] | None = None,
    since: JourneyCheckpoint | None = None,
    away: Sequence[Episode] = (),
) -> Folded:
    """Fold a contact's events.

    A departure by silence that a sweep wrote down stays written down, if it still holds.

    Args:
        stored: what is stored of the contact.
        events: all events of it, or all after a checkpoint.
        funnel: what they mean.
        every: keep the state at every so-many-th event.
        ends: keep it after so many of the events instead.
        since: the checkpoint.
        away: the episode that was open at the checkpoint, if one was, as it is stored now.
    """
    state = before_first(stored, funnel)
    if since is not None:
        state = after_checkpoint(stored, since, funnel)
        _reopen(state.journey, away)
    state.known |= any(event.event == IDENTIFY for event in events)
    journey = state.journey
    entries, stored_as = _read(events, funnel)
    checkpoints = _walk(state, entries, every, ends)
    meanings = _meanings(entries, stored_as, journey.alive)
    first = journey.moments[0] if journey.moments else None
    if first is not None and first.kind is MomentKind.OPENING:
        state.opened_at = first.occurred_at
        opening = next(event for event in events if event[:2] == first.event_key)
        state.source = source_of(read_properties(opening.properties))
    if stored.silent_until is not None:
        state.moments += len(journey.silence(stored.silent_until))
    return Folded(state, meanings, checkpoints, since)


def _read(
    events: Sequence[StoredEvent], funnel: Funnel
) -> tuple[list[PlainEntry], list[StoredEvent]]:
    """Put events in their order, with what they mean and as they are stored."""
    entries = _entries(events, funnel)
    # No two events of a contact stand in the same place, so no reading is compared.
    places = sorted(range(len(entries)), key=entries.__getitem__)
    return [entries[place] for place in places], [events[place] for place in places]


def _meanings(
    entries: Iterable[PlainEntry], stored_as: Iterable[StoredEvent], alive: Iterable[int]
) -> list[Meant]:
    """Find what is stored otherwise than it was walked."""
    return [
        Meant(entry[4], entry[3], _LABELS[entry[1]], bool(is_alive), entry[5].value)
        for entry, (*_, signal, _, was_alive, value), is_alive in zip(
            entries, stored_as, alive, strict=True
        )
        if is_alive != was_alive or _LABELS[entry[1]] != signal or entry[5].value != value
    ]


def _reopen(journey: Journey, away: Sequence[Episode]) -> None:
    """Have the open episode of a checkpoint as it was then; what is stored has gone on since."""
    if journey.presence is not Presence.DEPARTED:
        return
    outreaches, [stored] = journey.state[machine.OUTREACHES], away
    journey.episodes[stored.number] = evolve(
        stored,
        outreaches=outreaches,
        first_outreach_at=from_micros(journey.state[machine.FIRST_OUTREACH])
        if outreaches
        else None,
        returned_at=None,
        return_event_id=None,
    )


def _walk(
    state: ContactState, entries: Sequence[PlainEntry], every: int, ends: Iterable[int] | None
) -> list[JourneyCheckpoint]:
    """Advance by entries in their order, and keep the state after some of them.

    Each checkpoint holds all open cases: where none are named, they do not outgrow the events.
    """
    journey, seen, moments, done = state.journey, state.events or 0, state.moments, 0
    checkpoints: list[JourneyCheckpoint] = []
    for end in _ends(entries, every) if ends is None else ends:
        if ends is None and end - done < len(journey.open_cases):
            continue
        journey.advance_all(entries[done:end])
        checkpoints.append(
            checkpoint_of(
                journey,
                events=seen + end,
                last_at=entries[end - 1][0],
                moments=moments + len(journey.moments),
            )
        )
        done = end
    journey.advance_all(entries[done:])
    if entries:
        state.events = seen + len(entries) - 1
        state.see(Entry._make(entries[-1]), None, journey.moments)
    if checkpoints:
        state.checkpoint = checkpoints[-1].events
    return checkpoints


def _ends(entries: Sequence[PlainEntry], every: int) -> Iterator[int]:
    """After how many entries to keep the state: at least so many apart, between two instants."""
    end = every
    while end < len(entries):
        if entries[end][0] == entries[end - 1][0]:
            end += 1
        else:
            yield end
            end += every


@frozen(kw_only=True)
class Draft:
    """A contact folded anew from a checkpoint on, and not written yet.

    Attributes:
        stored: what was stored of the contact.
        folded: what it is now.
        events: the events that were folded.
        before: the moments that are stored of after the checkpoint.
        moments: what changes of the moments.
        episodes: what changes of the episodes.
    """

    stored: ContactState
    folded: Folded
    events: Sequence[StoredEvent]
    before: Sequence[Moment]
    moments: Change[Moment]
    episodes: Change[Episode]

    @property
    def after(self) -> Sequence[Moment]:
        """The moments of after the checkpoint, as they are now."""
        return self.folded.state.journey.moments


def draft(
    ledger: Ledger,
    stored: ContactState,
    funnel: Funnel,
    since: JourneyCheckpoint | None,
    *,
    to_write: bool = True,
) -> Draft:
    """Fold a contact anew from a checkpoint on; of another funnel's contact there is none."""
    first, episode = (0, 1) if since is None else (since.moments, _first_episode(since))
    after = None if since is None else since.last_at
    before, away, events = ledger.history(stored, first, episode, after, to_write=to_write)
    folded = fold(stored, events, funnel, every=ledger.pace.every, since=since, away=away[:1])
    journey = folded.state.journey
    return Draft(
        stored=stored,
        folded=folded,
        events=events,
        before=before,
        moments=change(first, before, journey.moments),
        episodes=change(episode, away, list(journey.episodes.values())),
    )


def write(ledger: Ledger, made: Draft) -> None:
    """Store what has changed of a contact, which is locked, and as it was when it was read."""
    folded, contact = made.folded, made.stored.contact
    ledger.change_moments(contact, made.moments)
    ledger.change_episodes(contact, made.episodes)
    if made.stored.checkpoint is not None or folded.checkpoints:
        kept = 0 if folded.since is None else folded.since.events
        ledger.replace_checkpoints(contact, kept, folded.checkpoints)
    ledger.update_contacts([folded.state])
    ledger.set_meanings(folded.meanings)
    post_changes(ledger, made.before, [(folded.state, made.after)])


def _first_episode(since: JourneyCheckpoint) -> int:
    """The number of the first episode that events after a checkpoint can change."""
    is_open = since.state[machine.PRESENCE] == machine.DEPARTED
    return since.state[machine.EPISODES] + (0 if is_open else 1)


def draft_owed(
    ledger: Ledger, stored: ContactState, funnel: Funnel, *, to_write: bool = True
) -> Draft:
    """Fold a contact whose fold is owed, from the last checkpoint that holds on.

    Raises:
        InconsistencyError: what is stored of it cannot be read.
    """
    is_current = stored.fingerprint == funnel.fingerprint
    try:
        since = ledger.last_checkpoint(stored) if is_current else None
        return draft(ledger, stored, funnel, since, to_write=to_write)
    except UNREADABLE as error:
        raise InconsistencyError(
            f"what is stored of contact {stored.contact!r} cannot be read; "
            "mend the rows of its events, or forget it"
        ) from error


def settle_locked(ledger: Ledger, states: Iterable[ContactState], funnel: Funnel) -> bool:
    """Write the folds that are owed of contacts that are locked; whether there were any.

    What handlers are to be told of when it is committed is among what the ledger has untold.
    """
    owing = [state for state in states if state.owed_since is not None]
    for stored in owing:
        made = draft_owed(ledger, stored, funnel)
        told = made.before
        if stored.fingerprint != funnel.fingerprint and stored.owed_since is not None:
            # What is stored is another funnel's, or awaits the fold.
            late = ledger.recorded_since(stored, stored.owed_since)
            earlier = [event for event in made.events if event[:2] not in late]
            told = fold(stored, earlier, funnel).state.journey.moments
        came, went = difference(told, made.after)
        ledger.untold += came
        ledger.revoked += went
        write(ledger, made)
    return bool(owing)


def refold(
    ledger: Ledger,
    states: Sequence[ContactState],
    funnel: Funnel,
    *,
    is_told: bool = True,
) -> list[tuple[ContactState, list[Moment]]]:
    """Fold contacts that are locked, and store what comes of it in place of what was stored.

    One that was erased keeps what was stored of it: its events no longer say what they said.

    Args:
        ledger: where.
        states: the contacts.
        funnel: by which they are classified.
        is_told: whether subscriptions are told what came and went.

    Returns:
        The contacts, each with its moments.
    """
    if settle_locked(ledger, states, funnel):
        states = [ledger.lock_contact(one.contact, funnel) for one in states]
    erased = [state for state in states if state.erased_at is not None]
    states = [state for state in states if state.erased_at is None]
    events, every = ledger.stories(states), ledger.pace.every
    folded = [fold(one, events.get(one.contact, []), funnel, every=every) for one in states]
    stored = _stored(ledger, states) if is_told and ledger.is_subscribed else {}
    ledger.clear_journeys([one.contact for one in states if one.moments or one.checkpoint])
    journeys = [one.state.journey for one in folded]
    ledger.extend_journeys((0, one.moments, one.episodes.values()) for one in journeys)
    ledger.add_checkpoints(kept for one in folded for kept in one.checkpoints)
    ledger.update_contacts([one.state for one in folded])
    ledger.set_meanings(changed for one in folded for changed in one.meanings)
    ledger.settle(erased, funnel)
    walked = [(one.state, one.state.journey.moments) for one in folded]
    for state, moments in walked if is_told and ledger.is_subscribed else ():
        post_changes(ledger, stored.get(state.contact, ()), [(state, moments)])
    return walked


def _stored(ledger: Ledger, states: Sequence[ContactState]) -> dict[str, list[Moment]]:
    """What is stored of contacts' moments, by contact."""
    stored: dict[str, list[Moment]] = {}
    for some in chunks({one.contact for one in states}, SOME):
        stored |= ledger.journeys(some)[0]
    return stored


def difference(
    before: Iterable[Moment], after: Iterable[Moment]
) -> tuple[list[Moment], list[Moment]]:
    """Which moments came, and which went; a contact has no two that are equal."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return [m for m in new if m not in old], [m for m in old if m not in new]


def read_in_order(events: Iterable[StoredEvent], funnel: Funnel) -> list[PlainEntry]:
    """Put a contact's events in the one order; no two of them have one id."""
    return sorted(_entries(events, funnel))  # no two in the same place: no reading is compared


def _entries(events: Iterable[StoredEvent], funnel: Funnel) -> list[PlainEntry]:
    entries, meanings = [], _meanings_of(funnel)
    for contact, event_id, name, at, _, properties, *_ in events:
        reading, rank, stage, _ = meanings[name] or _take_apart(
            funnel.read_stored(name, read_properties(properties))
        )
        entries.append((read_micros(at), rank, stage, event_id, contact, reading))
    return entries


class _Meanings(dict[str, Meaning | None]):
    """What every event of a name means; None where each has to be read."""

    def __init__(self, funnel: Funnel) -> None:
        super().__init__()
        self._funnel = funnel

    def __missing__(self, name: str) -> Meaning | None:
        reading = self._funnel.constant(name)
        meaning = None if reading is None else _take_apart(reading)
        if len(self) < _MOST_NAMES:
            self[name] = meaning
        return meaning


@lru_cache(maxsize=100)
def _meanings_of(funnel: Funnel) -> _Meanings:
    return _Meanings(funnel)


def _take_apart(reading: Reading) -> Meaning:
    stage = reading.argument if reading.signal is Signal.REACH else 0
    return reading, int(reading.signal), stage, reading.signal.label
