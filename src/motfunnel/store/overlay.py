"""Rows that are not written, laid over those that are: for questions, which write nothing.

In place of a table stands a query, of its rows without those that are out of date, and of the rows
that take their place. These go to the database as one parameter, as JSON.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    column,
    func,
    not_,
    or_,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import TextualSelect

from motfunnel.domain.moment import Episode, Moment
from motfunnel.domain.payload import to_json
from motfunnel.store.change import Change
from motfunnel.store.rows import episode_row, moment_row
from motfunnel.store.tables import Tables
from motfunnel.store.types import MARIADB

Row = Mapping[str, Any]
_FLAG: Final = "TINYINT(1)"


def lay_over(
    connection: Connection,
    tables: Tables,
    tenant: str,
    contacts: Sequence[Row],
    moments: Mapping[str, Change[Moment]],
    episodes: Mapping[str, Change[Episode]],
) -> Tables:
    """Give the tables as if a tenant's rows had been changed.

    Args:
        connection: where they will be read.
        tables: what is stored.
        tenant: whose rows.
        contacts: the rows of contacts that are others.
        moments: what changes of the moments of each of these.
        episodes: what changes of the episodes of each.
    """
    over, dialect = copy.copy(tables), connection.dialect
    c, m, e = tables.contacts.c, tables.moments.c, tables.episodes.c
    new_moments = [
        moment_row(one, number, tenant)
        for change in moments.values()
        for number, one in enumerate(change.after, change.first)
    ]
    new_episodes = [
        episode_row(one, tenant) for change in episodes.values() for one in change.after
    ]
    replaced: dict[str, Any] = {
        "contacts": _laid(tables.contacts, dialect, tenant, [c.contact.in_(moments)], contacts),
        "moments": _laid(
            tables.moments, dialect, tenant, _hidden(m.contact, m.ordinal, moments), new_moments
        ),
        "episodes": _laid(
            tables.episodes, dialect, tenant, _hidden(e.contact, e.episode, episodes), new_episodes
        ),
    }
    for name, query in replaced.items():
        setattr(over, name, query)
    return over


def _hidden(
    contact: ColumnElement[Any], number: ColumnElement[Any], changes: Mapping[str, Change[Any]]
) -> list[ColumnElement[bool]]:
    """The rows that are out of date."""
    return [
        and_(contact == key, number >= one.first, number < one.first + len(one.before))
        for key, one in changes.items()
        if one.before
    ]


def _laid(
    table: Table,
    dialect: Dialect,
    tenant: str,
    hidden: Sequence[ColumnElement[bool]],
    rows: Iterable[Row],
) -> Any:
    stored = select(table).where(table.c.tenant == tenant)
    if hidden:
        stored = stored.where(not_(or_(*hidden)))
    return union_all(stored, _rows(table, dialect, _as_json(table, dialect, rows))).subquery()


def _as_json(table: Table, dialect: Dialect, rows: Iterable[Row]) -> str:
    """The rows, each by the places of its columns; what is empty is left out."""
    columns = [
        (str(place), one.name, one.type.dialect_impl(dialect).bind_processor(dialect))
        for place, one in enumerate(table.columns)
    ]

    def cell(value: Any, convert: Any) -> Any:
        bound = value if convert is None else convert(value)
        return bound.isoformat(" ") if isinstance(bound, datetime) else bound

    return to_json(
        [
            {
                place: cell(row[name], convert)
                for place, name, convert in columns
                if row[name] is not None
            }
            for row in rows
        ]
    )


def _rows(table: Table, dialect: Dialect, rows: str) -> Select[Any] | TextualSelect:
    """A query that gives rows again, which were written as JSON."""
    if dialect.name in MARIADB:
        cells = ", ".join(
            f"c{place} {_type(one.type, dialect)} PATH '$.\"{place}\"'"
            for place, one in enumerate(table.columns)
        )
        names = ", ".join(
            f"made.c{place} AS `{one.name}`" for place, one in enumerate(table.columns)
        )
        query = text(
            f"SELECT {names} FROM JSON_TABLE(:{table.name}, '$[*]' COLUMNS ({cells})) made"
        )
        bound = query.bindparams(bindparam(table.name, rows))
        return bound.columns(*[column(one.name, one.type) for one in table.columns])
    given: ColumnElement[str] = bindparam(None, rows, unique=True)
    if dialect.name == "postgresql":
        made = func.json_array_elements(cast(given, JSON)).column_valued("made")
        return select(
            *[
                cast(made.op("->>")(str(place)), one.type).label(one.name)
                for place, one in enumerate(table.columns)
            ]
        )
    each = func.json_each(given).table_valued("value").c.value
    return select(
        *[
            type_coerce(func.json_extract(each, f'$."{place}"'), one.type).label(one.name)
            for place, one in enumerate(table.columns)
        ]
    )


def _type(kind: Any, dialect: Dialect) -> str:
    written = str(kind.compile(dialect=dialect))
    return _FLAG if written.upper().startswith("BOOL") else written
