"""Cells: what a report's row holds, told once, for every format that it is written in.

A field of a row is a cell if its metadata says of which kind. A kind says how a value is written
for programs and shown to people. Writes no format itself: ``table`` and ``frames`` do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any, Final

from attrs import evolve, fields, frozen

from motfunnel.answers.words import heading
from motfunnel.domain.funnel.value import to_millionths, to_number
from motfunnel.domain.instant import format_duration, iso

NAMED: Final = "{named}"
"""The heading that the table of words has for a name; of an interval, its level."""

LEVEL: Final = "{level}"
"""The heading of an interval: the confidence, as it was asked for."""

BY: Final = "{by}"
"""The heading of the groups: what they are grouped by."""

_MOST_DECIMALS: Final = 12
_CELL: Final = "motfunnel.cell"
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = timedelta(minutes=3)


@frozen
class Kind:
    """A kind of value.

    Attributes:
        name: what a data frame keeps it as: text, count, number, money, duration, instant or
            flag.
        show: writes it for people; None is a dash without being asked.
        plain: writes it for JSON and CSV; None stays None without being asked.
        parts: of a value of several, each one's suffix, kind and how to get it.
        row: of a row within a row, its class.
        missing: what people see where there is no value.
    """

    name: str
    show: Callable[[Any], str] = str
    plain: Callable[[Any], Any] = lambda value: value
    parts: tuple[tuple[str, Kind, Callable[[Any], Any]], ...] = ()
    row: type | None = None
    missing: str = "–"


@frozen
class Cell:
    """One field of a row: its kind, and its heading on a terminal; without one it is not shown."""

    kind: Kind
    heading: str | None = None


def cell(kind: Kind, heading: str | None = None) -> dict[str, Any]:
    """Make a field a cell: ``rate: float | None = field(metadata=cell(SHARE, NAMED))``."""
    return {_CELL: Cell(kind, heading)}


def headed(*columns: tuple[str, Kind]) -> list[tuple[str, Cell]]:
    """Give columns of a table of their own: each by the path of its field, and its kind."""
    return [(path, _headed(path.rpartition(".")[2], Cell(kind, NAMED))) for path, kind in columns]


def cells(row: type) -> dict[str, Cell]:
    """Give the cells of a class of rows, by the names of their fields."""
    found = {one.name: one.metadata.get(_CELL) for one in fields(row)}
    return {name: _headed(name, it) for name, it in found.items() if it is not None}


def _headed(name: str, one: Cell) -> Cell:
    if one.heading != NAMED:
        return one
    return Cell(one.kind, LEVEL if one.kind.name == "interval" else heading(name))


def plain(value: Any) -> dict[str, Any]:
    """Write a row for JSON: nested rows as tables of their own, intervals as their two ends."""
    written: dict[str, Any] = {}
    for name, one in cells(type(value)).items():
        held = getattr(value, name)
        if one.kind.row is not None:
            written[name] = None if held is None else plain(held)
        elif one.kind.name == "rows":
            written[name] = [plain(each) for each in held]
        else:
            for key, kind, part in _parts(name, one.kind, held):
                written[key] = None if part is None else kind.plain(part)
    return written


def flat(row: type, value: Any = None, before: str = "") -> Iterator[tuple[str, Kind, Any]]:
    """Give the columns of a row on one line: name, kind and value; what is nested has a prefix.

    Without a value the columns are there all the same, and hold None.
    """
    for name, one in cells(row).items():
        held = getattr(value, name, None)
        if one.kind.row is not None:
            yield from flat(one.kind.row, held, f"{before}{name}_")
        elif one.kind.name != "rows":
            for key, kind, part in _parts(name, one.kind, held):
                yield before + key, kind, part


def nameless(value: Any) -> Any:
    """The same, and in what is nested in it, without the cells by which one knows who it is."""
    changed: dict[str, Any] = {}
    for name, one in cells(type(value)).items():
        held = getattr(value, name)
        if one.kind is KEY:
            changed[name] = None
        elif one.kind.row is not None and held is not None:
            changed[name] = nameless(held)
        elif one.kind is ROWS:
            changed[name] = tuple(map(nameless, held))
    return evolve(value, **changed) if changed else value


def _parts(name: str, kind: Kind, value: Any) -> Iterator[tuple[str, Kind, Any]]:
    if not kind.parts:
        yield name, kind, value
    stem = name.removesuffix("interval") if kind.name == "interval" else ""
    for suffix, of, get in kind.parts:
        yield stem + suffix, of, None if value is None else get(value)


def percent(share: float | None) -> str:
    """Show a share.

    >>> percent(0.2639), percent(None)
    ('26.4%', '–')
    """
    return "–" if share is None else f"{share:z.1%}"


def span(interval: Any) -> str:
    """Show the interval around a share.

    >>> from motfunnel.statistics import Interval
    >>> span(Interval(lower=0.2245, upper=0.3074)), span(None)
    ('22.4–30.7%', '–')
    """
    return "–" if interval is None else f"{interval.lower * 100:.1f}–{interval.upper * 100:.1f}%"


def days(duration: timedelta | None) -> str:
    """Show a duration in days, and a short one in hours.

    >>> days(timedelta(days=1447, hours=12)), days(timedelta(hours=3)), days(None)
    ('1,447.5 d', '3.0 h', '–')
    """
    if duration is None:
        return "–"
    return f"{duration / _DAY:,.1f} d" if duration >= _DAY else f"{duration / _DAY * 24:.1f} h"


def wait(duration: timedelta) -> str:
    """Show how long something took: as ``days`` does, and at once where that would be 0.0 h.

    >>> wait(timedelta(hours=3)), wait(timedelta())
    ('3.0 h', 'at once')
    """
    return days(duration) if duration >= _AT_ONCE else "at once"


def _points(difference: float) -> str:
    return f"{difference * 100:+z,.1f}"


def _from_to(show: Callable[[Any], str]) -> Callable[[Any], str]:
    def shown(interval: Any) -> str:
        if interval.upper is None:
            return f"from {show(interval.lower)}"
        return f"{show(interval.lower)} to {show(interval.upper)}"

    return shown


def _days_to_days(interval: Any) -> str:
    lower, upper = days(interval.lower), days(interval.upper)
    if interval.upper is None:
        return f"≥ {lower}"
    return f"{lower[:-2]}–{upper}" if lower[-1] == upper[-1] else f"{lower}–{upper}"


def _seconds(duration: timedelta) -> float:
    return duration.total_seconds()


def _money(value: Decimal | float) -> str:
    return f"{value:z,.2f}"


def _number(value: Decimal | float) -> int | float | str:
    return value if isinstance(value, float) else to_number(to_millionths(value))


def in_full(share: float, figures: int = 6, sign: str = "") -> str:
    """Write a share in percent, with a decimal and as many more as these figures need.

    Neither 0 nor 100 is written of what is neither.

    >>> in_full(0.08), in_full(0.08001), in_full(0.0005, 3, "+"), in_full(0.3419231, 3, "+")
    ('8.0', '8.001', '+0.05', '+34.2')
    >>> in_full(0.9999999), in_full(1e-300), in_full(0.0)
    ('99.99999', '1e-298', '0.0')
    """
    number = share * 100 + 0.0
    least = min(abs(number), abs(100 - abs(number)))
    digits = max(1, figures - 1 - math.floor(math.log10(least))) if least else 1
    if digits > _MOST_DECIMALS:
        return f"{number:{sign}z.12g}"
    whole, _, rest = f"{number:{sign}z.{digits}f}".partition(".")
    return f"{whole}.{rest[0]}{rest[1:].rstrip('0')}"


def _power(share: float) -> str:
    """Show how often something is found, which is never always and never not at all.

    >>> _power(0.8), _power(0.99999), _power(0.0)
    ('80.0%', '>99.9%', '<0.1%')
    """
    least = 0.001
    if share > 1 - least:
        return ">99.9%"
    return "<0.1%" if share < least else percent(share)


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"  # noqa: PLR2004 - as is the custom


TEXT: Final = Kind("text")
KEY: Final = Kind("text")
"""A text by which one knows who it is: the key of a contact, or the id of one of its events."""
OURS: Final = Kind("text", str)
"""A text that is ours, such as a kind of moment: people read the funnel's word for it."""
GROUP: Final = Kind("text", missing="all")
COUNT: Final = Kind("count", lambda count: f"{count:,}")
FLAG: Final = Kind("flag", lambda flag: "yes" if flag else "no")
SHARE: Final = Kind("number", percent)
NUMBER: Final = Kind("number", lambda number: f"{number:z,.3f}")
POINTS: Final = Kind("number", _points)
"""A difference of two shares, shown in percentage points."""
PLANNED_POINTS: Final = Kind("number", lambda share: in_full(share, 3, "+"))
"""A difference that was planned, in percentage points: with as many digits as it takes."""
POWER: Final = Kind("number", _power)
P_VALUE: Final = Kind("number", _p_value)
DURATION: Final = Kind("duration", days, _seconds)
WAIT: Final = Kind("duration", wait, _seconds)
"""A duration until something came, shown as at once where there is next to none."""
WINDOW: Final = Kind("text", format_duration, format_duration)
"""A duration that was asked for, written as one asks for it."""
MONEY: Final = Kind("money", _money, _number)
"""A value in the funnel's currency, exact; an end of an interval around one may be a float."""
INSTANT: Final = Kind("instant", iso, iso)
DATE: Final = Kind("instant", lambda at: f"{at:%Y-%m-%d}", iso)
"""An instant, shown by its day in UTC."""


def between(kind: Kind) -> Kind:
    """The kind of an interval of values of another kind: written as its two ends."""
    shows = {SHARE: span, DURATION: _days_to_days}
    ends = (("lower", kind, attrgetter("lower")), ("upper", kind, attrgetter("upper")))
    return Kind("interval", shows.get(kind, _from_to(kind.show)), parts=ends)


def nested(row: type) -> Kind:
    """The kind of a row within a row: under its own name in JSON, a table of its own for people."""
    return Kind("row", row=row)


ROWS: Final = Kind("rows")
"""The kind of several rows within one answer: a list in JSON, and in no other format."""

COHORT: Final = Kind(
    "cohort", parts=(("from", INSTANT, itemgetter(0)), ("to", INSTANT, itemgetter(1)))
)
"""A stretch of time, half-open; None leaves an end open."""
