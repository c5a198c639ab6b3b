"""Counting each contact's events by signal and phase: before its opening, to its purchase, after.

The database compares the instants and counts; where events share an instant their signals decide,
and where these are the same the caller does. Says nothing of what a count belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, over, select

from motfunnel.domain.lens import Phase
from motfunnel.domain.signal import BY_LABEL, OPENS, Signal
from motfunnel.store.queries.scope import AT_ONCE, Bounds, Extent, between

_WITH_FIRST_PURCHASE = 3
"""Purchases of the instant of the first: one of them is it, the others come after it."""


class Counted(NamedTuple):
    """So many events of a contact, of one signal and phase."""

    contact: str
    signal: Signal
    phase: Phase
    events: int


class PhasedRating(NamedTuple):
    """One rating, with the phase that it falls into."""

    contact: str
    phase: Phase
    name: str
    properties: dict[str, Any]


def count_by_phase(
    extent: Extent, signals: Collection[Signal], period: Bounds
) -> Iterator[Counted]:
    """Count the events of some signals in a period, of each contact by signal and phase."""
    phased = _phased(extent, signals, period).subquery().c
    parts = (phased.owner, phased.signal, phased.phase)
    counted = select(*parts, func.count().label("events")).group_by(*parts)
    with extent.connection.execute(counted, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            signal = BY_LABEL[row.signal]
            if row.phase != _WITH_FIRST_PURCHASE:
                yield Counted(row.owner, signal, Phase(row.phase), row.events)
                continue
            yield Counted(row.owner, signal, Phase.TO_FIRST_PURCHASE, 1)
            if row.events > 1:
                yield Counted(row.owner, signal, Phase.AFTER_FIRST_PURCHASE, row.events - 1)


def read_ratings_by_phase(extent: Extent, period: Bounds) -> Iterator[PhasedRating]:
    """Read the ratings of a period, each with its phase: what they say, the funnel reads."""
    e = extent.tables.events.c
    is_rating = e.signal == Signal.RATING.label
    said = [case((is_rating, one)).label(one.name) for one in (e.event, e.properties)]
    wanted = _phased(extent, [Signal.RATING], period, *said)
    with extent.connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            yield PhasedRating(row.owner, Phase(row.phase), row.event, row.properties)


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
