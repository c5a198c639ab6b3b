"""Recording events: store them, advance their contacts' journeys, store what that makes.

All of it inside one transaction, which the caller opens and ends, and with the contacts' rows
locked. An event that comes after all others costs one step; a late one folds the contact anew, from
the last checkpoint before it on. Where too many events follow that, the fold is owed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from attrs import evolve, frozen

from motfunnel.domain import machine
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Reading
from motfunnel.domain.instant import to_micros, utc
from motfunnel.domain.journey import Entry, make_entry, source_of
from motfunnel.domain.marker import Marker
from motfunnel.domain.moment import Moment, Presence
from motfunnel.errors import ConflictError, ErasedError, EventError
from motfunnel.store.ledger.checkpoints import JourneyCheckpoint
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.rows import ALIVE_IF_HERE, Meant
from motfunnel.store.ledger.state import ContactState
from motfunnel.store.ledger.tombstones import (
    Redaction,
    check_marker,
    find_redactions,
    find_tombstones,
)
from motfunnel.store.outbox.post import post
from motfunnel.tracking.recording.call import Tracked
from motfunnel.tracking.recording.fold import difference, draft, fold, write

_place = attrgetter("place")
_ALL: Final = 2**31 - 1
_EventKey = tuple[str, str]
"""The key under which an event was recorded, and its id: several keys may be one contact's."""


@frozen
class Said:
    """An event as the host said it, with its meaning.

    Attributes:
        event: the event.
        reading: what it means to the funnel.
        is_dated: whether the host said when; if not, a retry may say another instant.
        ambient: the properties that are the surroundings' to give; a retry may have others.
        is_again: whether it was kept since it was said, in the spool or among the rejects.
    """

    event: Event
    reading: Reading
    is_dated: bool = True
    ambient: frozenset[str] = frozenset()
    is_again: bool = False


def record_all(
    ledger: Ledger,
    funnel: Funnel,
    said: Sequence[Said],
    recorded_at: datetime,
    clock: Callable[[], datetime],
    marker: Marker | None = None,
) -> list[Tracked]:
    """Record events of several contacts; say of each what it did, in the order given.

    All contacts are locked before anything is written, in an order that everybody keeps. An event
    without a date, that another has overtaken meanwhile, happens when its contact is locked: of
    many who write one contact at once, none has to fold it anew for having waited.
    Contacts whose fold was owed already are taken down among the ledger's ``owing``.

    Raises:
        ConflictError: an id is taken by an event with other content.
        EventError: the contact was erased.
    """
    single = said[0].event if len(said) == 1 else None
    owners = ledger.lock_owners([one.event.contact for one in said], funnel, single)
    if marker is not None and any(find_erased(ledger, said, marker)):
        raise ErasedError
    is_known = single is None and ledger.look_up([one.event for one in said])
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(said):
        groups.setdefault(owners[one.event.contact].contact, []).append(number)
    answers: dict[int, Tracked] = {}
    with ledger.gathering() if is_known else nullcontext():
        for contact in sorted(groups):
            numbers = groups[contact]
            state = owners[said[numbers[0]].event.contact]
            if state.owed_since is not None and state.events is not None:
                behind = state.events - (state.checkpoint or 0)
                ledger.owing[contact] = behind, {said[number].event.contact for number in numbers}
            dated = _date([said[n] for n in numbers], state, clock)
            found = _record(ledger, state, funnel, dated, recorded_at, marker)
            answers.update(zip(numbers, found, strict=True))
    return [answers[n] for n in range(len(said))]


def _date(
    said: Sequence[Said], state: ContactState, clock: Callable[[], datetime]
) -> Sequence[Said]:
    """Give events without a date, that come late, the present one."""
    late = [
        not one.is_dated and not state.follows(make_entry(one.event, one.reading)) for one in said
    ]
    if not any(late):
        return said
    now = utc(clock())
    return [
        evolve(one, event=evolve(one.event, occurred_at=max(now, one.event.occurred_at)))
        if is_late
        else one
        for one, is_late in zip(said, late, strict=True)
    ]


