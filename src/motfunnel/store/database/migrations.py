"""Migrations: bringing the tables of an earlier version to those of this one, with all data kept.

On SQLite and PostgreSQL a migration is one transaction. MariaDB commits every change of a table by
itself, so each step there looks first whether it has been done: a run that was killed is completed
by the next. Steps name columns and tables as they were made then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    Table,
    and_,
    delete,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.schema import CreateColumn

from motfunnel.errors import SchemaError
from motfunnel.store.database.database import Database
from motfunnel.store.schema.tables import Tables
from motfunnel.store.schema.types import MARIADB, Instant, key_type
from motfunnel.store.schema.versions import VERSION, too_new

_LOCK: Final = 6_019_243_117  # any number that no other program is likely to lock by
_LOCK_SECONDS: Final = 600


def migrate(database: Database) -> tuple[int, int]:
    """Bring the tables to the newest version; do nothing where they are, or where there are none.

    Two at once take turns. What writes to the tables should be stopped meanwhile.

    Returns:
        The version before and after; (0, 0) where there are no tables.

    Raises:
        SchemaError: the tables were made by a newer version of this library.
    """
    with database.connect() as connection, _alone(database, connection):
        found = _version(connection, database.tables)
        if found > VERSION:
            raise too_new(found)
        for version in range(found, VERSION) if found else ():
            _STEPS[version](connection, database.tables)
            _put_version(connection, database.tables, version + 1)
        return found, VERSION if found else 0


def upgrade(connection: Connection, tables: Tables, before: int, after: int) -> None:
    """Take the steps between two versions on a host's connection, whatever a row says.

    Where a step has been taken already, it changes nothing. Ends no transaction of the host's.

    Raises:
        SchemaError: there are no such versions.
    """
    if not 1 <= before < after <= VERSION:
        raise SchemaError(
            f"there is no way from version {before} of the tables to {after}; this motfunnel "
            f"knows versions 1 to {VERSION}"
        )
    for version in range(before, after):
        _STEPS[version](connection, tables)
    if _version(connection, tables):
        _put_version(connection, tables, after)


def _to_version_2(connection: Connection, tables: Tables) -> None:
    """Keys can be merged, and contacts erased with their counts kept."""
    _add_column(connection, tables.contacts, Column("merged_into", key_type()))
    _add_column(
        connection, tables.contacts, Column("aliases", Integer, nullable=False, server_default="0")
    )
    _add_column(connection, tables.contacts, Column("erased_at", Instant()))
    _add_column(connection, tables.moments, Column("recorded_as", key_type()))
    if "merged_at" not in _columns(connection, tables.aliases):  # nothing was ever in it
        tables.aliases.drop(connection, checkfirst=True)
    tables.metadata.create_all(connection, [tables.aliases, tables.erasures])
    _add_column(
        connection, tables.traits, Column("owner", key_type(), nullable=False, server_default="")
    )
    connection.execute(update(tables.traits).values(owner=tables.traits.c.contact))
    _add_indexes(connection, tables, "motfunnel_contacts_merged", "motfunnel_traits_owner")


def _to_version_3(connection: Connection, tables: Tables) -> None:
    """Who was erased is known again by a secret of the host's, and what named them by the rest."""
    tables.metadata.create_all(connection, [tables.tombstones, tables.redactions])


def _to_version_4(connection: Connection, tables: Tables) -> None:
    """Long histories keep checkpoints, and a fold may be owed.

    Nobody counts the events of contacts that are there: the first fold of each does.
    """
    _add_column(connection, tables.contacts, Column("events", Integer))
    _add_column(connection, tables.contacts, Column("checkpoint", Integer))
    _add_column(connection, tables.contacts, Column("owed_since", Instant()))
    tables.metadata.create_all(connection, [tables.checkpoints])
    _add_indexes(connection, tables, "motfunnel_contacts_owed", "motfunnel_events_order")


def _to_version_5(connection: Connection, tables: Tables) -> None:
    """Of each event is stored whether it kept its contact alive."""
    is_true: Column[bool] = Column(
        "alive", Boolean(create_constraint=False), nullable=False, server_default=true()
    )
    _add_column(connection, tables.events, is_true)
    fill_alive(connection, tables)


def fill_alive(connection: Connection, tables: Tables) -> None:
    """Say of the events that are there which did not keep their contacts alive; the others did.

    The signals say it, but of ratings and complaints: these bring nobody back who is away. Every
    event that is folded has its contact's episodes beside it; of one that is not, the fold says it.
    """
    events, returning, keys = tables.events, tables.events.alias(), tables.contacts.alias()
    e, a, c, back, k = events.c, tables.episodes.c, tables.contacts.c, returning.c, keys.c
    # Written out, and not read of the table of signals: a migration is of its day.
    opening = ["touch", "reach", "purchase", "rating", "refer", "advocate", "complain"]
    connection.execute(update(events).where(e.signal.not_in(opening)).values(alive=False))
    merged = select(c.merged_into).where(c.tenant == e.tenant, c.contact == e.contact)
    owner = func.coalesce(merged.correlate(events).scalar_subquery(), e.contact)
    theirs = and_(a.tenant == e.tenant, a.contact == owner, a.departed_at < e.occurred_at)
    away = select(a.contact).where(
        theirs, or_(a.returned_at.is_(None), a.returned_at > e.occurred_at)
    )
    unreturning = e.signal.in_(["rating", "complain"])
    is_away = away.correlate(events).exists()
    connection.execute(update(events).where(unreturning, is_away).values(alive=False))
    # At one instant a rating comes before what returns by referring or praising.
    earlier = (
        select(back.id)
        .join_from(returning, keys, (k.tenant == back.tenant) & (k.contact == back.contact))
        .where(
            back.tenant == e.tenant,
            back.occurred_at == e.occurred_at,
            or_(k.contact == a.contact, k.merged_into == a.contact),
            back.signal.in_(["touch", "reach", "purchase"]),
        )
        .correlate(events, tables.episodes)
    )
    came_first = (
        select(e.tenant, e.contact, e.id)
        .join_from(events, tables.episodes, theirs & (a.returned_at == e.occurred_at))
        .where(e.signal == "rating", ~earlier.exists())
    )
    for tenant, contact, id in connection.execute(came_first).all():
        mine = (e.tenant == tenant) & (e.contact == contact) & (e.id == id)
        connection.execute(update(events).where(mine).values(alive=False))


