"""The check: contacts replayed from their events, and compared with what is stored of them.

Writes nothing. What another funnel classified, or what awaits the fold, is outdated and not wrong:
it is only counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.wording import counted
from motfunnel.store.contact_state import ContactState, write_state
from motfunnel.store.contacts import all_contacts
from motfunnel.store.ledger import Ledger
from motfunnel.store.statements import SOME
from motfunnel.tracking.fold import fold

if TYPE_CHECKING:
    from motfunnel.tracking.tracker import Tracker


@frozen(kw_only=True)
class Difference:
    """Something stored that the events do not bear out.

    Attributes:
        contact: whose.
        what: the part: a column of its state, ``moments``, ``episodes`` or ``signals``.
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
        differences: what did not agree.
    """

    contacts: int
    outdated: int
    differences: tuple[Difference, ...]

    @property
    def is_sound(self) -> bool:
        """Whether all agree, and none is outdated."""
        return not self.differences and not self.outdated

    def __str__(self) -> str:
        """One line."""
        wrong = len({one.contact for one in self.differences})
        outdated = f", {self.outdated:,} await rebuild()" if self.outdated else ""
        return f"{counted(self.contacts, 'contact')} replayed: {wrong:,} differ{outdated}"


def check_contacts(
    tracker: Tracker,
    *,
    sample: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Checked:
    """Replay contacts, all of them or so many of them, chosen at random."""
    funnel, database = tracker.funnel, tracker.database
    with database.read() as connection:
        contacts = all_contacts(connection, database.tables.contacts, tracker.tenant)
    if sample is not None and sample < len(contacts):
        contacts = sorted(random.sample(contacts, sample))
    outdated = 0
    differences: list[Difference] = []
    for start in range(0, len(contacts), SOME):
        some = contacts[start : start + SOME]
        with database.read() as connection:
            ledger = Ledger(connection, database.tables.schema, tracker.tenant)
            states = ledger.read_contacts(some, funnel)
            current = [state for state in states if state.fingerprint == funnel.fingerprint]
            outdated += len(states) - len(current)
            standing = [state for state in current if state.erased_at is None]
            differences += _compare(ledger, standing, funnel)
        if progress is not None:
            progress(start + len(some))
    return Checked(contacts=len(contacts), outdated=outdated, differences=tuple(differences))


def _compare(
    ledger: Ledger, states: Sequence[ContactState], funnel: Funnel
) -> Iterator[Difference]:
    if not states:
        return
    contacts = [state.contact for state in states]
    stories = ledger.stories(states, to_write=False)
    moments, episodes = ledger.journeys(contacts)
    for stored in states:
        contact = stored.contact
        folded = fold(stored, stories.get(contact, []), funnel)
        journey = folded.state.journey
        kept, made = write_state(stored, ledger.tenant), write_state(folded.state, ledger.tenant)
        pairs: dict[str, tuple[Any, Any]] = {name: (kept[name], made[name]) for name in kept}
        pairs |= {
            "moments": (moments.get(contact, []), journey.moments),
            "episodes": (episodes.get(contact, []), list(journey.episodes.values())),
            "signals": ([], [f"{event.id}: {signal}" for event, signal in folded.signals]),
        }
        for what, (before, after) in pairs.items():
            if before != after:
                yield Difference(contact=contact, what=what, stored=before, replayed=after)
