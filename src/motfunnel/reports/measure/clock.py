"""The clocks of a rate: when they started for contacts, and what stopped them.

``Clocks`` are columns, one place a clock; ``choose`` takes those that lie in a cohort, and reads
them at the instant of the question. Estimates nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from operator import sub
from typing import Any, Final, Self

from attrs import evolve, field, fields, frozen

from motfunnel.answers.members import Members
from motfunnel.domain.columns import NEVER, Codes, Column, column, pick
from motfunnel.domain.instant import iso, to_micros

Cohort = tuple[datetime | None, datetime | None]
"""Bounds that were read: from the first instant on, before the second; None leaves an end open."""
EVERYBODY: Final[Cohort] = (None, None)
HAPPENED: Final = "happened"
ERASED: Final = "erased"
RULED_OUT: Final = "ruled out"
ENDINGS: Final = (None, HAPPENED, ERASED, RULED_OUT)
"""How a clock stopped; the first still runs."""
_HAPPENED, _ERASED, _RULED_OUT = range(1, 4)


@frozen(kw_only=True, eq=False)
class Names:
    """What the numbers in columns stand for.

    Attributes:
        people: the contact of each number.
        labels: the text of each number of a stage, a reason, an arm or a cause.
    """

    people: Codes
    labels: Codes


@frozen(kw_only=True, eq=False)
class Clocks:
    """Clocks as columns, contact by contact, each contact's in order.

    Each is from a start event to the event that the rate waits for. Instants are microseconds since
    1970, and ``NEVER`` where nothing came; a column that no question asks for is empty.

    Attributes:
        names: what numbers stand for.
        contact: whose clock.
        started: when it started.
        ended: when the event came.
        ruled_out: when something made the event impossible.
        key: what tells its start event from others of the contact.
        stage: the stage at the start event.
        reason: why the contact had left.
        arm: to which arm the clock belongs, in a comparison of arms.
        cause: of an event of several kinds, which.
        exposed: when the first outreach came.
        departed: of a case, when the contact left while it was open.
        reopened: of a case that was resolved, when it opened again.
        settled: of the first opening of such a case, when it was last resolved; of others 0.
    """

    names: Names
    contact: Column
    started: Column
    ended: Column
    ruled_out: Column = field(factory=column)
    key: Sequence[Hashable] = ()
    stage: Column = field(factory=column)
    reason: Column = field(factory=column)
    arm: Column = field(factory=column)
    cause: Column = field(factory=column)
    exposed: Column = field(factory=column)
    departed: Column = field(factory=column)
    reopened: Column = field(factory=column)
    settled: Column = field(factory=column)

    def __len__(self) -> int:
        return len(self.contact)

    def at(self, places: Sequence[int]) -> Self:
        """Those at some places, in the order of these."""
        if len(places) == len(self):  # places are ascending: it is all of them
            return self
        picked: dict[str, Any] = {
            one.name: pick(getattr(self, one.name), places)
            for one in fields(type(self))
            if one.name != "names"
        }
        return evolve(self, **picked)

    def members(self, places: Iterable[int] | None = None) -> Members:
        """The names of the contacts at some places, or of all."""
        who = self.contact if places is None else map(self.contact.__getitem__, places)
        return Members(self.names.people.texts, who)

    def oldest_first(self, places: Iterable[int]) -> Members:
        """The same by when their clocks started, and by name where that was at one instant."""
        texts = self.names.people.texts
        dated = sorted((self.started[n], texts[self.contact[n]], self.contact[n]) for n in places)
        return Members(texts, (who for _, _, who in dated), are_in_order=True)

    def texts(self, name: str) -> list[str | None]:
        """A column of labels as texts; where it is empty, nobody has any."""
        labels = getattr(self, name)
        if not labels:
            return [None] * len(self)
        return [*map(self.names.labels.texts.__getitem__, labels)]


@frozen(kw_only=True, eq=False)
class Readings(Clocks):
    """The clocks of a cohort, read at the instant of the question.

    Attributes:
        waited: microseconds until the event, until it was ruled out, or until now.
        ending: the place in ``ENDINGS`` of how that came; 0 where the clock still runs.
    """

    waited: Column
    ending: Column

    @property
    def happened(self) -> Column:
        """Of each, 1 where the event came, else 0."""
        return array("q", map(_HAPPENED.__eq__, self.ending))

    @property
    def is_anybody_gone(self) -> bool:
        """Whether to any of them the event cannot come any more."""
        return any(map(_HAPPENED.__lt__, self.ending))

    @property
    def repeats(self) -> bool:
        """Whether a contact is among them more than once."""
        return len(set(self.contact)) < len(self)

    def count(self, ending: str) -> int:
        """How many ended so."""
        return self.ending.count(ENDINGS.index(ending))

    def endings(self) -> Iterator[tuple[int, str | None]]:
        """How long each waited, and how that ended; None where it did not."""
        return zip(self.waited, map(ENDINGS.__getitem__, self.ending), strict=True)


NOBODY: Final = Readings(
    names=Names(people=Codes(), labels=Codes()),
    contact=column(),
    started=column(),
    ended=column(),
    waited=column(),
    ending=column(),
)


def choose(
    clocks: Clocks,
    cohort: Cohort,
    as_of: datetime,
    erased: Mapping[str, datetime],
    *,
    first_only: bool,
) -> Readings:
    """Choose the clocks that started in the cohort, of each contact the first or all.

    Of contacts that were erased with their counts kept, ``erased`` says when: their observation
    ends there.
    """
    now, started, contact = to_micros(as_of), clocks.started, clocks.contact
    low, high = bounds_of(cohort)
    high = min(high, now + 1)
    places: Sequence[int] = [n for n, at in enumerate(started) if low <= at < high]
    known = clocks.names.people
    gone = {known[one]: to_micros(at) for one, at in erased.items() if one in known}
    if gone:
        places = [n for n in places if gone.get(contact[n], NEVER) >= started[n]]
    if first_only:
        latest = [-1, *map(contact.__getitem__, places)]
        places = [n for n, before in zip(places, latest, strict=False) if contact[n] != before]
    return _read(clocks.at(places), now, gone)


def bounds_of(cohort: Cohort) -> tuple[int, int]:
    """The bounds of a cohort in microseconds: from the first on, before the second."""
    start, end = cohort
    return -NEVER if start is None else to_micros(start), NEVER if end is None else to_micros(end)


def lies_in(cohort: Cohort, at: datetime) -> bool:
    """Whether an instant lies in a half-open stretch of time."""
    start, end = cohort
    return (start is None or at >= start) and (end is None or at < end)


def in_period(period: Cohort) -> str:
    """Say which period was asked for, after a heading; nothing where none was."""
    start, end = period
    since = "" if start is None else f" from {iso(start)}"
    until = "" if end is None else f" to {iso(end)}"
    return f"{since}{until}"


def _read(clocks: Clocks, now: int, gone: Mapping[int, int]) -> Readings:
    started, ended, ruled_out = clocks.started, clocks.ended, clocks.ruled_out
    if gone or ruled_out:
        others = ruled_out or repeat(NEVER)
        stops = [
            _stop(now, end, other, gone.get(who, NEVER))
            for end, other, who in zip(ended, others, clocks.contact, strict=False)
        ]
        until: Iterable[int] = [at for at, _ in stops]
        ending = array("q", [how for _, how in stops])
    else:
        until = map(min, ended, repeat(now))
        ending = array("q", map(now.__ge__, ended))
    waited = array("q", map(sub, until, started))
    columns = {one.name: getattr(clocks, one.name) for one in fields(Clocks)}
    return Readings(**columns, waited=waited, ending=ending)


def _stop(now: int, ended: int, ruled_out: int, gone: int) -> tuple[int, int]:
    """When a clock stopped, and how."""
    for how, at in ((_HAPPENED, ended), (_RULED_OUT, ruled_out), (_ERASED, gone)):
        if at <= now:
            return at, how
    return now, 0
