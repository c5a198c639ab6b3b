"""What all questions share: the instant, what was known, and the way from clocks to a rate.

Checks what is asked, and hands what is read to whoever computes the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import wraps
from inspect import isfunction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import evolve

from motfunnel.domain.instant import Duration
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.known import Known
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.measure.arguments import (
    Bounds,
    Unit,
    read_cohort,
    read_known_by,
    read_window,
)
from motfunnel.reports.measure.clock import Cohort, Reading, by_group, choose
from motfunnel.reports.measure.estimate import compare, make_row
from motfunnel.reports.measure.grouping import Grouping, read_grouping
from motfunnel.reports.measure.rate import COMPETING, CausedRate, Rate, RateRow
from motfunnel.reports.measure.window import Windowed
from motfunnel.reports.remarks import all_unknown, impossible, nobody_yet, not_compared
from motfunnel.store.departures import UNKNOWN
from motfunnel.store.erasure import erased_contacts
from motfunnel.store.extent import Extent
from motfunnel.store.groups import read_trait_names
from motfunnel.store.knowledge import is_anything_known
from motfunnel.store.retrying import ask
from motfunnel.tracking.debt import as_if_folded
from motfunnel.tracking.habits import taught
from motfunnel.tracking.reader import Reader

Groups = dict[str | None, list[Reading]]


class Question:
    """What is asked as of an instant, of one tenant.

    Args:
        tracker: whose contacts.
        as_of: the instant; by default now, or the newest imported instant of a store that has
            only been imported into.
        known_by: take into account only what had been recorded by this instant.
        timezone: the IANA zone of calendar periods.

    Raises:
        QuestionError: an instant is naive or yet to come, or there is no such zone.
    """

    def __init_subclass__(cls) -> None:
        """Have each question say what to write where it is asked wrongly.

        And have it asked once more where a connection was lost.
        """
        for name, question in list(vars(cls).items()):
            if isfunction(question) and not name.startswith("_"):
                setattr(cls, name, _asked(taught(question)))

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

    def trait_names(self) -> Sequence[str]:
        """The names of all traits that any contact has, by the instant of the question."""

        def read() -> Sequence[str]:
            with self._extent() as extent:
                return read_trait_names(extent, self.known_by)

        return ask(self._tracker.database, read)

    def _asked(self, confidence: float) -> dict[str, Any]:
        """What every answer says of its question."""
        return {
            "as_of": self.as_of,
            "known_by": self.known_by,
            "timezone": self.timezone.key,
            "tenant": self._tracker.tenant,
            "confidence": confidence,
            "erased": self._erased()[1],
            "is_anything_known": self._is_anything_known(),
        }

    def _is_anything_known(self) -> bool:
        if self.known_by is None:
            return True
        database = self._tracker.database
        with database.read() as connection:
            tenant = self._tracker.tenant
            return is_anything_known(connection, database.tables, tenant, self.known_by)

    def _erased(self) -> tuple[dict[str, datetime], int]:
        """When those were erased whose counts were kept, and how many the others are."""
        database = self._tracker.database
        with database.read() as connection:
            kept, others = erased_contacts(connection, database.tables, self._tracker.tenant)
        return kept, others

    @contextmanager
    def _reading(self, grouping: Grouping | None = None) -> Iterator[Stored | Known]:
        """What can be read, by what is stored or by what was known."""
        tracker = self._tracker
        if self.known_by is None:
            tracker.check_current()
        with self._extent(widely=True) as extent:
            stored = Stored(extent=extent, funnel=tracker.funnel)
            if self.known_by is None:
                where = (extent.connection, tracker.database, tracker.tenant, tracker.funnel)
                yield evolve(stored, extent=evolve(extent, tables=as_if_folded(*where)))
            else:
                yield Known(stored=stored, known_by=self.known_by, grouping=grouping)

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

    def _choose(
        self, rate: Windowed, cohort: Cohort, grouping: Grouping | None, *, first_only: bool
    ) -> Groups:
        """Choose a cohort, and only then tell its groups apart."""
        erased, _ = self._erased()
        with self._reading(grouping) as source:
            chosen = choose(
                source.clocks(rate, cohort), cohort, self.as_of, erased, first_only=first_only
            )
            if grouping is None:
                return {None: chosen}
            group = source.groups(grouping, rate, chosen)
            parted = by_group((group(one.clock), one) for one in chosen)
            return dict(parted.items())

    def _rate(
        self,
        rate: Windowed,
        within: Duration,
        bounds: Bounds | None,
        by: str | None,
        unit: Unit,
        confidence: float,
    ) -> Rate:
        window = read_window(within)
        if unit not in ("contact", "episode"):
            raise QuestionError(f"unit is {unit!r}; it can be 'contact' or 'episode'")
        cohort, grouping = read_cohort(bounds), read_grouping(by, rate)
        groups = self._choose(rate, cohort, grouping, first_only=unit == "contact")
        return self._answer(
            CausedRate if rate.causes else Rate,
            rate,
            groups,
            window,
            confidence,
            by=by,
            unit=unit,
            cohort=cohort,
        )

    def _answer(
        self,
        kind: type[Rate],
        rate: Windowed,
        groups: Groups,
        window: timedelta,
        confidence: float,
        against: Collection[str] = (),
        **more: Any,
    ) -> Rate:
        """Estimate each group, and compare them where they hold different contacts."""
        rows = tuple(
            make_row(group, one, window, self.as_of, confidence, rate.causes)
            for group, one in groups.items()
        )
        is_comparable = more["unit"] == "contact" and more["by"] is not None
        stages = {one.clock.stage for chosen in groups.values() for one in chosen}
        never = impossible(self._tracker.funnel, rate.awaits, window, stages)
        notes = self._notes(rate, rows, never, more)
        told: dict[str, Any] = {"within": window, "notes": notes}
        return kind(
            name=rate.name,
            definition=rate.definition,
            since=rate.since,
            event=rate.event,
            rows=rows,
            comparison=compare(groups, rows, confidence, against) if is_comparable else None,
            **told | more,
            **self._asked(confidence),
        )

    def _notes(
        self, rate: Windowed, rows: Sequence[RateRow], never: str | None, more: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """What a reader of a rate has to know besides."""
        happened = any(row.numerator for row in rows)
        notes = (
            rate.note,
            COMPETING if any(row.erased_count for row in rows) else None,
            None if happened else never,
            nobody_yet(more["cohort"], self.as_of),
            not_compared(len(rows)) if more["unit"] == "contact" else None,
            self._unknown(read_grouping(more["by"], rate), [row.group for row in rows]),
        )
        return tuple(note for note in notes if note is not None)

    def _unknown(
        self,
        grouping: Grouping | None,
        groups: Collection[str | None],
        source: Stored | Known | None = None,
    ) -> str | None:
        """That what all are told apart by is unknown of all, and which traits there are."""
        if {*groups} != {UNKNOWN}:
            return None
        if grouping is None or grouping.kind != "trait":
            return all_unknown(grouping, groups, ())
        if source is None:
            return all_unknown(grouping, groups, self.trait_names())
        stored = source.stored if isinstance(source, Known) else source
        return all_unknown(grouping, groups, read_trait_names(stored.extent, self.known_by))


def _asked(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def asked(self: Question, *args: Any, **kwargs: Any) -> Any:
        return ask(self._tracker.database, lambda: method(self, *args, **kwargs))

    return asked


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QuestionError(
            f"there is no time zone {name!r}; write an IANA name such as Europe/Berlin"
        ) from None
