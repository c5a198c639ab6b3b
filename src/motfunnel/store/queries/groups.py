"""Reading by what contacts are grouped, as columns: their source, a trait, what began a clock.

Contacts and values are numbers, which the reader gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Final

from sqlalchemy import and_, func, select

from motfunnel.domain.columns import NEVER, Codes, Column, column
from motfunnel.domain.event import to_json, trait_text
from motfunnel.domain.moment import DIRECT, MomentKind
from motfunnel.store.queries.columns import micros, raw, read_columns, read_rows
from motfunnel.store.queries.scope import Extent
from motfunnel.store.schema.types import read_properties

UNSET: Final = ""
"""What is read of a trait that was set to null."""


def read_sources(extent: Extent, people: Codes, sources: Codes) -> tuple[Column, Column]:
    """Read each contact's source: what its opening said, else whether a referral came before it.

    Who was referred is read first: joined in one statement, SQLite compares each with each.

    Args:
        extent: of whom.
        people: gives contacts their numbers.
        sources: gives sources theirs.
    """
    c, dialect = extent.tables.contacts.c, extent.connection.dialect
    referred = _first_referrals(extent, people)
    opened = select(c.contact, c.source, micros(c.opened_at, dialect)).where(
        c.tenant == extent.tenant, c.opened_at.is_not(None)
    )
    contacts, given, at = read_columns(extent.connection, opened, [people, sources, None])
    none, direct, referral = sources[None], sources[DIRECT], sources["referral"]
    known = zip(contacts, given, at, strict=True)
    return contacts, column(
        source if source != none else direct if referred.get(who, NEVER) > opened else referral
        for who, source, opened in known
    )


def source_or_referral(given: str | None, opened_at: datetime, referred_at: datetime | None) -> str:
    """A contact's source: what its opening gave, else whether a referral came before that."""
    if given is not None:
        return given
    return DIRECT if referred_at is None or referred_at > opened_at else "referral"


def read_trait(
    extent: Extent, trait: str, people: Codes, values: Codes
) -> tuple[Column, Column, Column]:
    """Read who said what of a trait up to an instant, and when; contact by contact, in order.

    A null is stored as the text ``null``, so of such a text the event is asked.
    """
    t, e, dialect = extent.tables.traits.c, extent.tables.events.c, extent.connection.dialect
    same = and_(e.tenant == t.tenant, e.contact == t.contact, e.id == t.event_id)
    said = (
        select(t.owner, micros(t.occurred_at, dialect), t.value, raw(e.properties, dialect))
        .outerjoin(extent.tables.events, and_(t.value == to_json(None), same))
        .where(t.tenant == extent.tenant, t.trait == trait, t.occurred_at <= extent.as_of)
        .order_by(t.owner, t.occurred_at, t.event_id)
    )
    owners, at, found = column(), column(), column()
    for rows in read_rows(extent.connection, said):
        whose, when, texts, unread = zip(*rows, strict=True)
        owners.extend(people.numbers(whose))
        at.extend(when)
        found.extend(values.numbers(map(partial(_value, trait), texts, unread)))
    return owners, at, found


def _value(trait: str, text: str, unread: Any) -> str:
    """What was said, where of a null the event's properties are there, too."""
    is_null = unread is not None and said_as(read_properties(unread), trait) == UNSET
    return UNSET if is_null else text


def read_starts(
    extent: Extent, kinds: Collection[MomentKind], read: Callable[[str, Any], int]
) -> Iterator[tuple[str, Any, int]]:
    """Read what the events that made some moments say, each under its contact.

    And under the number of its episode, or where it has none, its event.

    Args:
        extent: of whom, and up to when.
        kinds: which moments.
        read: reads the name of an event, and what is stored of its properties.
    """
    m, e, dialect = extent.tables.moments.c, extent.tables.events.c, extent.connection.dialect
    key = func.coalesce(m.recorded_as, m.contact)
    made = (e.tenant == m.tenant) & (e.contact == key) & (e.id == m.event_id)
    wanted = (
        select(m.contact, m.episode, key, m.event_id, e.event, raw(e.properties, dialect))
        .select_from(extent.tables.moments.join(extent.tables.events, made))
        .where(m.tenant == extent.tenant, m.occurred_at <= extent.as_of)
        .where(m.moment.in_([kind.value for kind in kinds]))
    )
    for contact, episode, of, id_, name, unread in chain.from_iterable(
        read_rows(extent.connection, wanted)
    ):
        yield contact, (of, id_) if episode is None else episode, read(name, unread)


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


def _first_referrals(extent: Extent, people: Codes) -> dict[int, int]:
    """When each contact was first referred by another."""
    m = extent.tables.moments.c
    whom, named = extent.owned(extent.tables.moments, m.referred)
    first = micros(func.min(m.occurred_at, type_=m.occurred_at.type), extent.connection.dialect)
    made = (
        select(whom.label("referred"), first)
        .select_from(named)
        .where(m.tenant == extent.tenant, m.moment == MomentKind.REFERRAL.value)
        .where(m.referred.is_not(None), whom != m.contact)
        .group_by(whom)
    )
    return dict(zip(*read_columns(extent.connection, made, [people, None]), strict=True))
