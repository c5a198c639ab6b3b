"""An inquiry: whose contacts are asked about, as of which instant, and by what was known when.

Hands what is read to the questions, which compute the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import evolve

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import UNKNOWN
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import NOTHING, Facts, Keep, Start
from motfunnel.reports.facts.known import Known
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.measure.arguments import read_known_by
from motfunnel.reports.measure.clock import Cohort, Readings, choose
from motfunnel.reports.measure.grouping import Groupings, Partition, by_group
from motfunnel.reports.remarks import all_unknown
from motfunnel.reports.window import Asked, Windowed
from motfunnel.store.database.database import Database
from motfunnel.store.ledger.erasure import erased_contacts
from motfunnel.store.ledger.imports import count_unfinished
from motfunnel.store.queries.groups import read_trait_names
from motfunnel.store.queries.scope import Extent, is_anything_known
from motfunnel.tracking.reader import Reader
from motfunnel.tracking.recording.owed import as_if_folded

Groups = dict[str | None, Readings]


class Inquiry:
    """What questions are put to: the contacts of one tenant, as of an instant.

    Args:
        tracker: whose contacts.
        as_of: the instant; by default now, or the newest imported instant of a store that has
            only been imported into.
        known_by: take into account only what had been recorded by this instant.
        timezone: the IANA zone of calendar periods.

    Raises:
        QuestionError: an instant is naive or yet to come, or there is no such zone.
    """

    def __init__(
        self,
        tracker: Reader,
        *,
        as_of: datetime | None = None,
        known_by: datetime | None = None,
        timezone: str = "UTC",
    ) -> None:
        self._tracker = tracker
        self.as_of: datetime = tracker.as_of(as_of)
        self.known_by: datetime | None = read_known_by(known_by, tracker.clock())
        self.timezone: ZoneInfo = _zone(timezone)

    @property
    def database(self) -> Database:
        """Where the contacts are kept."""
        return self._tracker.database

    @property
    def funnel(self) -> Funnel:
        """The definition in use."""
        return self._tracker.funnel

    def trait_names(self) -> Sequence[str]:
        """The names of all traits that any contact has, by the instant of the question."""
        with self._extent() as extent:
            return read_trait_names(extent, self.known_by)

    def header(self, confidence: float) -> dict[str, Any]:
        """What every answer says of its question."""
        return {
            "as_of": self.as_of,
            "known_by": self.known_by,
            "timezone": self.timezone.key,
            "tenant": self._tracker.tenant,
            "confidence": confidence,
            "erased": self.erased()[1],
            "unfinished": self._unfinished(),
            "is_anything_known": self._is_anything_known(),
        }

    def _unfinished(self) -> int:
        database = self._tracker.database
        with database.read() as connection:
            return count_unfinished(connection, database.tables, self._tracker.tenant)

    def _is_anything_known(self) -> bool:
        if self.known_by is None:
            return True
        database = self._tracker.database
        with database.read() as connection:
            tenant = self._tracker.tenant
            return is_anything_known(connection, database.tables, tenant, self.known_by)

    def erased(self) -> tuple[dict[str, datetime], int]:
        """When those were erased whose counts were kept, and how many the others are."""
        database = self._tracker.database
        with database.read() as connection:
            kept, others = erased_contacts(connection, database.tables, self._tracker.tenant)
        return kept, others

    @contextmanager
    def reading(
        self,
        groupings: Groupings | None = None,
        start: Start | None = None,
        keeps: frozenset[Keep] = NOTHING,
    ) -> Iterator[Facts]:
        """What can be read, by what is stored or by what was known.

        Args:
            groupings: by what clocks will be grouped; None: not at all.
            start: which events will start them.
            keeps: what will be asked for, where that is more than one thing.
        """
        tracker = self._tracker
        if self.known_by is None:
            tracker.check_current()
        with self._extent(widely=True) as extent:
            stored = Stored(extent=extent, funnel=tracker.funnel)
            if self.known_by is None:
                where = (extent.connection, tracker.database, tracker.tenant, tracker.funnel)
                yield evolve(stored, extent=evolve(extent, tables=as_if_folded(*where)))
            else:
                each = () if groupings is None else groupings.each
                by = self.known_by
                yield Known(stored=stored, known_by=by, groupings=each, start=start, keeps=keeps)

    @contextmanager
    def _extent(self, *, widely: bool = False) -> Iterator[Extent]:
        """What is read of the database: whose, and up to when."""
        database = self._tracker.database
        with database.read(widely=widely) as connection:
            yield Extent(
                connection=connection,
                tables=database.tables,
                tenant=self._tracker.tenant,
                as_of=self.as_of,
            )

    def choose(
        self,
        rate: Windowed,
        cohort: Cohort,
        groupings: Groupings | None,
        *,
        first_only: bool,
        narrow: Callable[[Readings], Readings] = lambda chosen: chosen,
    ) -> Groups:
        """Choose a cohort, and only then tell its groups apart.

        Args:
            rate: makes the clocks.
            cohort: when they start.
            groupings: by what they are grouped.
            first_only: each contact's first alone.
            narrow: takes of the chosen those that are meant.
        """
        erased, _ = self.erased()
        asked = Asked(cohort=cohort, groupings=groupings, first_only=first_only)
        with self.reading(groupings, rate.start, rate.keeps) as source:
            clocks = rate.clocks(source, asked)
            chosen = narrow(choose(clocks, cohort, self.as_of, erased, first_only=first_only))
            if groupings is None:
                return {None: chosen}
            parted = told_apart(source, groupings, rate.start, chosen)
            return dict(by_group(parted, groupings, chosen).items())

    def unknown(
        self,
        groupings: Groupings | None,
        groups: Collection[str | None],
        source: Facts | None = None,
    ) -> str | None:
        """That what all are grouped by is unknown of all, and which traits there are."""
        grouping = None if groupings is None else groupings.alone
        if {*groups} != {UNKNOWN} or grouping is None:
            return None
        if grouping.kind != "trait":
            return all_unknown(grouping, groups, ())
        there_are = self.trait_names() if source is None else source.trait_names()
        return all_unknown(grouping, groups, there_are)


def told_apart(source: Facts, groupings: Groupings, start: Start, chosen: Readings) -> Partition:
    """The group of each of some clocks, by one thing or by several at once."""
    return Partition.together([source.groups(one, start, chosen) for one in groupings.each])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QuestionError(
            f"there is no time zone {name!r}; write an IANA name such as Europe/Berlin"
        ) from None
