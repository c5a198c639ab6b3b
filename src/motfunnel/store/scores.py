"""Reading the events that carry a score of an experience, each under the contact that owns it now.

Finds the ratings, and what says ``experienced``; what a score is, the domain decides. Other events
are not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Text, cast, func, or_, select

from motfunnel.domain.event import Event
from motfunnel.domain.signal import Signal
from motfunnel.store.extent import Bounds, Extent, between
from motfunnel.store.rows import named_rows, read_event

_AT_ONCE = 5000


def read_scored(
    extent: Extent, period: Bounds, *, naming: str | None = None
) -> Iterator[tuple[str, Event]]:
    """Read the ratings of a period, and the events in whose properties a name occurs.

    Args:
        extent: of whom, and up to when.
        period: from when to when.
        naming: the name of a property; None: the ratings alone.
    """
    t, e = extent.tables, extent.tables.events.c
    owner, owned = extent.owned(t.events, e.contact)
    scored = e.signal == Signal.RATING.label
    if naming is not None:
        find = func.strpos if extent.connection.dialect.name == "postgresql" else func.instr
        scored = or_(scored, find(cast(e.properties, Text), f'"{naming}"') > 0)
    events = (
        select(t.events, owner.label("owner"))
        .select_from(owned)
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of, scored)
        .where(*between(e.occurred_at, period))
    )
    wanted = extent.within(events, owner)
    with extent.connection.execute(wanted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in named_rows(result):
            yield row["owner"], read_event(row)
