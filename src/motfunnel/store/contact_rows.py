"""The rows of contacts: read, locked, made and written; and which contact a key belongs to.

The lower half of the ledger. Each method is one statement or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, delete

from motfunnel.domain.event import to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import Moment
from motfunnel.store.chunks import chunks
from motfunnel.store.contact_state import ContactState, new_state, read_state, write_state
from motfunnel.store.faults import FAULTS, Fault, fault_of
from motfunnel.store.host import savepoint
from motfunnel.store.pace import PACE, Pace
from motfunnel.store.statement import Statement
from motfunnel.store.statements import SOME, statements
from motfunnel.store.tables import Tables, tables
from motfunnel.store.watch import status_of

Owing: TypeAlias = dict[str, tuple[int, set[str]]]
"""Contacts whose fold is owed: how many events it takes, and the keys that were recorded under."""


class ContactRows:
    """The rows of one tenant's contacts, on one connection."""

    def __init__(
        self, connection: Connection, schema: str | None, tenant: str, pace: Pace = PACE
    ) -> None:
        self.connection = connection
        self.tenant = tenant
        self.pace = pace
        self.owing: Owing = {}
        # What came and went of folds that were owed: nobody has been told yet.
        self.untold: list[Moment] = []
        self.revoked: list[Moment] = []
        self.tables: Tables = tables(schema)
        self._run = statements(schema)

    def has_characters_for(self, key: str) -> bool:
        """Whether the database's encoding can write a key; of another nothing is recorded."""
        connection = self.connection
        if key.isascii() or connection.dialect.name == "sqlite":
            return True
        # Only a server that is asked in vain spoils a transaction, if there is one.
        is_spoiled = (
            connection.dialect.name == "postgresql"
            and connection.exec_driver_sql("SHOW server_encoding").scalar() != "UTF8"
            and status_of(connection) != "IDLE"
        )
        try:
            with savepoint(connection) if is_spoiled else nullcontext():
                self._run.read_contact.fetch(connection, self._key(key))
        except FAULTS as error:
            if fault_of(error) is not Fault.REFUSED:
                raise
            return False
        return True

    def lock_contact(self, contact: str, funnel: Funnel) -> ContactState:
        """Read a contact's state, alone until the transaction ends; make it if it is new.

        PostgreSQL looks for the row first: it is almost always there. Elsewhere it is put down
        first. MariaDB would lock the gap where a missing row belongs, and deadlock with whoever
        fills it; SQLite throws out a host's transaction that reads before it writes as soon as
        another has written in between.
        """
        key = self._key(contact)
        found = []
        if self.connection.dialect.name == "postgresql":
            found = self._fetch(self._run.lock_contact, key)
        if not found:
            empty = write_state(new_state(contact, funnel), self.tenant)
            self._run.keep_contact.execute(self.connection, empty)
            found = self._fetch(self._run.lock_contact, key)
        return read_state(found[0], funnel)

    def lock_owner(self, key: str, funnel: Funnel) -> ContactState:
        """Read the state of the contact that a key belongs to, alone; make it if it is new.

        A key that was merged is locked before the contact that it was merged into: who merges or
        unmerges locks in that order too.
        """
        state = self.lock_contact(key, funnel)
        while state.merged_into is not None:
            state = self.lock_contact(state.merged_into, funnel)
        return state

    def lock_owners(self, keys: Iterable[str], funnel: Funnel) -> dict[str, ContactState]:
        """Read the states of the contacts that some keys belong to, alone, by key.

        Merged keys are locked first and contacts after them, each in the order of keys, so that
        two who do so never wait for each other.
        """
        wanted = sorted(set(keys))
        if len(wanted) == 1:
            return {wanted[0]: self.lock_owner(wanted[0], funnel)}
        merged = self.find_aliases(wanted)
        order = [*sorted(merged), *sorted({merged.get(key, key) for key in wanted})]
        locked = {key: self.lock_contact(key, funnel) for key in order}
        owners: dict[str, ContactState] = {}
        for key in wanted:
            state = locked[key]
            while state.merged_into is not None:
                above = state.merged_into  # not locked yet, if somebody merged it meanwhile
                state = locked.get(above) or self.lock_contact(above, funnel)
                locked[above] = state
            owners[key] = state
        self.drop_strays(locked.keys() - {*wanted, *(one.contact for one in owners.values())})
        return owners

    def drop_strays(self, keys: Iterable[str]) -> None:
        """Delete the rows of keys that were locked for nothing, and made for it, if they are empty.

        They belonged to a contact that was erased before the lock was had.
        """
        contacts = self.tables.contacts
        c = contacts.c
        for some in chunks({*keys}):
            empty = (c.last_at.is_(None), c.merged_into.is_(None), c.aliases == 0)
            mine = (c.tenant == self.tenant, c.contact.in_(some), c.fingerprint != "")
            self.connection.execute(delete(contacts).where(*mine, *empty))

    def find_aliases(self, keys: Sequence[str]) -> dict[str, str]:
        """Find those of some keys that were merged, and the contacts that they belong to."""
        return self._find_owners(self._run.find_aliases, keys)

    def find_members(self, contacts: Sequence[str], *, to_write: bool = True) -> dict[str, str]:
        """Find the keys that were merged into some contacts, and into which."""
        find = self._run.find_members_to_write if to_write else self._run.find_members
        return self._find_owners(find, contacts)

    def lock_contacts(self, contacts: Sequence[str], funnel: Funnel) -> list[ContactState]:
        """Read the states of some contacts, alone until the transaction ends."""
        rows = self._fetch(self._run.lock_contacts, self._some(contacts))
        return [read_state(row, funnel) for row in rows]

    def lock_overdue(
        self, as_of: datetime, since: datetime, most: int, funnel: Funnel
    ) -> tuple[list[ContactState], datetime]:
        """Read the states of contacts whose deadline has come, alone until the transaction ends.

        Those with the oldest deadlines come first. What somebody else has locked is left out, where
        the database can do so, so that two who do this share the work.

        Args:
            as_of: whose deadline has come by then.
            since: and not before this one.
            most: how many, at most.
            funnel: by what the states are read.

        Returns:
            The states, and the last of their deadlines.
        """
        bounds = {"tenant": self.tenant, "as_of": as_of, "since": since, "most": most}
        rows = self._fetch(self._run.lock_overdue, bounds)
        last: datetime = rows[-1]["deadline_at"] if rows else as_of
        return [read_state(row, funnel) for row in rows], last

    def read_contacts(self, contacts: Sequence[str], funnel: Funnel) -> list[ContactState]:
        """Read the states of some contacts, without locking them."""
        rows = self._fetch(self._run.read_contacts, self._some(contacts))
        return [read_state(row, funnel) for row in rows]

    def find_contact(self, contact: str, funnel: Funnel) -> ContactState | None:
        """Read a contact's state; None for one of whom nothing was ever recorded."""
        rows = self._fetch(self._run.read_contact, self._key(contact))
        return read_state(rows[0], funnel) if rows else None

    def update_contacts(self, states: Sequence[ContactState]) -> None:
        """Write the states of contacts that are locked."""
        rows = [write_state(state, self.tenant) for state in states]
        if len(rows) == 1:
            self._run.update_contact.execute(self.connection, rows[0])
        elif rows and self._has_arrays:
            self._write_arrays(self._run.update_contact_arrays, rows)
        else:
            self._run.update_contacts.execute_many(self.connection, rows)

    def owe(self, state: ContactState) -> None:
        """Say that the fold of a contact, which is locked, is owed; its journey stays as it was.

        Nothing departs by silence meanwhile: nobody knows its deadline.
        """
        row = write_state(state, self.tenant)
        self._run.owe_contact.execute(self.connection, row)

    def settle(self, erased: Iterable[ContactState], funnel: Funnel) -> None:
        """Say that contacts, of whom only the counts are left, await no fold by this funnel."""
        rows = [self._key(one.contact) | {"fingerprint": funnel.fingerprint} for one in erased]
        self._run.set_fingerprint.execute_many(self.connection, rows)

    def mark_contacts(self, contacts: Iterable[str], funnel: Funnel) -> None:
        """Say that events of these contacts await the fold; make the contacts that are new."""
        new = write_state(new_state("", funnel), self.tenant) | {"fingerprint": ""}
        keys = sorted(contacts)  # in one order, so that two writers do not deadlock
        if keys:
            self._run.mark_contact.execute_columns(self.connection, {"contact": keys}, new)
        owners = sorted({*self.find_aliases(keys).values()} - {*keys})
        if owners:
            self._run.mark_contact.execute_columns(self.connection, {"contact": owners}, new)

    @property
    def _has_arrays(self) -> bool:
        """Whether many rows are written by one statement that takes their columns as arrays."""
        return self.connection.dialect.name == "postgresql"

    def _write_arrays(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        arrays = {
            name: to_json([_plain(row[name]) for row in rows])
            for name in rows[0]
            if name != "tenant"
        }
        statement.execute(self.connection, {"tenant": self.tenant, **arrays})

    def _find_owners(self, find: Statement, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(keys), SOME):
            rows = find.fetch(self.connection, self._some(keys[start : start + SOME]))
            found |= {row["contact"]: row["merged_into"] for row in rows}
        return found

    def _fetch(self, read: Statement, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Read contacts; whether a row of theirs can be read is for ``read_state`` to say."""
        return read.fetch(self.connection, row, leniently=True)

    def _key(self, contact: str) -> dict[str, Any]:
        return {"tenant": self.tenant, "contact": contact}

    def _some(self, contacts: Sequence[str]) -> dict[str, Any]:
        last = len(contacts) - 1
        some = {f"contact_{n}": contacts[min(n, last)] for n in range(SOME)}
        return {"tenant": self.tenant, **some}


def _plain(value: Any) -> Any:
    """A value as JSON takes it."""
    return value.isoformat() if isinstance(value, datetime) else value
