"""A contact's row: its journey's state between two events, and what surrounds it.

Turns the row into a journey that can go on, and back. Runs no SQL.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from attrs import define, field

from motfunnel.domain import machine
from motfunnel.domain.event import to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import EPOCH, from_micros, to_micros
from motfunnel.domain.journey import PRESENCES, Entry, Journey
from motfunnel.domain.moment import Moment, MomentKind, Presence
from motfunnel.domain.signal import Signal
from motfunnel.store.ledger.checkpoints import (
    JourneyCheckpoint,
    checkpoint_of,
    read_cases,
    write_cases,
)

_COUNTS = (
    (machine.PURCHASES, "purchases"),
    (machine.REFERRALS, "referrals"),
    (machine.EPISODES, "episodes"),
    (machine.OUTREACHES, "outreaches"),
)
_GAPS = ((machine.GAPS, "gaps"), (machine.GAPS_SUM, "gaps_sum"))
_INSTANTS = (
    (machine.LAST_PURCHASE, "last_purchase_at"),
    (machine.LAST_TOUCH, "last_touch_at"),
    (machine.DEPARTED_AT, "departed_at"),
    (machine.FIRST_OUTREACH, "first_outreach_at"),
)
_counts_of = itemgetter(*(name for _, name in _COUNTS), "moments", "aliases")
_counts_if_any = itemgetter("events", "checkpoint", "last_signal", "last_stage", "gaps", "gaps_sum")
_instants_of = itemgetter("opened_at", "erased_at", "owed_since")
Place = tuple[int, int, int, str]
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What Python raises of rows that nothing of ours wrote."""


@define(kw_only=True)
class ContactState:
    """What is stored of a contact beside its events.

    Attributes:
        contact: the key.
        fingerprint: the funnel that classified it; "" while its events await the fold.
        known: whether it was ever identified.
        journey: its journey as far as it has been walked; with the moments and episodes of this
            walk only.
        moments: how many moments are stored.
        opened_at: when it opened.
        source: what its opening event gave as its source.
        last: where its latest event stands in the order.
        silent_until: of one that is stored as departed, when it departed (in microseconds).
        merged_into: of a key that was merged, the contact that it belongs to now; the journey is
            then that contact's, and this one is empty.
        aliases: how many keys were merged into this contact.
        erased_at: of one that was erased with its counts kept, when.
        events: how many events the journey has seen, with those of a fold that is owed; None where
            nobody has counted them: no fold has come by since that was first done.
        checkpoint: how many events the last checkpoint has seen that holds; None where none does.
        gaps_known: whether a fold has counted the gaps between touches; of a contact that was there
            before these were stored none has, and no rhythm asks until one does.
        owed_since: where late events were stored whose fold is owed, when the first of them was.
            The journey, and all that is stored of moments and episodes, is that of before.
        is_readable: whether its row is one of ours; if not, it is to be folded anew.
        stored: the row as it was read; None where it was not.
    """

    contact: str
    fingerprint: str
    known: bool
    journey: Journey
    moments: int
    opened_at: datetime | None = None
    source: str | None = None
    last: Place | None = None
    silent_until: int | None = None
    merged_into: str | None = None
    aliases: int = 0
    erased_at: datetime | None = None
    events: int | None = 0
    checkpoint: int | None = None
    gaps_known: bool = True
    owed_since: datetime | None = None
    is_readable: bool = True
    stored: Mapping[str, Any] | None = field(default=None, eq=False, repr=False)

    def follows(self, entry: Entry) -> bool:
        """Whether the event comes after everything that the state has seen.

        A departure that a sweep wrote down is seen too, though no event made it.
        """
        was_said = self.last is not None and self.last[:2] == (self.silent_until, Signal.LEAVE)
        if self.silent_until is not None and entry.at <= self.silent_until and not was_said:
            return False
        return self.last is None or entry[:4] > self.last

    def make_checkpoint(self) -> JourneyCheckpoint | None:
        """Keep the state as it is, where nothing but events has made it."""
        last = self.last
        if last is None or self.events is None or not self.gaps_known:
            return None
        if self.silent_until is not None and self.silent_until >= last[0]:
            return None
        return checkpoint_of(
            self.journey, events=self.events, last_at=last[0], moments=self.moments
        )

    def see(self, entry: Entry, source: str | None, moments: list[Moment]) -> None:
        """Take note of an event that the journey has advanced by, the last one so far."""
        self.last = (entry.at, entry.signal, entry.stage, entry.id)
        self.moments += len(moments)
        self.events = None if self.events is None else self.events + 1
        journey = self.journey.state
        is_departed = journey[machine.PRESENCE] == machine.DEPARTED
        self.silent_until = journey[machine.DEPARTED_AT] if is_departed else None
        if any(moment.kind is MomentKind.OPENING for moment in moments):
            self.opened_at = from_micros(entry.at)
            self.source = source


