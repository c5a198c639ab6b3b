"""The report: questions put to a tracker's contacts, all as of one instant.

Checks what is asked, fetches rows, hands them to whoever computes the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from motfunnel.domain.event import Event
from motfunnel.domain.instant import utc
from motfunnel.domain.journey import Journey
from motfunnel.domain.moment import Episode, Moment, MomentKind
from motfunnel.domain.payload import check_text
from motfunnel.errors import QuestionError
from motfunnel.reports.known import known_episodes, known_journeys
from motfunnel.reports.rate import COMPETING, Rate
from motfunnel.reports.return_rates import (
    RECIDIVISM,
    REENGAGEMENT,
    Cohort,
    ReturnRate,
    by_group,
    choose,
    make_row,
)
from motfunnel.reports.stage_funnel import DEFINITION, StageFunnel, stage_rows
from motfunnel.store.departures import Grouping, read_episodes
from motfunnel.store.erasure import erased_contacts
from motfunnel.store.histories import read_histories
from motfunnel.store.pointers import known_pointers
from motfunnel.tracking.reader import Reader

if TYPE_CHECKING:
    from sqlalchemy import Connection

CONFIDENCE: Final = 0.95
_PROPERTIES: Final = ("stage", "reason", "source")
_TRAIT: Final = "trait:"

Unit = Literal["contact", "episode"]
Bounds = tuple[datetime | None, datetime | None]


class Report:
    """Rates and reports of one tenant, as of an instant.

    Made by ``Tracker.report``. Every answer carries its definition, and prints.

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
        self.as_of = tracker.as_of(as_of)
        self.known_by = None if known_by is None else _instant("known_by", known_by)
        self.timezone = _zone(timezone)

    def recidivism(
        self,
        *,
        within: timedelta,
        departed: Bounds | None = None,
        by: str | None = None,
        unit: Unit = "contact",
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many of the departed come back.

        Numerator: mature episodes that returned within the window of their departure. Denominator:
        episodes that departed in the cohort and were observed for the whole window. An empty
        denominator gives None.

        Args:
            within: the window; a return at its very end is within.
            departed: the cohort: departures from the first instant on, before the second.
            by: ``stage``, ``reason``, ``source``, or the name of a trait (``trait:NAME`` where it
                has one of those names): the value that held at the departure.
            unit: ``contact`` for each contact's first departure in the cohort, ``episode`` for all.
            confidence: of the intervals.

        Source: the form of the US Bureau of Justice Statistics' recidivism series (NCJ 244205).
        """
        return self._rate(RECIDIVISM, within, departed, by, unit, confidence)

    def reengagement(
        self,
        *,
        within: timedelta,
        attempted: Bounds | None = None,
        by: str | None = None,
        unit: Unit = "contact",
        confidence: float = CONFIDENCE,
    ) -> Rate:
        """How many of the departed whom one wrote to come back; describes, and proves no effect.

        Numerator: mature attempted episodes that returned within the window of their first
        outreach. Denominator: episodes whose first outreach lies in the cohort and was observed
        for the whole window. An empty denominator gives None.

        Args:
            within: the window after the first outreach; its edge belongs to it.
            attempted: the cohort: first outreaches from the first instant on, before the second.
            by: as in ``recidivism``; a trait's value is the one at the first outreach.
            unit: ``contact`` for each contact's first attempted episode, ``episode`` for all.
            confidence: of the intervals.
        """
        return self._rate(REENGAGEMENT, within, attempted, by, unit, confidence)

    def funnel(self, *, confidence: float = CONFIDENCE) -> StageFunnel:
        """How many contacts reached each stage, and how long each step took.

        Numerator: contacts that reached the stage or a higher one. Denominator: those that reached
        the stage before or a higher one. An empty denominator gives None.
        """
        return StageFunnel(
            name="funnel",
            definition=DEFINITION,
            rows=stage_rows(self._moments(), self._tracker.funnel.stages, confidence),
            **self._asked(confidence),
        )

    def _asked(self, confidence: float) -> dict[str, Any]:
        """What every answer says of its question."""
        return {
            "as_of": self.as_of,
            "known_by": self.known_by,
            "timezone": self.timezone.key,
            "tenant": self._tracker.tenant,
            "confidence": confidence,
            "erased": self._erased()[1],
        }

    def _moments(self) -> Iterator[Moment]:
        """The openings, and then the conversions."""
        if self.known_by is None:
            for kind in (MomentKind.OPENING, MomentKind.CONVERSION):
                yield from self._tracker.moments(kind=kind, as_of=self.as_of)
            return
        erased, _ = self._erased()
        with self._tracker.database.read() as connection:
            for journey, _ in self._journeys(connection, self.known_by):
                yield from journey.moments
            for kind in (MomentKind.OPENING, MomentKind.CONVERSION):
                for moment in self._tracker.moments(kind=kind, as_of=self.as_of):
                    if moment.contact in erased:
                        yield moment

    def _journeys(
        self, connection: Connection, known_by: datetime
    ) -> Iterator[tuple[Journey, list[Event]]]:
        tracker = self._tracker
        tables, tenant = tracker.database.tables, tracker.tenant
        histories = read_histories(connection, tables, tenant, known_by)
        return known_journeys(histories, tracker.funnel, self.as_of)

    def _rate(
        self,
        kind: ReturnRate,
        within: timedelta,
        bounds: Bounds | None,
        by: str | None,
        unit: Unit,
        confidence: float,
    ) -> Rate:
        _check_window(within)
        if unit not in ("contact", "episode"):
            raise QuestionError(f"unit is {unit!r}; it can be 'contact' or 'episode'")
        cohort = _cohort(bounds)
        grouping = _grouping(by, kind)
        erased, _ = self._erased()
        chosen = choose(
            kind,
            self._episodes(grouping),
            cohort,
            self.as_of,
            erased,
            first_only=unit == "contact",
        )
        groups = {None: chosen} if by is None else by_group(chosen)
        return Rate(
            name=kind.name,
            definition=kind.definition,
            within=within,
            unit=unit,
            by=by,
            cohort=cohort,
            notes=(COMPETING,) if any(one.erased for one in chosen) else (),
            **self._asked(confidence),
            rows=tuple(
                make_row(group, one, within, self.as_of, confidence)
                for group, one in groups.items()
            ),
        )

    def _erased(self) -> tuple[dict[str, datetime], int]:
        """When those were erased whose counts were kept, and how many the others are."""
        database = self._tracker.database
        with database.read() as connection:
            kept, others = erased_contacts(connection, database.tables, self._tracker.tenant)
        return kept, others

    def _episodes(self, grouping: Grouping | None) -> Iterator[tuple[Episode, str | None]]:
        """All episodes as of the instant, by what is stored or by what was known."""
        database, tenant = self._tracker.database, self._tracker.tenant
        if self.known_by is None:
            self._tracker.check_current()
            with database.read() as connection:
                yield from read_episodes(connection, database.tables, tenant, self.as_of, grouping)
            return
        with database.read() as connection:
            into = known_pointers(connection, database.tables, tenant, self.known_by)
            journeys = self._journeys(connection, self.known_by)
            yield from known_episodes(journeys, grouping, into)
            yield from read_episodes(
                connection, database.tables, tenant, self.as_of, grouping, erased_only=True
            )


def _grouping(by: str | None, kind: ReturnRate) -> Grouping | None:
    if by is None or by in _PROPERTIES:
        return None if by is None else Grouping(name=by)
    try:
        trait = check_text(by, "by").removeprefix(_TRAIT)
    except ValueError as error:
        raise QuestionError(str(error)) from None
    if not trait:
        raise QuestionError("by names no trait; write e.g. by='trait:plan'")
    return Grouping(name=trait, is_trait=True, from_outreach=kind is REENGAGEMENT)


def _cohort(bounds: Bounds | None) -> Cohort:
    if bounds is None:
        return (None, None)
    start, end = (None if b is None else _instant("the cohort", b) for b in bounds)
    if start is not None and end is not None and start >= end:
        raise QuestionError("the cohort is empty: it ends before it begins")
    return (start, end)


def _check_window(within: timedelta) -> None:
    if not isinstance(within, timedelta) or within < timedelta():
        raise QuestionError(f"within is {within!r}; it must be a timedelta, not below zero")


def _instant(what: str, instant: datetime) -> datetime:
    try:
        return utc(instant)
    except ValueError as error:
        raise QuestionError(f"{what}: {error}") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QuestionError(
            f"there is no time zone {name!r}; write an IANA name such as Europe/Berlin"
        ) from None
