"""The health of a tracker: a value that a host can show to whoever watches over it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from motfunnel.domain.instant import iso
from motfunnel.text import counted
from motfunnel.tracking.spool import SpoolStatus
from motfunnel.tracking.unmapped import Unmapped


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
        is_writable: whether an event was taken on trial, and undone; None where that was not
            tried: nothing could be read, or a transaction of the host's on SQLite is open.
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
            "is_writable": self.is_writable,
            "is_well": self.is_well,
            "error": self.error,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        """One line."""
        parts = ["an unreadable spool" if self.spool is None else str(self.spool)]
        if self.outdated is not None:
            rejects, outdated = counted(self.rejects or 0, "reject"), f"{self.outdated:,} outdated"
            parts = [rejects, *parts, outdated, self._sweep()]
        if self.owed:
            parts.append(f"{self.owed:,} owed a fold")
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
