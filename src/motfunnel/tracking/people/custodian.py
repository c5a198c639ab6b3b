"""What is owed to the people behind contacts: to be one, to be told, to be forgotten.

The half of the tracker that sees to identity and privacy. Classifies nothing, and tells handlers
of nothing but what late events made whose fold was owed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from motfunnel.domain.instant import Duration, read_duration
from motfunnel.domain.marker import Marker
from motfunnel.domain.scrubber import Scrubber
from motfunnel.errors import QuestionError, TombstoneError
from motfunnel.store.database.retry import ask, persist, transact
from motfunnel.store.engine.deadline import within
from motfunnel.store.hosts.transaction import Host, after_commit, host_connection
from motfunnel.store.ledger.erasure import all_keys, compact, drop_rejects_before, silent_contacts
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.tombstones import (
    Tombstone,
    all_tombstones,
    check_marker,
    find_tombstones,
    keep_marker,
    put_tombstones,
)
from motfunnel.tracking.people.erase import Erased, Forgotten, erase
from motfunnel.tracking.people.export import export_contact
from motfunnel.tracking.people.merge import merge_keys, unmerge_key
from motfunnel.tracking.people.redaction import find_namers, referring_properties, scrubber_of
from motfunnel.tracking.profile.identity import Identity, find_identity
from motfunnel.tracking.reader import Reader, question
from motfunnel.tracking.recording.habits import taught
from motfunnel.tracking.recording.handlers import Listeners
from motfunnel.tracking.spool.spool import Spool

if TYPE_CHECKING:
    from sqlalchemy import Connection

Result = TypeVar("Result")
_AT_ONCE = 50


class Custodian(Reader):
    """Keeps who is who, and gives out or erases what is recorded of somebody.

    Attributes:
        spool: where calls wait on this machine; None: nowhere.
        budget: how long a merge on a connection of our own may keep the host waiting.
        marker: makes tombstones with the host's secret; None: there is none.
    """

    _listeners: Listeners
    spool: Spool | None
    budget: timedelta | None
    marker: Marker | None

    @taught
    def merge(
        self, old: object, *, into: object, force: bool = False, bind: Host | None = None
    ) -> Identity:
        """Say that two keys are one contact: what is and will be recorded under either is its.

        A pointer and a refold: costs a fold of both histories. Merging what is one contact already
        changes nothing. Tells no handlers. Keeps the budget, and raises whatever ``on_error`` says.

        Args:
            old: the key that points to the other from now on; it resolves for ever.
            into: the key under which answers are given.
            force: merge even where the old key was identified, so that it may be another person.
            bind: the host's Session or Connection, whose transaction this becomes part of.

        Raises:
            MergeError: the old key belongs to another contact already, or was identified.
            StoreError: the database did not do it in time.
        """
        one, other, now = self._key(old), self._key(into), self.clock()
        with self._in_time(bind):
            funnel = self.funnel
            return self._write(
                lambda ledger: merge_keys(ledger, funnel, one, other, now, force=force), bind
            )

    def unmerge(self, old: object, *, bind: Host | None = None) -> Identity:
        """Take a key out of the contact that it was merged into, with all that was merged into it.

        What was recorded under its keys, before the merge or since, is its own again. Costs a fold
        of both histories; a key that is not merged is left as it is.
        """
        key, now = self._key(old), self.clock()
        with self._in_time(bind):
            funnel = self.funnel
            return self._write(lambda ledger: unmerge_key(ledger, funnel, key, now), bind)

    @question
    def identity(self, contact: object) -> Identity:
        """Say which keys are one contact with this one."""
        return self._identity(self._key(contact))

    @question
    def export(self, contact: object) -> dict[str, Any]:
        """Give everything that is recorded of a contact, under any of its keys, ready for JSON.

        Looks through all events and rejects of the tenant for where others named it.
        """
        key = self._key(contact)
        profile = self._profile(key)
        with self.database.read() as connection:
            ledger = self._ledger(connection)
            identity = find_identity(ledger, key)
            keys = dict.fromkeys(identity.keys)
            scrubber = scrubber_of(keys, self.funnel, self.interpreter.contact_key)
            return export_contact(ledger, identity, profile, self.spool, self.funnel, scrubber)

    def forget(self, contact: object, *, keep_counts: bool = False) -> Forgotten:
        """Erase a contact: every key of it, all events, and every mention of it by others.

        Nothing of its keys or of what was said of it is left in any table, reject, or, on SQLite,
        in the file or its log. Looks through all events and rejects of the tenant, and on SQLite
        writes the file anew: for a host that erases many, ``retain`` does so once for all. A run
        that was broken off is completed by running it again.

        Args:
            contact: any of its keys.
            keep_counts: leave a random token in its place, with the kinds and instants of its
                moments and events, so that past counts stay; it departs and returns no more. In
                the rates its erasure is a competing risk. Without it, the contact leaves every
                rate, which then says how many were so erased.

        Raises:
            TombstoneError: others were erased with another ``tombstone_key``.
        """
        key = self._key(contact)
        tokens = {key: str(uuid4()) if keep_counts else None}
        known = self._scrubber({one: tokens[key] for one in (key, *self._identity(key).keys)})
        with self._without_delivery(known) as spooled:
            erased = self._erase(tokens, namers=self._find_namers(known))
        spooled += self._empty_spool(erased, known)
        return Forgotten(
            events=erased.events,
            others=erased.others,
            rejects=erased.rejects,
            spooled=spooled,
            token=erased.token,
            tombstones=erased.tombstones,
            is_complete=compact(self.database),
        )

    @question
    def tombstones(self) -> list[Tombstone]:
        """Give the tombstones, to be kept where a restored backup does not undo them."""
        with self.database.read() as connection:
            return all_tombstones(connection, self.database.tables, self.tenant)

    def forget_again(self, tombstones: Iterable[Tombstone]) -> int:
        """Forget whom a restored backup brought back, without anybody having to name them.

        Of these tombstones those count that the database does not have. Looks through all keys
        and all events of the tenant. Counts are not kept.

        Returns:
            How many contacts were forgotten again.

        Raises:
            TombstoneError: the tracker has no ``tombstone_key``, or another.
        """
        marker = self.marker
        if marker is None:
            raise TombstoneError("without its tombstone_key nobody can be known by a tombstone")
        given = {one.mark: one for one in tombstones}
        stood, gone = self._find_marked(marker, given)
        for key in gone:
            self._erase({key: None}, namers=self._find_namers(self._scrubber({key: None})))
        erased = [one for one in given.values() if stood.get(one.mark) != one.erased_at]
        persist(
            self.database,
            lambda on: put_tombstones(on, self.database.tables, self.tenant, erased),
        )
        self._empty_spool(Erased(keys=dict.fromkeys(gone)))
        compact(self.database)
        return len(gone)

    def retain(self, within: Duration, *, keep_counts: bool = False) -> int:
        """Forget the contacts of whom nothing has happened for longer than this, and old rejects.

        Returns:
            How many contacts were forgotten.
        """
        try:
            window = read_duration(within)
        except ValueError as error:
            raise QuestionError(f"within: {error}") from None
        if window <= timedelta():
            raise QuestionError(f"within is {within!r}; write a duration above zero, e.g. '365d'")
        before, count = self.clock() - window, 0
        where = (self.database.tables, self.tenant, before)
        while silent := persist(self.database, lambda on: silent_contacts(on, *where, _AT_ONCE)):
            tokens = {key: str(uuid4()) if keep_counts else None for key in silent}
            erased = self._erase(tokens, before=before)
            self._empty_spool(erased)
            count += erased.contacts
        persist(self.database, lambda on: drop_rejects_before(on, *where))
        compact(self.database)
        return count

    def _erase(
        self,
        tokens: Mapping[str, str | None],
        *,
        namers: Collection[str] = (),
        before: datetime | None = None,
    ) -> Erased:
        """Erase contacts, in one transaction; see ``erase.erase``."""
        work = partial(
            erase,
            funnel=self.funnel,
            tokens=tokens,
            now=self.clock(),
            namers=namers,
            before=before,
            key_of=self.interpreter.contact_key,
            marker=self.marker,
        )
        marker = self.marker
        if marker is None:
            return self._commit(work)

        def work_known(ledger: Ledger) -> Erased:
            keep_marker(ledger.connection, ledger.tables, ledger.tenant, marker)
            return work(ledger)

        return self._commit(work_known)

    def _scrubber(self, tokens: Mapping[str, str | None]) -> Scrubber:
        return scrubber_of(tokens, self.funnel, self.interpreter.contact_key)

    @question
    def _find_namers(self, scrubber: Scrubber) -> set[str]:
        """Look through all events before anything is locked."""
        with self.database.read() as connection:
            tables = self.database.tables
            return find_namers(connection, tables, self.tenant, scrubber, self.funnel)

    @question
    def _find_marked(
        self, marker: Marker, marks: Collection[str]
    ) -> tuple[dict[str, datetime], list[str]]:
        """Find which of these marks have tombstones, and the keys that are known by the others."""
        with self.database.read() as connection:
            where = (connection, self.database.tables, self.tenant)
            check_marker(*where, marker)
            stood = find_tombstones(*where, marks)
            missing = set(marks) - stood.keys()
            return stood, [key for key in all_keys(*where) if marker.mark(key) in missing]

    def _empty_spool(self, erased: Erased, known: Scrubber | None = None) -> int:
        """Empty the spool of keys that were not known before the erasure; of how many calls."""
        if known is not None and not erased.keys.keys() - known.tokens.keys():
            return 0
        with self._without_delivery(self._scrubber(erased.keys)) as count:
            return count

    @contextmanager
    def _without_delivery(self, scrubber: Scrubber) -> Iterator[int]:
        """Empty the spool of some keys, and let nothing of it be delivered meanwhile."""
        if self.spool is None:
            yield 0
            return
        with self.spool.scrubbed(scrubber, referring_properties(self.funnel)) as count:
            yield count

    @question
    def _identity(self, key: str) -> Identity:
        def read() -> Identity:
            with self.database.read() as connection:
                return find_identity(self._ledger(connection), key)

        return ask(self.database, read)

    def _commit(self, work: Callable[[Ledger], Result]) -> Result:
        ledger, done = persist(self.database, partial(self._work, work))
        self.database.after(partial(self._listeners.tell, ledger.untold))
        return done

    def _write(self, work: Callable[[Ledger], Result], bind: Host | None) -> Result:
        host = self.database.host() if bind is None else bind
        if host is None:
            return self._commit(work)
        ledger, done = transact(self.database, partial(self._work, work), bind)
        if ledger.untold:
            after_commit(host_connection(host), partial(self._listeners.tell, ledger.untold))
        return done

    def _work(
        self, work: Callable[[Ledger], Result], connection: Connection
    ) -> tuple[Ledger, Result]:
        ledger = self._ledger(connection)
        return ledger, work(ledger)

    def _in_time(self, bind: Host | None) -> AbstractContextManager[None]:
        """Keep the budget, on a connection of our own."""
        if bind is not None or self.budget is None or self.database.host() is not None:
            return nullcontext()
        return within(self.budget.total_seconds())

    def _ledger(self, connection: Connection) -> Ledger:
        return Ledger(connection, self.database.tables.schema, self.tenant, self.database.pace)
