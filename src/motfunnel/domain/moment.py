"""The eight moments of truth, as values; with presence, and episodes from departure to return.

A moment says what happened, when, by which event, and nothing about how it was found out.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from attrs import frozen

from motfunnel.domain.instant import iso
from motfunnel.text import brief


class Presence(StrEnum):
    """Whether a contact is with us."""

    UNKNOWN = "unknown"
    ACTIVE = "active"
    DEPARTED = "departed"


class MomentKind(StrEnum):
    """The eight kinds, in the order in which one event makes them."""

    DEPART = "depart"
    OPENING = "opening"
    RECIDIVISM = "recidivism"
    CONVERSION = "conversion"
    LOYALIST = "loyalist"
    REFERRAL = "referral"
    APOSTLE = "apostle"
    COMPLAINT = "complaint"


MomentName: TypeAlias = Literal[
    "depart",
    "opening",
    "recidivism",
    "conversion",
    "loyalist",
    "referral",
    "apostle",
    "complaint",
]
"""The value of a ``MomentKind``, which stands for it wherever one is asked for."""

SILENCE = "silence"
"""The reason of a departure that nobody announced."""

SAID_SILENCE = "silence, as said"
"""The reason of a departure that was announced in that very word: no patience made it."""

LEFT = "left"
"""The reason of a departure that was said, where no other was given."""
DIRECT = "direct"
"""The source of who came without one, and whom nobody had referred."""
UNKNOWN = "unknown"
"""What stands for a source, a reason or a value that nobody gave, or that an erasure took."""


@frozen(kw_only=True, order=False)
class Moment:
    """A transition in a contact's journey, classified as one of the eight kinds.

    Attributes:
        contact: whose journey.
        kind: which of the eight.
        occurred_at: when; for a departure by silence, the deadline that passed.
        event_id: the event that made it; None for a departure by silence.
        from_stage: of a conversion, the highest stage before it.
        to_stage: of a conversion, the stage reached.
        reason: of a departure, what was said, or ``silence``.
        episode: of a departure and of the return from it, the number of the episode.
        referred: of a referral, the contact who was referred, where it was named.
        recorded_as: the key under which the event was recorded, where that is another key of the
            same contact; None where it is the contact's own.
    """

    contact: str
    kind: MomentKind
    occurred_at: datetime
    event_id: str | None = None
    from_stage: str | None = None
    to_stage: str | None = None
    reason: str | None = None
    episode: int | None = None
    referred: str | None = None
    recorded_as: str | None = None

    def to_dict(self) -> dict[str, str | int | None]:
        """The moment by the names of its columns; ``referred`` and ``recorded_as`` are left out."""
        return {
            "contact": self.contact,
            "moment": self.kind.value,
            "occurred_at": iso(self.occurred_at),
            "event_id": self.event_id,
            "from_stage": self.from_stage,
            "to_stage": self.to_stage,
            "reason": self.reason,
            "episode": self.episode,
        }

    def __repr__(self) -> str:
        """On one line, without what is None."""
        return brief(self)

    def __str__(self) -> str:
        """The moment on one line."""
        when = f"{self.occurred_at:%Y-%m-%d %H:%M:%S}"
        return f"{when}  {self.kind.value:<10}  {self._detail}".rstrip()

    @property
    def _detail(self) -> str:
        if self.kind is MomentKind.CONVERSION:
            return f"{self.from_stage} → {self.to_stage}"
        return self.reason or self.referred or ""

    @property
    def event_key(self) -> tuple[str, str | None]:
        """What names its event: the key under which that was recorded, and its id."""
        return self.recorded_as or self.contact, self.event_id

    @property
    def is_silent(self) -> bool:
        """Whether this is a departure by silence."""
        return self.kind is MomentKind.DEPART and self.event_id is None


@frozen(kw_only=True)
class Episode:
    """One departure of a contact, up to its return if there was one.

    Attributes:
        contact: who departed.
        number: 1 for the contact's first departure, 2 for the next.
        departed_at: when; for a silence, the deadline that passed.
        reason: what was said, or ``silence``.
        stage: the highest stage reached before leaving.
        customer: whether the contact had purchased before leaving.
        first_outreach_at: the first attempt to bring the contact back while it was away.
        outreaches: how many such attempts there were; None where that was not asked for.
        returned_at: when it came back; None while the episode is open.
        return_event_id: the event that brought it back.
    """

    contact: str
    number: int
    departed_at: datetime
    reason: str
    stage: str
    customer: bool
    first_outreach_at: datetime | None = None
    outreaches: int | None = 0
    returned_at: datetime | None = None
    return_event_id: str | None = None

    def to_dict(self) -> dict[str, str | int | None]:
        """The episode by the names of its columns, ready for JSON."""
        return {
            "episode": self.number,
            "departed_at": iso(self.departed_at),
            "reason": self.reason,
            "stage": self.stage,
            "customer": self.customer,
            "outreaches": self.outreaches,
            "first_outreach_at": None
            if self.first_outreach_at is None
            else iso(self.first_outreach_at),
            "returned_at": None if self.returned_at is None else iso(self.returned_at),
            "return_event_id": self.return_event_id,
        }

    def __repr__(self) -> str:
        """On one line, without what is None."""
        return brief(self)