def _record(
    ledger: Ledger,
    state: ContactState,
    funnel: Funnel,
    said: Sequence[Said],
    recorded_at: datetime,
    marker: Marker | None,
) -> list[Tracked]:
    """Record events of one contact, which is locked; say of each what it did."""
    new: list[Said] = []
    is_behind = state.fingerprint != funnel.fingerprint
    for one in said:
        # What comes after all else, or first of all, has not been here before.
        is_new = not is_behind and not _is_by(one.event, state)
        known = [] if is_new else _redactions(ledger, one.event.contact)
        if _add(ledger, state, one, recorded_at, known, marker):
            new.append(one)
            state.known |= one.event.name == IDENTIFY
    moments: dict[_EventKey, list[Moment]] = {}
    revoked: dict[_EventKey, list[Moment]] = {}
    deferred = False
    if new:
        entries = sorted((make_entry(one.event, one.reading) for one in new), key=_place)
        is_current = state.fingerprint == funnel.fingerprint
        if is_current and state.owed_since is None and state.follows(entries[0]):
            sources = {_key(one.event): source_of(one.event.properties) for one in new}
            moments = advance(ledger, state, entries, sources)
        else:
            since = ledger.checkpoint_before(state, entries[0].at) if is_current else None
            deferred = _is_owed(ledger, state, since, len(new), is_current=is_current)
            if deferred:
                _owe(ledger, state, entries, since, recorded_at, is_current=is_current)
            else:
                came, went = _refold(ledger, state, {_key(o.event) for o in new}, funnel, since)
                moments, revoked = _by_cause(came, entries), {_cause(entries[0]): went}
    fresh = {id(one) for one in new}
    return [_answer(one.event, id(one) in fresh, moments, revoked, deferred) for one in said]


def _is_owed(
    ledger: Ledger,
    state: ContactState,
    since: JourneyCheckpoint | None,
    new: int,
    *,
    is_current: bool,
) -> bool:
    """Whether too many events follow a checkpoint to be folded in a call."""
    if state.owed_since is not None:
        return True
    most, seen = ledger.pace.most, 0 if since is None else since.events
    if is_current and state.events is not None:
        return state.events - seen > most
    return ledger.count_events(state, most + new + 1) - new > most


def _owe(
    ledger: Ledger,
    state: ContactState,
    entries: Sequence[Entry],
    since: JourneyCheckpoint | None,
    recorded_at: datetime,
    *,
    is_current: bool,
) -> None:
    """Leave the fold of events that are stored to later."""
    if state.owed_since is None:
        state.owed_since = recorded_at
    if not is_current:
        state.events = state.checkpoint = None
    elif state.events is None:
        state.events = ledger.count_events(state, _ALL)
    else:
        state.events += len(entries)
    if not state.follows(entries[0]):
        state.checkpoint = None if since is None else since.events
    state.last = max(state.last or entries[-1][:4], entries[-1][:4])
    ledger.owe(state)


def find_erased(ledger: Ledger, said: Sequence[Said], marker: Marker) -> list[bool]:
    """Say of events whether they were kept from before the erasure of their contact.

    Raises:
        TombstoneError: that is known by another secret only.
    """
    marks = {one.event.contact: marker.mark(one.event.contact) for one in said if one.is_again}
    if not marks:
        return [False] * len(said)
    where = (ledger.connection, ledger.tables, ledger.tenant)
    check_marker(*where, marker)
    stones = find_tombstones(*where, marks.values())
    erased = {contact: stones[mark] for contact, mark in marks.items() if mark in stones}
    return [
        one.is_again
        and one.event.contact in erased
        and one.event.occurred_at <= erased[one.event.contact]
        for one in said
    ]


def _is_by(event: Event, state: ContactState) -> bool:
    """Whether an event lies no later than the latest that is recorded of its contact."""
    return state.last is not None and to_micros(event.occurred_at) <= state.last[0]


def _redactions(ledger: Ledger, contact: str) -> list[Redaction]:
    where = (ledger.connection, ledger.tables, ledger.tenant)
    return find_redactions(*where, [contact]).get(contact, [])


def _add(
    ledger: Ledger,
    state: ContactState,
    one: Said,
    recorded_at: datetime,
    known: Sequence[Redaction],
    marker: Marker | None,
) -> bool:
    """Store the event; False if it is stored already, or what an erasure left of it."""
    event = one.event
    if state.erased_at is not None:
        raise EventError(
            "is what an erasure left of a contact, and nobody's key",
            contact=event.contact,
            event=event.name,
            id=event.id,
        )
    said: Any = {"is_dated": one.is_dated, "ambient": one.ambient}
    if any(left.is_of(event, marker, **said) for left in known):
        return False
    if ledger.add_event(event, one.reading.signal.label, recorded_at, one.reading.value):
        if event.name == IDENTIFY:
            ledger.add_traits(state.contact, event, recorded_at)
        return True
    stored = ledger.find_event(event)
    if stored is None or not event.same_as(
        stored, ignore_instant=not one.is_dated, ignoring=one.ambient
    ):
        late = [] if known else _redactions(ledger, event.contact)
        if any(left.is_of(event, marker, **said) for left in late):
            return False
        raise ConflictError(
            f"the id {event.id!r} is taken by an event with other content, which stays as it was",
            contact=event.contact,
            event=event.name,
            id=event.id,
        )
    return False


