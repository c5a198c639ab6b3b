"""Words: what a reader calls what is counted; one table for headings, legends and sentences.

The text of a report keeps the words of its definitions; a page says these instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from motfunnel.domain.moment import MomentKind, Presence

STATES: Final[Mapping[Presence, str]] = {
    Presence.UNKNOWN: "not known yet",
    Presence.ACTIVE: "with us",
    Presence.DEPARTED: "away",
}
"""What a contact is."""

MOMENTS: Final[Mapping[MomentKind, str]] = {
    MomentKind.OPENING: "was new",
    MomentKind.CONVERSION: "reached a stage",
    MomentKind.LOYALIST: "bought again",
    MomentKind.REFERRAL: "referred somebody",
    MomentKind.APOSTLE: "praised us",
    MomentKind.COMPLAINT: "complained",
    MomentKind.DEPART: "left",
    MomentKind.RECIDIVISM: "came back",
}
"""What happened to a contact, in its story."""

TOLD: Final[Mapping[str, str]] = {
    "active": "seen",
    "apostle": "praised us",
    "at end": "with us at its end",
    "at risk": "still followed",
    "at start": "with us at its start",
    "complaint": "complained",
    "conversion": "reached a stage",
    "counted": "so many did",
    "curve of": "likelihood of",
    "depart": "left",
    "dormant": "not seen any more",
    "immature": "too recent",
    "left from": "left as",
    "loyalist": "bought again",
    "new": "new",
    "observed": "of so many",
    "opened": "new",
    "opening": "was new",
    "openings": "new by it",
    "points apart": "points more",
    "present": "with us",
    "present at the end": "with us at the end",
    "quick": "gained per lost",
    "rate": "share",
    "recidivism": "came back",
    "recovered first": "came round first",
    "referral": "referred somebody",
    "resurrecting": "seen again",
    "returned": "came back",
    "returning": "seen before, too",
    "still active": "with us",
}
"""What stands in headings, legends and cells, by what the reports call it."""

COLUMNS: Final[Mapping[str, str]] = {
    "active": "seen",
    "departures": "left",
    "denominator": "of whom it is told",
    "departed": "left",
    "dormant": "not seen any more",
    "dropped": "went no further",
    "immature": "too recent to count",
    "numerator": "who did",
    "openings": "new",
    "present_at_end": "with us at the end",
    "present_at_start": "with us at the start",
    "resurrecting": "seen again after a pause",
    "returned": "came back",
    "returning": "seen before, too",
    "returns": "came back",
    "unresolved": "with an open case",
}
"""What people did who stand behind a count, by its name."""

_PHRASES: Final = (
    (" (by Kaplan–Meier)", ""),
    (" (by Aalen–Johansen)", ""),
    ("share that returned", "share back"),
    ("share that became a loyalist", "share that bought again"),
    ("share that departed again", "share that left again"),
    ("share that departed", "share that left"),
    ("share that purchased or advocated", "share that came round"),
    ("since the departure", "since they left"),
    ("its dormant are not drawn", "who is not seen any more cannot be told yet"),
)
_HOVER: Final = re.compile(r"^(.*?: (?:[\d,]+|–)) (.+)$")


def told(text: str) -> str:
    """A reader's word for one of a report's; what has none stays as it is.

    >>> told("immature"), told("KM")
    ('too recent', 'KM')
    """
    return TOLD.get(text, text)


def phrase(text: str) -> str:
    """What stands along an axis or above a figure, in a reader's words.

    >>> phrase("share that returned (by Kaplan–Meier)"), phrase("rate")
    ('share back', 'share')
    """
    if text in TOLD:
        return TOLD[text]
    for ours, theirs in _PHRASES:
        text = text.replace(ours, theirs)
    return text


def blank(reason: str) -> str:
    """Why there is no figure.

    >>> blank("there is nothing to draw"), blank("of a reason of its own")
    ('Nothing of it has happened yet.', 'No figure: of a reason of its own.')
    """
    said = next((theirs for ours, theirs in _BLANKS if ours in reason), None)
    return f"No figure: {reason}." if said is None else said


_BLANKS: Final = (
    ("nothing to draw", "Nothing of it has happened yet."),
    ("followed for long enough", "Too early for a figure: nobody was followed for long enough."),
    ("rests on fewer than", "Too few people for a curve yet."),
)


def column(name: str) -> str:
    """What people did who stand behind a count.

    >>> column("openings"), column("some_count"), column("3")
    ('new', 'some count', 'seen in period 3')
    """
    return f"seen in period {name}" if name.isdigit() else COLUMNS.get(name, name.replace("_", " "))


def hovered(text: str) -> str:
    """The same for what is said of a bar.

    >>> hovered("2026-05: 17 opened"), hovered("something else")
    ('2026-05: 17 new', 'something else')
    """
    found = _HOVER.match(text)
    return text if found is None else f"{found[1]} {told(found[2])}"


def days(text: str) -> str:
    """A duration as one says it.

    >>> days("30d"), days("1d"), days("36h"), days("45m")
    ('30 days', '1 day', '36 hours', '45 minutes')
    """
    number, unit = text[:-1], _UNITS[text[-1]]
    return f"{int(number):,} {unit}{'' if number == '1' else 's'}"


_UNITS: Final = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