def new_state(contact: str, funnel: Funnel) -> ContactState:
    """The state of a contact before its first event."""
    return ContactState(
        contact=contact,
        fingerprint=funnel.fingerprint,
        known=False,
        journey=Journey(contact, funnel),
        moments=0,
    )


def before_first(stored: ContactState, funnel: Funnel) -> ContactState:
    """The state of a stored contact, taken back to before its first event, to be folded anew."""
    state = new_state(stored.contact, funnel)
    state.merged_into, state.aliases = stored.merged_into, stored.aliases
    state.erased_at = stored.erased_at
    return state


def after_checkpoint(
    stored: ContactState, checkpoint: JourneyCheckpoint, funnel: Funnel
) -> ContactState:
    """The state of a stored contact, taken back to a checkpoint; without the episodes."""
    state = before_first(stored, funnel)
    state.known = stored.known
    state.moments, state.events = checkpoint.moments, checkpoint.events
    state.checkpoint = checkpoint.events
    state.journey.state = list(checkpoint.state)
    state.journey.open_cases = list(checkpoint.open_cases)
    if state.journey.presence is not Presence.UNKNOWN:
        state.opened_at, state.source = stored.opened_at, stored.source
    return state


def read_state(row: Mapping[str, Any], funnel: Funnel) -> ContactState:
    """Take up the journey where the row left it; of another funnel's row, only who it is of.

    So it is of a row that holds what nothing of ours wrote; that contact awaits the fold.
    """
    try:
        return _read_whole(row, funnel)
    except UNREADABLE:
        return _read_unreadable(row, funnel)


def _read_whole(row: Mapping[str, Any], funnel: Funnel) -> ContactState:
    _check(row)
    state = new_state(row["contact"], funnel)
    state.stored = row
    state.known = bool(row["known"])
    state.merged_into, state.aliases = row["merged_into"], row["aliases"]
    state.erased_at = row["erased_at"]
    state.fingerprint = row["fingerprint"]
    state.moments = row["moments"]
    state.events, state.checkpoint = row["events"], row["checkpoint"]
    state.owed_since = row["owed_since"]
    state.gaps_known = row["gaps"] is not None and row["gaps_sum"] is not None
    if row["presence"] == Presence.DEPARTED:
        state.silent_until = to_micros(row["departed_at"])
    if row["last_at"] is not None:
        state.last = (
            to_micros(row["last_at"]),
            row["last_signal"],
            row["last_stage"],
            row["last_id"],
        )
    if row["fingerprint"] != funnel.fingerprint or row["stage"] not in funnel.stages:
        return state  # the latter: of one erased before the funnel changed, which no fold mends
    state.opened_at = row["opened_at"]
    state.source = row["source"]
    state.journey.state = _read_machine(row, funnel)
    if row["open_cases"] != "[]":
        state.journey.open_cases = read_cases(json.loads(row["open_cases"]))
    return state


