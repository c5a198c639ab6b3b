"""The health of a tracker: a value that a host can show to whoever watches over it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import frozen

from motfunnel.domain.instant import iso
from motfunnel.domain.wording import counted
from motfunnel.tracking.spool import SpoolStatus
from motfunnel.tracking.unmapped import Unmapped


@frozen(kw_only=True)
class Health:
    """How a tracker is, at an instant.

    Attributes:
        at: the instant.
        last_write_at: when the last event was recorded that this process has committed; None
            where there is none yet.
        rejects: how many inputs could not be taken and wait in the table of rejects.
        spool: what waits in this machine's spool; None: it cannot be read.
        sweep_lag: for how long the oldest departure by silence has not been written down, so that
            its handlers have not been told; zero where none waits.
        outdated: how many contacts await a fold by this funnel.
        unmapped: the names that no rule of the funnel names, among the first 10,000 events in the
            order of contacts; ``check`` counts all.
        skipped: how many calls this process skipped since they were about anonymous visitors.
        error: the type of error with which the database answered; None where it is well. What
            only the database knows is then None.
    """

    at: datetime
    last_write_at: datetime | None
    rejects: int | None
    spool: SpoolStatus | None
    sweep_lag: timedelta | None
    outdated: int | None
    unmapped: Unmapped | None
    skipped: int = 0
    error: str | None = None

    @property
    def spooled(self) -> int | None:
        """How many calls wait in this machine's spool; None: it cannot be read."""
        return None if self.spool is None else self.spool.lines

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON; durations in seconds."""
        lag = None if self.sweep_lag is None else self.sweep_lag.total_seconds()
        return {
            "at": iso(self.at),
            "last_write_at": None if self.last_write_at is None else iso(self.last_write_at),
            "rejects": self.rejects,
            "spooled": self.spooled,
            "spool": None if self.spool is None else self.spool.to_dict(),
            "sweep_lag": lag,
            "outdated": self.outdated,
            "unmapped": None if self.unmapped is None else self.unmapped.to_dict(),
            "skipped": self.skipped,
            "error": self.error,
        }

    def __str__(self) -> str:
        """One line."""
        spool = "an unreadable spool" if self.spool is None else str(self.spool)
        if self.error is not None:
            return f"the database answers with {self.error}; {spool}"
        return (
            f"{counted(self.rejects or 0, 'reject')}, {spool}, {self.outdated or 0:,} outdated, "
            f"the sweep is {self.sweep_lag} behind"
            + (f", {self.skipped:,} of anonymous visitors skipped" if self.skipped else "")
            + (f"; {self.unmapped}" if self.unmapped else "")
        )
