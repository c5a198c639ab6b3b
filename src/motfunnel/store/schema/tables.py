"""The tables, as a person with an SQL client finds them.

Every key begins with the tenant and then the contact, so that tables can be partitioned by contact
and one contact's rows lie together. There are few indexes: each is a random write on every event.

| table | holds |
|---|---|
| contacts | the state of each contact after its latest event, and the deadline of its silence |
| events | what happened, as it was said; never changed |
| moments, episodes | what the journey made of the events; can always be made again |
| checkpoints | of a long history, the journey's state at every so-many-th event |
| traits | what ``identify`` said, with the instant from which it holds |
| aliases | which keys were merged into which, from when to when |
| erasures | that somebody was erased, and when; not who |
| tombstones | of who was erased, a hash that only the host's secret can make; none without one |
| redactions | which events of others named somebody who was erased, and in which parts |
| rejects | input that could not be taken, and why |
| funnels | the definitions by which contacts were classified |
| imports | how far an unfinished import of a file has come |
| answers | what pages show, kept by a refresh until something changes what was recorded |
| changes | how often something did: merges, erasures, rebuilds, imports |
| subscriptions | who is to be told of which moments |
| messages | what they have not been told yet, in order for each contact |
| schema | the version of these tables |
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    and_,
    text,
)

from motfunnel.store.schema.types import (
    MARIADB_COLLATION,
    Instant,
    key_type,
    properties_type,
    text_type,
)

PREFIX: Final = "motfunnel_"
TENANT_LENGTH: Final = 63
_LABEL: Final = 20


class Tables:
    """The tables of one schema (None: the database's default)."""

    def __init__(self, schema: str | None = None) -> None:
        self.metadata: MetaData = MetaData(schema=schema)
        self.schema = schema
        for name, make in COLUMNS.items():
            setattr(self, name, self._table(name, make()))

    contacts: Table
    events: Table
    moments: Table
    episodes: Table
    checkpoints: Table
    traits: Table
    aliases: Table
    erasures: Table
    tombstones: Table
    redactions: Table
    rejects: Table
    funnels: Table
    imports: Table
    answers: Table
    changes: Table
    subscriptions: Table
    messages: Table
    version: Table

    def _table(self, name: str, columns: list[Any]) -> Table:
        return Table(
            PREFIX + ("schema" if name == "version" else name),
            self.metadata,
            *columns,
            # One tree instead of a table and an index beside it.
            sqlite_with_rowid=False,
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
            mysql_collate=MARIADB_COLLATION,
            mariadb_engine="InnoDB",
            mariadb_charset="utf8mb4",
            mariadb_collate=MARIADB_COLLATION,
        )


@cache
def tables(schema: str | None = None) -> Tables:
    """The tables of a schema, made once."""
    return Tables(schema)


def _tenant() -> Column[str]:
    return Column("tenant", key_type(TENANT_LENGTH), nullable=False)


def _contact() -> Column[str]:
    return Column("contact", key_type(), nullable=False)


def _instant(name: str, *, given: bool = True) -> Column[Any]:
    return Column(name, Instant(), nullable=not given)


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0)


def _key(table: str, *names: str) -> PrimaryKeyConstraint:
    return PrimaryKeyConstraint(*names, name=f"{PREFIX}{table}_pk")


def _index_where_set(name: str, column: str) -> Index:
    """An index that leaves out, where it can, the rows in which the column is empty."""
    is_set = text(f"{column} IS NOT NULL")
    return Index(PREFIX + name, "tenant", column, postgresql_where=is_set, sqlite_where=is_set)


def _contacts() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("fingerprint", key_type(16), nullable=False),  # "": its events await the fold
        Column("known", Boolean(create_constraint=False), nullable=False, default=False),
        Column("presence", key_type(_LABEL), nullable=False),
        Column("stage", key_type(), nullable=False),
        _count("purchases"),
        _instant("last_purchase_at", given=False),
        _count("referrals"),
        Column("apostle", Boolean(create_constraint=False), nullable=False, default=False),
        Column("open_cases", text_type(), nullable=False),
        _instant("last_touch_at", given=False),
        _instant("deadline_at", given=False),
        _count("episodes"),
        _instant("departed_at", given=False),
        _count("outreaches"),
        _instant("first_outreach_at", given=False),
        _instant("opened_at", given=False),
        Column("source", text_type(), nullable=True),  # as the opening event gave it
        _count("moments"),
        # Where the latest event stands in the order: what comes after it needs no refold.
        _instant("last_at", given=False),
        Column("last_signal", SmallInteger, nullable=True),
        Column("last_stage", SmallInteger, nullable=True),
        Column("last_id", key_type(), nullable=True),
        Column("merged_into", key_type(), nullable=True),
        _count("aliases"),
        _instant("erased_at", given=False),
        Column("events", Integer, nullable=True),  # None: nobody has counted them yet
        Column("checkpoint", Integer, nullable=True),  # how many of them the last one has seen
        _instant("owed_since", given=False),
        Column("gaps", Integer, nullable=True),  # None: no fold has counted them yet
        Column("gaps_sum", BigInteger, nullable=True),  # in microseconds
        _index_where_set("contacts_deadline", "deadline_at"),  # what a sweep looks for
        _index_where_set("contacts_merged", "merged_into"),
        _index_where_set("contacts_owed", "owed_since"),
        _key("contacts", "tenant", "contact"),
    ]


