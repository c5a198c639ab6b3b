"""What is owed to the people behind contacts: to be one, to be told, to be forgotten.

The half of the tracker that sees to identity and privacy. Classifies nothing, tells no handlers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve

from motfunnel.domain.scrubber import Scrubber
from motfunnel.errors import QuestionError
from motfunnel.store.deadline import within
from motfunnel.store.erasure import compact, contacts_silent_since, drop_rejects_before
from motfunnel.store.host import Host
from motfunnel.store.ledger import Ledger
from motfunnel.store.retrying import persist
from motfunnel.store.transacting import transact
from motfunnel.tracking.erasing import (
    Erased,
    Forgotten,
    erase_contact,
    referring_properties,
    scrub_others,
    scrub_rejects,
)
from motfunnel.tracking.exporting import export_contact
from motfunnel.tracking.merging import Identity, find_identity, merge_keys, unmerge_key
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.spool import Spool

if TYPE_CHECKING:
    from sqlalchemy import Connection

Result = TypeVar("Result")
_AT_ONCE = 50


class Custodian(Reader):
    """Keeps who is who, and gives out or erases what is recorded of somebody.

    Attributes:
        spool: where calls wait on this machine; None: nowhere.
        budget: how long a merge on a connection of our own may keep the host waiting.
    """

    spool: Spool | None
    budget: timedelta | None

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

    def identity(self, contact: object) -> Identity:
        """Say which keys are one contact with this one."""
        key = self._key(contact)
        with self.database.read() as connection:
            return find_identity(self._ledger(connection), key)

    def export(self, contact: object) -> dict[str, Any]:
        """Give everything that is recorded of a contact, under any of its keys, ready for JSON.

        Looks through all events and rejects of the tenant for where others named it.
        """
        key = self._key(contact)
        profile = self.contact(key)
        with self.database.read() as connection:
            ledger = self._ledger(connection)
            return export_contact(
                ledger, find_identity(ledger, key), profile, self.spool, self.funnel
            )

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
        """
        key, funnel, now = self._key(contact), self.funnel, self.clock()
        with self._without_delivery(self.identity(key).keys) as spooled:
            erased = self._write(
                lambda ledger: erase_contact(ledger, funnel, key, now, keep_counts=keep_counts)
            )
            forgotten = self._clean_up([erased])
        return evolve(forgotten, spooled=spooled, is_complete=compact(self.database))

    def retain(self, within: timedelta, *, keep_counts: bool = False) -> int:
        """Forget the contacts of whom nothing has happened for longer than this, and old rejects.

        Returns:
            How many contacts were forgotten.
        """
        if not isinstance(within, timedelta) or within <= timedelta():
            raise QuestionError(f"within is {within!r}; it must be a timedelta above zero")
        funnel, now, count = self.funnel, self.clock(), 0
        tables = self.database.tables

        def erase_some(ledger: Ledger) -> list[Erased]:
            silent = contacts_silent_since(
                ledger.connection, tables, self.tenant, now - within, _AT_ONCE
            )
            return [
                erase_contact(ledger, funnel, key, now, keep_counts=keep_counts) for key in silent
            ]

        while erased := self._write(erase_some):
            with self._without_delivery([key for one in erased for key in one.keys]):
                self._clean_up(erased)
            count += len(erased)
        persist(
            self.database,
            lambda on: drop_rejects_before(on, tables, self.tenant, now - within),
        )
        compact(self.database)
        return count

    @contextmanager
    def _without_delivery(self, keys: Sequence[str]) -> Iterator[int]:
        """Empty the spool of some keys, and let nothing of it be delivered meanwhile."""
        if self.spool is None:
            yield 0
            return
        with self.spool.scrubbed(
            Scrubber(dict.fromkeys(keys)), referring_properties(self.funnel)
        ) as count:
            yield count

    def _clean_up(self, erased: list[Erased]) -> Forgotten:
        """Take out what is said of erased contacts elsewhere in the database."""
        funnel, now = self.funnel, self.clock()
        scrubber = Scrubber({key: one.token for one in erased for key in one.keys})
        others = 0
        while more := self._write(lambda ledger: scrub_others(ledger, funnel, scrubber)):
            others += more
        return Forgotten(
            events=sum(one.events for one in erased),
            others=others,
            rejects=self._write(lambda ledger: scrub_rejects(ledger, funnel, scrubber, now)),
            token=erased[0].token,
        )

    def _write(self, work: Callable[[Ledger], Result], bind: Host | None = None) -> Result:
        return transact(self.database, lambda on: work(self._ledger(on)), bind)

    def _in_time(self, bind: Host | None) -> AbstractContextManager[None]:
        """Keep the budget, on a connection of our own."""
        if bind is not None or self.budget is None:
            return nullcontext()
        return within(self.budget.total_seconds())

    def _ledger(self, connection: Connection) -> Ledger:
        return Ledger(connection, self.database.tables.schema, self.tenant)
