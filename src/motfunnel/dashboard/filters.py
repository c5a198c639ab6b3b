"""Filters: what a reader may choose on every page, read from an address and written into one.

Everything that a page shows follows from these and from the store, so that an address can be
shared. What cannot be read is refused with what to write. Asks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import asdict, evolve, fields, frozen

from motfunnel.domain.calendar import Calendar, start_of
from motfunnel.domain.instant import LONGEST, MICROSECOND, format_duration, parse_duration, read_iso
from motfunnel.errors import QuestionError
from motfunnel.reports.periods.period import Unit

STEPS: Final[tuple[Unit, ...]] = get_args(Unit)
"""How long the periods of a figure may be."""

WINDOWS: Final = ("7d", "14d", "30d", "90d", "365d")
"""The windows that are offered; others can be written."""

PERIODS: Final = ("30d", "90d", "365d")
"""The stretches of time that are offered; two dates with .. between them can be written."""

GROUPS: Final = ("stage", "reason", "source")
"""What contacts can be grouped by in any store."""

SHOWN: Final = 12
"""So many periods are in a figure where no stretch of time was chosen."""

MOST_LISTED: Final = 1_000_000
"""So many people may be asked for."""

_MONTH: Final = timedelta(days=30)
_LONGEST: Final = 200
_DAY: Final = timedelta(days=1)


class FilterError(QuestionError):
    """A filter in an address cannot be read.

    Attributes:
        name: of the filter.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name: str = name
        super().__init__(f"{name}: {reason}")


Bounds = tuple[datetime | None, datetime | None]


@frozen(kw_only=True)
class Meant:
    """Who is meant of those who are away, as a worklist is told.

    Attributes:
        stage: who left from it; empty: from any.
        reason: who left for it; empty: for any.
        away_at_least: who is away for so long.
        away_at_most: who is away for no longer.
        not_written_to: who was not written to since.
        without_held_out: whom no trial holds out.
        limit: list no more than so many; None: as many as the page does.
    """

    stage: str = ""
    reason: str = ""
    away_at_least: timedelta | None = None
    away_at_most: timedelta | None = None
    not_written_to: bool = False
    without_held_out: bool = False
    limit: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Read who is meant.

        Raises:
            FilterError: one cannot be read.
        """
        return cls(
            stage=given["stage"],
            reason=given["reason"],
            away_at_least=_span("away_at_least", given),
            away_at_most=_span("away_at_most", given),
            not_written_to=given["not_written_to"] not in ("", "0"),
            without_held_out=given["without_held_out"] not in ("", "0"),
            limit=_limit(given["limit"]) if given["limit"] else None,
        )

    def query(self) -> dict[str, str]:
        """The query of an address that means the same."""
        return {
            "stage": self.stage,
            "reason": self.reason,
            "away_at_least": _written(self.away_at_least),
            "away_at_most": _written(self.away_at_most),
            "not_written_to": "1" if self.not_written_to else "",
            "without_held_out": "1" if self.without_held_out else "",
            "limit": "" if self.limit is None else f"{self.limit}",
        }

    def told(self) -> dict[str, Any]:
        """What the question is told, by the names that it has."""
        return {name: value for name, value in asdict(self).items() if value}


@frozen(kw_only=True)
class Filters:
    """What was chosen.

    Attributes:
        period: a stretch of time: a duration up to the instant of the question, such as ``90d``;
            two dates such as ``2025-01-01..2025-04-01``, of which either may be left out; empty:
            what suits each section.
        step: how long the periods of a figure are.
        window: within which an event is to come.
        group: by what contacts are grouped; empty: not at all.
        zone: the IANA zone of calendar periods.
        as_of: the instant of the question; None: now.
        patience: another patience, to see what it would make of the same events; None: no other.
        meant: who is meant of those who are away, where they are listed.
        whole: whether all sections are in the page itself, for who has no script.
    """

    period: str = ""
    step: Unit = "month"
    window: timedelta = _MONTH
    group: str = ""
    zone: str = "UTC"
    as_of: datetime | None = None
    patience: timedelta | None = None
    meant: Meant = Meant()
    whole: bool = False

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Read them from the query of an address; other names are left alone.

        Raises:
            FilterError: one cannot be read.

        >>> Filters.read({"window": "90d", "as_of": "2025-02-01"}).query()
        {'window': '90d', 'as_of': '2025-02-01'}
        """
        given = {name: query.get(name, "").strip() for name in _NAMES}
        for name, text in given.items():
            if len(text) > _LONGEST:
                raise FilterError(name, f"it has more than {_LONGEST} characters")
        zone = given["zone"] or "UTC"
        chosen = cls(
            period=given["period"],
            step=_step(given["step"] or "month"),
            window=_duration("window", given["window"] or "30d"),
            group=given["group"],
            zone=_zone(zone),
            as_of=_as_of(given["as_of"], zone),
            patience=_span("patience", given),
            meant=Meant.read(given),
            whole=given["whole"] not in ("", "0"),
        )
        chosen.bounds(chosen.as_of or datetime.now(UTC))
        return chosen

    def query(self) -> dict[str, str]:
        """The query of an address that means the same; what is usual is left out."""
        told = {
            "period": self.period,
            "step": "" if self.step == "month" else self.step,
            "window": "" if self.window == _MONTH else format_duration(self.window),
            "group": self.group,
            "zone": "" if self.zone == "UTC" else self.zone,
            "as_of": self.as_of_text,
            "patience": _written(self.patience),
            **self.meant.query(),
            "whole": "1" if self.whole else "",
        }
        return {name: text for name, text in told.items() if text}

    @property
    def as_of_text(self) -> str:
        """The instant of the question as it is written in an address; empty: now."""
        if self.as_of is None:
            return ""
        local = self.as_of.astimezone(ZoneInfo(self.zone))
        if self.as_of == start_of(local.date(), ZoneInfo(self.zone)):
            return local.date().isoformat()
        return self.as_of.astimezone(UTC).isoformat().replace("+00:00", "Z")

    def at(self, as_of: datetime) -> Filters:
        """The same, as of an instant: what was counted then can be listed later."""
        return evolve(self, as_of=as_of)

    def within(self, window: str) -> Filters:
        """The same, with another window."""
        return evolve(self, window=parse_duration(window))

    @property
    def elsewhere(self) -> Filters:
        """The same, without what is chosen on one page alone."""
        return evolve(self, patience=None, meant=Meant())

    def bounds(self, as_of: datetime) -> Bounds:
        """The stretch of time that was chosen, as of an instant; None leaves an end open.

        Raises:
            FilterError: it cannot be read.

        >>> Filters(period="2025-01-01..").bounds(datetime(2025, 6, 1, tzinfo=UTC))
        (datetime.datetime(2025, 1, 1, 0, 0, tzinfo=datetime.timezone.utc), None)
        """
        if not self.period:
            return None, None
        first, dots, last = self.period.partition("..")
        if not dots:
            return _before(as_of, self.period), None
        since, until = self._day("period", first), self._day("period", last)
        if since is not None and until is not None and since >= until:
            raise FilterError("period", "its second day has to come after the first")
        return since, until

    def since(self, as_of: datetime, *, periods: int = SHOWN) -> datetime | date:
        """Where a figure of periods begins: as chosen, or so many before the one not over."""
        chosen, _ = self.bounds(as_of)
        if chosen is not None:
            return chosen
        zone = ZoneInfo(self.zone)
        calendar = Calendar(zone=zone, unit=self.step)
        day = calendar.day_of(as_of - MICROSECOND)
        for _ in range(periods - 1):
            day = calendar.period_before(day).starts_on
        return calendar.first_day(day)

    def _day(self, name: str, text: str) -> datetime | None:
        return None if not text else start_of(_date(name, text), ZoneInfo(self.zone))


