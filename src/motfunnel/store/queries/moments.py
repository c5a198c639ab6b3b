"""Reading moments as of an instant, of one contact or of all.

A departure by silence exists from its deadline on, whether or not anything has written it down:
so the stored moments up to the instant are joined by one of each contact that is active and whose
deadline has come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from motfunnel.domain.columns import Codes, Column
from motfunnel.domain.moment import SILENCE, Moment, MomentKind
from motfunnel.store.ledger.rows import MOMENT_COLUMNS, moment_of
from motfunnel.store.queries.columns import micros, read_columns
from motfunnel.store.queries.scope import AT_ONCE, Bounds, Extent, between
from motfunnel.store.schema.dialects import chunks
from motfunnel.store.schema.tables import Tables, overdue

_NEEDED = ("contact", "moment", "occurred_at")
_MADE_OF = {
    "at": ("occurred_at",),
    "stages": ("to_stage",),
    "labels": ("to_stage",),
    "reasons": ("reason",),
    "events": ("recorded_as", "event_id"),
}


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


def read_openings(extent: Extent, people: Codes) -> tuple[Column, Column]:
    """Read who opened up to an instant, by the numbers of contacts, and when."""
    c = extent.tables.contacts.c
    at = micros(c.opened_at, extent.connection.dialect)
    opened = select(c.contact, at).where(c.tenant == extent.tenant, c.opened_at <= extent.as_of)
    wanted = extent.within(opened, c.contact)
    contacts, instants = read_columns(extent.connection, wanted, [people, None])
    return contacts, instants


def read_earliest(extent: Extent) -> datetime | None:
    """Read when the first contact opened, up to an instant; not what an erased one had planned."""
    c = extent.tables.contacts.c
    opened = extent.within(select(func.min(c.opened_at, type_=c.opened_at.type)), c.contact)
    earlier = opened.where(c.tenant == extent.tenant, c.opened_at <= extent.as_of)
    left = earlier.where(or_(c.erased_at.is_(None), c.opened_at <= c.erased_at))
    first: datetime | None = extent.connection.scalar(left)
    return first


def read_moment_columns(
    extent: Extent,
    kinds: Collection[MomentKind],
    columns: Collection[str],
    *,
    people: Codes,
    stages: Sequence[str],
    reasons: Codes,
    labels: Codes,
    events: Codes,
    having: MomentKind | None = None,
) -> dict[str, Column]:
    """Read the moments of some kinds as columns, contact by contact, each contact's in order.

    Args:
        extent: of whom, and as of when.
        kinds: which moments.
        columns: which columns beside contacts and kinds: ``at``, ``stages``, ``reasons``,
            ``labels``, and ``events``, which are two: ``keys`` and ``ids``.
        people: gives contacts their numbers.
        stages: the number of a stage is its place; of what is none of them 0.
        reasons: gives reasons their numbers.
        labels: gives stages as they are called theirs.
        events: gives keys and ids of events theirs.
        having: only of contacts that have a moment of this kind.
    """
    made_of = dict.fromkeys(one for name in columns for one in _MADE_OF[name])
    names = ("contact", "ordinal", "moment", *made_of)
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of, names).c
    numbers = _numbers(story, columns, stages, extent.connection.dialect)
    wanted = extent.within(select(*numbers.values()), story.contact)
    wanted = wanted.where(story.moment.in_([kind.value for kind in kinds]))
    if having is not None:
        wanted = wanted.where(story.contact.in_(having_moment(extent, having)))
    ordered = wanted.order_by(story.contact, story.ordinal)
    codes = {"contacts": people, "reasons": reasons, "labels": labels}
    codes |= {"keys": events, "ids": events}
    found = read_columns(extent.connection, ordered, [codes.get(name) for name in numbers])
    return dict(zip(numbers, found, strict=True))


def _numbers(
    story: Any, columns: Collection[str], stages: Sequence[str], dialect: Dialect
) -> dict[str, ColumnElement[Any]]:
    """What makes the columns of moments."""
    made = {"contacts": story.contact, "kinds": _kind(story)}
    if "at" in columns:
        made["at"] = micros(story.occurred_at, dialect)
    if "stages" in columns:
        places = {stage: n for n, stage in enumerate(stages)}
        made["stages"] = case(places, value=story.to_stage, else_=0)
    if "reasons" in columns:
        made["reasons"] = story.reason
    if "labels" in columns:
        made["labels"] = story.to_stage
    if "events" in columns:
        made["keys"] = func.coalesce(story.recorded_as, story.contact)
        made["ids"] = story.event_id
    return made


def _kind(story: Any) -> ColumnElement[int]:
    """The place of the kind of a moment."""
    ranks = {kind.value: n for n, kind in enumerate(MomentKind)}
    return case(ranks, value=story.moment)


def count_moments(extent: Extent, people: Codes, period: Bounds) -> tuple[Column, ...]:
    """Count the moments of a period, of each contact by kind, with the silences that fell due.

    Gives contacts, the places of kinds, and the counts.
    """
    # Of wide rows MariaDB makes a table on disk before it counts.
    story = moments_as_of(extent.tables, extent.tenant, extent.as_of, _NEEDED).c
    counted = select(story.contact, _kind(story), func.count())
    counted = counted.where(*between(story.occurred_at, period))
    wanted = extent.within(counted, story.contact).group_by(story.contact, story.moment)
    return (*read_columns(extent.connection, wanted, [people, None, None]),)


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


def read_referrals(extent: Extent, names: Codes, events: Codes) -> list[Column]:
    """Read all referrals up to an instant: who made each, when, whom it named, by which event.

    The last are two: its id, and the key that it was recorded under where that is another.

    Args:
        extent: of whom, and up to when.
        names: gives contacts numbers, and None of what named nobody one.
        events: gives ids and keys theirs.
    """
    m, dialect = extent.tables.moments.c, extent.connection.dialect
    whom, named = extent.owned(extent.tables.moments, m.referred)
    made = (
        select(m.contact, micros(m.occurred_at, dialect), whom, m.event_id, m.recorded_as)
        .select_from(named)
        .where(m.tenant == extent.tenant, m.moment == MomentKind.REFERRAL.value)
        .where(m.occurred_at <= extent.as_of)
        .order_by(m.contact, m.ordinal)
    )
    wanted = extent.within(made, m.contact)
    return read_columns(extent.connection, wanted, [names, None, names, events, events])