def _events() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("id", key_type(), nullable=False),
        Column("event", key_type(), nullable=False),
        _instant("occurred_at"),
        _instant("recorded_at"),
        Column("signal", key_type(_LABEL), nullable=False),
        Column("properties", properties_type(), nullable=False),
        Column("alive", Boolean(create_constraint=False), nullable=False),
        Column("value", BigInteger, nullable=True),  # in millionths of the funnel's currency
        # What a fold from a checkpoint reads.
        Index("motfunnel_events_order", "tenant", "contact", "occurred_at"),
        _key("events", "tenant", "contact", "id"),
    ]


def _moments() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("ordinal", Integer, nullable=False, autoincrement=False),
        Column("moment", key_type(_LABEL), nullable=False),
        _instant("occurred_at"),
        Column("event_id", key_type(), nullable=True),
        Column("from_stage", key_type(), nullable=True),
        Column("to_stage", key_type(), nullable=True),
        Column("reason", text_type(), nullable=True),
        Column("episode", Integer, nullable=True),
        Column("referred", text_type(), nullable=True),
        Column("recorded_as", key_type(), nullable=True),  # the event's key, where it is another
        _key("moments", "tenant", "contact", "ordinal"),
    ]


def _episodes() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("episode", Integer, nullable=False, autoincrement=False),
        _instant("departed_at"),
        Column("reason", text_type(), nullable=False),
        Column("stage", key_type(), nullable=False),
        Column("customer", Boolean(create_constraint=False), nullable=False),
        _instant("first_outreach_at", given=False),
        _count("outreaches"),
        _instant("returned_at", given=False),
        Column("return_event_id", key_type(), nullable=True),
        _key("episodes", "tenant", "contact", "episode"),
    ]


def _checkpoints() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("events", Integer, nullable=False, autoincrement=False),
        _instant("last_at"),
        _count("moments"),
        Column("state", text_type(), nullable=False),
        _key("checkpoints", "tenant", "contact", "events"),
    ]


def _traits() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("event_id", key_type(), nullable=False),
        Column("ordinal", SmallInteger, nullable=False, autoincrement=False),
        Column("trait", text_type(), nullable=False),
        Column("value", text_type(), nullable=False),
        _instant("occurred_at"),
        _instant("recorded_at"),
        Column("owner", key_type(), nullable=False),  # the contact that the key belongs to now
        Index("motfunnel_traits_owner", "tenant", "owner"),
        _key("traits", "tenant", "contact", "event_id", "ordinal"),
    ]


def _aliases() -> list[Any]:
    return [
        _tenant(),
        Column("alias", key_type(), nullable=False),
        Column("ordinal", Integer, nullable=False, autoincrement=False),
        _contact(),
        _instant("merged_at"),
        _instant("unmerged_at", given=False),
        _key("aliases", "tenant", "alias", "ordinal"),
    ]


def _erasures() -> list[Any]:
    return [
        _tenant(),
        Column("token", key_type(36), nullable=False),
        _instant("erased_at"),
        Column("counts_kept", Boolean(create_constraint=False), nullable=False),
        _key("erasures", "tenant", "token"),
    ]


def _tombstones() -> list[Any]:
    return [
        _tenant(),
        Column("mark", key_type(64), nullable=False),
        _instant("erased_at"),
        _key("tombstones", "tenant", "mark"),
    ]


def _redactions() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("id", key_type(), nullable=False),
        Column("mark", key_type(64), nullable=True),
        Column("parts", text_type(), nullable=False),
        _key("redactions", "tenant", "contact", "id"),
    ]


