"""The check: contacts replayed from their events, and compared with what is stored of them.

Writes nothing unless it is to repair: then what is wrong is folded anew. What another funnel
classified, or what awaits the fold, is outdated and not wrong: it is only counted. Of a contact
that was erased there is nothing to replay.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from motfunnel.domain.event import IDENTIFY, trait_text
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.store.database.retry import ask, persist
from motfunnel.store.kept.changes import end_answers
from motfunnel.store.ledger.checkpoints import JourneyCheckpoint
from motfunnel.store.ledger.contacts import all_contacts, without_row
from motfunnel.store.ledger.erasure import remake_traits, stored_traits
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.rows import Meant, StoredEvent
from motfunnel.store.ledger.state import UNREADABLE, ContactState, write_state
from motfunnel.store.ledger.statements import SOME
from motfunnel.store.schema.types import read_properties
from motfunnel.text import counted
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.recording.fold import fold, refold
from motfunnel.tracking.recording.unmapped import Unmapped, UnmappedCount

if TYPE_CHECKING:
    from sqlalchemy import Connection

_UNREADABLE: Final = "cannot be read"
_LISTED: Final = 5


@frozen(kw_only=True)
class Difference:
    """Something stored that the events do not bear out.

    Attributes:
        contact: whose.
        what: the part: a column of its state, ``moments``, ``episodes``, ``checkpoints``,
            ``signals``, ``alive``, ``values``, ``traits``, or ``contact`` where events have no
            contact at all, or one whose row cannot be read, or ``events`` where these cannot.
        stored: what is stored.
        replayed: what the events give.
    """

    contact: str
    what: str
    stored: Any
    replayed: Any


@frozen(kw_only=True)
class Checked:
    """What a check found.

    Attributes:
        contacts: how many were replayed.
        outdated: how many of them await a fold or a rebuild.
        owed: how many of them the next sweep will fold, because late events came; they are not
            compared.
        differences: what did not agree.
        unmapped: the names that no rule of the funnel names, among the events that were replayed.
        off_scale: which of these carry a score that the funnel's scale does not hold, each as its
            contact and id; the score counts as absent.
        repaired: how many contacts were folded anew because of it.
    """

    contacts: int
    outdated: int
    differences: tuple[Difference, ...]
    unmapped: Unmapped
    repaired: int = 0
    owed: int = 0
    off_scale: tuple[tuple[str, str], ...] = ()

    @property
    def is_sound(self) -> bool:
        """Whether all agree, or do so now, and none is outdated."""
        wrong = {one.contact for one in self.differences}
        return len(wrong) == self.repaired and not self.outdated

    def __str__(self) -> str:
        """One line."""
        wrong = len({one.contact for one in self.differences})
        outdated = f", {self.outdated:,} await rebuild()" if self.outdated else ""
        mended = f", {self.repaired:,} repaired" if self.repaired else ""
        unmapped = f"; {self.unmapped}" if self.unmapped else ""
        owed = f", {self.owed:,} await the sweep" if self.owed else ""
        told = f"{counted(self.contacts, 'contact')} replayed: {wrong:,} differ"
        return f"{told}{mended}{outdated}{owed}{unmapped}{self._off_scale()}"

    def _off_scale(self) -> str:
        if not self.off_scale:
            return ""
        shown = ", ".join(f"{contact} {id}" for contact, id in self.off_scale[:_LISTED])
        more = len(self.off_scale) - _LISTED
        return (
            f"; {counted(len(self.off_scale), 'score')} outside the scale, taken as absent: {shown}"
            f"{f' and {more:,} more' if more > 0 else ''}"
        )


@frozen
class _Seen:
    """What is said of the events that were replayed, each once, however often they are read."""

    unmapped: UnmappedCount
    off_scale: set[tuple[str, str]] = field(factory=set)

    def add(self, event: StoredEvent, funnel: Funnel) -> None:
        """Count the name, and tell of a score that the scale does not hold."""
        self.unmapped.add(event.event)
        if any(rule.score is not None for rule in funnel.rules.get(event.event, ())):
            read = funnel.read_stored(event.event, read_properties(event.properties))
            if read.is_off_scale:
                self.off_scale.add((event.contact, event.id))


def check_contacts(
    tracker: Reader,
    *,
    sample: int | None = None,
    repair: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Checked:
    """Replay contacts, all of them or so many of them, chosen at random.

    Costs a read of all that is stored of each. A repair is a fold in a transaction of its own for
    some contacts at a time; their handlers are not told.
    """
    database = tracker.database
    contacts, lost = ask(database, partial(_find_contacts, tracker, to_sample=sample is not None))
    if sample is not None and sample < len(contacts):
        contacts = sorted(random.sample(contacts, sample))
    found = [
        Difference(contact=key, what="contact", stored=None, replayed="events") for key in lost
    ]
    repaired = _repair(tracker, lost) if repair else 0
    outdated, owed, seen = 0, 0, _Seen(UnmappedCount(tracker.funnel))
    for start in range(0, len(contacts), SOME):
        some = contacts[start : start + SOME]
        # Names are counted once all is read, so that none is counted twice.
        behind, later, wrong = ask(database, partial(_check_some, tracker, some, seen))
        outdated += behind
        owed += later
        found += wrong
        repaired += _repair(tracker, [one.contact for one in wrong]) if repair else 0
        if progress is not None:
            progress(start + len(some))
    return Checked(
        contacts=len(contacts),
        outdated=outdated,
        owed=owed,
        differences=tuple(found),
        unmapped=seen.unmapped.result(),
        off_scale=tuple(sorted(seen.off_scale)),
        repaired=repaired,
    )


def _find_contacts(tracker: Reader, *, to_sample: bool) -> tuple[list[str], list[str]]:
    """The contacts, and unless some are to be drawn the keys that have events but no contact."""
    database, tenant = tracker.database, tracker.tenant
    with database.read() as connection:
        contacts = all_contacts(connection, database.tables.contacts, tenant)
        return contacts, [] if to_sample else without_row(connection, database.tables, tenant)


def _check_some(
    tracker: Reader, contacts: Sequence[str], seen: _Seen
) -> tuple[int, int, list[Difference]]:
    """Replay some: how many are outdated, how many are owed a fold, and what differs of others.

    A row that cannot be read is a difference, too.

    Counts the names that no rule names, and tells of scores outside the scale.
    """
    funnel, database = tracker.funnel, tracker.database
    with database.read() as connection:
        ledger = Ledger(connection, database.tables.schema, tracker.tenant)
        states = ledger.read_contacts(contacts, funnel)
        damaged = [
            Difference(contact=one.contact, what="contact", stored=_UNREADABLE, replayed="events")
            for one in states
            if not one.is_readable
        ]
        states = [state for state in states if state.is_readable]
        current = [state for state in states if state.fingerprint == funnel.fingerprint]
        folded = [state for state in current if state.owed_since is None]
        standing = [state for state in folded if state.erased_at is None]
        outdated, owed = len(states) - len(current), len(current) - len(folded)
        return outdated, owed, [*damaged, *_compare(ledger, standing, funnel, seen)]


def _repair(tracker: Reader, contacts: Sequence[str]) -> int:
    """Fold contacts anew, whatever is stored of them; how many there were.

    One whose fold is owed by now is left to the sweep, whose handlers are to be told of it, and one
    whose events cannot be read as it is.
    """
    wrong = sorted(set(contacts))

    def fold_anew(connection: Connection) -> int:
        database = tracker.database
        ledger = Ledger(connection, database.tables.schema, tracker.tenant, database.pace)
        locked = [ledger.lock_contact(contact, tracker.funnel) for contact in wrong]
        states = [state for state in locked if state.owed_since is None]
        mended = [state.contact for state in states]
        for state in states:
            state.silent_until = None  # the next sweep writes down again what still holds
        ledger.clear_journeys(mended)
        refold(ledger, states, tracker.funnel, is_told=False)  # nothing has happened to them
        owners = ledger.find_members(mended) | {contact: contact for contact in mended}
        remake_traits(connection, ledger.tables, ledger.tenant, owners)
        ledger.drop_strays(wrong)  # of one who was erased since it was compared
        end_answers(connection, ledger.tables, ledger.tenant)
        return len(mended)

    try:
        return persist(tracker.database, fold_anew) if wrong else 0
    except UNREADABLE:
        return sum(_repair(tracker, [one]) for one in wrong) if len(wrong) > 1 else 0


def _compare(
    ledger: Ledger, states: Sequence[ContactState], funnel: Funnel, seen: _Seen
) -> Iterator[Difference]:
    if not states:
        return
    contacts = [state.contact for state in states]
    stories = ledger.stories(states, to_write=False)
    moments, episodes = ledger.journeys(contacts)
    traits = stored_traits(ledger.connection, ledger.tables, ledger.tenant, contacts)
    for stored in states:
        contact = stored.contact
        checkpoints, story = ledger.checkpoints(stored), stories.get(contact, [])
        try:
            for event in story:
                seen.add(event, funnel)
            made = _replay(ledger, stored, story, checkpoints, funnel)
        except UNREADABLE:
            yield Difference(contact=contact, what="events", stored=_UNREADABLE, replayed=None)
            continue
        kept = write_state(stored, ledger.tenant) | {
            "moments": moments.get(contact, []),
            "episodes": episodes.get(contact, []),
            "signals": [],
            "alive": [],
            "values": [],
            "checkpoints": checkpoints,
            "traits": traits.get(contact, []),
        }
        for what, before in kept.items():
            if before != made[what]:
                yield Difference(contact=contact, what=what, stored=before, replayed=made[what])


def _replay(
    ledger: Ledger,
    stored: ContactState,
    story: Sequence[StoredEvent],
    checkpoints: Sequence[JourneyCheckpoint],
    funnel: Funnel,
) -> dict[str, Any]:
    """What the events of a contact give, by the parts of what is stored."""
    ends = [one.events for one in checkpoints if 0 < one.events <= len(story)]
    folded = fold(stored, story, funnel, ends=ends)
    if stored.events is None:  # nobody has counted them yet
        folded.state.events = None
    folded.state.gaps_known = stored.gaps_known
    journey = folded.state.journey
    return write_state(folded.state, ledger.tenant) | {
        "moments": journey.moments,
        "episodes": list(journey.episodes.values()),
        "signals": _others("signal", story, folded.meanings),
        "alive": _others("alive", story, folded.meanings),
        "values": _others("value", story, folded.meanings),
        "checkpoints": folded.checkpoints,
        "traits": _traits(story),
    }


def _others(name: str, events: Sequence[StoredEvent], meanings: Sequence[Meant]) -> list[str]:
    """What a column is to hold of those events of which it is stored otherwise."""
    stored = {event[:2]: getattr(event, name) for event in events if meanings}
    found = [(one, getattr(one, name)) for one in meanings]
    return [f"{one.id}: {now}" for one, now in found if now != stored[one[:2]]]


def _traits(events: Sequence[StoredEvent]) -> list[tuple[str, str, str]]:
    """What a contact's events say of it: the event, the trait and the value."""
    return sorted(
        (event.id, trait, trait_text(value))
        for event in events
        if event.event == IDENTIFY
        for trait, value in read_properties(event.properties).items()
    )
