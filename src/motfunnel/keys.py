"""Keys of contacts, made alike: ready functions for ``contact_key=``, and for an import by name.

Each takes whatever a host or a file calls a contact; what is not text stays as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Final

Key = Callable[[Any], object]
"""Turns a contact into a text, an int or a UUID."""


def strip(contact: Any) -> Any:
    """Take blanks from both ends."""
    return contact.strip() if isinstance(contact, str) else contact


def lower(contact: Any) -> Any:
    """Write in small letters."""
    return contact.lower() if isinstance(contact, str) else contact


def nfc(contact: Any) -> Any:
    """Write letters and their accents as one character each, in Unicode's form NFC."""
    return unicodedata.normalize("NFC", contact) if isinstance(contact, str) else contact


def email(contact: Any) -> Any:
    """Read an address for mail: without blanks at the ends, in NFC and small letters.

    >>> email(" Ada@Example.COM ")
    'ada@example.com'
    """
    return lower(nfc(strip(contact)))


KEYS: Final[dict[str, Key]] = {"lower": lower, "strip": strip, "nfc": nfc, "email": email}
"""The functions by the names that ``import --contact-key`` takes."""


def chain(names: Sequence[str]) -> Key:
    """Give the functions of these names as one, applied in their order.

    Raises:
        ValueError: there is none of a name.
    """
    for name in names:
        if name not in KEYS:
            raise ValueError(f"{name!r} is not a form of a key; write {', '.join(KEYS)}")

    def key(contact: Any) -> object:
        for name in names:
            contact = KEYS[name](contact)
        return contact

    return key
