"""What keeps a store well, and says how it is: sweeps, rebuilds, checks, migrations, health."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from attrs import evolve, frozen

from motfunnel.domain.instant import When, iso
from motfunnel.store.database.advice import describe
from motfunnel.store.database.migrations import migrate
from motfunnel.store.database.retry import ask, asking, persist
from motfunnel.store.ledger import funnels
from motfunnel.store.ledger.contacts import count_owed, owed_departures, was_swept
from motfunnel.store.ledger.rejects import count_rejects
from motfunnel.store.outbox.subscriptions import Subscriptions, Waiting
from motfunnel.store.queries.events import count_names
from motfunnel.text import brief, counted, preformatted
from motfunnel.tracking.reader import question
from motfunnel.tracking.recording.owed import settle_all
from motfunnel.tracking.recording.policy import error_of, log_error
from motfunnel.tracking.recording.unmapped import Unmapped, UnmappedCount
from motfunnel.tracking.spool.spool import SpoolStatus
from motfunnel.tracking.upkeep.check import Checked, check_contacts
from motfunnel.tracking.upkeep.rebuild import rebuild_in_chunks
from motfunnel.tracking.upkeep.sweep import sweep_in_batches
from motfunnel.tracking.writer import Writer

_MOST_LOOKED_AT = 10_000


class Upkeep(Writer):
    """Looks after what is stored."""

    def sweep(self, *, as_of: When | None = None) -> int:
        """Write down the departures by silence up to an instant, and tell their handlers.

        First of all the folds that are owed to late events are written, and theirs told. Costs
        these, and what has fallen due, by an index, and little memory; safe to run at any time. Two
        that run at once share the work. What somebody else holds just then is left to the next one.
        Where it is broken off, those are told of whose departures it knows to be committed; the
        next one does the rest.

        Returns:
            How many contacts departed.

        Raises:
            StoreError: the database is not there.
        """
        with asking(self.database):
            funnel, instant, count = self.funnel, self.as_of(as_of), 0
        failed = error_of(self.settle)  # a fold that cannot be written delays no departure
        for departed in sweep_in_batches(self.database, self.tenant, funnel, instant):
            self.database.after(partial(self._listeners.tell, departed))
            count += len(departed)
        if failed is not None:
            raise failed
        return count

    def settle(self) -> None:
        """Write the folds that are owed to late events, and tell the handlers of what came.

        One that cannot be written keeps no other from being so; its error is raised in the end.

        Raises:
            StoreError: the database is not there.
        """
        for came in settle_all(self.database, self.tenant, self.funnel):
            self.database.after(partial(self._listeners.tell, came))

    def rebuild(self, *, progress: Callable[[int], object] | None = None) -> int:
        """Fold every contact anew, after the funnel changed.

        Tells handlers of nothing but what late events made whose fold was owed.

        Args:
            progress: is called with the number of contacts folded so far.

        Returns:
            How many contacts were folded.
        """
        return self._rebuild(progress, outdated_only=False)

    def finish(self, *, progress: Callable[[int], object] | None = None) -> int:
        """Fold the contacts that await it, after an import or an interrupted rebuild."""
        return self._rebuild(progress, outdated_only=True)

    def keep_funnel(self) -> None:
        """Store the funnel as the one in use, without saying that events come as they happen."""
        funnel, now = self.funnel, self.clock()
        persist(self.database, lambda on: self._put_funnel(on, funnel, now, tracked=False))
        self._note_put(self.database.engine.pool, tracked=False)

    def create_tables(self) -> None:
        """Make the tables now; otherwise the first use of the tracker does."""
        self.database.create_tables()

    def check(
        self,
        *,
        sample: int | None = None,
        repair: bool = False,
        progress: Callable[[int], object] | None = None,
    ) -> Checked:
        """Replay contacts from their events, and compare with what is stored of them.

        Costs a read and a fold of all that is replayed.

        Args:
            sample: replay only so many contacts, chosen at random.
            repair: fold anew those that differ; tells no handlers. Before that the folds that
                are owed are written, and theirs told, as in a sweep.
            progress: is called with the number of contacts replayed so far.
        """
        if repair:
            error = error_of(self.settle)
            if error is not None:  # it stays owed, and is counted as such
                log_error("a fold that is owed was not written", error)
        return check_contacts(self, sample=sample, repair=repair, progress=progress)

    def health(self, *, read_only: bool = False) -> Health:
        """Say how the tracker is, for a host to show; raises nothing on account of the database.

        Reads, then tracks a contact that nobody is, which is undone: what only a write can show (a
        read-only database, a missing right, a full disk, a held lock) is an ``error`` too. Makes
        the tables if nothing has yet, as any call does.

        Costs about a dozen small statements, of which some look through the contacts and one at
        10,000 events, and no more time than the budget; writes 64 KiB to the disk, of which
        nothing is left, and on SQLite waits its turn to write.

        Args:
            read_only: try no write.
        """
        now = self.clock()
        health = Health(
            tenant=self.tenant,
            at=now,
            last_write_at=self._last_write_at,
            spool=self._spool_status(),
        )
        with self._within_budget():
            is_writable = None
            try:
                health = self._ask_database(health)
                is_writable = None if read_only else False
                is_writable = None if read_only or not self._rehearse(now) else True
            except Exception as error:
                name, reason = describe(self.database, error)
                health = evolve(health, error=name, reason=reason)
            return evolve(health, is_writable=is_writable)

    def migrate(self) -> tuple[int, int]:
        """Bring the tables of an earlier version to this one's, with all data kept.

        Stop what writes to them first. Can be run again after it was broken off.

        Returns:
            The version before and after; equal where there was nothing to do.

        Raises:
            SchemaError: the tables were made by a newer version of this library.
        """
        return ask(self.database, lambda: migrate(self.database))

    def _rebuild(self, progress: Callable[[int], object] | None, *, outdated_only: bool) -> int:
        self.keep_funnel()
        done = 0
        for count, untold in rebuild_in_chunks(
            self.database, self.tenant, self.funnel, outdated_only=outdated_only
        ):
            self.database.after(partial(self._listeners.tell, untold))
            done += count
            if progress is not None:
                progress(done)
        return done

    @question
    def _ask_database(self, health: Health) -> Health:
        funnel, tables, tenant = self.funnel, self.database.tables, self.tenant
        with self.database.read() as connection:
            unmapped = UnmappedCount(funnel)
            for name, count in count_names(connection, tables, tenant, _MOST_LOOKED_AT):
                unmapped.add(name, count)
            newest = funnels.newest_imported(connection, tables, tenant)
            instant = health.at if newest is None else min(newest, health.at)
            overdue, since = owed_departures(connection, tables, tenant, instant)
            is_swept = (
                newest is None or not overdue or was_swept(connection, tables.contacts, tenant)
            )
            lag = timedelta() if since is None else max(timedelta(), health.at - since)
            return evolve(
                health,
                is_empty=funnels.stored_funnel(connection, tables, tenant) is None,
                rejects=count_rejects(connection, tables, tenant),
                overdue=overdue,
                sweep_lag=lag if is_swept or not overdue else None,
                outdated=funnels.count_outdated(connection, tables, tenant, funnel),
                unmapped=unmapped.result(),
                owed=count_owed(connection, tables.contacts, self.tenant),
                subscriptions=tuple(
                    Subscriptions(connection, tables, tenant).waiting(datetime.now(UTC))
                ),
            )

    def _spool_status(self) -> SpoolStatus | None:
        try:
            return SpoolStatus() if self.spool is None else self.spool.status()
        except OSError:
            return None


@frozen(kw_only=True)
class Health:
    """How a tracker is, at an instant.

    Attributes:
        tenant: whose.
        at: the instant.
        last_write_at: when the last event was recorded that this process has committed; None
            where there is none yet.
        is_empty: whether nothing was ever recorded of the tenant.
        rejects: how many inputs could not be taken and wait in the table of rejects.
        spool: what waits in this machine's spool; None: it cannot be read.
        overdue: how many departures by silence have not been written down, so that their handlers
            have not been told.
        sweep_lag: for how long the first of them could have been: since its deadline, or since the
            last event of its contact was recorded, if that was later; zero where none waits. None
            in a store that was only imported into, and never swept.
        outdated: how many contacts await a fold by this funnel.
        unmapped: the names that no rule of the funnel names, among the first 10,000 events in the
            order of contacts; ``check`` counts all.
        skipped: how many calls this process skipped since they were about anonymous visitors.
        owed: how many contacts the next sweep will fold, because late events came of which too
            many others follow.
        subscriptions: what waits for each subscription.
        is_writable: whether an event was taken on trial, and undone; None where that was not
            tried: nothing was to be written, nothing could be read, or a transaction of the host's
            on SQLite is open.
        error: the type and code of the error with which the database answered; None where it is
            well. What only the database knows is None where it could not be read.
        reason: in words, what is wrong and what to do about it; None where it is well.
    """

    tenant: str
    at: datetime
    last_write_at: datetime | None
    spool: SpoolStatus | None
    is_empty: bool | None = None
    rejects: int | None = None
    overdue: int | None = None
    sweep_lag: timedelta | None = None
    outdated: int | None = None
    unmapped: Unmapped | None = None
    skipped: int = 0
    owed: int | None = None
    subscriptions: tuple[Waiting, ...] | None = None
    is_writable: bool | None = None
    error: str | None = None
    reason: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether calls are recorded now, as far as it was tried."""
        return self.error is None

    @property
    def spooled(self) -> int | None:
        """How many calls wait in this machine's spool; None: it cannot be read."""
        return None if self.spool is None else self.spool.lines

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON; durations in seconds."""
        lag = None if self.sweep_lag is None else self.sweep_lag.total_seconds()
        return {
            "tenant": self.tenant,
            "at": iso(self.at),
            "last_write_at": None if self.last_write_at is None else iso(self.last_write_at),
            "is_empty": self.is_empty,
            "rejects": self.rejects,
            "spooled": self.spooled,
            "spool": None if self.spool is None else self.spool.to_dict(),
            "overdue": self.overdue,
            "sweep_lag": lag,
            "outdated": self.outdated,
            "unmapped": None if self.unmapped is None else self.unmapped.to_dict(),
            "skipped": self.skipped,
            "owed": self.owed,
            "subscriptions": None
            if self.subscriptions is None
            else [one.to_dict() for one in self.subscriptions],
            "is_writable": self.is_writable,
            "is_well": self.is_well,
            "error": self.error,
            "reason": self.reason,
        }

    def __repr__(self) -> str:
        """On one line, without what is None."""
        return brief(self)

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        return preformatted(self)

    def __str__(self) -> str:
        """One line."""
        parts = ["an unreadable spool" if self.spool is None else str(self.spool)]
        if self.outdated is not None:
            rejects, outdated = counted(self.rejects or 0, "reject"), f"{self.outdated:,} outdated"
            parts = [rejects, *parts, outdated, self._sweep()]
        if self.owed:
            parts.append(f"{self.owed:,} owed a fold")
        parts += [str(one) for one in self.subscriptions or () if one.waiting]
        if self.skipped:
            parts.append(f"{self.skipped:,} of anonymous visitors skipped")
        if self.unmapped:
            parts.append(str(self.unmapped))
        if self.is_empty:
            parts.append(f"nothing was ever recorded of the tenant {self.tenant!r}")
        figures = ", ".join(parts)
        if self.error is None:
            return figures
        what = "asked" if self.is_writable is None else "written"
        return f"the store cannot be {what}: {self.reason} ({self.error}); {figures}"

    def _sweep(self) -> str:
        if not self.overdue:
            return "no departure waits for a sweep"
        waiting = counted(self.overdue, "departure")
        if self.sweep_lag is None:
            return f"{waiting} wait for a sweep, which has never run"
        whole = timedelta(seconds=int(self.sweep_lag.total_seconds()))
        return f"{waiting} wait for a sweep, the first for {whole}"
