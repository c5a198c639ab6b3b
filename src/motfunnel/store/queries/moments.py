"""Reading moments as of an instant, of one contact or of all.

A departure by silence exists from its deadline on, whether or not anything has written it down:
so the stored moments up to the instant are joined by one of each contact that is active and whose
deadline has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Select, Subquery, cast, func, literal, null, select, union_all

from motfunnel.domain.moment import SILENCE, Moment, MomentKind
from motfunnel.store.ledger.rows import MOMENT_COLUMNS, moment_of, named_rows, read_moment
from motfunnel.store.queries.scope import AT_ONCE, Bounds, Extent, between
from motfunnel.store.schema.dialects import chunks
from motfunnel.store.schema.tables import Tables, overdue

_NEEDED = ("contact", "moment", "occurred_at")


def read_moments(
    connection: Connection,
    tables: Tables,
    tenant: str,
    *,
    as_of: datetime,
    contact: str | None = None,
    kind: MomentKind | None = None,
    since: datetime | None = None,
) -> Iterator[Moment]:
    """Read moments as of an instant, contact by contact, in their order; row by row."""
    story = moments_as_of(tables, tenant, as_of)
    wanted = select(story).order_by(story.c.contact, story.c.ordinal)
    if contact is not None:
        wanted = wanted.where(story.c.contact == contact)
    wanted = wanted.where(*between(story.c.occurred_at, (since, None)))
    if kind is not None:
        wanted = wanted.where(story.c.moment == kind.value)
    with connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        yield from map(moment_of, result)


def read_stories(
    extent: Extent,
    kinds: Collection[MomentKind],
    *,
    having: MomentKind | None = None,
    first_only: bool = False,
) -> Iterator[tuple[str, list[Moment]]]:
    """Read the moments of some kinds as of an instant, contact by contact, each in order.

    Args:
        extent: of whom, and as of when.
        kinds: which moments.
        having: only of contacts that have a moment of this kind.
        first_only: of each contact only the first of them.
    """
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of)
    of_kind = story.c.moment.in_([kind.value for kind in kinds])
    wanted = extent.within(select(story).where(of_kind), story.c.contact)
    if first_only:
        first = select(story.c.contact, func.min(story.c.ordinal).label("ordinal"))
        each = first.where(of_kind).group_by(story.c.contact).subquery()
        same = (each.c.contact == story.c.contact) & (each.c.ordinal == story.c.ordinal)
        wanted = wanted.join(each, same)
    if having is not None:
        wanted = wanted.where(story.c.contact.in_(having_moment(extent, having)))
    ordered = wanted.order_by(story.c.contact, story.c.ordinal)
    with extent.connection.execute(ordered, execution_options={"yield_per": AT_ONCE}) as result:
        for contact, rows in groupby(result, itemgetter(0)):
            yield contact, [moment_of(row) for row in rows]


def having_moment(extent: Extent, kind: MomentKind) -> Select[Any]:
    """The contacts that have a moment of a kind by the instant, written down."""
    m = extent.tables.moments.c
    return select(m.contact).where(
        m.tenant == extent.tenant, m.moment == kind.value, m.occurred_at <= extent.as_of
    )


def moments_as_of(
    tables: Tables, tenant: str, as_of: datetime, names: Collection[str] = MOMENT_COLUMNS
) -> Subquery:
    """All moments of a tenant as of an instant: all of their columns, or those of some names."""
    written, unwritten = (made(tables, tenant, as_of, names) for made in (_written, _unwritten))
    return union_all(written, unwritten).subquery()


def _written(tables: Tables, tenant: str, as_of: datetime, names: Collection[str]) -> Select[Any]:
    moments = tables.moments
    columns = [moments.c[name] for name in names]
    return select(*columns).where(moments.c.tenant == tenant, moments.c.occurred_at <= as_of)


def _unwritten(tables: Tables, tenant: str, as_of: datetime, names: Collection[str]) -> Select[Any]:
    contacts, moments = tables.contacts, tables.moments
    known = {
        "contact": contacts.c.contact,
        "ordinal": contacts.c.moments,
        "moment": literal(MomentKind.DEPART.value),
        "occurred_at": contacts.c.deadline_at,
        "reason": literal(SILENCE),
        "episode": contacts.c.episodes + 1,
    }
    columns = [
        known[name].label(name) if name in known else cast(null(), moments.c[name].type).label(name)
        for name in names
    ]
    return select(*columns).where(overdue(contacts, tenant, as_of))


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
    with extent.connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            yield row.contact, row.occurred_at


def count_moments(extent: Extent, period: Bounds) -> Iterator[tuple[str, MomentKind, int]]:
    """Count the moments of a period, of each contact by kind, with the silences that fell due."""
    # Of wide rows MariaDB makes a table on disk before it counts.
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of, _NEEDED).c
    counted = select(story.contact, story.moment, func.count().label("moments"))
    counted = counted.where(*between(story.occurred_at, period))
    wanted = extent.within(counted, story.contact).group_by(story.contact, story.moment)
    with extent.connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        for row in result:
            yield row.contact, MomentKind(row.moment), row.moments


def read_latest_moments(
    extent: Extent, contacts: Collection[str], most: int
) -> dict[str, list[Moment]]:
    """Read so many of the latest moments of each of some contacts, each contact's in order."""
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of)
    found: dict[str, deque[Moment]] = {}
    for some in chunks(contacts):
        mine = select(story).where(story.c.contact.in_(some))
        ordered = mine.order_by(story.c.contact, story.c.ordinal)
        with extent.connection.execute(ordered, execution_options={"yield_per": AT_ONCE}) as result:
            for moment in map(moment_of, result):
                found.setdefault(moment.contact, deque(maxlen=most)).append(moment)
    return {contact: list(moments) for contact, moments in found.items()}


@frozen(kw_only=True)
class Referral:
    """A referral, and whom it led to.

    Attributes:
        moment: the referral.
        referred: the contact that is called by the name it gave; None where it gave none.
    """

    moment: Moment
    referred: str | None


def read_referrals(extent: Extent) -> Iterator[Referral]:
    """Read all referrals up to an instant, contact by contact."""
    m = extent.tables.moments.c
    whom, named = extent.owned(extent.tables.moments, m.referred)
    made = (
        select(extent.tables.moments, whom.label("whom"))
        .select_from(named)
        .where(m.tenant == extent.tenant, m.moment == MomentKind.REFERRAL.value)
        .where(m.occurred_at <= extent.as_of)
        .order_by(m.contact, m.ordinal)
    )
    wanted = extent.within(made, m.contact)
    with extent.connection.execute(wanted, execution_options={"yield_per": AT_ONCE}) as result:
        for row in named_rows(result):
            yield Referral(moment=read_moment(row), referred=row["whom"])
