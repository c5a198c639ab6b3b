"""Rows that are not written, laid over those that are: for questions, which write nothing.

In place of a table stands a query, of its rows without those that are out of date, and of the rows
that take their place. These, and the keys of those, go to the database as JSON: however many they
are, a statement has few parameters, and each row that is stored is looked for once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import define
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    select,
    text,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import TextualSelect

from motfunnel.domain.event import to_json
from motfunnel.domain.moment import Episode, Moment
from motfunnel.errors import StoreError
from motfunnel.store.ledger.checkpoints import Change
from motfunnel.store.ledger.rows import Meant, episode_row, moment_row
from motfunnel.store.schema.tables import Tables
from motfunnel.store.schema.types import MARIADB

Row = Mapping[str, Any]
_FLAG: Final = "TINYINT(1)"
_USES: Final = 6
"""A question may name a table so often; each time the rows are in its statement anew."""


def lay_over(
    connection: Connection,
    tables: Tables,
    tenant: str,
    contacts: Sequence[Row],
    moments: Mapping[str, Change[Moment]],
    episodes: Mapping[str, Change[Episode]],
    meanings: Sequence[Meant],
) -> Tables:
    """Give the tables as if a tenant's rows had been changed.

    Args:
        connection: where they will be read.
        tables: what is stored.
        tenant: whose rows.
        contacts: the rows of contacts that are others.
        moments: what changes of the moments of each of these.
        episodes: what changes of the episodes of each.
        meanings: the events that mean something else.
    """
    over: Any = copy.copy(tables)  # queries stand in the place of its tables
    new_moments = [
        moment_row(one, number, tenant)
        for change in moments.values()
        for number, one in enumerate(change.after, change.first)
    ]
    new_episodes = [
        episode_row(one, tenant) for change in episodes.values() for one in change.after
    ]
    old_contacts = [{"contact": contact} for contact in moments]
    lay = _Layer(connection, tenant)
    over.contacts = lay.over(tables.contacts, old_contacts, contacts)
    over.moments = lay.over(tables.moments, _gone("ordinal", moments), new_moments)
    over.episodes = lay.over(tables.episodes, _gone("episode", episodes), new_episodes)
    if meanings:
        over.events = lay.meaning(tables.events, meanings)
    lay.check_size()
    laid: Tables = over
    return laid


def _gone(number: str, changes: Mapping[str, Change[Any]]) -> list[Row]:
    """The keys of the rows that are out of date."""
    return [
        {"contact": contact, number: place}
        for contact, one in changes.items()
        for place in range(one.first, one.first + len(one.before))
    ]


@define
class _Layer:
    """Lays rows over tables, and sees how much that is.

    Attributes:
        connection: where they will be read.
        tenant: whose rows.
        size: how many bytes the rows take, as MariaDB's driver writes them into a statement.
    """

    connection: Connection
    tenant: str
    size: int = 0

    def over(self, table: Table, gone: Sequence[Row], rows: Sequence[Row]) -> Any:
        """A table's rows without some, of which the keys are given, and with others."""
        stored = select(table).where(table.c.tenant == self.tenant)
        if gone:
            keys = [table.c[name] for name in gone[0]]
            hidden = self._rows(f"{table.name}_gone", keys, gone)
            stored = stored.where(tuple_(*keys).not_in(hidden))
        return union_all(stored, self._rows(table.name, [*table.columns], rows)).subquery()

    def meaning(self, events: Table, meanings: Sequence[Meant]) -> Any:
        """The events, some with another signal, worth, or answer to whether they kept alive."""
        key, columns = (events.c.contact, events.c.id), {one.name: one for one in events.columns}
        given: dict[str, Any] = {}
        for name in ("signal", "alive", "value"):
            among: dict[Any, list[Row]] = {}
            for one in meanings:
                among.setdefault(getattr(one, name), []).append(
                    {"contact": one.contact, "id": one.id}
                )
            given[name] = case(
                *(
                    (
                        tuple_(*key).in_(self._rows(f"{name}_where_{n}", key, rows)),
                        literal(value, columns[name].type),
                    )
                    for n, (value, rows) in enumerate(among.items())
                ),
                else_=events.c[name],
            ).label(name)
        read = select(*(columns | given).values()).where(events.c.tenant == self.tenant)
        return read.subquery()

    def check_size(self) -> None:
        """Make sure that MariaDB takes it: a statement is one packet, whatever its parameters.

        Raises:
            StoreError: it does not.
        """
        if self.connection.dialect.name in MARIADB and self.size:
            most = self.connection.scalar(text("SELECT @@max_allowed_packet")) or 0
            if self.size * _USES > most:
                raise StoreError(
                    "the folds that are owed to late events are too large for one statement "
                    "(max_allowed_packet); sweep() writes them, and then this can be answered"
                )

    def _rows(
        self, name: str, columns: Sequence[Column[Any]], rows: Iterable[Row]
    ) -> Select[Any] | TextualSelect:
        dialect = self.connection.dialect
        written = _as_json(columns, dialect, rows)
        self.size += len(written.encode()) + written.count('"')
        return _from_json(name, columns, dialect, written)


def _as_json(columns: Sequence[Column[Any]], dialect: Dialect, rows: Iterable[Row]) -> str:
    """The rows, each by the places of its columns; what is empty is left out."""
    cells = [
        (str(place), one.name, one.type.dialect_impl(dialect).bind_processor(dialect))
        for place, one in enumerate(columns)
    ]

    def cell(value: Any, convert: Any) -> Any:
        bound = value if convert is None else convert(value)
        return bound.isoformat(" ") if isinstance(bound, datetime) else bound

    return to_json(
        [
            {
                place: cell(row[name], convert)
                for place, name, convert in cells
                if row[name] is not None
            }
            for row in rows
        ]
    )


def _from_json(
    name: str, columns: Sequence[Column[Any]], dialect: Dialect, rows: str
) -> Select[Any] | TextualSelect:
    """A query that gives rows again, which were written as JSON."""
    if dialect.name in MARIADB:
        cells = ", ".join(
            f"c{place} {_type(one.type, dialect)} PATH '$.\"{place}\"'"
            for place, one in enumerate(columns)
        )
        names = ", ".join(f"made.c{place} AS `{one.name}`" for place, one in enumerate(columns))
        query = text(f"SELECT {names} FROM JSON_TABLE(:{name}, '$[*]' COLUMNS ({cells})) made")
        bound = query.bindparams(bindparam(name, rows))
        return bound.columns(*[column(one.name, one.type) for one in columns])
    given: ColumnElement[str] = bindparam(None, rows, unique=True)
    if dialect.name == "postgresql":
        made = func.json_array_elements(cast(given, JSON)).column_valued("made")
        return select(
            *[
                cast(made.op("->>")(str(place)), one.type).label(one.name)
                for place, one in enumerate(columns)
            ]
        )
    each = func.json_each(given).table_valued("value").c.value
    return select(
        *[
            type_coerce(func.json_extract(each, f'$."{place}"'), one.type).label(one.name)
            for place, one in enumerate(columns)
        ]
    )


def _type(kind: Any, dialect: Dialect) -> str:
    written = str(kind.compile(dialect=dialect))
    return _FLAG if written.upper().startswith("BOOL") else written
