"""What keeps a store well, and says how it is: checks, health, migrations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from motfunnel.store import funnels
from motfunnel.store.contacts import oldest_overdue
from motfunnel.store.migrations import migrate
from motfunnel.store.rejects import count_rejects
from motfunnel.tracking.check import Checked, check_contacts
from motfunnel.tracking.health import Health
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.spool import Spool


class Upkeep(Reader):
    """Looks after what is stored."""

    spool: Spool | None
    _last_write_at: datetime | None

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
            repair: fold anew those that differ; tells no handlers.
            progress: is called with the number of contacts replayed so far.
        """
        return check_contacts(self, sample=sample, repair=repair, progress=progress)

    def health(self) -> Health:
        """Say how the tracker is, for a host to show; raises nothing on account of the database.

        Costs four small queries.
        """
        now = self.clock()
        try:
            return self._ask_database(now)
        except Exception as error:
            return Health(
                at=now,
                last_write_at=self._last_write_at,
                rejects=None,
                spooled=self._spooled(),
                sweep_lag=None,
                outdated=None,
                error=type(error).__name__,
            )

    def migrate(self) -> tuple[int, int]:
        """Bring the tables of an earlier version to this one's, with all data kept.

        Stop what writes to them first. Can be run again after it was broken off.

        Returns:
            The version before and after; equal where there was nothing to do.

        Raises:
            SchemaError: the tables were made by a newer version of this library.
        """
        return migrate(self.database)

    def _ask_database(self, now: datetime) -> Health:
        funnel, tables = self.funnel, self.database.tables
        with self.database.read() as connection:
            oldest = oldest_overdue(connection, tables.contacts, self.tenant, now)
            return Health(
                at=now,
                last_write_at=self._last_write_at,
                rejects=count_rejects(connection, tables, self.tenant),
                spooled=self._spooled(),
                sweep_lag=timedelta() if oldest is None else now - oldest,
                outdated=funnels.count_outdated(connection, tables, self.tenant, funnel),
            )

    def _spooled(self) -> int:
        return 0 if self.spool is None else len(self.spool)
