"""Every statement of the write path, and of bulk reads, for one schema's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Dialect,
    Insert,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import ColumnElement

from motfunnel.store.engine.compiled import Statement
from motfunnel.store.ledger.rows import unread_columns
from motfunnel.store.schema.dialects import (
    can_skip,
    insert_arrays,
    insert_or_keep,
    insert_or_update,
    pairs_in_json,
    position,
    update_arrays,
)
from motfunnel.store.schema.tables import Tables, overdue, tables
from motfunnel.store.schema.types import MARIADB

REVOKED: Final = "revoked"
"""The type of a message that takes a moment back."""
SOME: Final = 200
"""How many contacts are read and written together in bulk."""

_MOST_UPDATES: Final = 500


class Statements:
    """The statements on one schema's tables; made once, compiled once a dialect.

    In all of them the parameters have the names of the columns that they are compared with or put
    into; ``contact_0`` to ``contact_199`` are some contacts (of fewer the last is repeated).
    """

    def __init__(self, of: Tables) -> None:
        self._make_contacts(of.contacts)
        self._make_updates(of.contacts)
        self._make_events(of.events)
        self._make_stories(of.events)
        self._make_moments(of.moments)
        self._make_episodes(of.episodes)
        self._make_checkpoints(of.checkpoints)
        self._make_messages(of)
        self.add_trait: Statement = _of(of.traits, lambda _: _insert(of.traits))

    def _make_contacts(self, contacts: Table) -> None:
        self.keep_contact: Statement = _of(contacts, lambda d: _insert_or_lock(contacts, d))
        # The same, and gives the row; where the database can.
        self.make_contact: Statement = _of(
            contacts, lambda d: _insert_or_lock(contacts, d).returning(*contacts.columns)
        )
        self.put_contact: Statement = _of(
            contacts, lambda d: insert_or_keep(contacts, d), arrays=_arrays(contacts)
        )
        self.mark_contact: Statement = _of(
            contacts, lambda d: insert_or_update(contacts, d, ["fingerprint"], only_changed=True)
        )
        self.lock_contact: Statement = _of(
            contacts, lambda d: _locked(d, select(contacts).where(_one(contacts)))
        )
        self.read_contact: Statement = _of(
            contacts, lambda _: select(contacts).where(_one(contacts))
        )
        self.lock_contacts: Statement = _of(
            contacts,
            lambda d: _locked(d, select(contacts).where(_some(contacts)).order_by("contact")),
        )
        due = _types(contacts) | {name: contacts.c.deadline_at.type for name in ("as_of", "since")}
        self.lock_overdue: Statement = Statement(lambda d: _lock_overdue(contacts, d), due)
        self.read_contacts: Statement = _of(
            contacts, lambda _: select(contacts).where(_some(contacts)).order_by("contact")
        )
        self.find_aliases: Statement = _of(
            contacts,
            lambda _: select(contacts.c.contact, contacts.c.merged_into).where(
                _some(contacts), contacts.c.merged_into.is_not(None)
            ),
        )
        self.find_members: Statement = _of(contacts, lambda _: _members(contacts))
        self.find_members_to_write: Statement = _of(
            contacts, lambda d: _shared(d, _members(contacts))
        )
        self.set_fingerprint: Statement = _of(
            contacts, lambda _: update(contacts).where(_one(contacts)).values({"fingerprint": None})
        )

    def _make_updates(self, contacts: Table) -> None:
        self._contacts = contacts
        self._updates: dict[tuple[str, ...], Statement] = {}
        update_all = Statement(
            lambda _: update_arrays(contacts, fixed=("tenant",)), {}, fixed=("tenant",)
        )
        self.owe_contact: Statement = _of(contacts, lambda _: _owe_contact(contacts))
        self.update_contact: Statement = _of(
            contacts, lambda _: _update_contact(contacts), arrays=update_all
        )
        self.update_contacts: Statement = _of(
            contacts, lambda d: _update_contacts(contacts, d), arrays=update_all
        )

    def update_columns(self, names: tuple[str, ...]) -> Statement:
        """Update some columns of a contact; as many statements as sets of them are asked for."""
        if names not in self._updates:
            if len(self._updates) > _MOST_UPDATES:
                self._updates.clear()
            values = dict.fromkeys(names)
            contacts = self._contacts
            self._updates[names] = _of(
                contacts, lambda _: update(contacts).where(_one(contacts)).values(values)
            )
        return self._updates[names]

    def _make_events(self, events: Table) -> None:
        self.add_event_arrays: Statement = _arrays(events, fixed=("tenant", "recorded_at"))
        self.add_event: Statement = _of(
            events, lambda d: _insert_new(events, d), arrays=self.add_event_arrays
        )
        self.add_events: Statement = _of(events, lambda d: _insert_ignoring(events, d))
        # The same, of events whose instants and properties are written as texts already.
        self.add_written_events: Statement = Statement(lambda d: _insert_ignoring(events, d), {})
        self.read_events: Statement = _of(events, lambda _: select(events).where(_one(events)))
        # What is read to write: a locking read sees what others have committed, even where the
        # transaction that we joined on MariaDB began before they did.
        self.read_event: Statement = _of(
            events,
            lambda d: _shared(
                d, select(events).where(_one(events), events.c.id == bindparam("id"))
            ),
        )
        self.find_taken: Statement = _of(events, lambda d: _taken(events, d))
        self.recorded_since: Statement = _of(
            events,
            lambda _: select(events.c.contact, events.c.id).where(
                _one(events), events.c.recorded_at >= bindparam("recorded_at")
            ),
        )
        self.count_events: Statement = _of(events, lambda _: _count_events(events))
        self.set_meaning: Statement = _of(
            events,
            lambda _: (
                update(events)
                .where(_one(events), events.c.id == bindparam("id"))
                .values({"signal": None, "alive": None, "value": None})
            ),
        )

    def _make_stories(self, events: Table) -> None:
        self.read_stories: Statement = _of(
            events, lambda d: _story(events, d, _some(events)), is_raw=True
        )
        self.read_stories_to_write: Statement = _of(
            events, lambda d: _shared(d, _story(events, d, _some(events))), is_raw=True
        )
        self.read_story: Statement = _of(
            events, lambda d: _story(events, d, _one(events)), is_raw=True
        )
        self.read_story_to_write: Statement = _of(
            events, lambda d: _shared(d, _story(events, d, _one(events))), is_raw=True
        )
        self.read_story_after: Statement = _of(
            events, lambda d: _story_after(events, d), is_raw=True
        )
        self.read_story_after_to_write: Statement = _of(
            events, lambda d: _shared(d, _story_after(events, d)), is_raw=True
        )

    def _make_moments(self, moments: Table) -> None:
        self.add_moment: Statement = _of(
            moments, lambda _: _insert(moments), arrays=_arrays(moments)
        )
        self.read_moments: Statement = _of(moments, lambda _: _from(moments, moments.c.ordinal))
        self.read_moments_to_write: Statement = _of(
            moments, lambda d: _shared(d, _from(moments, moments.c.ordinal))
        )
        self.read_moments_of_some: Statement = _of(
            moments,
            lambda _: select(moments).where(_some(moments)).order_by("contact", "ordinal"),
        )
        self.delete_moment: Statement = _of(
            moments,
            lambda _: delete(moments).where(
                _one(moments), moments.c.ordinal == bindparam("ordinal")
            ),
        )
        self.delete_moments: Statement = _of(
            moments, lambda _: delete(moments).where(_some(moments))
        )

    def _make_episodes(self, episodes: Table) -> None:
        self.add_episode: Statement = _of(
            episodes, lambda _: _insert(episodes), arrays=_arrays(episodes)
        )
        self.read_episode: Statement = _of(
            episodes,
            lambda d: _shared(
                d,
                select(episodes).where(_one(episodes), episodes.c.episode == bindparam("episode")),
            ),
        )
        self.read_episodes_of_some: Statement = _of(
            episodes,
            lambda _: select(episodes).where(_some(episodes)).order_by("contact", "episode"),
        )
        self.put_episode: Statement = _of(
            episodes,
            lambda d: insert_or_update(
                episodes,
                d,
                ["first_outreach_at", "outreaches", "returned_at", "return_event_id"],
            ),
        )
        self.read_episodes: Statement = _of(episodes, lambda _: _from(episodes, episodes.c.episode))
        self.read_episodes_to_write: Statement = _of(
            episodes,
            lambda d: _shared(d, _from(episodes, episodes.c.episode)),
        )
        self.delete_episode: Statement = _of(
            episodes,
            lambda _: delete(episodes).where(
                _one(episodes), episodes.c.episode == bindparam("episode")
            ),
        )
        self.delete_episodes: Statement = _of(
            episodes, lambda _: delete(episodes).where(_some(episodes))
        )

    def _make_checkpoints(self, checkpoints: Table) -> None:
        self.add_checkpoint: Statement = _of(checkpoints, lambda _: _insert(checkpoints))
        self.read_checkpoint_before: Statement = _of(
            checkpoints,
            lambda d: _shared(
                d,
                select(checkpoints)
                .where(
                    _one(checkpoints),
                    checkpoints.c.last_at < bindparam("last_at"),
                    checkpoints.c.events <= bindparam("events"),
                )
                .order_by(checkpoints.c.events.desc())
                .limit(1),
            ),
        )
        self.read_checkpoint: Statement = _of(
            checkpoints,
            lambda _: select(checkpoints).where(
                _one(checkpoints), checkpoints.c.events == bindparam("events")
            ),
        )
        self.read_checkpoints: Statement = _of(
            checkpoints, lambda _: _from(checkpoints, checkpoints.c.events)
        )
        self.read_checkpoints_to_write: Statement = _of(
            checkpoints, lambda d: _shared(d, _from(checkpoints, checkpoints.c.events))
        )
        self.delete_checkpoint: Statement = _of(
            checkpoints,
            lambda _: delete(checkpoints).where(
                _one(checkpoints), checkpoints.c.events == bindparam("events")
            ),
        )
        self.delete_checkpoints: Statement = _of(
            checkpoints, lambda _: delete(checkpoints).where(_some(checkpoints))
        )

    def _make_messages(self, of: Tables) -> None:
        s, types = of.subscriptions.c, _types(of.messages)
        self.find_subscription: Statement = _of(
            of.subscriptions,
            lambda _: select(s.name).where(s.tenant == bindparam("tenant")).limit(1),
        )
        self.keep_subscription: Statement = _of(
            of.subscriptions, lambda d: insert_or_keep(of.subscriptions, d)
        )
        self.add_message: Statement = Statement(lambda d: _add_message(of, d), types)


@cache
def statements(schema: str | None) -> Statements:
    """The statements of a schema, made once."""
    return Statements(tables(schema))


def _of(
    table: Table,
    make: Callable[[Dialect], ClauseElement],
    *,
    is_raw: bool = False,
    arrays: Statement | None = None,
) -> Statement:
    return Statement(make, _types(table), is_raw=is_raw, arrays=arrays)


def _arrays(table: Table, fixed: Sequence[str] = ("tenant",)) -> Statement:
    return Statement(lambda _: insert_arrays(table, fixed), {}, fixed=fixed)


def _types(table: Table) -> dict[str, Any]:
    return {column.name: column.type for column in table.columns}


def _one(table: Table) -> ColumnElement[bool]:
    return and_(table.c.tenant == bindparam("tenant"), table.c.contact == bindparam("contact"))


def _some(table: Table, column: ColumnElement[Any] | None = None) -> ColumnElement[bool]:
    # A list of fixed length, so that the statement is compiled once.
    names = [bindparam(f"contact_{n}", type_=table.c.contact.type) for n in range(SOME)]
    among = table.c.contact if column is None else column
    return and_(table.c.tenant == bindparam("tenant"), among.in_(names))


def _members(contacts: Table) -> Select[Any]:
    """The keys that were merged into some contacts."""
    return select(contacts.c.contact, contacts.c.merged_into).where(
        _some(contacts, contacts.c.merged_into)
    )


def _story(events: Table, dialect: Dialect, whose: ColumnElement[bool]) -> Select[Any]:
    """What a fold reads of some contacts' events."""
    columns = unread_columns(events, dialect)
    return select(*columns).where(whose).order_by(events.c.contact)


