"""Counting each contact's events by signal and phase: before its opening, to its purchase, after.

The database compares the instants and counts; where events share an instant their signals decide,
and where these are the same the caller does. Says nothing of what a count belongs to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select

from motfunnel.domain.lens import Phase
from motfunnel.domain.signal import Signal
from motfunnel.store.extent import Extent

_AT_ONCE = 5000
_SIGNALS = {signal.label: signal for signal in Signal}
_WITH_FIRST_PURCHASE = 3
"""Purchases of the instant of the first: one of them is it, the others come after it."""

Bounds = tuple[datetime | None, datetime | None]


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
    phased = _phased(extent, signals, period).add_columns(extent.tables.events.c.signal).subquery()
    parts = (phased.c.owner, phased.c.signal, phased.c.phase)
    counted = select(*parts, func.count().label("events")).group_by(*parts)
    with extent.connection.execute(counted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in result:
            signal = _SIGNALS[row.signal]
            if row.phase != _WITH_FIRST_PURCHASE:
                yield Counted(row.owner, signal, Phase(row.phase), row.events)
                continue
            yield Counted(row.owner, signal, Phase.TO_FIRST_PURCHASE, 1)
            if row.events > 1:
                yield Counted(row.owner, signal, Phase.AFTER_FIRST_PURCHASE, row.events - 1)


def read_ratings_by_phase(extent: Extent, period: Bounds) -> Iterator[PhasedRating]:
    """Read the ratings of a period, each with its phase: what they say, the funnel reads."""
    e = extent.tables.events.c
    wanted = _phased(extent, [Signal.RATING], period).add_columns(e.event, e.properties)
    with extent.connection.execute(wanted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in result:
            yield PhasedRating(row.owner, Phase(row.phase), row.event, row.properties)


def _phased(extent: Extent, signals: Collection[Signal], period: Bounds) -> Select[Any]:
    """The events, each under the contact that owns it now, with their phase."""
    t, e, key = extent.tables, extent.tables.events.c, extent.tables.contacts.alias("key")
    mine = (key.c.tenant == e.tenant) & (key.c.contact == e.contact)
    owner = func.coalesce(key.c.merged_into, e.contact)
    opened = t.contacts.alias("opened")
    bought = _first_purchases(extent).subquery("bought")
    phase = _phase(e.occurred_at, e.signal, opened.c.opened_at, bought.c.at)
    events = (
        select(owner.label("owner"), phase.label("phase"))
        .select_from(t.events.outerjoin(key, mine))
        .outerjoin(opened, (opened.c.tenant == e.tenant) & (opened.c.contact == owner))
        .outerjoin(bought, bought.c.owner == owner)
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of)
        .where(e.signal.in_([signal.label for signal in signals]))
    )
    start, end = period
    if start is not None:
        events = events.where(e.occurred_at >= start)
    if end is not None:
        events = events.where(e.occurred_at < end)
    return extent.within(events, owner)


def _first_purchases(extent: Extent) -> Select[Any]:
    e, key = extent.tables.events.alias("purchase").c, extent.tables.contacts.alias("buyer")
    mine = (key.c.tenant == e.tenant) & (key.c.contact == e.contact)
    owner = func.coalesce(key.c.merged_into, e.contact)
    return (
        select(owner.label("owner"), func.min(e.occurred_at).label("at"))
        .select_from(e.contact.table.outerjoin(key, mine))
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of)
        .where(e.signal == Signal.PURCHASE.label)
        .group_by(owner)
    )


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
