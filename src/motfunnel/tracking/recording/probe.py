"""The probe: a contact that nobody is, tracked as any is, to see whether a store takes it.

Only what is tracked; that it is undone is for the caller to see to.
"""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.rule import Reading
from motfunnel.domain.signal import Signal
from motfunnel.tracking.recording.recorder import Said


def probe_of(now: datetime, *, size: int) -> list[Said]:
    """Give two events, of which one opens and one departs, so that every table is written to.

    Args:
        now: when they happen.
        size: how many characters the properties of one of them have.
    """
    contact = f"motfunnel probe {uuid4()}"
    return [
        Said(
            Event(
                contact=contact,
                name="probe",
                occurred_at=now,
                id=signal.label,
                properties={"probe": "x" * size} if size else {},
            ),
            Reading(signal),
        )
        for signal, size in ((Signal.TOUCH, size), (Signal.LEAVE, 0))
    ]
