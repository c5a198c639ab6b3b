"""Who is away, and which of them are meant: by what they left, and by what was done to them since.

Says nothing of chances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

from attrs import asdict, frozen

from motfunnel.domain.columns import NEVER
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import MICROSECOND, Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.domain.trial import assigning
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.latest import arm_by, first_arms
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.measure.arguments import read_window
from motfunnel.reports.measure.clock import Readings
from motfunnel.store.queries.happenings import Wanted

LEFT: Final = frozenset({MomentKind.DEPART})
"""What starts the clocks of those who are away."""


@frozen(kw_only=True)
class Only:
    """Who is meant of those who are away.

    Attributes:
        stage: who left from it; None: from any.
        reason: who left for it; None: for any.
        away_at_least: who is away for so long.
        away_at_most: who is away for no longer.
        not_written_to: who was not written to since.
        without_held_out: whom no trial holds out.
    """

    stage: str | None
    reason: str | None
    away_at_least: timedelta | None
    away_at_most: timedelta | None
    not_written_to: bool
    without_held_out: bool

    @classmethod
    def read(
        cls,
        funnel: Funnel,
        named: Mapping[str, str | None],
        least: Duration | None,
        most: Duration | None,
        flags: Mapping[str, bool],
    ) -> Self:
        """Read what was asked.

        Raises:
            QuestionError: there is no such stage, or a duration is none.
        """
        if named["stage"] is not None and named["stage"] not in funnel.stages:
            known = ", ".join(funnel.stages)
            raise QuestionError(f"no stage is called {named['stage']!r}; there are: {known}")
        return cls(
            stage=named["stage"],
            reason=named["reason"],
            away_at_least=_read_away(least, "away_at_least"),
            away_at_most=_read_away(most, "away_at_most"),
            not_written_to=flags["not_written_to"],
            without_held_out=flags["without_held_out"],
        )

    def told(self) -> dict[str, Any]:
        """The same by their names."""
        return asdict(self)


def _read_away(duration: Duration | None, what: str) -> timedelta | None:
    return None if duration is None else read_window(duration, what, longest=timedelta.max)


@frozen(kw_only=True)
class Away:
    """All departures, and who is away of whom.

    Attributes:
        departures: all of them, contact by contact, each contact's in order.
        places: of the latest departures, those that last.
    """

    departures: Readings
    places: Sequence[int]

    @classmethod
    def of(cls, departures: Readings, erased: Mapping[str, datetime]) -> Self:
        """Find who is away; nobody can write to whoever was erased."""
        texts = departures.names.people.texts
        latest = {contact: place for place, contact in enumerate(departures.contact)}
        ending = departures.ending
        places = (
            place
            for contact, place in latest.items()
            if not ending[place] and texts[contact] not in erased
        )
        return cls(departures=departures, places=sorted(places))

    def only(self, asked: Only, source: Facts) -> list[int]:
        """The places of those who are meant."""
        these, labels = self.departures, self.departures.names.labels.texts
        least, most = asked.away_at_least or timedelta(), asked.away_at_most or timedelta.max
        low, high = least // MICROSECOND, most // MICROSECOND
        held_out = self._held_out(source) if asked.without_held_out else ()
        return [
            place
            for place in self.places
            if asked.stage in (None, labels[these.stage[place]])
            and asked.reason in (None, labels[these.reason[place]])
            and low <= these.waited[place] <= high
            and not (asked.not_written_to and these.exposed[place] != NEVER)
            and not (held_out and self._name(place) in held_out)
        ]

    def reasons_note(self) -> str | None:
        """For which reasons those left who are away."""
        these = self.departures
        known = sorted({these.names.labels.texts[these.reason[place]] for place in self.places})
        return f"those who are away left for: {', '.join(known)}" if known else None

    def _held_out(self, source: Facts) -> frozenset[str]:
        """Whom of all who are away a trial holds out."""
        names = assigning(source.funnel)
        if not names:
            return frozenset()
        read = arm_by(source.funnel, source.names.labels)
        arms = Wanted(reads={Signal.OUTREACH: read}, names=names)
        since = {self._name(place): self.departures.started[place] for place in self.places}
        first = first_arms(source.happenings(arms), source.names.people.texts, since)
        return frozenset(who for who, said in first.items() if said & 1)

    def _name(self, place: int) -> str:
        text: str = self.departures.names.people.texts[self.departures.contact[place]]
        return text
