"""The way of a contact through the stages: when it reached each, and from which it departed.

Made of its openings, conversions, departures and returns. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from motfunnel.domain.moment import Moment, MomentKind

KINDS = frozenset(
    {MomentKind.OPENING, MomentKind.CONVERSION, MomentKind.DEPART, MomentKind.RECIDIVISM}
)
NEVER_DEPARTED = "never departed"


@frozen(kw_only=True)
class Way:
    """How far a contact came.

    Attributes:
        contact: the contact.
        reached: of each stage when it was reached, a leap reaching all on its way; None: never.
        departures: of each stage departed from, whether the contact came back after the first
            time that it did.
        reason: why it first departed; ``never departed`` where it did not.
    """

    contact: str
    reached: Sequence[datetime | None]
    departures: Mapping[int, bool]
    reason: str

    def span(self, n: int) -> timedelta | None:
        """The time from the stage before to this one; None where the step was not made."""
        at, since = self.reached[n], self.reached[n - 1] if n > 0 else None
        return None if at is None or since is None else at - since

    def is_mature(self, n: int, window: timedelta | None, as_of: datetime) -> bool:
        """Whether a step to a stage was observed for its whole window."""
        since = self.reached[n - 1]
        return since is not None and (window is None or window <= as_of - since)

    def made(self, n: int, window: timedelta | None) -> bool:
        """Whether the step was made, and in its window."""
        span = self.span(n)
        return span is not None and (window is None or span <= window)


def make_way(contact: str, moments: Sequence[Moment], stages: Sequence[str]) -> Way:
    """Follow a contact's moments, in order."""
    rank = {stage: number for number, stage in enumerate(stages)}
    reached: list[datetime | None] = [None] * len(stages)
    departures: dict[int, bool] = {}
    stage, reason, left = 0, NEVER_DEPARTED, 0
    for moment in moments:
        if moment.kind in (MomentKind.OPENING, MomentKind.CONVERSION):
            # Of one erased before the funnel changed, a stage may be gone.
            stage = max(stage, rank.get(moment.to_stage or "", 0))
            for number in range(stage + 1):
                reached[number] = reached[number] or moment.occurred_at
        elif moment.kind is MomentKind.DEPART:
            left = -1 if stage in departures else stage
            departures.setdefault(stage, False)
            reason = moment.reason or "" if reason == NEVER_DEPARTED else reason
        elif left >= 0:
            departures[left] = True
    return Way(contact=contact, reached=reached, departures=departures, reason=reason)
