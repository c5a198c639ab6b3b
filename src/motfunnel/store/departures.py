"""Reading episodes as of an instant, with the group that each belongs to.

Stored episodes that began by the instant, and one for each contact whose silence has run out by
then with nothing having written it down. What came after the instant is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    case,
    cast,
    false,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from motfunnel.domain.moment import SILENCE, Episode, MomentKind, Presence
from motfunnel.store.rows import read_episode
from motfunnel.store.tables import Tables

_AT_ONCE = 5000
UNKNOWN = "unknown"


@frozen(kw_only=True)
class Grouping:
    """By what episodes are told apart.

    Attributes:
        name: ``stage``, ``reason``, ``source``, or the name of a trait.
        is_trait: whether it names a trait.
        from_outreach: whether a trait's value is that at the first outreach, not the departure.
    """

    name: str
    is_trait: bool = False
    from_outreach: bool = False


def read_episodes(
    connection: Connection,
    tables: Tables,
    tenant: str,
    as_of: datetime,
    grouping: Grouping | None = None,
    *,
    erased_only: bool = False,
) -> Iterator[tuple[Episode, str | None]]:
    """Read all episodes as of an instant, contact by contact, each with its group's value.

    Or only those of contacts that were erased with their counts kept.
    """
    episodes = episodes_as_of(tables, tenant, as_of)
    statement = select(episodes)
    if erased_only:
        e = tables.erasures.c
        statement = statement.where(
            episodes.c.contact.in_(select(e.token).where(e.tenant == tenant, e.counts_kept))
        )
    if grouping is not None:
        statement = _with_group(statement, episodes, tables, tenant, grouping)
    ordered = statement.order_by(episodes.c.contact, episodes.c.episode)
    result = connection.execute(ordered, execution_options={"yield_per": _AT_ONCE})
    for row in result.mappings():
        yield read_episode(dict(row)), row.get("grouped")


def episodes_as_of(tables: Tables, tenant: str, as_of: datetime) -> Subquery:
    """All episodes of a tenant as of an instant."""
    return union_all(_written(tables, tenant, as_of), _unwritten(tables, tenant, as_of)).subquery()


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
        null().label("outreaches"),  # counted up to now, not up to the instant
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
        null().label("outreaches"),
        cast(null(), e.returned_at.type).label("returned_at"),
        cast(null(), e.return_event_id.type).label("return_event_id"),
    ).where(c.tenant == tenant, c.presence == Presence.ACTIVE.value, c.deadline_at <= as_of)


def _with_group(
    statement: Select[Any], episodes: Subquery, tables: Tables, tenant: str, grouping: Grouping
) -> Select[Any]:
    if grouping.is_trait:
        value = _trait(episodes, tables, tenant, grouping)
        return statement.add_columns(value.label("grouped"))
    if grouping.name == "source":
        return _with_source(statement, episodes, tables, tenant)
    return statement.add_columns(episodes.c[grouping.name].label("grouped"))


def _trait(
    episodes: Subquery, tables: Tables, tenant: str, grouping: Grouping
) -> ColumnElement[Any]:
    """The latest value that was set by the episode's start event."""
    t = tables.traits.c
    start = episodes.c.first_outreach_at if grouping.from_outreach else episodes.c.departed_at
    latest = (
        select(t.value)
        .where(
            t.tenant == tenant,
            t.owner == episodes.c.contact,
            t.trait == grouping.name,
            t.occurred_at <= start,
        )
        .order_by(t.occurred_at.desc(), t.event_id.desc())
        .limit(1)
    )
    return func.coalesce(latest.scalar_subquery(), literal(UNKNOWN))


def _with_source(
    statement: Select[Any], episodes: Subquery, tables: Tables, tenant: str
) -> Select[Any]:
    """The source that the opening event gave, else whether a referral came before it."""
    c, m = tables.contacts.c, tables.moments.c
    named = tables.contacts.alias().c
    whom = func.coalesce(named.merged_into, m.referred)
    referrals = (
        select(whom.label("referred"), func.min(m.occurred_at).label("first_at"))
        .outerjoin(named.contact.table, (named.tenant == m.tenant) & (named.contact == m.referred))
        .where(
            m.tenant == tenant,
            m.moment == MomentKind.REFERRAL.value,
            m.referred.is_not(None),
            whom != m.contact,
        )
        .group_by(whom)
        .subquery()
    )
    was_referred = referrals.c.first_at <= c.opened_at
    made = case((was_referred, literal("referral")), else_=literal("direct"))
    mine = (c.tenant == tenant) & (c.contact == episodes.c.contact)
    joined = statement.join(tables.contacts, mine).outerjoin(
        referrals, referrals.c.referred == c.contact
    )
    return joined.add_columns(func.coalesce(c.source, made).label("grouped"))
