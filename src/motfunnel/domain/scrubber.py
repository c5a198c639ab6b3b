"""Taking the keys of erased contacts out of what was said of others.

A value that is a key is replaced wherever it stands. Inside of longer texts a key is replaced too,
as a word of its own, if it cannot be mistaken: a short or a plain number stands in many texts that
mean something else.
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

    >>> Scrubber({"ada@example.com": None}).clean({"friend": "ada@example.com", "note": "hi"})
    {'friend': None, 'note': 'hi'}

    Attributes:
        tokens: for each key of a contact that is erased what stands for it from now on; None
            where nothing is left of it.
    """

    tokens: Mapping[str, str | None]
    _words: re.Pattern[str] | None = field(init=False)

    @_words.default
    def _find_words(self) -> re.Pattern[str] | None:
        plain = [k for k in self.tokens if len(k) >= _SHORTEST and any(map(str.isalpha, k))]
        either = "|".join(re.escape(key) for key in sorted(plain, key=len, reverse=True))
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)") if plain else None

    def is_named(self, text: str) -> bool:
        """Whether a text is a key, or holds one as a word."""
        return text in self.tokens or bool(self._words and self._words.search(text))

    def clean(self, value: Any, referring: Collection[str] = ()) -> Any:
        """Replace the keys in a JSON value.

        Args:
            value: the value.
            referring: names of properties that name a contact, where a number is a key as well.
        """
        if isinstance(value, str):
            return self._clean_text(value)
        if isinstance(value, Mapping):
            return {
                ERASED if self.is_named(name) else name: self._clean_number(one)
                if name in referring
                else self.clean(one, referring)
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [self.clean(one, referring) for one in value]
        return value

    def _clean_text(self, text: str) -> str | None:
        if text in self.tokens:
            return self.tokens[text]
        return self._words.sub(ERASED, text) if self._words else text

    def _clean_number(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.tokens.get(to_json(value), value)
        return self.clean(value)
