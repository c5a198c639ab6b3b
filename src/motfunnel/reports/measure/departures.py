"""Clocks that episodes make: from a departure, a first outreach, a return, or a period's start.

Each function takes what is known of a contact, and gives its clocks in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.reports.measure.clock import Clock, Told


def departures(told: Told, _: Funnel) -> Iterator[Clock]:
    """From each departure to its return."""
    for one in told.episodes:
        yield Clock(
            contact=told.contact,
            key=one.number,
            started_at=one.departed_at,
            ended_at=one.returned_at,
            stage=one.stage,
            reason=one.reason,
            exposed_at=one.first_outreach_at,
        )


def attempts(told: Told, _: Funnel) -> Iterator[Clock]:
    """From the first outreach of each departure that had one to its return."""
    for one in told.episodes:
        if one.first_outreach_at is not None:
            yield Clock(
                contact=told.contact,
                key=one.first_outreach_at,
                started_at=one.first_outreach_at,
                ended_at=one.returned_at,
                stage=one.stage,
                reason=one.reason,
            )


def coverage(told: Told, _: Funnel) -> Iterator[Clock]:
    """From each departure to its first outreach, which a return rules out."""
    for one in told.episodes:
        yield Clock(
            contact=told.contact,
            key=one.number,
            started_at=one.departed_at,
            ended_at=one.first_outreach_at,
            ruled_out_at=one.returned_at if one.first_outreach_at is None else None,
            stage=one.stage,
            reason=one.reason,
        )


def relapses(told: Told, _: Funnel) -> Iterator[Clock]:
    """From each return to the next departure."""
    for one, following in pairwise((*told.episodes, None)):
        if one is not None and one.returned_at is not None:
            yield Clock(
                contact=told.contact,
                key=one.number,
                started_at=one.returned_at,
                ended_at=None if following is None else following.departed_at,
                stage=one.stage,
                reason=one.reason,
            )


def away_at(start: datetime) -> Callable[[Told, Funnel], Iterator[Clock]]:
    """Make the clocks of those who are away at an instant; all start there."""

    def clocks(told: Told, _: Funnel) -> Iterator[Clock]:
        for one in told.episodes:
            if one.departed_at < start and (one.returned_at is None or one.returned_at >= start):
                yield Clock(
                    contact=told.contact,
                    key=one.number,
                    started_at=start,
                    ended_at=one.returned_at,
                    stage=one.stage,
                    reason=one.reason,
                )

    return clocks
