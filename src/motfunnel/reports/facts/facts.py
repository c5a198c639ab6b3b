"""The facts that questions ask for, whatever they come from.

``Stored`` gives them by all that is stored, ``Known`` by what had been recorded by an earlier time.
An inquiry chooses between the two; no question asks which of them it reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol

from motfunnel.domain.columns import Column
from motfunnel.domain.experience import EXPERIENCED
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.moments import Activity, Moments, Openings
from motfunnel.reports.facts.relations import (
    Episodes,
    Happenings,
    Purchases,
    Referrals,
    Scored,
    Traits,
    places_of,
)
from motfunnel.reports.measure.clock import EVERYBODY, Cohort, Names, Readings
from motfunnel.reports.measure.grouping import Grouping, Partition
from motfunnel.store.ledger.rows import StoredEvent
from motfunnel.store.queries.happenings import Read, Wanted
from motfunnel.store.queries.phases import Phased
from motfunnel.store.schema.types import read_properties

Unread = tuple[str, list[StoredEvent]]
"""A contact, and events of it."""

Start = frozenset[MomentKind] | Signal
"""What starts clocks: moments of some kinds, or events of a signal."""
Keep = MomentKind | Literal["episodes", "openings", "activity", "events", "purchases", "referrals"]
"""What a question will ask for beside others: who walks through histories does so once, then."""
NOTHING: Final[frozenset[Keep]] = frozenset()


class Facts(Protocol):
    """What can be read of the contacts of a tenant, as of an instant."""

    @property
    def funnel(self) -> Funnel:
        """The definition that classified them."""
        ...

    @property
    def names(self) -> Names:
        """What the numbers of contacts, stages and reasons stand for."""
        ...

    def episodes(
        self,
        *columns: str,
        first: bool = False,
        departed: Cohort = EVERYBODY,
        attempted: Cohort = EVERYBODY,
    ) -> Episodes:
        """Give departures; of those that were asked for at least.

        Args:
            columns: which columns beside the contact.
            first: each contact's first departure alone; these come in no order.
            departed: those of a cohort alone.
            attempted: those whose first outreach lies in a cohort alone.
        """
        ...

    def happenings(self, wanted: Wanted, /) -> Happenings:
        """Give events of some signals, contact by contact, each contact's in order."""
        ...

    def groups(self, grouping: Grouping, start: Start, chosen: Readings, /) -> Partition:
        """Give the group of each of some clocks, which such a start event began."""
        ...

    def unread(self, signals: Collection[Signal] | None = None, /) -> Iterator[Unread]:
        """Give the events of each contact, or of some signals those at least, unread."""
        ...

    def openings(self) -> Openings:
        """Give who opened, and when."""
        ...

    def moments(
        self, kinds: Collection[MomentKind], *columns: str, having: MomentKind | None = None
    ) -> Moments:
        """Give the moments of some kinds, contact by contact, each contact's in order.

        Args:
            kinds: which.
            columns: what is asked for beside contacts and kinds: ``at``, ``stages``, ``reasons``,
                ``labels``, ``events``.
            having: of contacts with such a moment at least.
        """
        ...

    def purchases(self) -> Purchases:
        """Give purchases and refunds, contact by contact, each contact's in order."""
        ...

    def earliest(self) -> datetime | None:
        """Give when the first contact opened; None where none did."""
        ...

    def activity(self, bounds: Sequence[datetime], *, erased: bool) -> Activity:
        """Give the stretches in which each contact was seen.

        Seen is a contact with an event that kept it alive: a rating or a complaint of one who has
        departed does not.

        Args:
            bounds: where one stretch ends and the next begins, in order.
            erased: whether anybody was erased of whom counts are kept.
        """
        ...

    def kinds(self, period: Cohort) -> tuple[Column, ...]:
        """Give how many moments of each kind contacts had in a period.

        Three columns: contacts, the places of kinds, and how many; of one contact and kind there
        may be several.
        """
        ...

    def phased(
        self, signals: Collection[Signal], period: Cohort, *, promoters: bool = False
    ) -> Iterator[Phased]:
        """Give the events of a period by signal and phase.

        Args:
            signals: of which events.
            period: from when to when.
            promoters: whether it is asked which ratings promote.
        """
        ...

    def referrals(self) -> Referrals:
        """Give who referred whom, whenever that was."""
        ...

    def seen(self, period: Cohort) -> Column:
        """Give who had an event in a period that kept the contact alive."""
        ...

    def scored(
        self,
        period: Cohort,
        read: Read,
        /,
        *,
        staged: bool = False,
        naming: str | None = EXPERIENCED,
    ) -> Iterator[Scored]:
        """Give the events of a period that may have a score, so many at a time, in no order.

        Args:
            period: from when to when.
            read: reads of the name of an event and its properties a number.
            staged: whether stages are asked for; otherwise there are none.
            naming: the property that makes an event one with a score; None: only ratings are
                asked for.
        """
        ...

    def traits(self, name: str) -> Traits:
        """Give what was said of a trait."""
        ...

    def trait_names(self) -> Sequence[str]:
        """Give the names of all traits that any contact has."""
        ...

    def latest(
        self, contacts: Collection[str], most: int, wanted: Wanted, /
    ) -> tuple[Mapping[str, Sequence[Moment]], Happenings]:
        """Give so many of the latest moments of some contacts, and events of theirs.

        Who has no moments may be left out.
        """
        ...


StageAt = Callable[[int, int, str, Any], int]
"""The label of the stage that a contact had reached by an event, as ``Stages.at`` tells it."""


class Stages:
    """The stages of contacts: which one had reached at an event, that one included.

    Args:
        reached: the conversions, with the labels of stages and their instants.
        names: what numbers stand for.
        funnel: the definition in use.
    """

    def __init__(self, reached: Moments, names: Names, funnel: Funnel) -> None:
        self._at, self._labels = reached.at, reached.labels
        self._places = places_of(reached.contacts)
        self._texts = names.labels.texts
        self._first = names.labels[funnel.stages[0]]
        self._funnel = funnel

    def at(self, contact: int, instant: int, event: str, properties: Any) -> int:
        """The label of the highest stage that a contact had reached by an event.

        At one instant contacts reach stages by the rank of ``reach``, the lower first, and then by
        ``purchase``: what ranks before was at the stage before, and what ranks after is not.

        Args:
            contact: the contact.
            instant: when the event was, in microseconds since 1970.
            event: what it is called.
            properties: what is stored of its properties.
        """
        mine = self._places.get(contact)
        if mine is None:
            return self._first
        place = bisect_left(self._at, instant, mine.start, mine.stop)
        stage = self._labels[place - 1] if place > mine.start else self._first
        for later in range(place, mine.stop):
            if self._at[later] != instant:
                break
            if not self._is_by_then(event, properties, self._texts[self._labels[later]]):
                break
            stage = self._labels[later]
        return stage

    def _is_by_then(self, event: str, properties: Any, stage: str) -> bool:
        """Whether a stage that was reached at the instant of an event was reached by it."""
        meant = self._funnel.read_stored(event, read_properties(properties))
        if meant.signal is not Signal.REACH:
            return meant.signal > Signal.REACH
        return stage in self._funnel.stages[: meant.argument + 1]
