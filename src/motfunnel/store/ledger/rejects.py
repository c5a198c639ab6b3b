"""Rows of files, and calls, that could not be taken: kept with their reason until they can be.

A reject's id is made of the file's content and the line, so that a file that is imported again
puts the same reject in the same place. Decides nothing about what is rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from attrs import evolve, frozen
from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from motfunnel.store.engine.faults import FAULTS, Fault, fault_of
from motfunnel.store.hosts.transaction import savepoint
from motfunnel.store.schema.dialects import chunks, insert_or_update
from motfunnel.store.schema.tables import Tables

_AT_ONCE = 1000
MOST_REASON: Final = 2_000
"""How many characters of a reason are kept."""


COLUMNS: Final = "columns"
"""The part of a payload that says how a file's columns were understood."""

ROW: Final = "row"
"""The part that holds a row's cells, by column."""

UNREAD: Final = "unread"
"""The part that holds what could be read of what is not a row."""

CUT: Final = "cut"
"""The part that holds the beginning of what was too long to be kept."""

CODED: Final = ('"$bytes"', '"$hex"', '"$object"')
"""What marks, in a payload, that something was written in no letters of its own."""


@frozen(kw_only=True)
class Reject:
    """A row, or a call, that could not be taken.

    Attributes:
        id: the beginning of the file's digest, and the line; of a call, a digest of what was said.
        source: the file's name; ``track`` of a call.
        line: where in the file the row begins (in Parquet, the row's number); 0 of a call.
        contact: the contact as far as it can be told; None where it cannot.
        event: the event's name likewise.
        reason: what is wrong.
        payload: the row as it was read, and how the columns were understood, as JSON; or what
            was said.
    """

    id: str
    source: str
    line: int
    contact: str | None
    event: str | None
    reason: str
    payload: str


def put_rejects(
    connection: Connection,
    tables: Tables,
    tenant: str,
    rejects: Sequence[Reject],
    recorded_at: datetime,
) -> None:
    """Keep rejects; one that is there already gets its new reason.

    Where a database has no characters for one of them, they are kept in ASCII: whole in the
    payload, which is JSON, and with neither contact nor event in columns of their own.
    """
    if not rejects:
        return
    names = ["recorded_at", "source", "contact", "event", "reason", "payload"]
    statement = insert_or_update(tables.rejects, connection.dialect, names)

    def put(some: Sequence[Reject]) -> None:
        with savepoint(connection):
            connection.execute(
                statement,
                [{"tenant": tenant, "recorded_at": recorded_at, **_columns(one)} for one in some],
            )

    try:
        put(rejects)
    except FAULTS as error:
        if fault_of(error) is not Fault.REFUSED:
            raise
        for reject in rejects:
            put([_in_ascii(reject)])


def read_rejects(
    connection: Connection,
    tables: Tables,
    tenant: str,
    *,
    after: str = "",
    prefix: str = "",
    source: str | None = None,
    where: ColumnElement[bool] | None = None,
    most: int = _AT_ONCE,
) -> list[Reject]:
    """Read the rejects that come next in the order of ids.

    Args:
        connection: where.
        tables: where.
        tenant: whose.
        after: the last id that was read.
        prefix: only those of the file with this digest.
        source: only those of files with this name.
        where: only those of which this holds.
        most: how many at once.
    """
    rejects = tables.rejects
    wanted = and_(rejects.c.tenant == tenant, rejects.c.id > max(after, prefix))
    if prefix:
        wanted = and_(wanted, rejects.c.id.startswith(prefix, autoescape=True))
    if source is not None:
        wanted = and_(wanted, rejects.c.source == source)
    if where is not None:
        wanted = and_(wanted, where)
    names = Reject.__annotations__
    found = select(*[rejects.c[name] for name in names]).where(wanted).order_by(rejects.c.id)
    rows = connection.execute(found.limit(most)).mappings()
    return [Reject(**row) for row in rows]


def count_rejects(connection: Connection, tables: Tables, tenant: str) -> int:
    """Count the rejects."""
    mine = select(func.count()).where(tables.rejects.c.tenant == tenant)
    return connection.scalar(mine) or 0


def all_rejects(
    connection: Connection,
    tables: Tables,
    tenant: str,
    *,
    prefix: str = "",
    where: ColumnElement[bool] | None = None,
) -> Iterator[Reject]:
    """Read all rejects, a thousand at a time; only those of which ``where`` holds."""
    after, of = "", (connection, tables, tenant)
    while some := read_rejects(*of, after=after, prefix=prefix, where=where):
        yield from some
        after = some[-1].id


def drop_rejects(connection: Connection, tables: Tables, tenant: str, ids: Sequence[str]) -> None:
    """Take rejects out: they have been taken as events, or their line has been."""
    rejects = tables.rejects
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        connection.execute(
            delete(rejects).where(rejects.c.tenant == tenant, rejects.c.id.in_(some))
        )


def replace_reject(
    connection: Connection, tables: Tables, tenant: str, id: str, left: Reject | None
) -> None:
    """Write in the place of a reject what is left of it; nothing where it has gone meanwhile."""
    r = tables.rejects.c
    mine = (r.tenant == tenant) & (r.id == id)
    twin = select(r.id).where(r.tenant == tenant, r.id == (left.id if left is not None else ""))
    if left is None or (left.id != id and connection.scalar(twin) is not None):
        connection.execute(delete(tables.rejects).where(mine))
    else:
        connection.execute(update(tables.rejects).where(mine).values(_columns(left)))


def put_reasons(
    connection: Connection,
    tables: Tables,
    tenant: str,
    rejects: Sequence[Reject],
    recorded_at: datetime,
) -> None:
    """Give rejects new reasons, where they are there as they were read."""
    r = tables.rejects.c
    for reject in rejects:
        mine = (r.tenant == tenant) & (r.id == reject.id) & (r.payload == reject.payload)
        anew = update(tables.rejects).where(mine)
        try:
            with savepoint(connection):
                connection.execute(anew.values(reason=reject.reason, recorded_at=recorded_at))
        except FAULTS as error:
            if fault_of(error) is not Fault.REFUSED:
                raise
            reason = _ascii(reject.reason)[:MOST_REASON]
            connection.execute(anew.values(reason=reason, recorded_at=recorded_at))


def find_changed(
    connection: Connection, tables: Tables, tenant: str, rejects: Sequence[Reject]
) -> set[str]:
    """Find the rejects that are not there as they were read; the others stay till the end."""
    r = tables.rejects.c
    found: dict[str, str] = {}
    for some in chunks({reject.id for reject in rejects}):
        mine = select(r.id, r.payload).where(r.tenant == tenant, r.id.in_(some)).order_by(r.id)
        found |= {row.id: row.payload for row in connection.execute(mine.with_for_update())}
    return {reject.id for reject in rejects if found.get(reject.id) != reject.payload}


def _in_ascii(reject: Reject) -> Reject:
    """The same in characters that every database has."""
    contact, event = (
        text if (text or "").isascii() else None for text in (reject.contact, reject.event)
    )
    return evolve(
        reject,
        source=reject.source.encode("ascii", "replace").decode(),
        contact=contact,
        event=event,
        reason=_ascii(reject.reason)[:MOST_REASON],
        payload=json.dumps(json.loads(reject.payload), separators=(",", ":")),
    )


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


def _columns(reject: Reject) -> dict[str, object]:
    return {name: getattr(reject, name) for name in Reject.__annotations__}
