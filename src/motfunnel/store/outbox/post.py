"""The outbox: what subscriptions are to be told, put down in the transaction of what it tells.

Costs one small statement where nobody subscribed. Who takes a message from here, and how often that
is tried, is not decided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from motfunnel.domain.event import to_json
from motfunnel.domain.moment import Moment
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.state import ContactState
from motfunnel.store.ledger.statements import REVOKED

ESTABLISHED: Final = "established"
FORGOTTEN: Final = "forgotten"


def post(
    ledger: Ledger,
    state: ContactState,
    established: Sequence[Moment],
    revoked: Sequence[Moment] = (),
) -> None:
    """Put down what came and went of a contact, which is locked."""
    if (established or revoked) and ledger.may_be_subscribed:
        changes = [
            *((REVOKED, one) for one in revoked),
            *((ESTABLISHED, one) for one in established),
        ]
        ledger.add_messages(message_row(state, *change) for change in changes)


def post_changes(
    ledger: Ledger,
    before: Iterable[Moment],
    after: Sequence[tuple[ContactState, Sequence[Moment]]],
) -> None:
    """Put down what differs between the moments that were and those that are.

    A moment that goes by another key, is of another episode, or names another who was referred,
    is still the same.

    Args:
        ledger: where.
        before: the moments that were; of all the contacts.
        after: the contacts, which are locked, each with its moments.
    """
    if not ledger.is_subscribed:
        return
    gone = _Known(before)
    came = [(state, [one for one in moments if not gone.take(one)]) for state, moments in after]
    revoked = gone.rest()
    for state, established in came:
        post(ledger, state, established, revoked)
        revoked = []


def message_row(state: ContactState, type: str, moment: Moment) -> dict[str, Any]:
    """The row of a message, but for whose it is; and what subscriptions ask for, as they do."""
    stage, presence = state.journey.stage, state.journey.presence.value
    return {
        "contact": moment.contact,
        "id": str(uuid4()),
        "type": type,
        "body": to_json({"moment": moment.to_dict(), "stage": stage, "presence": presence}),
        "recorded_at": datetime.now(UTC),  # not the tracker's clock: leases run in real time
        "kind": to_json(moment.kind.value),
        "stage": to_json(stage),
        "reason": to_json(moment.reason),
    }


def erasure_row() -> dict[str, Any]:
    """The row of a message that somebody was erased: it says nothing of whom."""
    now = datetime.now(UTC)
    dated = {"recorded_at": now, "due_at": now, "attempts": 0}
    return {"id": str(uuid4()), "type": FORGOTTEN, "body": "{}", **dated}


class _Known:
    """Moments, of which those are taken that are found again."""

    def __init__(self, moments: Iterable[Moment]) -> None:
        self._by_content: defaultdict[object, list[Moment]] = defaultdict(list)
        for moment in moments:
            self._by_content[_content(moment)].append(moment)

    def take(self, moment: Moment) -> bool:
        """Take one that is the same; whether there was one."""
        same = self._by_content.get(_content(moment))
        if not same:
            return False
        same.pop()
        return True

    def rest(self) -> list[Moment]:
        """What was not taken."""
        return [one for same in self._by_content.values() for one in same]


def _content(moment: Moment) -> object:
    event = None if moment.event_id is None else moment.event_key
    return (
        moment.kind,
        moment.occurred_at,
        event,
        moment.from_stage,
        moment.to_stage,
        moment.reason,
    )
