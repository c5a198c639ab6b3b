"""What can never be recorded, told from what may pass, and put down to the event that is at fault.

A batch of which something was refused is recorded event by event, each in a savepoint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.marker import Marker
from motfunnel.errors import EventError, RefusedError, StoreError
from motfunnel.store.engine.faults import FAULTS, Fault, fault_of, name_of
from motfunnel.store.hosts.transaction import savepoint
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.tracking.recording.call import Tracked
from motfunnel.tracking.recording.recorder import Said, record_all

if TYPE_CHECKING:
    from sqlalchemy import Connection


def is_refusal(error: BaseException) -> bool:
    """Whether an event cannot be recorded, however often it is tried."""
    if isinstance(error, StoreError):
        cause = error.__cause__  # the driver's own
        return cause is not None and fault_of(cause) is Fault.REFUSED
    if isinstance(error, FAULTS):
        return fault_of(error) is Fault.REFUSED
    return isinstance(error, EventError)


def may_pass(error: Exception) -> bool:
    """Whether the event was good, and only the database did not have it."""
    return isinstance(error, (StoreError, *FAULTS)) and not is_refusal(error)


def refused(error: Exception, said: Said) -> EventError:
    """Name the event that was refused, unless the error does so already."""
    if isinstance(error, EventError):
        return error
    cause = error.__cause__ if isinstance(error, StoreError) else None
    cause = cause or getattr(error, "orig", None) or error
    event = said.event
    named = RefusedError(
        f"the database refuses it ({name_of(cause)})",
        contact=event.contact,
        event=event.name,
        id=event.id,
    )
    named.__cause__ = cause
    return named


def record_apart(
    connection: Connection,
    ledger: Ledger,
    funnel: Funnel,
    said: Sequence[Said],
    now: datetime,
    clock: Callable[[], datetime],
    marker: Marker | None,
) -> list[Tracked | EventError]:
    """Record each event in a savepoint; say of each what it did, or why it was refused.

    Contact by contact, in the order in which everybody locks them.
    """
    outcomes: dict[int, Tracked | EventError] = {}
    for number in sorted(range(len(said)), key=lambda n: said[n].event.contact):
        one = said[number]
        try:
            with savepoint(connection):
                [outcomes[number]] = record_all(ledger, funnel, [one], now, clock, marker)
        except Exception as error:
            if not is_refusal(error):
                raise
            outcomes[number] = refused(error, one)
    return [outcomes[number] for number in range(len(said))]
