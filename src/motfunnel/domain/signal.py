"""The signals: what an event can mean to a funnel, and what each may do to a presence.

``SIGNALS`` is the first half of the state machine's table (``machine`` has the second): who acts,
and whether the signal opens a contact, keeps it alive, or brings it back. Holds no rules.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from attrs import frozen


class Signal(IntEnum):
    """What an event means; the value is its rank among events of one instant."""

    NOTE = 0
    RESEARCH = 1
    OUTREACH = 2
    TOUCH = 3
    REACH = 4
    PURCHASE = 5
    RATING = 6
    REFER = 7
    ADVOCATE = 8
    COMPLAIN = 9
    RESOLVE = 10
    LEAVE = 11

    @property
    def label(self) -> str:
        """The signal's name as a funnel file writes it."""
        return self.name.lower()


@frozen
class SignalTraits:
    """One row of the table of signals."""

    signal: Signal
    acts: str
    opens: bool
    keeps_alive: bool
    returns: bool
    effect: str


YES, NO = True, False

SIGNALS: Final = (
    #             signal            who acts     opens keeps returns  its own effect
    SignalTraits(Signal.NOTE, "anyone", NO, NO, NO, "recorded, nothing else"),
    SignalTraits(Signal.RESEARCH, "contact, elsewhere", NO, NO, NO, "the zero moment"),
    SignalTraits(Signal.OUTREACH, "business", NO, NO, NO, "an attempt, when departed"),
    SignalTraits(Signal.TOUCH, "contact", YES, YES, YES, "none: any contact with us"),
    SignalTraits(Signal.REACH, "contact", YES, YES, YES, "CONVERSION to a higher stage"),
    SignalTraits(Signal.PURCHASE, "contact", YES, YES, YES, "CONVERSION, later LOYALIST"),
    SignalTraits(Signal.RATING, "contact", YES, YES, NO, "a score; a promoter's is advocacy"),
    SignalTraits(Signal.REFER, "contact", YES, YES, YES, "REFERRAL; enough are advocacy"),
    SignalTraits(Signal.ADVOCATE, "contact", YES, YES, YES, "advocacy: APOSTLE"),
    SignalTraits(Signal.COMPLAIN, "contact", YES, YES, NO, "COMPLAINT, opens a case"),
    SignalTraits(Signal.RESOLVE, "business", NO, NO, NO, "closes a case"),
    SignalTraits(Signal.LEAVE, "contact or business", NO, NO, NO, "DEPART when active"),
)

BY_LABEL: Final = {signal.label: signal for signal in Signal}
"""The signals by what stands in the events' table."""

# The same columns as plain tuples, in the order of the ranks: what the step function reads.
OPENS: Final = tuple(row.opens for row in SIGNALS)
KEEPS_ALIVE: Final = tuple(row.keeps_alive for row in SIGNALS)
RETURNS: Final = tuple(row.returns for row in SIGNALS)
