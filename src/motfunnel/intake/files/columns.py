"""Columns: which of a file's columns say who, what and when, and how its instants are written."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Final, Self

from attrs import asdict, frozen

from motfunnel.errors import SourceError

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
        at_format: ``unix`` for seconds since 1970, or a strptime pattern; None for ISO 8601.
    """

    contact: str
    event: str
    at: str
    id: str | None = None
    timezone: str = "UTC"
    at_format: str | None = None

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


def check_header(names: Sequence[str], source: str) -> None:
    """Refuse a file of which two columns have one name: a cell's place would be a guess.

    Raises:
        SourceError: a name stands twice.
    """
    for name in names:
        if names.count(name) > 1:
            raise SourceError(
                f"{source} has {names.count(name)} columns named {name!r}; rename them apart"
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