SHARED: Final = ("period", "step", "window", "group", "zone", "as_of")
"""What is chosen above each page."""

_NAMES: Final = (*SHARED, "patience", "whole", *(one.name for one in fields(Meant)))


def _step(text: str) -> Unit:
    found = next((one for one in STEPS if one == text), None)
    if found is None:
        raise FilterError("step", f"{text!r} is none of {', '.join(STEPS)}")
    return found


def _duration(name: str, text: str) -> timedelta:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise FilterError(name, str(error)) from None
    if duration <= timedelta():
        raise FilterError(name, "it has to be longer than nothing")
    if duration > LONGEST:
        raise FilterError(name, f"it has to be no longer than a century, {LONGEST.days:,} days")
    return duration


def _span(name: str, given: Mapping[str, str]) -> timedelta | None:
    """A duration that may be left out."""
    return _duration(name, given[name]) if given[name] else None


def _written(duration: timedelta | None) -> str:
    return "" if duration is None else format_duration(duration)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_LISTED):
        raise FilterError("limit", f"{text!r} is no number from 1 to {MOST_LISTED:,}")
    return int(text)


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reason = f"there is no zone {text!r}; write an IANA name such as Europe/Berlin"
        raise FilterError("zone", reason) from None


def _as_of(text: str, zone: str) -> datetime | None:
    """Read an instant; a day is its beginning, a time without a zone is in the zone chosen."""
    if not text:
        return None
    try:
        if len(text) == len("2025-01-01"):
            return start_of(_date("as_of", text), ZoneInfo(zone))
        instant = read_iso(text)
        aware = instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FilterError("as_of", f"{text!r} is not a day such as 2025-01-31") from None


def _date(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise FilterError(name, f"{text!r} is not a day such as 2025-01-31") from None
    if not _EARLIEST <= day <= _LATEST:
        raise FilterError(name, f"{text!r} lies too far away")
    return day


def _before(as_of: datetime, text: str) -> datetime:
    try:
        return as_of - parse_duration(text)
    except (ValueError, OverflowError):
        usual = f"write a duration such as 90d, or two days such as {_TWO_DAYS}"
        raise FilterError("period", f"{text!r} cannot be read; {usual}") from None


_EARLIEST: Final = date(1970, 1, 1)
_LATEST: Final = date(9000, 1, 1)
_TWO_DAYS: Final = "2025-01-01..2025-04-01"
