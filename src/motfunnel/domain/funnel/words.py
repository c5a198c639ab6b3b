"""Words: what a funnel calls its contacts, their purchases, what happens to them and what they are.

One table of the usual words; a funnel may put its own in their place. They change no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from unicodedata import category, normalize

from motfunnel.domain.event import check_text
from motfunnel.domain.funnel.file import check_name
from motfunnel.domain.moment import MomentKind, Presence
from motfunnel.errors import FunnelError

Words = Mapping[str, str | tuple[str, str]]
"""A funnel's own words: of a noun for one and for several, of anything else one."""

NOUNS: Final = ("contact", "purchase")
"""What is counted, and has a word for one and for several."""

USUAL: Final[Mapping[str, str]] = {
    "contact": "contact",
    "contacts": "contacts",
    "purchase": "purchase",
    "purchases": "purchases",
    Presence.ACTIVE.value: "with us",
    Presence.DEPARTED.value: "away",
    MomentKind.OPENING.value: "new",
    MomentKind.CONVERSION.value: "reached a stage",
    MomentKind.LOYALIST.value: "bought again",
    MomentKind.REFERRAL.value: "referred somebody",
    MomentKind.APOSTLE.value: "praised us",
    MomentKind.COMPLAINT.value: "complained",
    MomentKind.DEPART.value: "left",
    MomentKind.RECIDIVISM.value: "came back",
}
"""The word for everything that a funnel can name, where it does not."""

KEYS: Final = tuple(key for key in USUAL if key not in ("contacts", "purchases"))
"""What a funnel can name."""

_LONGEST: Final = 24
_MOST_MARKS: Final = 4
"""How many times as many marks upon letters as letters a word may have at most, itself included."""
_JOINERS: Final = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""Written within words of Persian, Hindi and others."""
_REMEDY: Final = 'write {key} = "{word}"'


def as_words(words: Mapping[str, Any]) -> Words:
    """Take a funnel's own words.

    Raises:
        FunnelError: one is for nothing that has a word, or cannot be one.
    """
    if not isinstance(words, Mapping):
        raise FunnelError("words", "no mapping", 'write {"contact": "subscriber"}')
    return {key: _as_word(key, word) for key, word in words.items()}


def _as_word(key: str, word: Any) -> str | tuple[str, str]:
    place = f"words.{key}"[:80]
    check_name(key, KEYS, place, "thing that has a word")
    if key not in NOUNS:
        return _checked(place, key, word)
    both = [word, f"{word}s"] if isinstance(word, str) else word
    if not isinstance(both, list | tuple) or len(both) != len(NOUNS):
        remedy = f'write {key} = "member", or {key} = ["person", "people"]'
        raise FunnelError(place, f"{word!r} is no word for one and for several", remedy)
    one, several = (_checked(place, key, each) for each in both)
    return one, several


def _checked(place: str, key: str, word: Any) -> str:
    remedy = _REMEDY.format(key=key, word=USUAL[key])
    try:
        text = check_text(word, "word")
    except ValueError as error:
        raise FunnelError(place, str(error), remedy) from None
    why = _fault(text)
    if why is not None:
        raise FunnelError(place, f"{text[:40]!r} {why}", remedy)
    return text


def _fault(text: str) -> str | None:
    """Why a text is no word; None where it is one."""
    letters = [one for one in text if one not in _JOINERS and category(one)[0] != "M"]
    if len(letters) > _LONGEST or len(text) > _MOST_MARKS * _LONGEST:
        return f"is longer than {_LONGEST} letters"
    if not any(map(str.isalnum, letters)) or text[0] != letters[0]:
        return "is no word"
    if text != text.strip() or "  " in text:
        return "has a blank too many: one between two words, none around them"
    if not all(one.isalnum() or one in " -'’" for one in letters):
        return "has more than letters in it"
    return None


def check_words(words: Words) -> None:
    """Refuse one word for two things, which no reader could tell apart.

    Raises:
        FunnelError: two things would have one name.
    """
    taken: dict[str, str] = {}
    for key, word in spoken(words).items():
        first = taken.setdefault(_alike(word), key)
        is_plural = key in ("contacts", "purchases") and first == key.removesuffix("s")
        if first != key and not is_plural:
            named = key if key in words else first.removesuffix("s")
            other = first if named == key else key
            raise FunnelError(
                f"words.{named}",
                f'"{word}" is the word for {other}, too',
                "give each its own word",
            )


def _alike(word: str) -> str:
    """The same of words that look the same."""
    return normalize("NFKC", "".join(one for one in word if one not in _JOINERS)).casefold()


def spoken(words: Words) -> dict[str, str]:
    """The word for everything, the funnel's own before the usual one."""
    said = dict(USUAL)
    for key, word in words.items():
        if isinstance(word, str):
            said[key] = word
        else:
            said[key], said[f"{key}s"] = word
    return said
