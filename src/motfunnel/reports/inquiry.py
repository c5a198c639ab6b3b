"""An inquiry: whose contacts are asked about, as of which instant, and by what was known when.

Hands what is read to the questions, which compute the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from motfunnel.domain.calendar import goes_back
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import When
from motfunnel.domain.moment import UNKNOWN
from motfunnel.errors import QuestionError
from motfunnel.reports.facts.facts import NOTHING, Facts, Keep, Start
from motfunnel.reports.ground import Ground, Instants, Tenant
from motfunnel.reports.measure.arguments import read_instant
from motfunnel.reports.measure.clock import Cohort, Readings, choose
from motfunnel.reports.measure.grouping import Groupings, Partition, by_group
from motfunnel.reports.remarks import all_unknown
from motfunnel.reports.window import Asked, Windowed
from motfunnel.tracking.reader import Reader

Groups = dict[str | None, Readings]
Answer = TypeVar("Answer")


class Inquiry:
    """What questions are put to: contacts of one tenant, or of files, as of an instant.

    Args:
        source: whose contacts.
        as_of: the instant; by default now, or the newest imported instant of a store that has
            only been imported into.
        known_by: take into account only what had been recorded by this instant.
        timezone: the IANA zone of calendar periods.

    Raises:
        QuestionError: an instant is naive or yet to come, or there is no such zone.
    """

    def __init__(
        self,
        source: Reader | Ground,
        *,
        as_of: When | None = None,
        known_by: When | None = None,
        timezone: str = "UTC",
    ) -> None:
        self._ground: Ground = Tenant(source) if isinstance(source, Reader) else source
        self.timezone: ZoneInfo = _zone(timezone)
        asked = self._at("known_by", known_by)
        latest = self._ground.instants(None, asked).as_of if goes_back(as_of) else None
        self._is_dated = as_of is not None and latest is None
        self._instants: Instants = self._ground.instants(self._at("as_of", as_of, latest), asked)

    @property
    def as_of(self) -> datetime:
        """The instant."""
        return self._instants.as_of

    @property
    def known_by(self) -> datetime | None:
        """By when what is taken into account had been recorded; None: all is."""
        return self._instants.known_by

    @property
    def store_options(self) -> tuple[str, ...]:
        """The options by which the command line asks the same contacts."""
        return self._ground.store_options

    @property
    def funnel(self) -> Funnel:
        """The definition in use."""
        return self._ground.funnel

    def instant(self, what: str, when: When) -> datetime:
        """Read an instant of a question: a text in its zone, and from its own instant back.

        Raises:
            QuestionError: it is none.
        """
        return read_instant(what, when, self.timezone, self.as_of)

    def _at(self, what: str, when: When | None, latest: datetime | None = None) -> datetime | None:
        """Read the instant of the question itself: a text from the latest back, or from now."""
        if not isinstance(when, str):
            return when
        return read_instant(what, when, self.timezone, latest or self._ground.now())

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Put a question, and once more where that may help."""
        return self._ground.ask(question)

    def trait_names(self) -> Sequence[str]:
        """The names of all traits that any contact has, by the instant of the question."""
        return self._ground.trait_names(self._instants)

    def header(self, confidence: float) -> dict[str, Any]:
        """What every answer says of its question."""
        return {
            "as_of": self.as_of,
            "known_by": self.known_by,
            "timezone": self.timezone.key,
            "tenant": self._ground.tenant,
            "confidence": confidence,
            "erased": self.erased()[1],
            "unfinished": self._ground.unfinished(),
            "is_anything_known": self._ground.is_anything_known(self._instants),
            "observed_until": self._ground.observed_until() if self._is_dated else None,
        }

    def erased(self) -> tuple[dict[str, datetime], int]:
        """When those were erased whose counts were kept, and how many the others are."""
        return self._ground.erased()

    def reading(
        self,
        groupings: Groupings | None = None,
        start: Start | None = None,
        keeps: frozenset[Keep] = NOTHING,
    ) -> AbstractContextManager[Facts]:
        """What can be read; whatever it comes from.

        Args:
            groupings: by what clocks will be grouped; None: not at all.
            start: which events will start them.
            keeps: what will be asked for, where that is more than one thing.
        """
        return self._ground.reading(self._instants, groupings, start, keeps)

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

    def told_of_each(
        self, rate: Windowed, cohort: Cohort, groupings: Groupings, *, first_only: bool
    ) -> tuple[Readings, Sequence[Partition]]:
        """Choose a cohort, and tell it apart by each of several things by itself."""
        erased, _ = self.erased()
        asked = Asked(cohort=cohort, groupings=groupings, first_only=first_only)
        with self.reading(groupings, rate.start, rate.keeps) as source:
            clocks = rate.clocks(source, asked)
            chosen = choose(clocks, cohort, self.as_of, erased, first_only=first_only)
            return chosen, [source.groups(one, rate.start, chosen) for one in groupings.each]

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
