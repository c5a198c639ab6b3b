"""Where everybody stands: one reading of all moments, for a list of many readers.

For one reader ask ``tracker().contact(…)``, which also says why.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from motfunnel import MomentKind, Presence, tracker

PRESENCE: Final = {
    MomentKind.OPENING: Presence.ACTIVE,
    MomentKind.RECIDIVISM: Presence.ACTIVE,
    MomentKind.DEPART: Presence.DEPARTED,
}
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass
class Standing:
    """What the moments of a contact add up to."""

    presence: Presence = Presence.UNKNOWN
    stage: str = "visitor"
    latest: str = ""
    since: datetime = LONG_AGO


def standings() -> dict[str, Standing]:
    """The standing of every contact that has moments."""
    found: dict[str, Standing] = {}
    for moment in tracker().iter_moments():
        one = found.setdefault(moment.contact, Standing())
        one.presence = PRESENCE.get(moment.kind, one.presence)
        one.stage = moment.to_stage or one.stage
        one.latest, one.since = moment.kind.value, moment.occurred_at
    return found