def _to_version_6(connection: Connection, tables: Tables) -> None:
    """The gaps between a contact's touches are counted, by which a rhythm knows its patience.

    Nobody counts those of contacts that are there: the next fold of each does.
    """
    drop_old_checkpoints(connection, tables)
    _add_column(connection, tables.contacts, Column("gaps", Integer))
    _add_column(connection, tables.contacts, Column("gaps_sum", BigInteger))


def drop_old_checkpoints(connection: Connection, tables: Tables) -> None:
    """Drop checkpoints from before gaps were counted; what folds on from them would lack these.

    Whoever is folded makes new ones. Does nothing where the columns of version 6 are there.
    """
    if "gaps_sum" not in _columns(connection, tables.contacts):
        connection.execute(delete(tables.checkpoints))
        kept = tables.contacts.c.checkpoint
        connection.execute(update(tables.contacts).where(kept.is_not(None)).values(checkpoint=None))


def _to_version_7(connection: Connection, tables: Tables) -> None:
    """Of each event is stored what it was worth.

    Answers are kept, and what ends them is counted; moments are kept for subscriptions. What events
    that are there were worth nobody knows: a funnel that names values classifies them anew.
    """
    _add_column(connection, tables.events, Column("value", BigInteger))
    made = [tables.answers, tables.changes, tables.subscriptions, tables.messages]
    tables.metadata.create_all(connection, made)
    _add_indexes(connection, tables, "motfunnel_messages_due")  # killed in between, it has none


_MARIADB_COLUMNS: Final = text(
    "SELECT column_name FROM information_schema.columns "
    "WHERE table_schema = COALESCE(:schema, DATABASE()) AND table_name = :name"
)
_STEPS: Final[dict[int, Callable[[Connection, Tables], None]]] = {
    1: _to_version_2,
    2: _to_version_3,
    3: _to_version_4,
    4: _to_version_5,
    5: _to_version_6,
    6: _to_version_7,
}
"""What brings the tables from a version to the next."""


@contextmanager
def _alone(database: Database, connection: Connection) -> Iterator[None]:
    """One transaction, in which nobody else migrates."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        database.begin_writing(connection)
    elif dialect == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    else:
        lock = {"name": f"motfunnel {_LOCK}", "seconds": _LOCK_SECONDS}
        if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), lock) != 1:
            raise SchemaError("another process has been migrating these tables for too long")
    try:
        yield
        connection.commit()
    finally:
        if dialect in MARIADB and not connection.invalidated:
            connection.rollback()
            connection.scalar(text("SELECT RELEASE_LOCK(:name)"), {"name": f"motfunnel {_LOCK}"})


def _version(connection: Connection, tables: Tables) -> int:
    version = tables.version
    if not inspect(connection).has_table(version.name, schema=version.schema):
        return 0
    return connection.scalar(select(version.c.version)) or 0


def _put_version(connection: Connection, tables: Tables, number: int) -> None:
    recorded_at = connection.scalar(select(tables.version.c.recorded_at))
    connection.execute(delete(tables.version))
    connection.execute(insert(tables.version).values(version=number, recorded_at=recorded_at))


def _add_column(connection: Connection, table: Table, column: Column[Any]) -> None:
    if column.name in _columns(connection, table):
        return
    name = connection.dialect.identifier_preparer.format_table(table)
    made = CreateColumn(column).compile(dialect=connection.dialect)
    connection.execute(text(f"ALTER TABLE {name} ADD COLUMN {made}"))
    if column.server_default is not None and connection.dialect.name != "sqlite":
        connection.execute(text(f"ALTER TABLE {name} ALTER COLUMN {column.name} DROP DEFAULT"))


def _add_indexes(connection: Connection, tables: Tables, *names: str) -> None:
    for table in tables.metadata.sorted_tables:
        for index in table.indexes:
            if index.name in names:
                index.create(connection, checkfirst=True)


def _columns(connection: Connection, table: Table) -> set[str]:
    if connection.dialect.name in MARIADB:  # of a lent connection SQLAlchemy cannot read tables
        found = connection.scalars(_MARIADB_COLUMNS, {"schema": table.schema, "name": table.name})
        return {str(name) for name in found}
    if not inspect(connection).has_table(table.name, schema=table.schema):
        return set()
    return {one["name"] for one in inspect(connection).get_columns(table.name, table.schema)}
