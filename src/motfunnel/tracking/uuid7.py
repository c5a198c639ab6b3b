"""Ids that sort by time (RFC 9562, UUID version 7), so that an index of them grows at its end.

Until every supported Python brings ``uuid.uuid7``.
"""

from __future__ import annotations

import os
from datetime import datetime
from uuid import UUID

from motfunnel.domain.instant import to_micros


def uuid7(at: datetime) -> UUID:
    """Make an id: the milliseconds of the instant, then what no other has."""
    millis = to_micros(at) // 1000 & (1 << 48) - 1
    random = int.from_bytes(os.urandom(10))
    value = millis << 80 | random & (1 << 76) - 1
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)
