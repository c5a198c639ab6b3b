"""Marks: keyed hashes by which somebody is known again, by whoever has the secret.

The secret is the host's: it is stored nowhere, and shown nowhere.
"""

from __future__ import annotations

import hmac
from typing import Final

from attrs import field, frozen

_SHORTEST: Final = 16


def check_secret(secret: object) -> bytes:
    """Give a secret as bytes.

    Raises:
        ValueError: it is not text or bytes, or shorter than 16 bytes; the text does not show it.
    """
    if not isinstance(secret, str | bytes):
        raise ValueError(f"the tombstone key must be a text or bytes, not {type(secret).__name__}")
    given = secret.encode() if isinstance(secret, str) else bytes(secret)
    if len(given) < _SHORTEST:
        raise ValueError(f"the tombstone key has {len(given)} bytes; the least is {_SHORTEST}")
    return given


@frozen(repr=False)
class Marker:
    """Makes the marks of a tenant.

    >>> Marker("a secret of the host's", "default").mark("ada@example.com")[:8]
    'ed32382c'

    Attributes:
        tenant: whose contacts are marked; another tenant's marks of the same keys are others.

    Raises:
        ValueError: the secret is not text or bytes, or shorter than 16 bytes.
    """

    _secret: bytes = field(converter=check_secret)
    tenant: str

    @property
    def check(self) -> str:
        """What another secret would not give, and nobody's key does."""
        return self.mark("", "check")

    def mark(self, *parts: str) -> str:
        """Give the mark of a key, or of several parts together."""
        said = "\0".join((self.tenant, *parts)).encode()
        return hmac.digest(self._secret, said, "sha256").hex()
