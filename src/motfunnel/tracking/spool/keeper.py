"""Keeping what could not be recorded: in the table of rejects, or in the spool.

What was refused is a reject. What the database was not there for, and a reject that it does not
take, wait in the spool. In a host's transaction a reject is part of that; and what has to wait in
the spool is put there once it is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve

from motfunnel.store.database.database import Database
from motfunnel.store.database.retry import persist
from motfunnel.store.hosts.transaction import Attempt, Joined, after_commit, is_doomed, is_undone
from motfunnel.store.ledger.rejects import put_rejects
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import SetAside, set_aside
from motfunnel.tracking.recording.policy import error_of, log_error
from motfunnel.tracking.recording.refusal import may_pass
from motfunnel.tracking.spool.spool import Spool

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Keeper:
    """Keeps what could not be recorded.

    Args:
        database: has the rejects.
        tenant: whose.
        spool: is for the rest; None: there is none.
    """

    def __init__(self, database: Database, tenant: str, spool: Spool | None) -> None:
        self._database = database
        self._tenant = tenant
        self._spool = spool

    def keep(self, failed: Sequence[tuple[Call, Exception]], attempt: Attempt) -> list[Call]:
        """Keep calls that failed, all at once, and say of each where; raises only what it must.

        Nowhere, where they would have been part of a transaction that the host has lost.

        Raises:
            DBAPIError: the host's whole transaction is gone.
        """
        if attempt.is_in_vain:
            return [evolve(call, kept="nowhere") for call, _ in failed]
        now, host = datetime.now(UTC), attempt.host
        asides = [
            set_aside(call, error, now, is_refused=not may_pass(error)) for call, error in failed
        ]
        # Without a spool, what may pass has no other place than the rejects of the host's.
        to_reject = [
            aside
            for aside in asides
            if aside.is_refused or (host is not None and self._spool is None)
        ]
        has_them = bool(to_reject) and self._try_to_reject(to_reject, now, host)
        rejected = {id(aside) for aside in to_reject if has_them}
        waiting = [aside for aside in asides if id(aside) not in rejected]
        kept = ""
        if waiting:
            kept = self._put_in_spool(waiting) if host is None else self._wait_for(host, waiting)
        return [
            evolve(call, kept="rejects" if id(aside) in rejected else kept)
            for (call, _), aside in zip(failed, asides, strict=True)
        ]

    def reject(self, asides: Sequence[SetAside], now: datetime) -> None:
        """Put calls into the table of rejects, in a transaction of our own."""
        persist(self._database, lambda connection: self.reject_on(connection, asides, now))

    def reject_on(self, connection: Connection, asides: Sequence[SetAside], now: datetime) -> None:
        """Put calls into the table of rejects."""
        unique = {reject.id: reject for reject in (aside.to_reject() for aside in asides)}
        tables = self._database.tables
        put_rejects(connection, tables, self._tenant, list(unique.values()), now)

    def _try_to_reject(
        self, asides: Sequence[SetAside], now: datetime, host: Joined | None
    ) -> bool:
        def reject() -> None:
            if host is None:
                self.reject(asides, now)
            else:
                with self._database.join(host) as connection:
                    self.reject_on(connection, asides, now)

        error = error_of(reject)
        if error is None:
            return True
        if host is not None and is_undone(host, error):
            raise error
        log_error("rejects were not stored", error)
        return False

    def _wait_for(self, host: Joined, asides: Sequence[SetAside]) -> str:
        kept = "nowhere"

        def put() -> None:
            self._put_in_spool(asides)

        def wait() -> None:
            nonlocal kept
            if self._spool is not None and not is_doomed(host):
                after_commit(host, put)
                kept = "commit"

        error = error_of(wait)
        if error is not None:
            log_error("nothing waits for the host's commit", error)
        return kept

    def _put_in_spool(self, asides: Sequence[SetAside]) -> str:
        spool = self._spool
        if spool is None:
            return "nowhere"
        error = error_of(lambda: spool.append(*asides))
        if error is not None:  # a full disk, a folder that is not ours
            log_error("the spool was not written", error)
        return "spool" if error is None else "nowhere"