def _story_after(events: Table, dialect: Dialect) -> Select[Any]:
    """What a fold reads of the events of one key after an instant."""
    after = events.c.occurred_at > bindparam("occurred_at")
    return select(*unread_columns(events, dialect)).where(_one(events), after)


def _taken(events: Table, dialect: Dialect) -> Select[Any]:
    """The events that have some contacts and ids, given as a JSON array of pairs."""
    e = events.c
    pairs = pairs_in_json(dialect, e.contact, e.id)
    return select(events).where(e.tenant == bindparam("tenant"), tuple_(e.contact, e.id).in_(pairs))


def _count_events(events: Table) -> Select[Any]:
    """How many events some keys have, counted no further than asked."""
    found = select(literal(1)).where(_some(events)).limit(bindparam("most", type_=Integer))
    return select(func.count().label("events")).select_from(found.subquery())


def _from(table: Table, column: ColumnElement[Any]) -> Select[Any]:
    """One contact's rows from a number on, in their order."""
    return select(table).where(_one(table), column >= bindparam(column.key)).order_by(column)


def _insert(table: Table) -> ClauseElement:
    return insert(table).values({column.name: None for column in table.columns})


def _insert_or_lock(table: Table, dialect: Dialect) -> Insert:
    """Insert a row, or leave the one that has its key, which nobody can delete from then on.

    PostgreSQL locks a row that is in the way only if something is to be set. SQLite has one lock.
    """
    if dialect.name == "postgresql":
        return insert_or_update(table, dialect, ["contact"])
    return insert_or_keep(table, dialect)


