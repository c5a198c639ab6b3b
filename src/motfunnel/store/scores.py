"""Reading the events that carry a score of an experience, each under the contact that owns it now.

Finds the ratings, and what says ``experienced``; what a score is, the domain decides. Other events
are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Text, cast, func, or_, select

from motfunnel.domain.event import Event
from motfunnel.domain.signal import Signal
from motfunnel.store.extent import Extent
from motfunnel.store.rows import named_rows, read_event

_AT_ONCE = 5000

Bounds = tuple[datetime | None, datetime | None]


def read_scored(
    extent: Extent, period: Bounds, *, naming: str | None = None
) -> Iterator[tuple[str, Event]]:
    """Read the ratings of a period, and the events in whose properties a name occurs.

    Args:
        extent: of whom, and up to when.
        period: from when to when.
        naming: the name of a property; None: the ratings alone.
    """
    t, e, c = extent.tables, extent.tables.events.c, extent.tables.contacts.c
    owner = func.coalesce(c.merged_into, e.contact)
    scored = e.signal == Signal.RATING.label
    if naming is not None:
        find = func.strpos if extent.connection.dialect.name == "postgresql" else func.instr
        scored = or_(scored, find(cast(e.properties, Text), f'"{naming}"') > 0)
    mine = (c.tenant == e.tenant) & (c.contact == e.contact)
    events = (
        select(t.events, owner.label("owner"))
        .select_from(t.events.outerjoin(t.contacts, mine))
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of, scored)
    )
    start, end = period
    if start is not None:
        events = events.where(e.occurred_at >= start)
    if end is not None:
        events = events.where(e.occurred_at < end)
    wanted = extent.within(events, owner)
    with extent.connection.execute(wanted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in named_rows(result):
            yield row["owner"], read_event(row)
