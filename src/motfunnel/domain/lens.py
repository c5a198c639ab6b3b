"""The older lenses: a contact's events through the models that came before the eight moments.

Says to which class of a model an event belongs, by its signal and by the phase that it falls into:
before the opening, up to the first purchase, after it. Knows no database, and makes no moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from attrs import frozen

from motfunnel.domain.experience import BAD, GOOD, IN_BETWEEN
from motfunnel.domain.journey import Entry
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import OPENS, Signal

ZERO: Final = "zero"
FIRST: Final = "first"
SECOND: Final = "second"
THIRD: Final = "third"
ULTIMATE: Final = "ultimate"

UNCLASSED: Final = frozenset({Signal.NOTE, Signal.OUTREACH, Signal.RESOLVE})
"""What belongs to no class of any lens: the contact does not act."""

DIALOGUE: Final = frozenset({Signal.RATING, Signal.COMPLAIN, Signal.REFER, Signal.ADVOCATE})
"""What is the third of three moments: the contact speaks to the business, or of it."""


class Phase(IntEnum):
    """Where in a contact's history an event falls."""

    BEFORE_OPENING = 0
    TO_FIRST_PURCHASE = 1
    AFTER_FIRST_PURCHASE = 2


@frozen(kw_only=True)
class Lens:
    """One of the older models.

    Attributes:
        name: what it is asked for by.
        title: its heading.
        classes: into which it parts, in order.
        definition: what they are, in words.
        unit: what is counted.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    definition: str
    unit: str = "events"


CARLZON: Final = Lens(
    name="carlzon",
    title="Carlzon's moments of truth",
    classes=(GOOD, IN_BETWEEN, BAD),
    definition=(
        "any contact with any aspect of the business, good or bad (Carlzon 1987): what the contact "
        "did with an experience score, per touchpoint; against what was expected there, or else "
        "good from the promoter score on and bad up to 6; notes, outreach and resolutions belong "
        "to no class, as of every lens"
    ),
)
LAFLEY: Final = Lens(
    name="lafley",
    title="The three moments of truth",
    classes=(FIRST, SECOND, THIRD),
    definition=(
        "first: up to and including the first purchase; second: what comes after it (both Lafley); "
        "third: dialogue, at any time (Blackshaw): ratings, complaints, referrals, advocacy"
    ),
)
ZERO_TO_ULTIMATE: Final = Lens(
    name=ULTIMATE,
    title="Zero, first, second and ultimate moments of truth",
    classes=(ZERO, FIRST, SECOND, ULTIMATE),
    definition=(
        "zero: research before the opening, and being referred no later than it; first: from the "
        "opening to the first purchase; second: what comes after it; ultimate: telling others, at "
        "any time: referrals, advocacy, a promoter's rating"
    ),
)
EIGHT: Final = Lens(
    name="eight",
    title="The eight moments of truth",
    classes=tuple(kind.value for kind in MomentKind),
    definition="the moments of the journey, of each kind, and the contacts that had one",
    unit="moments",
)
LENSES: Final = {lens.name: lens for lens in (CARLZON, LAFLEY, ZERO_TO_ULTIMATE, EIGHT)}
"""All lenses, by the names that they are asked for by."""


def phases(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Phase]]:
    """Say of a contact's events, in their order, into which phase each falls.

    The first purchase is the last event of its phase.
    """
    phase = Phase.BEFORE_OPENING
    for entry in entries:
        if phase is Phase.BEFORE_OPENING and OPENS[entry.signal]:
            phase = Phase.TO_FIRST_PURCHASE
        yield entry, phase
        if entry.signal == Signal.PURCHASE:
            phase = Phase.AFTER_FIRST_PURCHASE


def three_moments(signal: Signal, phase: Phase) -> str | None:
    """The class of an event among the three moments; the dialogue wins over the time.

    >>> three_moments(Signal.TOUCH, Phase.AFTER_FIRST_PURCHASE)
    'second'
    """
    if signal in UNCLASSED:
        return None
    if signal in DIALOGUE:
        return THIRD
    return SECOND if phase is Phase.AFTER_FIRST_PURCHASE else FIRST


def zero_to_ultimate(signal: Signal, phase: Phase, *, promoter: bool = False) -> str | None:
    """The class of an event from the zero moment to the ultimate one; telling wins over the time.

    >>> zero_to_ultimate(Signal.RATING, Phase.TO_FIRST_PURCHASE, promoter=True)
    'ultimate'
    >>> zero_to_ultimate(Signal.LEAVE, Phase.BEFORE_OPENING) is None
    True

    Args:
        signal: what the event means.
        phase: where it falls.
        promoter: of a rating, whether it reached the promoter score.
    """
    if signal in UNCLASSED:
        return None
    if signal in (Signal.REFER, Signal.ADVOCATE) or (signal is Signal.RATING and promoter):
        return ULTIMATE
    if phase is Phase.BEFORE_OPENING:
        return ZERO if signal is Signal.RESEARCH else None
    return SECOND if phase is Phase.AFTER_FIRST_PURCHASE else FIRST


def class_of(lens: Lens, signal: Signal, phase: Phase, *, promoter: bool) -> str | None:
    """The class of an event in one of the two lenses that go by signal and time."""
    if lens is LAFLEY:
        return three_moments(signal, phase)
    return zero_to_ultimate(signal, phase, promoter=promoter)