def _insert_new(table: Table, dialect: Dialect) -> ClauseElement:
    """Insert, or change nothing and say so.

    MariaDB's upsert counts a row that it left alone as a changed one, so there it is the plain
    insert, whose error undoes that statement only.
    """
    return _insert(table) if dialect.name in MARIADB else insert_or_keep(table, dialect)


def _insert_ignoring(table: Table, dialect: Dialect) -> ClauseElement:
    """Insert many, skip those whose key is taken, and count the others.

    INSERT IGNORE would hide other faults too; what comes here has been checked for all of them.
    """
    if dialect.name in MARIADB:
        return insert(table).prefix_with("IGNORE").values({c.name: None for c in table.columns})
    return insert_or_keep(table, dialect)


def _add_message(of: Tables, dialect: Dialect) -> ClauseElement:
    """Put a message down for each subscription that asks for it, behind the contact's others.

    Whoever writes a contact's moments has locked it, so that no two do this for one at once.
    """
    m, s, before = of.messages.c, of.subscriptions.c, of.messages.alias("before").c

    def given(name: str) -> ColumnElement[Any]:
        return bindparam(name, type_=m[name].type)

    def asked(wanted: ColumnElement[str], name: str) -> ColumnElement[bool]:
        named = bindparam(name, type_=m.body.type)
        return or_(wanted.is_(None), position(wanted, named, dialect) > 0)

    mine = and_(before.tenant == given("tenant"), before.contact == given("contact"))
    last = select(func.max(before.ordinal)).where(mine, before.subscription == s.name)
    values = {
        "tenant": given("tenant"),
        "contact": given("contact"),
        "subscription": s.name,
        "ordinal": func.coalesce(last.scalar_subquery(), 0) + 1,
        **{name: given(name) for name in ("id", "type", "body", "recorded_at")},
        "due_at": given("recorded_at"),
        "attempts": literal(0, Integer),
    }
    wanted = select(*values.values()).where(
        s.tenant == given("tenant"),
        or_(s.filled.is_(None), s.filled >= given("contact")),
        asked(s.kinds, "kind"),
        asked(s.reasons, "reason"),
        # At which stage it was told of may be another than the contact's by now.
        or_(asked(s.stages, "stage"), given("type") == REVOKED),
    )
    return insert(of.messages).from_select([*values], wanted)


