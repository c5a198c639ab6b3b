"""Loyalty: how many customers become loyal.

Its clock, its words, and the question.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration, to_micros
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds
from motfunnel.reports.measure.clock import Clock, Told
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.window import Windowed, one_by_one
from motfunnel.reports.windowed import ask_rate


def loyalists(told: Told, _: Funnel) -> Iterator[Clock]:
    """From the first purchase to the first LOYALIST."""
    if told.first_purchase_at is not None:
        yield Clock(
            contact=told.contact,
            key=to_micros(told.first_purchase_at),
            started_at=told.first_purchase_at,
            ended_at=next(
                (m.occurred_at for m in told.moments if m.kind is MomentKind.LOYALIST), None
            ),
        )


LOYALTY: Final = Windowed(
    name="loyalty",
    definition=(
        "of the customers whose first purchase lies in the cohort and who were observed for the "
        "whole window after it, the share that became a loyalist within it"
    ),
    since="the first purchase",
    event="became a loyalist",
    clocks=one_by_one(loyalists, "purchases", moments=frozenset({MomentKind.LOYALIST})),
    start=Signal.PURCHASE,
    groups=frozenset(),
)


def loyalty(
    inquiry: Inquiry,
    *,
    within: Duration,
    bought: Bounds | None = None,
    by: str | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many customers become loyal.

    Numerator: mature customers with a LOYALIST within the window of their first purchase.
    Denominator: customers whose first purchase lies in the cohort and was observed for the
    whole window. An empty denominator gives None.

    Args:
        within: the window after the first purchase; its edge belongs to it.
        bought: the cohort: first purchases from the first instant on, before the second.
        by: ``source``, a trait, or ``property:NAME`` of the first purchase.
        confidence: of the intervals.
    """
    return ask_rate(inquiry, LOYALTY, within, bought, by, "contact", confidence)
