"""Reading episodes as of an instant, in columns.

Stored episodes that began by the instant, and one for each contact whose silence has run out by
then with nothing having written it down. What came after the instant is not there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, false, literal, null, select, true, union_all

from motfunnel.domain.columns import Codes, Column
from motfunnel.domain.moment import SILENCE
from motfunnel.store.queries.columns import micros, never, read_columns
from motfunnel.store.queries.scope import Bounds, Extent, between
from motfunnel.store.schema.tables import overdue

_INSTANTS: Final = {
    "departed": "departed_at",
    "outreach": "first_outreach_at",
    "returned": "returned_at",
}


def read_episodes(
    extent: Extent,
    wanted: Sequence[str],
    codes: Mapping[str, Codes],
    *,
    first: bool = False,
    narrow: Mapping[str, Bounds] = MappingProxyType({}),
) -> list[Column]:
    """Read columns of episodes as of an instant, contact by contact, each contact's in order.

    Args:
        extent: of whom, and as of when.
        wanted: which columns: ``contact``, ``number``, ``departed``, ``outreach``, ``returned``,
            ``stage``, ``reason`` and ``customer``.
        codes: what gives the texts of a column their numbers.
        first: each contact's first episode alone; these come in no order.
        narrow: of which instants only those from a first one on, before a second.
    """
    parts = [
        _narrowed(part, extent, columns, wanted, first=first, narrow=narrow)
        for part, columns in (_written(extent), _unwritten(extent))
    ]
    statement = union_all(*parts)
    if not first:
        statement = statement.order_by("contact", "number")
    given = [*dict.fromkeys(("contact", "number", *wanted))]
    read = read_columns(extent.connection, statement, [codes.get(name) for name in given])
    return [read[given.index(name)] for name in wanted]


def _narrowed(
    part: Select[Any],
    extent: Extent,
    columns: Mapping[str, ColumnElement[Any]],
    wanted: Sequence[str],
    *,
    first: bool,
    narrow: Mapping[str, Bounds],
) -> Select[Any]:
    names = dict.fromkeys(("contact", "number", *wanted))
    part = part.add_columns(*(_read(name, columns[name], extent).label(name) for name in names))
    if first:
        part = part.where(columns["number"] == 1)
    for name, period in narrow.items():
        part = part.where(*between(columns[name], period))
    return extent.within(part, columns["contact"])


def _read(name: str, stored: ColumnElement[Any], extent: Extent) -> ColumnElement[Any]:
    """A column as it is read: of instants microseconds, none of them after the question's."""
    if name not in _INSTANTS:
        return stored
    at = micros(stored, extent.connection.dialect)
    return at if name == "departed" else case((stored <= extent.as_of, at), else_=never())


def _written(extent: Extent) -> tuple[Select[Any], dict[str, ColumnElement[Any]]]:
    e = extent.tables.episodes.c
    columns = {name: e[stored] for name, stored in _INSTANTS.items()}
    columns |= {name: e[name] for name in ("contact", "stage", "reason", "customer")}
    these = select().where(e.tenant == extent.tenant, e.departed_at <= extent.as_of)
    return these, columns | {"number": e.episode}


def _unwritten(extent: Extent) -> tuple[Select[Any], dict[str, ColumnElement[Any]]]:
    """A silence that has run out, as the episode that it is: nobody has come back, or been told."""
    c, e = extent.tables.contacts.c, extent.tables.episodes.c
    nothing = {name: null().cast(e[stored].type) for name, stored in _INSTANTS.items()}
    columns: dict[str, ColumnElement[Any]] = nothing | {
        "contact": c.contact,
        "number": c.episodes + 1,
        "departed": c.deadline_at,
        "stage": c.stage,
        "reason": literal(SILENCE),
        "customer": case((c.purchases > 0, true()), else_=false()),
    }
    return select().where(overdue(extent.tables.contacts, extent.tenant, extent.as_of)), columns
