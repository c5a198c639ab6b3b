"""Contacts of a file: each key is checked once, and keys that look like one person are counted.

Refuses texts that programs write for nobody. Shows no key: a summary may be read by anyone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from motfunnel.domain.event import contact_key
from motfunnel.intake.files.columns import Columns
from motfunnel.keys import chain, email
from motfunnel.text import counted

_MOST_KEPT: Final = 50_000
NOBODY: Final = frozenset(
    ["nan", "null", "(null)", r"\n", "undefined", "<na>", "#n/a", "n/a", "none", "nil"]
)
"""What programs write, in small letters, where there is no contact."""

_FLOAT: Final = re.compile(r"([0-9]+)\.0+", re.ASCII)


class Contacts:
    """The contacts of one file.

    Args:
        turn: turns a contact into what it is known by, such as the tracker does.
        columns: how keys are to be understood.

    Raises:
        ValueError: a form of keys is named that is not known.
    """

    def __init__(self, turn: Callable[[Any], object], columns: Columns) -> None:
        self._turn = turn
        self._make = chain(columns.contact_key) if columns.contact_key else None
        self._takes_any = columns.any_contact
        self.known: dict[str, str] = {}
        self._first: dict[str, str] = {}
        self._alike: set[str] = set()
        self._floats: set[str] = set()

    def key(self, contact: Any) -> str:
        """Check a contact; remember the answer of a text (among others True would pass for 1).

        Raises:
            ValueError: it is not a usable key.
        """
        if type(contact) is not str:
            return self._read(contact)
        if contact not in self.known:
            if len(self.known) >= _MOST_KEPT:
                self.known.clear()
            self.known[contact] = self._read(contact)
        return self.known[contact]

    def remarks(self) -> Iterator[str]:
        """Say what may be one person under several keys, a line each."""
        if self._alike:
            keys = counted(len(self._alike), "contact")
            yield (
                f"{keys} differ from another only in case, blanks or accents' form; "
                "--contact-key email reads them as one"
            )
        if self._floats:
            keys = counted(len(self._floats), "contact")
            yield f"{keys} written like 17.0, and like 17 too, which is another; write them alike"

    def _read(self, contact: Any) -> str:
        if isinstance(contact, str) and not self._takes_any and contact.strip().lower() in NOBODY:
            raise ValueError(f"the contact {contact!r} stands for nobody; --any-contact takes it")
        made = contact if self._make is None else self._make(contact)
        key = contact_key(self._turn(made))
        self._compare(key)
        return key

    def _compare(self, key: str) -> None:
        if len(self._first) >= _MOST_KEPT:
            return
        folded = str(email(key)).casefold()
        if self._first.setdefault(folded, key) != key:
            self._alike.add(key)
        is_float = _FLOAT.fullmatch(folded)
        if is_float and is_float[1] in self._first:
            self._floats.add(is_float[1])
        elif f"{folded}.0" in self._first:
            self._floats.add(folded)
