"""Reading by what contacts are grouped: their source, a trait.

Each a statement that streams; what of it is wanted, the reader keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, select

from motfunnel.domain.event import to_json, trait_text
from motfunnel.domain.moment import MomentKind
from motfunnel.store.queries.scope import AT_ONCE, Extent

UNSET: Final = ""
"""What is read of a trait that was set to null."""


def read_sources(extent: Extent) -> Iterator[tuple[str, str]]:
    """Read each contact's source: what its opening said, else whether a referral came before it.

    Who was referred is read first: joined in one statement, SQLite compares each with each.
    """
    c = extent.tables.contacts.c
    referred = _first_referrals(extent)
    opened = select(c.contact, c.source, c.opened_at).where(
        c.tenant == extent.tenant, c.opened_at.is_not(None)
    )
    with extent.connection.execute(opened, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            yield (
                row.contact,
                source_or_referral(row.source, row.opened_at, referred.get(row.contact)),
            )


def source_or_referral(given: str | None, opened_at: datetime, referred_at: datetime | None) -> str:
    """A contact's source: what its opening gave, else whether a referral came before that."""
    if given is not None:
        return given
    return "direct" if referred_at is None or referred_at > opened_at else "referral"


def read_trait(extent: Extent, trait: str) -> Iterator[tuple[str, tuple[datetime, str]]]:
    """Read what was said of a trait up to an instant, in order, each under its contact.

    A null is stored as the text ``null``, so of such a text the event is asked.
    """
    t, e = extent.tables.traits.c, extent.tables.events.c
    same = and_(e.tenant == t.tenant, e.contact == t.contact, e.id == t.event_id)
    said = (
        select(t.owner, t.occurred_at, t.value, e.properties)
        .outerjoin(extent.tables.events, and_(t.value == to_json(None), same))
        .where(t.tenant == extent.tenant, t.trait == trait, t.occurred_at <= extent.as_of)
        .order_by(t.owner, t.occurred_at, t.event_id)
    )
    with extent.connection.execute(said, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            is_null = row.properties is not None and said_as(row.properties, trait) == UNSET
            yield row.owner, (row.occurred_at, UNSET if is_null else row.value)


def said_as(properties: Mapping[str, Any], trait: str) -> str:
    """What an event says of a trait, as the text to group by; null says nothing."""
    value = properties.get(trait)
    return UNSET if value is None else trait_text(value)


def read_trait_names(extent: Extent, known_by: datetime | None) -> list[str]:
    """Name the traits that anybody had by an instant, as recorded by another, sorted."""
    t = extent.tables.traits.c
    named = select(t.trait).distinct().where(t.tenant == extent.tenant)
    named = named.where(t.occurred_at <= extent.as_of)
    if known_by is not None:
        named = named.where(t.recorded_at <= known_by)
    return sorted(extent.connection.execute(named).scalars())


def _first_referrals(extent: Extent) -> dict[str, datetime]:
    """When each contact was first referred by another."""
    m = extent.tables.moments.c
    whom, named = extent.owned(extent.tables.moments, m.referred)
    first = func.min(m.occurred_at, type_=m.occurred_at.type)
    made = (
        select(whom.label("referred"), first.label("first_at"))
        .select_from(named)
        .where(m.tenant == extent.tenant, m.moment == MomentKind.REFERRAL.value)
        .where(m.referred.is_not(None), whom != m.contact)
        .group_by(whom)
    )
    return {row.referred: row.first_at for row in extent.connection.execute(made)}
