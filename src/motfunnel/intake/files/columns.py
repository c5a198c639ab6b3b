"""Columns: which of a file's columns say who, what and when, and how its instants are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, Self

from attrs import asdict, field, frozen
from attrs.validators import in_, optional

from motfunnel.errors import ColumnsError, SourceError
from motfunnel.intake.files.decimals import SIGNS

OWN: Final[dict[str, tuple[str, ...]]] = {
    "contact": ("contact",),
    "event": ("event",),
    "at": ("occurred_at", "at", "timestamp"),
    "id": ("id",),
}
"""Names of columns that need no option: what each may be called, the first that is there."""

_NEEDED: Final = ("contact", "event", "at")
_MOST_LISTED: Final = 30


@frozen(kw_only=True)
class Columns:
    """How the columns of a file are to be understood; those not named become properties.

    Attributes:
        contact: the column that names the contact.
        event: the column with the event's name.
        at: the column with the instant.
        id: the column with the event's id; None: ids are made from the rows' content.
        timezone: the IANA zone in which naive instants are read.
        at_format: ``unix`` for seconds since 1970 (``unix_ms``, ``unix_us``, ``unix_ns`` for
            parts of them), ``excel`` for serial days, or a strptime pattern; None for ISO 8601.
        truncate: whether to cut the digits of an instant that are finer than a microsecond.
        contact_key: how keys are made alike: names of ``motfunnel.keys``, applied in this order.
        any_contact: whether texts such as ``NULL`` are taken as contacts.
        event_name: the name of all events, in place of a column of names.
        decimal: the decimal sign of numbers among the properties, whose other signs are taken out;
            None: they stay as they are.
        is_state: whether a row says how things stand, and not only what happened: its events are
            known again by contact, name and instant (or id), whatever else it says, which stays as
            it was when they were first taken.
    """

    contact: str
    event: str
    at: str
    id: str | None = None
    timezone: str = "UTC"
    at_format: str | None = None
    truncate: bool = False
    contact_key: tuple[str, ...] = field(default=(), converter=tuple)
    any_contact: bool = False
    event_name: str | None = None
    decimal: str | None = field(default=None, validator=optional(in_(SIGNS)))
    is_state: bool = False

    def check(self, names: Collection[str], source: str) -> None:
        """Make sure that a file has the columns.

        Raises:
            SourceError: it lacks one, or one is named for two purposes.
        """
        wanted = dict(self.named())
        for option, name in wanted.items():
            if name not in names:
                raise SourceError(
                    f"{source} has no column {name!r}; it has {_listed(names)}. "
                    f"{_suggest(option, name, names)}"
                )
            for other, taken in wanted.items():
                if other != option and taken == name:
                    raise SourceError(f"{option} and {other} both name the column {name!r}")

    def named(self) -> Iterator[tuple[str, str]]:
        """The columns that are named, by what they are named for."""
        for option in ("contact", "event", "at", "id"):
            name = getattr(self, option)
            if name is not None:
                yield option, name

    def to_dict(self) -> dict[str, Any]:
        """Give a form that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, written: dict[str, Any]) -> Self:
        """Read what ``to_dict`` gave."""
        return cls(**written)


def choose_columns(given: Mapping[str, Any], names: Collection[str], source: str) -> Columns:
    """Give the columns of a file: those that are named, and its own names for the others.

    Args:
        given: what is said, by the names of ``Columns``; None where nothing is.
        names: the columns that the file has.
        source: the file, as messages call it.

    Raises:
        ColumnsError: one is needed that is not named.
        SourceError: one is not there, or is named for two purposes.
    """
    said = {option: value for option, value in given.items() if value is not None}
    # Who names all that is needed says what the file is; its "id" may then be anything.
    wanted = [option for option in _NEEDED if option not in said]
    for option in [*wanted, *(["id"] if wanted and "id" not in said else [])]:
        own = (name for name in OWN[option] if name in names and name not in said.values())
        if (found := next(own, None)) is not None:
            said[option] = found
    if missing := [option for option in _NEEDED if option not in said]:
        options = ", ".join(f"--{option} COLUMN" for option in missing)
        raise ColumnsError(f"say which columns to read: {options}; {source} has {_listed(names)}")
    try:
        columns = Columns(**said)
    except ValueError as error:
        raise SourceError(str(error)) from None
    columns.check(names, source)
    return columns


def check_header(names: Sequence[str], source: str) -> None:
    """Refuse a file of which two columns have one name: a cell's place would be a guess.

    Raises:
        SourceError: a name stands twice.
    """
    counts = Counter(names)
    for name in counts if len(counts) < len(names) else ():
        if counts[name] > 1:
            raise SourceError(
                f"{source} has {counts[name]} columns named {name!r}; rename them apart"
            )


def _listed(names: Collection[str]) -> str:
    shown = ", ".join(map(repr, list(names)[:_MOST_LISTED]))
    more = len(names) - _MOST_LISTED
    return f"{shown} and {more} more" if more > 0 else shown


def _suggest(option: str, name: str, names: Collection[str]) -> str:
    by_case = {each.strip().casefold(): each for each in names}
    close = get_close_matches(name.strip().casefold(), by_case, n=1)
    if close:
        return f"Did you mean --{option} {by_case[close[0]]!r}?"
    return f"Name one of them with --{option}."
