"""Words: what stands above each count and share, in text, pages and pictures; one table for all.

By the name that it has in Python, JSON and CSV; what is not in the table is called by that name. A
word in braces is the funnel's own, or the usual one, of ``domain.funnel.words``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from motfunnel.domain.funnel.words import NOUNS, USUAL
from motfunnel.domain.moment import MomentKind

HEADINGS: Final[Mapping[str, str]] = {
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

_DID: Final = tuple(kind.value for kind in MomentKind)
"""What a contact did; their words fit after a number."""
_PAST: Final = re.compile(
    r"[a-z]+[^\We]ed(?: (?:again|away|back|down|in|off|on|out|over|up)){0,2}", re.IGNORECASE
)
"""The words that are a past, and fit after *that* and *had*, too."""
_BARE: Final = re.compile(
    r"(?:^\s*|[(:;] ?|(?<![\w-])[\d,.]*\d%? (?:contacts? |others? )?)$", re.IGNORECASE
)
"""What stands before a word that fits after a number: one, or nothing at all."""
_NAMED: Final = re.compile(
    r"\b(?:the|an?|any|all|each|every|these|whose|such|its|their|as|called|looks?)\s$",
    re.IGNORECASE,
)
"""What stands before a word that is the name of something."""
_THINGS: Final = re.compile(r" (?:contacts?|ones|people)\b", re.IGNORECASE)
"""What stands behind a word that says which."""
_PERFECT: Final = re.compile(r"\b(?:have|has|had)(?: not| never| since| yet| ever)*\s$")
_PRESENT: Final = ("come", "comes", "buy", "buys")


def heading(name: str) -> str:
    """What stands above a column, by its name; words in braces are still to be filled in.

    >>> heading("departures"), heading("first_purchases")
    ('{depart}', 'first purchases')
    """
    return HEADINGS.get(name, name.replace("_", " "))


def in_own_words(text: str, words: Mapping[str, str], keep: Collection[str] = ()) -> str:
    """A sentence of ours with the funnel's words; what is quoted in it stays.

    A word for what a contact did fits after a number, and need not fit elsewhere: there it is a
    label, unless it is a past such as *lapsed*.

    Args:
        text: the sentence.
        words: the funnel's, by their keys.
        keep: names in it that somebody gave, which stay whatever they are.

    >>> in_own_words("2 contacts left", {"contact": "member", "contacts": "members"})
    '2 members left'
    >>> own = {**USUAL, "recidivism": "rejoined", "depart": "went quiet"}
    >>> in_own_words("Who returned, left or returned", own, keep=("left or returned",))
    'Who rejoined, left or returned'
    >>> in_own_words("5 left: the share that left", own)
    '5 went quiet: the share that counted as "went quiet"'
    """
    own = {word for key, word in words.items() if word != USUAL.get(key)}
    names = [one for one in sorted({*keep, *own}, key=len, reverse=True) if one and one in text]
    given = "|".join(map(re.escape, names)) or "(?!)"
    said, done = list[str](), 0
    for n, one in enumerate(re.split(rf"(?<!\w)({given})(?!\w)", text)):
        before = text[:done]
        done += len(one)
        said.append(one if n % 2 else _said(one, before, text[done:], words))
    return "".join(said)


def in_clauses(words: Mapping[str, str]) -> dict[str, str]:
    """The words as they stand after *who* or *that*: what a contact did as a past, or a label.

    >>> in_clauses({**USUAL, "depart": "went quiet"})["depart"], in_clauses(USUAL)["depart"]
    ('counted as "went quiet"', 'left')
    """
    return {key: _past(key, word) for key, word in words.items()}


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


def _said(text: str, before: str, after: str, words: Mapping[str, str]) -> str:
    """A part of a sentence, between others, with the funnel's words."""

    def own(found: re.Match[str]) -> str:
        start, end = found.span()
        return _own(found, before + text[:start], text[end:] + after, words)

    return _PATTERN.sub(own, text)


def _own(found: re.Match[str], before: str, after: str, words: Mapping[str, str]) -> str:
    key, ours = found.lastgroup or "", found[0]
    word = words.get(key, USUAL[key])
    if word == USUAL[key]:
        return ours
    if key in _DID:
        word = _fitting(word, ours.casefold(), before, after)
    return f"{word[:1].upper()}{word[1:]}" if ours[:1].isupper() else word


def _fitting(word: str, ours: str, before: str, after: str) -> str:
    """A word for what a contact did, in the form that fits where ours stands."""
    is_past = _PAST.fullmatch(word) is not None
    if _NAMED.search(before) or _THINGS.match(after):
        return word if is_past else f'"{word}"'
    if _BARE.search(before):
        return word
    present = ours.split(maxsplit=1)[0] in _PRESENT and not _PERFECT.search(before)
    if present:
        return f'{"counts" if ours.split(maxsplit=1)[0].endswith("s") else "count"} as "{word}"'
    return word if _PAST.fullmatch(word) else f'counted as "{word}"'


def _past(key: str, word: str) -> str:
    is_fit = key not in _DID or word == USUAL[key] or _PAST.fullmatch(word)
    return word if is_fit else f'counted as "{word}"'