def _owe_contact(contacts: Table) -> ClauseElement:
    names = [
        "known",
        "deadline_at",
        "last_at",
        "last_signal",
        "last_stage",
        "last_id",
        "events",
        "checkpoint",
        "owed_since",
    ]
    return update(contacts).where(_one(contacts)).values(dict.fromkeys(names))


def _update_contact(contacts: Table) -> ClauseElement:
    values = {c.name: None for c in contacts.columns if not c.primary_key}
    return update(contacts).where(_one(contacts)).values(values)


def _update_contacts(contacts: Table, dialect: Dialect) -> ClauseElement:
    """Update many; PyMySQL sends an update for each, but inserts that meet their row together."""
    if dialect.name not in MARIADB:
        return _update_contact(contacts)
    names = [column.name for column in contacts.columns if not column.primary_key]
    return insert_or_update(contacts, dialect, names)


def _locked(dialect: Dialect, statement: Any) -> ClauseElement:
    locked: ClauseElement = statement if dialect.name == "sqlite" else statement.with_for_update()
    return locked


def _lock_overdue(contacts: Table, dialect: Dialect) -> ClauseElement:
    """Lock the contacts whose deadline came first; by the index of deadlines."""
    deadline = contacts.c.deadline_at
    due = (
        select(contacts)
        .where(
            overdue(contacts, bindparam("tenant"), bindparam("as_of")),
            deadline >= bindparam("since"),
        )
        .order_by(deadline)
        .limit(bindparam("most"))
    )
    if dialect.name == "sqlite":  # its one lock is held already
        return due
    return due.with_for_update(skip_locked=can_skip(dialect))


def _shared(dialect: Dialect, statement: Any) -> ClauseElement:
    shared: ClauseElement = (
        statement.with_for_update(read=True) if dialect.name in MARIADB else statement
    )
    return shared
