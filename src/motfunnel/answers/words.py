"""Words: what stands above each count and share, in text, pages and pictures; one table for all.

By the name that it has in Python, JSON and CSV; what is not in the table is called by that name. A
word in braces is the funnel's own, or the usual one, of ``domain.funnel.words``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from motfunnel.domain.funnel.words import NOUNS, USUAL

HEADINGS: Final[Mapping[str, str]] = {
    "active": "seen",
    "adjusted": "log-rank p",
    "advocacy_first": "advocacy",
    "after": "other",
    "away": "{departed}",
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

_PLAIN: Final = r"(?<![\w'\"`=]){}(?![\w\"`=]|'(?!s\b)| =)"
_SAID: Final[Mapping[str, str]] = {
    "contact": r"contact",
    "contacts": r"contacts",
    "purchase": r"purchase",
    "purchases": r"purchases",
    "depart": (
        r"departed|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )(?<!common )"
        r"left(?! out| aside| alone| over| edge| of\b)"
    ),
    "recidivism": r"returned|(?:came|come|comes) back",
    "complaint": r"complained",
    "loyalist": r"(?:bought|buys?) again|became a loyalist",
    "apostle": r"praised us",
    "referral": r"referred somebody",
    "conversion": r"reached a stage",
    "active": r"with us|still active",
    "departed": r"(?<!right )away",
    "opening": r"(?:(?:was|were|is|are) )?new(?: opened)?|(?<!complaints )opened(?! again)",
}
"""How our sentences say what a funnel may call otherwise, by its key; nouns aside, in the past."""
_PATTERN: Final = re.compile(
    _PLAIN.format(
        "(?:"
        + "|".join(
            f"(?P<{key}>{forms})" if key.startswith(NOUNS) else f"(?<!-)(?P<{key}>{forms})(?!-)"
            for key, forms in _SAID.items()
        )
        + ")"
    ),
    re.IGNORECASE,
)


def heading(name: str) -> str:
    """What stands above a column, by its name; words in braces are still to be filled in.

    >>> heading("departures"), heading("first_purchases")
    ('{depart}', 'first purchases')
    """
    return HEADINGS.get(name, name.replace("_", " "))


def in_own_words(text: str, words: Mapping[str, str], keep: Collection[str] = ()) -> str:
    """A sentence of ours with the funnel's words; what is quoted in it stays.

    Args:
        text: the sentence.
        words: the funnel's, by their keys.
        keep: names in it that somebody gave, which stay whatever they are.

    >>> in_own_words("2 contacts left", {"contact": "member", "contacts": "members"})
    '2 members left'
    >>> own = {**USUAL, "recidivism": "rejoined", "depart": "quit"}
    >>> in_own_words("Who returned, left or returned", own, keep=("left or returned",))
    'Who rejoined, left or returned'
    """
    own = {word for key, word in words.items() if word != USUAL.get(key)}
    names = [one for one in sorted({*keep, *own}, key=len, reverse=True) if one and one in text]
    given = "|".join(map(re.escape, names)) or "(?!)"
    parts = re.split(rf"(?<!\w)({given})(?!\w)", text)
    return "".join(
        one if n % 2 else _PATTERN.sub(lambda found: _own(found, words), one)
        for n, one in enumerate(parts)
    )


def own_moments(text: str, words: Mapping[str, str], kinds: Collection[str]) -> str:
    """A text of ours with kinds of moments in it, each in the funnel's word where it has one.

    >>> own_moments("depart, then opening", {**USUAL, "depart": "cancelled"}, ("depart",))
    'cancelled, then opening'
    """
    own = [one for one in kinds if one in USUAL and words[one] != USUAL[one]]
    if not own:
        return text
    pattern = rf"(?<![\w-])({'|'.join(map(re.escape, own))})(?![\w-])"
    return re.sub(pattern, lambda found: words[found[0]], text)


def _own(found: re.Match[str], words: Mapping[str, str]) -> str:
    key = found.lastgroup or ""
    word = words.get(key, USUAL[key])
    if word == USUAL[key]:
        return found[0]
    return f"{word[:1].upper()}{word[1:]}" if found[0][:1].isupper() else word
