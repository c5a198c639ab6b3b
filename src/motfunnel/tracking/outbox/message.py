"""A message: what a subscription is told, and how it is written."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from attrs import frozen

from motfunnel.domain.instant import iso
from motfunnel.domain.moment import Moment, MomentKind, Presence
from motfunnel.store.ledger.statements import REVOKED
from motfunnel.store.outbox.post import ESTABLISHED, FORGOTTEN
from motfunnel.text import brief

MessageType: TypeAlias = Literal["moment.established", "moment.revoked", "contact.forgotten"]
_TYPES: Final[dict[str, MessageType]] = {
    ESTABLISHED: "moment.established",
    REVOKED: "moment.revoked",
    FORGOTTEN: "contact.forgotten",
}


@frozen(kw_only=True)
class Message:
    """What a subscription is told of a contact.

    Attributes:
        id: the same each time that it is delivered: a receiver knows by it what it has done.
        type: ``moment.established``; ``moment.revoked``, of a moment that a late event, a merge or
            a new funnel took back; or ``contact.forgotten``, which says nothing but who.
        contact: whose moment.
        recorded_at: when that was stored.
        moment: the moment; None of an erasure.
        stage: the contact's stage once that was stored.
        presence: whether the contact was with us then.
        attempts: how often it was tried in vain.
    """

    id: str
    type: MessageType
    contact: str
    recorded_at: datetime
    moment: Moment | None = None
    stage: str | None = None
    presence: Presence | None = None
    attempts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The message, ready for JSON; it holds no property of an event."""
        data: dict[str, Any] = {"contact": self.contact}
        if self.moment is not None:
            data |= self.moment.to_dict()
            data |= {"stage": self.stage, "presence": self.presence}
        return {"id": self.id, "type": self.type, "time": iso(self.recorded_at), "data": data}

    def __repr__(self) -> str:
        """On one line, without what is None."""
        return brief(self)

    def __str__(self) -> str:
        """On one line: when, what, whose."""
        what = self.type if self.moment is None else f"{self.moment.kind} {self.type[7:]}"
        return f"{self.recorded_at:%Y-%m-%d %H:%M:%S}  {what}  {self.contact}"


def read_message(row: Any) -> Message:
    """The message of a row of the table."""
    body = json.loads(row.body)
    said = body.get("moment")
    return Message(
        id=row.id,
        type=_TYPES[row.type],
        contact=row.contact,
        recorded_at=row.recorded_at,
        moment=None if said is None else _read_moment(said),
        stage=body.get("stage"),
        presence=None if said is None else Presence(body["presence"]),
        attempts=row.attempts,
    )


def _read_moment(said: dict[str, Any]) -> Moment:
    kind, at = MomentKind(said.pop("moment")), datetime.fromisoformat(said.pop("occurred_at"))
    return Moment(kind=kind, occurred_at=at, **said)
