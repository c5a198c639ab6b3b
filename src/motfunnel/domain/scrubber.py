"""Taking the keys of erased contacts out of what was said of others.

Where a property is known to name a contact, any key is taken out. Elsewhere only a key that cannot
be mistaken is, such as an address or a long id: a contact may be called ``buy``, or ``7``, and that
stands in many places that mean something else. Such a key is found however it is written: as it
is, or as JSON, a URL, SQL, CSV or Python escape it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.event import contact_key, to_json

ERASED: Final = "erased"
"""What stands where a key stood inside of a longer text, or as a property's name."""

_SHORTEST: Final = 6

# No letter or digit stands next to a key; what an escape ends with is none.
_BEFORE: Final = (
    r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2})|(?<=\\[bfnrt])|(?<=\\x[0-9A-Fa-f]{2})"
    r"|(?<=\\u[0-9A-Fa-f]{4}))"
)
_AFTER: Final = r"(?!\w)"


@frozen
class Scrubber:
    """Replaces keys in texts and JSON values.

    >>> scrubber = Scrubber({"ada@example.com": None, "buy": None})
    >>> scrubber.clean({"friend": "buy", "do": "buy", "for": "ada@example.com"}, ["friend"])
    {'friend': None, 'do': 'buy', 'for': None}
    >>> scrubber.clean("https://example.com/?mail=ada%40example.com&n=1")
    'https://example.com/?mail=erased&n=1'

    Attributes:
        tokens: for each key of a contact that is erased what stands for it from now on; None
            where nothing is left of it.
        words: the host's own words, as names of events and properties: they name nobody.
        key_of: turns a contact as the host has it into its key; None: it is its key.
    """

    tokens: Mapping[str, str | None]
    words: Collection[str] = frozenset()
    key_of: Callable[[Any], object] | None = None
    _keys: re.Pattern[str] | None = field(init=False)

    @_keys.default
    def _find_keys(self) -> re.Pattern[str] | None:
        plain = sorted(filter(is_unmistakable, self.tokens), key=len, reverse=True)
        either = "|".join("".join(map(_written, key)) for key in plain)
        return re.compile(f"{_BEFORE}(?:{either}){_AFTER}") if plain else None

    def is_named(self, text: str) -> bool:
        """Whether a text is, or holds as a word, a key that cannot be mistaken."""
        return bool(self._keys and self._keys.search(text))

    def is_own(self, contact: Any) -> bool:
        """Whether a contact, as the host has it or as its key, is one of them."""
        return self.own_key(contact) is not None

    def own_key(self, contact: Any) -> str | None:
        """Which of them a contact is, as the host has it or as its key; None: none of them."""
        if str(contact) in self.tokens:
            return str(contact)
        if self.key_of is None or contact is None:
            return None
        try:
            key = contact_key(self.key_of(contact))
        except Exception:  # the host's own function, asked about anything at all
            return None
        return key if key in self.tokens else None

    def clean_name(self, name: str) -> str:
        """Replace the keys in the name of an event or a property."""
        return ERASED if name not in self.words and self.is_named(name) else name

    def clean(self, value: Any, referring: Collection[str] = ()) -> Any:
        """Replace the keys in a JSON value.

        Args:
            value: the value.
            referring: names of properties that name a contact, where any key is one.
        """
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, Mapping):
            return {
                self.clean_name(name): self._clean_reference(one, referring)
                if name in referring
                else self.clean(one, referring)
                for name, one in value.items()
            }
        if isinstance(value, list):
            match value:
                case [str(name), one] if name in referring:  # written down as a pair
                    return [name, self._clean_reference(one, referring)]
            return [self.clean(one, referring) for one in value]
        return value

    def _clean_text(self, text: str) -> str | None:
        if self._keys is None:
            return text
        if text in self.tokens and self._keys.fullmatch(text):
            return self.tokens[text]
        return self._keys.sub(ERASED, text)

    def _clean_reference(self, value: Any, referring: Collection[str]) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        name = to_json(value) if is_number else value
        key = self.own_key(name) if isinstance(name, str) else None
        return self.clean(value, referring) if key is None else self.tokens[key]


def is_unmistakable(key: str) -> bool:
    """Whether a key, wherever it stands, can hardly mean anything else.

    It has six characters or more, without blanks, and letters, digits and others are mixed in it.

    >>> [is_unmistakable(key) for key in ("ada@example.com", "user-77", "invite", "778899")]
    [True, True, False, False]
    """
    has_letter = any(map(str.isalpha, key))
    has_digit = any(map(str.isdigit, key))
    has_other = any(not one.isalnum() for one in key)
    is_one_word = not any(map(str.isspace, key))
    return len(key) >= _SHORTEST and is_one_word and has_letter + has_digit + has_other > 1


def plain_parts(key: str) -> list[str]:
    """The parts of a key that are written alike wherever it stands, and so can be searched for.

    >>> plain_parts("zoë@example.com")
    ['zo', 'example', 'com']
    """
    return re.findall("[0-9A-Za-z]+", key)


def _written(one: str) -> str:
    """A pattern for a character, as it is or escaped."""
    return one if one.isascii() and one.isalnum() else f"(?:{'|'.join(_ways(one))})"


def _ways(one: str) -> Iterator[str]:
    again = "{1,2}" if one in "'\"" else "+" if one == "\\" else ""  # SQL and CSV double quotes
    yield (r"\\*" if one in "'\"/" else "") + re.escape(one) + again
    yield "".join(f"(?i:%(?:25)*{byte:02x})" for byte in one.encode())
    wide = one.encode("utf-16-be").hex()
    yield "".join(rf"\\+(?i:u{wide[at : at + 4]})" for at in range(0, len(wide), 4))
    yield rf"\\+(?i:x{ord(one):02x})" if one <= "\xff" else rf"\\+(?i:U{ord(one):08x})"