def _rejects() -> list[Any]:
    return [
        _tenant(),
        Column("id", key_type(36), nullable=False),
        _instant("recorded_at"),
        Column("source", text_type(), nullable=False),
        Column("line", BigInteger, nullable=True),
        Column("contact", text_type(), nullable=True),
        Column("event", text_type(), nullable=True),
        Column("reason", text_type(), nullable=False),
        Column("payload", text_type(), nullable=False),
        _key("rejects", "tenant", "id"),
    ]


def _funnels() -> list[Any]:
    return [
        _tenant(),
        Column("fingerprint", key_type(16), nullable=False),
        Column("definition", text_type(), nullable=False),
        _instant("used_at"),
        _instant("tracked_at", given=False),  # never: its contacts have only been imported
        _key("funnels", "tenant", "fingerprint"),
    ]


def _imports() -> list[Any]:
    return [
        _tenant(),
        Column("source", key_type(64), nullable=False),
        Column("line", BigInteger, nullable=False),
        Column("added", BigInteger, nullable=False),
        Column("rejected", BigInteger, nullable=False),
        _instant("recorded_at"),
        _key("imports", "tenant", "source"),
    ]


def _answers() -> list[Any]:
    return [
        _tenant(),
        Column("fingerprint", key_type(16), nullable=False),
        Column("page", key_type(63), nullable=False),
        Column("section", key_type(63), nullable=False),
        Column("version", key_type(63), nullable=False),
        _instant("as_of"),
        _instant("known_by"),
        Column("took", Integer, nullable=False),  # in milliseconds
        Column("prefix", key_type(63), nullable=False),
        Column("html", text_type(), nullable=False),
        Column("csv", text_type(), nullable=False),
        Column("json", text_type(), nullable=False),
        _key("answers", "tenant", "fingerprint", "page", "section"),
    ]


def _changes() -> list[Any]:
    return [
        _tenant(),
        Column("token", key_type(36), nullable=False),  # "": all that ends answers
        Column("number", BigInteger, nullable=False),
        _key("changes", "tenant", "token"),
    ]


def _subscriptions() -> list[Any]:
    return [
        _tenant(),
        Column("name", key_type(TENANT_LENGTH), nullable=False),
        Column("kinds", text_type(), nullable=True),  # JSON arrays; None: all of them
        Column("stages", text_type(), nullable=True),
        Column("reasons", text_type(), nullable=True),
        Column("erasures", Boolean(create_constraint=False), nullable=False),
        # Up to which contact the moments from before it have been put down; None: all have.
        Column("filled", key_type(), nullable=True),
        _instant("subscribed_at"),
        _key("subscriptions", "tenant", "name"),
    ]


def _messages() -> list[Any]:
    return [
        _tenant(),
        _contact(),
        Column("subscription", key_type(TENANT_LENGTH), nullable=False),
        Column("ordinal", Integer, nullable=False, autoincrement=False),
        Column("id", key_type(36), nullable=False),
        Column("type", key_type(_LABEL), nullable=False),
        Column("body", text_type(), nullable=False),
        _instant("recorded_at"),
        _instant("due_at"),  # not to be taken before
        Column("claim", key_type(36), nullable=True),  # of whoever has taken it, until then
        _count("attempts"),
        Column("error", text_type(), nullable=True),
        _instant("failed_at", given=False),
        Index("motfunnel_messages_due", "tenant", "subscription", "due_at"),
        _key("messages", "tenant", "contact", "subscription", "ordinal"),
    ]


def _version() -> list[Any]:
    return [
        Column("version", Integer, nullable=False, autoincrement=False),
        _instant("recorded_at"),
        CheckConstraint("version > 0", name=f"{PREFIX}schema_version"),
        _key("schema", "version"),
    ]


COLUMNS: Final = {
    "contacts": _contacts,
    "events": _events,
    "moments": _moments,
    "episodes": _episodes,
    "checkpoints": _checkpoints,
    "traits": _traits,
    "aliases": _aliases,
    "erasures": _erasures,
    "tombstones": _tombstones,
    "redactions": _redactions,
    "rejects": _rejects,
    "funnels": _funnels,
    "imports": _imports,
    "answers": _answers,
    "changes": _changes,
    "subscriptions": _subscriptions,
    "messages": _messages,
    "version": _version,
}


def overdue(contacts: FromClause, tenant: Any, as_of: Any) -> ColumnElement[bool]:
    """That a contact's silence has run out by an instant, and nobody has written it down.

    Only who is active and has a patience has a deadline; a departure that is written ends it.
    """
    return and_(contacts.c.tenant == tenant, contacts.c.deadline_at <= as_of)
