"""Reading episodes as of an instant.

Stored episodes that began by the instant, and one for each contact whose silence has run out by
then with nothing having written it down. What came after the instant is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Select,
    Subquery,
    case,
    cast,
    false,
    literal,
    null,
    select,
    true,
    union_all,
)

from motfunnel.domain.moment import SILENCE, Episode
from motfunnel.store.queries.scope import AT_ONCE, Bounds, Extent, between
from motfunnel.store.schema.tables import Tables, overdue


def read_episodes(
    extent: Extent, narrow: Mapping[str, Bounds] = MappingProxyType({})
) -> Iterator[tuple[str, list[Episode]]]:
    """Read episodes as of an instant, contact by contact, each contact's in order.

    Args:
        extent: of whom, and as of when.
        narrow: of which columns the instant lies from a first one on, before a second.
    """
    episodes = episodes_as_of(extent.tables, extent.tenant, extent.as_of)
    ordered = select(episodes).order_by(episodes.c.contact, episodes.c.episode)
    wanted = extent.within(ordered, episodes.c.contact)
    for column, period in narrow.items():
        wanted = wanted.where(*between(episodes.c[column], period))
    with extent.connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        for contact, rows in groupby(result, itemgetter(0)):
            yield contact, [_read(row) for row in rows]


def episodes_as_of(tables: Tables, tenant: str, as_of: datetime) -> Subquery:
    """All episodes of a tenant as of an instant."""
    return union_all(_written(tables, tenant, as_of), _unwritten(tables, tenant, as_of)).subquery()


def _read(row: Sequence[Any]) -> Episode:
    """Read a row, by the places of its columns: there may be millions."""
    contact, number, departed_at, reason, stage, customer, first, returned_at, back = row
    return Episode(
        contact=contact,
        number=number,
        departed_at=departed_at,
        reason=reason,
        stage=stage,
        customer=bool(customer),
        first_outreach_at=first,
        outreaches=None,  # stored up to now, not up to the instant
        returned_at=returned_at,
        return_event_id=back,
    )


def _written(tables: Tables, tenant: str, as_of: datetime) -> Select[Any]:
    e = tables.episodes.c
    return select(
        e.contact,
        e.episode,
        e.departed_at,
        e.reason,
        e.stage,
        e.customer,
        case((e.first_outreach_at <= as_of, e.first_outreach_at)).label("first_outreach_at"),
        case((e.returned_at <= as_of, e.returned_at)).label("returned_at"),
        case((e.returned_at <= as_of, e.return_event_id)).label("return_event_id"),
    ).where(e.tenant == tenant, e.departed_at <= as_of)


def _unwritten(tables: Tables, tenant: str, as_of: datetime) -> Select[Any]:
    c, e = tables.contacts.c, tables.episodes.c
    return select(
        c.contact,
        (c.episodes + 1).label("episode"),
        c.deadline_at.label("departed_at"),
        literal(SILENCE).label("reason"),
        c.stage,
        case((c.purchases > 0, true()), else_=false()).label("customer"),
        cast(null(), e.first_outreach_at.type).label("first_outreach_at"),
        cast(null(), e.returned_at.type).label("returned_at"),
        cast(null(), e.return_event_id.type).label("return_event_id"),
    ).where(overdue(tables.contacts, tenant, as_of))
