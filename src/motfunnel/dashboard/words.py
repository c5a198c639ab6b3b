"""Words: what a page says in place of a report's technical words, and of the kinds of moments.

What stands above columns, pages and texts have from one table, that of ``answers.words``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from motfunnel.answers.words import heading, in_own_words
from motfunnel.domain.funnel.words import USUAL
from motfunnel.domain.moment import MomentKind, Presence

_OPENED: Final = "was new"
_TOLD: Final[Mapping[str, str]] = {
    "at risk": "still followed",
    "curve of": "likelihood of",
    "returned": "{recidivism}",
    "still active": "{active}",
    "recovered first": "came round first",
    "left first": "{depart} first",
    **{kind.value: f"{{{kind.value}}}" for kind in MomentKind if kind is not MomentKind.OPENING},
}
"""What a page says in a cell, a legend or along a figure, by what the reports call it."""

_PHRASES: Final = (
    (" (by Kaplan–Meier)", ""),
    (" (by Aalen–Johansen)", ""),
    ("share that returned", "share back"),
    ("share that became a loyalist", "share that bought again"),
    ("share that departed again", "share that left again"),
    ("share that departed", "share that left"),
    ("share that purchased or advocated", "share that came round"),
    ("since the departure", "since they left"),
)
_NEGATIVE: Final = re.compile(r"(?:(?<=[\s(])|^)-(?=\d)")


def typeset(said: str) -> str:
    """The same with a minus sign before a number, where a hyphen stood.

    >>> typeset("-5 on 2026-06 (-9% to +2%)")
    '−5 on 2026-06 (−9% to +2%)'
    """
    return _NEGATIVE.sub("−", said)


def happened(kind: MomentKind, spoken: Mapping[str, str]) -> str:
    """What a moment says of a contact.

    >>> happened(MomentKind.OPENING, USUAL), happened(MomentKind.DEPART, {"depart": "cancelled"})
    ('was new', 'cancelled')
    """
    is_usual = kind is MomentKind.OPENING and spoken[kind.value] == USUAL[kind.value]
    return _OPENED if is_usual else spoken[kind.value]


def is_said(presence: Presence, spoken: Mapping[str, str]) -> str:
    """What a contact is."""
    return spoken.get(presence.value, "not known yet")


def told(text: str, spoken: Mapping[str, str] = USUAL) -> str:
    """A reader's word for one of a report's; what has none stays as it is.

    >>> told("still active"), told("opening"), told("depart", {"depart": "cancelled"}), told("KM")
    ('with us', 'was new', 'cancelled', 'KM')
    """
    if text == MomentKind.OPENING.value:
        return happened(MomentKind.OPENING, spoken)
    return _TOLD[text].format_map(spoken) if text in _TOLD else text


def phrase(text: str, spoken: Mapping[str, str] = USUAL) -> str:
    """What stands along an axis or above a figure, in a reader's words.

    >>> phrase("share that returned (by Kaplan–Meier)"), phrase("curve of")
    ('share back', 'likelihood of')
    """
    if text in _TOLD:
        return told(text, spoken)
    for ours, theirs in _PHRASES:
        text = text.replace(ours, theirs)
    return own(text, spoken)


def own(text: str, spoken: Mapping[str, str], keep: Collection[str] = ()) -> str:
    """A text of a page in the funnel's own words; names that are to be kept stay."""
    return text if spoken == USUAL else in_own_words(text, spoken, keep)


def blank(reason: str) -> str:
    """Why there is no figure.

    >>> blank("there is nothing to draw"), blank("of a reason of its own")
    ('Nothing of it has happened yet.', 'No figure: of a reason of its own.')
    """
    if reason.startswith(_LACKING):
        return f"{reason[:1].upper()}{reason[1:]}."
    said = next((theirs for ours, theirs in _BLANKS if ours in reason), None)
    return f"No figure: {reason}." if said is None else said


_LACKING: Final = "the funnel "
"""How the reason begins that names a rule to add."""
_BLANKS: Final = (
    ("nothing to draw", "Nothing of it has happened yet."),
    ("followed for long enough", "Too early for a figure: nobody was followed for long enough."),
    ("rests on fewer than", "Too few people for a curve yet."),
)


def column(name: str, spoken: Mapping[str, str]) -> str:
    """What people did who stand behind a count.

    >>> column("openings", USUAL), column("some_count", USUAL), column("3", USUAL)
    ('new', 'some count', 'in period 3')
    """
    return f"in period {name}" if name.isdigit() else heading(name).format_map(spoken)


def days(text: str) -> str:
    """A duration as one says it.

    >>> days("30d"), days("1d"), days("36h"), days("45m"), days("5ms")
    ('30 days', '1 day', '36 hours', '45 minutes', '5 milliseconds')
    """
    number = text.rstrip("dhmsu")
    unit = _UNITS[text.removeprefix(number)]
    return f"{int(number):,} {unit}{'' if number == '1' else 's'}"


_UNITS: Final = {
    "d": "day",
    "h": "hour",
    "m": "minute",
    "s": "second",
    "ms": "millisecond",
    "us": "microsecond",
}