def advance(
    ledger: Ledger,
    state: ContactState,
    entries: Sequence[Entry],
    sources: Mapping[_EventKey, str | None],
) -> dict[_EventKey, list[Moment]]:
    """Step a contact, which is locked, through events that come after all others."""
    journey, first = state.journey, state.moments
    if journey.presence is Presence.DEPARTED:
        number = journey.state[machine.EPISODES]
        journey.episodes[number] = ledger.find_episode(state.contact, number)
    stored = dict(journey.episodes)
    moments: dict[_EventKey, list[Moment]] = {}
    checkpoints: list[JourneyCheckpoint] = []
    meanings: list[Meant] = []
    for entry in entries:
        key = _cause(entry)
        checkpoints += _keep(state, entry, ledger.pace.every)
        moments[key] = journey.advance(entry)
        state.see(entry, sources[key], moments[key])
        label, is_alive = entry.reading.signal.label, bool(journey.alive[-1])
        if is_alive != ALIVE_IF_HERE[label]:
            value = entry.reading.value
            meanings.append(Meant(entry.recorded_as, entry.id, label, is_alive, value))
    ledger.add_moments(journey.moments, first)
    ledger.put_episodes(e for n, e in journey.episodes.items() if e != stored.get(n))
    ledger.add_checkpoints(checkpoints)
    ledger.update_contact(state)
    ledger.set_meanings(meanings)
    post(ledger, state, journey.moments)
    return moments


def _keep(state: ContactState, entry: Entry, every: int) -> list[JourneyCheckpoint]:
    """Make a checkpoint before an event, where it is time for one."""
    least = max(every, len(state.journey.open_cases))  # which each holds: they are not to outgrow
    if state.events is None or state.events - (state.checkpoint or 0) < least:
        return []
    if state.last is None or state.last[0] >= entry.at:
        return []
    checkpoint = state.make_checkpoint()
    if checkpoint is None:
        return []
    state.checkpoint = checkpoint.events
    return [checkpoint]


def _refold(
    ledger: Ledger,
    state: ContactState,
    new: Collection[_EventKey],
    funnel: Funnel,
    since: JourneyCheckpoint | None,
) -> tuple[list[Moment], list[Moment]]:
    """Fold the contact anew; give the moments that came and went by the events that are new."""
    made = draft(ledger, state, funnel, since)
    write(ledger, made)
    before = made.before
    if state.fingerprint != funnel.fingerprint:
        # What was stored is another funnel's, or awaited the fold: these events did not do that.
        earlier = [event for event in made.events if event[:2] not in new]
        before = fold(state, earlier, funnel).state.journey.moments
    return difference(before, made.after)


def _by_cause(moments: Sequence[Moment], entries: Sequence[Entry]) -> dict[_EventKey, list[Moment]]:
    """Put each moment down to its own event, if that is new, else to the first that is."""
    first = _cause(entries[0])
    causes: dict[_EventKey, list[Moment]] = {_cause(entry): [] for entry in entries}
    for moment in moments:
        contact, id = moment.event_key
        own = first if id is None else (contact, id)
        causes[own if own in causes else first].append(moment)
    return causes


def _answer(
    event: Event,
    is_new: bool,
    moments: Mapping[_EventKey, Sequence[Moment]],
    revoked: Mapping[_EventKey, Sequence[Moment]],
    deferred: bool,
) -> Tracked:
    key = _key(event)
    return Tracked(
        contact=event.contact,
        id=event.id,
        moments=tuple(moments.get(key, ())) if is_new else (),
        revoked=tuple(revoked.get(key, ())) if is_new else (),
        duplicate=not is_new,
        deferred=is_new and deferred,
    )


def _key(event: Event) -> _EventKey:
    return event.contact, event.id


def _cause(entry: Entry) -> _EventKey:
    return entry.recorded_as, entry.id
