"""Words: what stands above each count and share, in text, pages and pictures; one table for all.

By the name that it has in Python, JSON and CSV; what is not in the table is called by that name. A
word in braces is the funnel's own, or the usual one, of ``domain.funnel.words``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

HEADINGS: Final[Mapping[str, str]] = {
    "active": "seen",
    "adjusted": "log-rank p",
    "advocacy_first": "advocacy",
    "after": "other",
    "before": "in use",
    "between": "ICC",
    "chance_value": "chance × value",
    "contact": "{contact}",
    "contacts": "{contacts}",
    "credited": "{opening} by it",
    "denominator": "of",
    "departed": "{depart}",
    "departed_meanwhile": "{depart} meanwhile",
    "departed_meanwhile_share": "share",
    "departed_share": "share",
    "departed_worth": "had spent each",
    "departures": "{depart}",
    "difference": "points apart",
    "dormant": "not seen",
    "drop_off": "drop-off",
    "dropped": "went no further",
    "each": "for each",
    "effect": "points found",
    "erased_present": "erased",
    "first_outreach_at": "written to",
    "experiences": "n",
    "from_first": "of first",
    "from_previous": "of previous",
    "immature": "too recent",
    "k": "K",
    "lower_quartile": "25% within",
    "mature": "of",
    "new": "{opening}",
    "nps": "NPS",
    "numerator": "counted",
    "occurred_at": "on",
    "of_class": "class",
    "openings": "{opening}",
    "p_value": "p",
    "per_contact": "per {contact}",
    "per_purchase": "per {purchase}",
    "present": "{active}",
    "present_at_end": "{active} at end",
    "present_at_start": "{active} at start",
    "proportional_p": "p of a steady ratio",
    "purchase_first": "{purchase}",
    "purchases": "{purchases}",
    "quick_ratio": "gained per lost",
    "recovered": "came round",
    "recovered_share": "share",
    "reopened_share": "share",
    "researched": "then researched",
    "resurrecting": "seen again",
    "return_rate": "share back",
    "returned": "{recidivism}",
    "returning": "seen before too",
    "returns": "{recidivism}",
    "rhythm": "or a rhythm",
    "suggested_denominator": "of",
    "suggested_numerator": "counted",
    "suggested_share": "share",
    "unresolved": "open",
    "upper_quartile": "75% within",
    "with_expectation": "n expected",
}
"""What has another name for people than for programs, each with that; a heading's own words."""

_NOUN: Final = re.compile(r"(?<![\w'\"`=])(contacts?|purchases?)(?![\w\"`=]|'(?!s\b))")


def heading(name: str) -> str:
    """What stands above a column, by its name; words in braces are still to be filled in.

    >>> heading("departures"), heading("first_purchases")
    ('{depart}', 'first purchases')
    """
    return HEADINGS.get(name, name.replace("_", " "))


def in_own_words(text: str, words: Mapping[str, str]) -> str:
    """A sentence of ours with the funnel's nouns; what is quoted in it stays.

    >>> in_own_words("2 contacts left", {"contact": "member", "contacts": "members"})
    '2 members left'
    """
    return _NOUN.sub(lambda found: words.get(found[0], found[0]), text)
