"""Reading by what contacts are told apart: their source, a trait.

Each a statement that streams; what of it is wanted, the reader keeps.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, literal, select

from motfunnel.domain.moment import MomentKind
from motfunnel.store.extent import Extent
from motfunnel.store.tables import Tables

_AT_ONCE = 5000


def read_sources(extent: Extent) -> Iterator[tuple[str, str]]:
    """Read each contact's source: what its opening said, else whether a referral came before it."""
    c = extent.tables.contacts.c
    credited = _first_referrals(extent.tables, extent.tenant).subquery()
    was_referred = credited.c.first_at <= c.opened_at
    made = case((was_referred, literal("referral")), else_=literal("direct"))
    statement = (
        select(c.contact, func.coalesce(c.source, made).label("source"))
        .outerjoin(credited, credited.c.referred == c.contact)
        .where(c.tenant == extent.tenant, c.opened_at.is_not(None))
    )
    with extent.connection.execute(statement, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in result:
            yield row.contact, row.source


def read_trait(extent: Extent, trait: str) -> Iterator[tuple[str, tuple[datetime, str]]]:
    """Read what was said of a trait up to an instant, in order, each under its contact."""
    t = extent.tables.traits.c
    said = (
        select(t.owner, t.occurred_at, t.value)
        .where(t.tenant == extent.tenant, t.trait == trait, t.occurred_at <= extent.as_of)
        .order_by(t.owner, t.occurred_at, t.event_id)
    )
    with extent.connection.execute(said, execution_options={"yield_per": _AT_ONCE}) as result:
        for row in result:
            yield row.owner, (row.occurred_at, row.value)


def _first_referrals(tables: Tables, tenant: str) -> Select[Any]:
    """When each contact was first referred by another."""
    named, m = tables.contacts.alias().c, tables.moments.c
    whom = func.coalesce(named.merged_into, m.referred)
    same = (named.tenant == m.tenant) & (named.contact == m.referred)
    return (
        select(whom.label("referred"), func.min(m.occurred_at).label("first_at"))
        .outerjoin(named.contact.table, same)
        .where(m.tenant == tenant, m.moment == MomentKind.REFERRAL.value)
        .where(m.referred.is_not(None), whom != m.contact)
        .group_by(whom)
    )
