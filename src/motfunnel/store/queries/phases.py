"""Counting each contact's events by signal and phase: before its opening, to its purchase, after.

The database compares the instants and counts; where events share an instant their signals decide,
and where these are the same the caller does. Says nothing of what a count belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import repeat
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, over, select

from motfunnel.domain.columns import Codes, Column, column
from motfunnel.domain.lens import Phase
from motfunnel.domain.signal import OPENS, Signal
from motfunnel.store.queries.columns import raw, read_rows
from motfunnel.store.queries.scope import Bounds, Extent, between

_WITH_FIRST_PURCHASE = 3
"""Purchases of the instant of the first: one of them is it, the others come after it."""
_FIRST = {int(phase): phase for phase in Phase} | {_WITH_FIRST_PURCHASE: Phase.TO_FIRST_PURCHASE}
"""The phase of the first event of a group."""


class Phased(NamedTuple):
    """Events by signal and phase, counted contact by contact or told one by one.

    Attributes:
        contacts: whose, by their numbers.
        kinds: of which signal and phase, and whether a promoter's; see ``kind_of``.
        events: how many.
    """

    contacts: Column
    kinds: Column
    events: Column


def kind_of(signal: int, phase: int, *, promoter: bool = False) -> int:
    """The number of what is told apart.

    >>> told_of(kind_of(Signal.RATING, Phase.TO_FIRST_PURCHASE, promoter=True))
    (<Signal.RATING: 6>, <Phase.TO_FIRST_PURCHASE: 1>, True)
    """
    return (signal * len(Phase) + phase) * 2 + promoter


def told_of(kind: int) -> tuple[Signal, Phase, bool]:
    """What a number tells apart."""
    both, promoter = divmod(kind, 2)
    signal, phase = divmod(both, len(Phase))
    return Signal(signal), Phase(phase), bool(promoter)


def count_by_phase(
    extent: Extent, people: Codes, signals: Collection[Signal], period: Bounds
) -> Phased:
    """Count the events of some signals in a period, of each contact by signal and phase."""
    phased = _phased(extent, signals, period).subquery().c
    parts = (phased.owner, phased.signal, phased.phase)
    counted = select(*parts, func.count()).group_by(*parts)
    found = Phased(column(), column(), column())
    ranks = {signal.label: int(signal) for signal in signals}
    for rows in read_rows(extent.connection, counted):
        owners, labels, where, events = zip(*rows, strict=True)
        whose, phases = column(people.numbers(owners)), column(where)
        both = [*zip(map(ranks.__getitem__, labels), phases, events, strict=True)]
        found.contacts.extend(whose)
        found.kinds.extend(kind_of(one, _FIRST[phase]) for one, phase, _ in both)
        found.events.extend(
            1 if phase == _WITH_FIRST_PURCHASE else number for _, phase, number in both
        )
        for contact, (signal, phase, number) in zip(whose, both, strict=True):
            if phase == _WITH_FIRST_PURCHASE and number > 1:
                found.contacts.append(contact)
                found.kinds.append(kind_of(signal, Phase.AFTER_FIRST_PURCHASE))
                found.events.append(number - 1)
    return found


def read_ratings_by_phase(
    extent: Extent, people: Codes, period: Bounds, promotes: Callable[[str, Any], bool]
) -> Phased:
    """Read the ratings of a period, each with its phase.

    Args:
        extent: of whom, and up to when.
        people: gives contacts their numbers.
        period: from when to when.
        promotes: reads of the name of a rating and what is stored of its properties whether it
            is a promoter's.
    """
    e, dialect = extent.tables.events.c, extent.connection.dialect
    is_rating = e.signal == Signal.RATING.label
    said = {"event": e.event, "unread": raw(e.properties, dialect)}
    wanted = _phased(
        extent,
        [Signal.RATING],
        period,
        *(case((is_rating, one)).label(name) for name, one in said.items()),
    )
    found = Phased(column(), column(), column())
    for rows in read_rows(extent.connection, wanted):
        owners, _, phases, names, unread = zip(*rows, strict=True)
        told = zip(phases, map(promotes, names, unread), strict=True)
        found.contacts.extend(people.numbers(owners))
        found.kinds.extend(kind_of(Signal.RATING, phase, promoter=is_one) for phase, is_one in told)
        found.events.extend(repeat(1, len(rows)))
    return found


def _phased(
    extent: Extent, signals: Collection[Signal], period: Bounds, *said: ColumnElement[Any]
) -> Select[Any]:
    """The events, each under the contact that owns it now, with their phase.

    The opening is the first event that opens, and the first purchase the first of these: one walk
    along each contact's events finds both. Joined instead, MariaDB compares each with each.
    """
    walked = _walked(extent, *said).subquery()
    w = walked.c
    return select(
        w.owner,
        w.signal,
        _phase(w.occurred_at, w.signal, w.opened_at, w.bought_at).label("phase"),
        *(w[str(one.key)] for one in said),
    ).where(w.signal.in_([signal.label for signal in signals]), *between(w.occurred_at, period))


def _walked(extent: Extent, *said: ColumnElement[Any]) -> Select[Any]:
    """All events up to the instant, each with when its contact opened, and first bought."""
    e = extent.tables.events.c
    owner, owned = extent.owned(extent.tables.events, e.contact)
    opening = e.signal.in_([signal.label for signal in Signal if OPENS[signal]])
    buying = e.signal == Signal.PURCHASE.label
    events = (
        select(
            owner.label("owner"),
            e.signal,
            e.occurred_at,
            _first(e.occurred_at, opening, owner).label("opened_at"),
            _first(e.occurred_at, buying, owner).label("bought_at"),
            *said,
        )
        .select_from(owned)
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of)
    )
    return extent.within(events, owner)


def _first(
    at: ColumnElement[Any], which: ColumnElement[bool], owner: ColumnElement[Any]
) -> ColumnElement[Any]:
    first = func.min(case((which, at)), type_=at.type)
    return over(first, partition_by=owner)


def _phase(
    at: ColumnElement[Any],
    signal: ColumnElement[Any],
    opened_at: ColumnElement[Any],
    bought_at: ColumnElement[Any],
) -> ColumnElement[Any]:
    """The phase: by the instants, and at the same instant by the ranks of the signals."""
    # What opens ranks from TOUCH on, and what does not, after it, can only follow it.
    sooner = signal.in_([one.label for one in Signal if one < Signal.TOUCH])
    later = signal.in_([one.label for one in Signal if one > Signal.PURCHASE])
    before = or_(opened_at.is_(None), at < opened_at, and_(at == opened_at, sooner))
    return case(
        (before, literal(int(Phase.BEFORE_OPENING))),
        (or_(at > bought_at, and_(at == bought_at, later)), int(Phase.AFTER_FIRST_PURCHASE)),
        (
            and_(at == bought_at, signal == Signal.PURCHASE.label),
            literal(_WITH_FIRST_PURCHASE),
        ),
        else_=literal(int(Phase.TO_FIRST_PURCHASE)),
    )