def _check(row: Mapping[str, Any]) -> None:
    """Find what is none of its column's type where nothing else would notice at once.

    Raises:
        TypeError: there is some.
    """
    counts = _counts_of(row) + tuple([one or 0 for one in _counts_if_any(row)])
    if not all([isinstance(one, int) for one in counts]):
        raise TypeError("a count is not a number")
    if not all([one is None or isinstance(one, datetime) for one in _instants_of(row)]):
        raise TypeError("an instant is none")
    if row["last_at"] is not None and None in (row["last_signal"], row["last_id"]):
        raise TypeError("the last event has no place")


def _read_unreadable(row: Mapping[str, Any], funnel: Funnel) -> ContactState:
    """Who a row is of that is damaged, with whatever of it no fold would find out."""
    state = new_state(row["contact"], funnel)
    state.fingerprint, state.is_readable = "", False
    state.known, state.merged_into = bool(row["known"]), row["merged_into"]
    state.aliases = row["aliases"] if isinstance(row["aliases"], int) else 1
    state.moments = state.checkpoint = 1  # there may be some, which the fold replaces
    state.events = None
    if row["erased_at"] is not None:
        is_instant = isinstance(row["erased_at"], datetime)
        state.erased_at = row["erased_at"] if is_instant else EPOCH
    if isinstance(row["owed_since"], datetime):
        state.owed_since = row["owed_since"]
    if row["presence"] == Presence.DEPARTED and isinstance(row["departed_at"], datetime):
        state.silent_until = to_micros(row["departed_at"])
    return state


def write_state(state: ContactState, tenant: str) -> dict[str, Any]:
    """Give the row that keeps the state."""
    journey = state.journey
    is_at_rest = state.erased_at is not None or state.owed_since is not None
    deadline = None if is_at_rest else journey.deadline
    last = state.last or (None, None, None, None)
    row: dict[str, Any] = {
        "tenant": tenant,
        "contact": state.contact,
        "fingerprint": state.fingerprint,
        "known": state.known,
        "presence": journey.presence.value,
        "stage": journey.stage,
        "apostle": bool(journey.state[machine.IS_APOSTLE]),
        "open_cases": to_json(write_cases(journey.open_cases)) if journey.open_cases else "[]",
        "deadline_at": None if deadline is None else from_micros(deadline),
        "opened_at": state.opened_at,
        "source": state.source,
        "moments": state.moments,
        "last_at": None if last[0] is None else from_micros(last[0]),
        "last_signal": last[1],
        "last_stage": last[2],
        "last_id": last[3],
        "merged_into": state.merged_into,
        "aliases": state.aliases,
        "erased_at": state.erased_at,
        "events": state.events,
        "checkpoint": state.checkpoint,
        "owed_since": state.owed_since,
    }
    for place, name in _COUNTS:
        row[name] = journey.state[place]
    for place, name in _INSTANTS:
        row[name] = from_micros(journey.state[place]) if _is_set(journey, place) else None
    for place, name in _GAPS:
        row[name] = journey.state[place] if state.gaps_known else None
    return row


_MADE_BY = {
    machine.LAST_PURCHASE: machine.PURCHASES,
    machine.LAST_TOUCH: machine.PRESENCE,
    machine.DEPARTED_AT: machine.EPISODES,
    machine.FIRST_OUTREACH: machine.OUTREACHES,
}


def _is_set(journey: Journey, place: int) -> bool:
    """Whether an instant means anything yet: what it is the instant of has happened."""
    return journey.state[_MADE_BY[place]] != 0


def _read_machine(row: Mapping[str, Any], funnel: Funnel) -> list[int]:
    state = list(machine.NEW_CONTACT)
    state[machine.PRESENCE] = PRESENCES.index(row["presence"])
    state[machine.STAGE] = funnel.stages.index(row["stage"])
    state[machine.IS_APOSTLE] = int(row["apostle"])
    for place, name in _COUNTS:
        state[place] = row[name]
    for place, name in _INSTANTS:
        state[place] = _micros(row[name])
    for place, name in _GAPS:
        state[place] = row[name] or 0
    return state


def _micros(instant: datetime | None) -> int:
    return 0 if instant is None else to_micros(instant)
