"""Loyalty: how many customers become loyal.

Its clock, its words, and the question.
"""

from __future__ import annotations

from typing import Final

from motfunnel.domain.columns import NEVER, column, pick
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import places_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds
from motfunnel.reports.measure.clock import Clocks
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate
from motfunnel.store.queries.happenings import Wanted


def loyalists(facts: Facts, _: Asked) -> Clocks:
    """From the first purchase to the first LOYALIST."""
    bought = facts.happenings(Wanted(reads={Signal.PURCHASE: None}, first=True))
    firsts = [places[0] for places in places_of(bought.contacts).values()]
    found = facts.moments([MomentKind.LOYALIST], "at")
    loyal = dict(zip(reversed(found.contacts), reversed(found.at), strict=True))
    who, started = column(pick(bought.contacts, firsts)), column(pick(bought.at, firsts))
    return Clocks(
        names=facts.names,
        contact=who,
        key=started,
        started=started,
        ended=column(loyal.get(contact, NEVER) for contact in who),
    )


LOYALTY: Final = Windowed(
    name="loyalty",
    definition=(
        "of the customers whose first purchase lies in the cohort and who were observed for the "
        "whole window after it, the share that became a loyalist within it"
    ),
    since="the first purchase",
    event="became a loyalist",
    clocks=loyalists,
    start=Signal.PURCHASE,
    groups=frozenset(),
    keeps=frozenset({MomentKind.LOYALIST}),
)


def loyalty(
    inquiry: Inquiry,
    *,
    within: Duration,
    bought: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many customers become loyal.

    Numerator: mature customers with a LOYALIST within the window of their first purchase.
    Denominator: customers whose first purchase lies in the cohort and was observed for the
    whole window. An empty denominator gives None.

    Args:
        within: the window after the first purchase; its edge belongs to it.
        bought: the cohort: first purchases from the first instant on, before the second.
        by: ``source``, a trait, or ``event`` or ``property:NAME`` of the first purchase, as in
            ``recidivism``.
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the first purchase, with the change from the period before; None: one row of all.
        confidence: of the intervals.
    """
    answer = ask_rate(inquiry, LOYALTY, within, bought, by, "contact", confidence, per)
    return adjust_rate(inquiry, LOYALTY, answer, by, adjust)
