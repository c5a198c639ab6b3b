"""Reading who opened, and when: of everybody, and so no more of each than that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from motfunnel.domain.moment import MomentKind
from motfunnel.store.extent import Extent

_AT_ONCE = 5000


def read_openings(extent: Extent) -> Iterator[tuple[str, datetime]]:
    """Read when each contact opened, up to an instant, in the order of the contacts."""
    m = extent.tables.moments.c
    opened = (
        select(m.contact, m.occurred_at)
        .where(m.tenant == extent.tenant, m.occurred_at <= extent.as_of)
        .where(m.moment == MomentKind.OPENING.value)
        .order_by(m.contact)
    )
    wanted = extent.within(opened, m.contact)
    with extent.connection.execute(wanted, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in result:
            yield row.contact, row.occurred_at
