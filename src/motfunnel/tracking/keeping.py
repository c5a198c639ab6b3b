"""Keeping what could not be recorded: in the table of rejects, or in the spool.

What was refused is a reject. What the database was not there for, and a reject that it does not
take, wait in the spool. In a host's transaction a reject is part of that; and what has to wait in
the spool is put there once it is committed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from attrs import evolve

from motfunnel.errors import StoreError
from motfunnel.store.database import Database
from motfunnel.store.host import Joined, after_commit, is_doomed, is_undone, joined
from motfunnel.store.rejects import put_rejects
from motfunnel.store.retrying import persist
from motfunnel.tracking.call import Call
from motfunnel.tracking.policy import log
from motfunnel.tracking.set_aside import SetAside, set_aside
from motfunnel.tracking.spool import Spool

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

    def keep(self, call: Call, error: Exception, host: Joined | None) -> Call:
        """Keep a call, and say where; raises only what the host has to know.

        Raises:
            DBAPIError: the host's whole transaction is gone.
        """
        now = datetime.now(UTC)
        aside = set_aside(call, error, now, is_refused=not isinstance(error, StoreError))
        if host is not None:
            return evolve(call, kept=self._keep_with(host, aside, now))
        if aside.is_refused:
            try:
                self.reject([aside], now)
                return evolve(call, kept="rejects")
            except Exception as other:
                log("a reject was not stored", other)
        return evolve(call, kept=self._put_in_spool(aside))

    def reject(self, asides: list[SetAside], now: datetime) -> None:
        """Put calls into the table of rejects, in a transaction of our own."""
        persist(self._database, lambda connection: self.reject_on(connection, asides, now))

    def reject_on(self, connection: Connection, asides: list[SetAside], now: datetime) -> None:
        """Put calls into the table of rejects."""
        unique = {reject.id: reject for reject in (aside.to_reject() for aside in asides)}
        tables = self._database.tables
        put_rejects(connection, tables, self._tenant, list(unique.values()), now)

    def _keep_with(self, host: Joined, aside: SetAside, now: datetime) -> str:
        try:
            with joined(host) as connection:
                self.reject_on(connection, [aside], now)
            return "rejects"
        except Exception as other:
            if is_undone(host, other):
                raise
            log("a reject was not stored", other)
        try:
            if self._spool is None or is_doomed(host):
                return "nowhere"

            def put() -> None:
                self._put_in_spool(aside)

            after_commit(host, put)
        except Exception as other:
            log("nothing waits for the host's commit", other)
            return "nowhere"
        return "commit"

    def _put_in_spool(self, aside: SetAside) -> str:
        if self._spool is None:
            return "nowhere"
        try:
            self._spool.append(aside)
        except Exception as other:  # a full disk, a folder that is not ours
            log("the spool was not written", other)
            return "nowhere"
        return "spool"
