"""Taking the keys of erased contacts out of what was said of others.

Where a property is known to name a contact, any key is taken out. Elsewhere only a key that cannot
be mistaken is, such as an address or a long id: a contact may be called ``buy``, or ``7``, and that
stands in many places that mean something else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.payload import to_json

ERASED: Final = "erased"
"""What stands where a key stood inside of a longer text, or as a property's name."""

_SHORTEST: Final = 6


@frozen
class Scrubber:
    """Replaces keys in texts and JSON values.

    >>> scrubber = Scrubber({"ada@example.com": None, "buy": None})
    >>> scrubber.clean({"friend": "buy", "do": "buy", "for": "ada@example.com"}, ["friend"])
    {'friend': None, 'do': 'buy', 'for': None}

    Attributes:
        tokens: for each key of a contact that is erased what stands for it from now on; None
            where nothing is left of it.
    """

    tokens: Mapping[str, str | None]
    _words: re.Pattern[str] | None = field(init=False)

    @_words.default
    def _find_words(self) -> re.Pattern[str] | None:
        plain = sorted(filter(is_unmistakable, self.tokens), key=len, reverse=True)
        either = "|".join(map(re.escape, plain))
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)") if plain else None

    def is_named(self, text: str) -> bool:
        """Whether a text is, or holds as a word, a key that cannot be mistaken."""
        return bool(self._words and self._words.search(text))

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
                self._clean_name(name): self._clean_reference(one, referring)
                if name in referring
                else self.clean(one, referring)
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [self.clean(one, referring) for one in value]
        return value

    def _clean_name(self, name: str) -> str:
        return ERASED if not name.isidentifier() and self.is_named(name) else name

    def _clean_text(self, text: str) -> str | None:
        if self._words is None:
            return text
        return self.tokens[text] if self._words.fullmatch(text) else self._words.sub(ERASED, text)

    def _clean_reference(self, value: Any, referring: Collection[str]) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        key = to_json(value) if is_number else value
        if isinstance(key, str) and key in self.tokens:
            return self.tokens[key]
        return self.clean(value, referring)


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
