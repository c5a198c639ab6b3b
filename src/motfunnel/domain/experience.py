"""An experience: what a contact expected at a touchpoint, and what it then experienced.

Reads the scores that an event carries, and says what they amount to. Averages nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from motfunnel.domain.event import IDENTIFY, to_json
from motfunnel.domain.funnel.condition import is_blank, number
from motfunnel.domain.funnel.rule import DETRACTOR, PROMOTER, SCALE, Reading, Scale
from motfunnel.domain.funnel.touchpoint import Touchpoint
from motfunnel.domain.signal import Signal

EXPERIENCED: Final = "experienced"
"""The property with the score of what was experienced."""

EXPECTED: Final = "expected"
"""The property with the score of what had been expected."""

TOUCHPOINT: Final = "touchpoint"
"""The property that names the touchpoint."""

GOOD: Final = "good"
IN_BETWEEN: Final = "in between"
BAD: Final = "bad"

DELIGHT: Final = "delight"
MET: Final = "met"
DISAPPOINTMENT: Final = "disappointment"

_PARTS: Final = (PROMOTER / SCALE[1], DETRACTOR / SCALE[1])  # of any scale, from its lowest on


@frozen(kw_only=True)
class Experience:
    """One experience at a touchpoint.

    >>> paid = Experience(touchpoint="checkout", score=7, expected=8)
    >>> paid.gap, paid.against_expectation, paid.verdict
    (-1, 'disappointment', 'bad')
    >>> Experience(touchpoint="checkout", score=7).verdict
    'in between'

    Attributes:
        touchpoint: where.
        score: what was experienced.
        expected: what had been expected; None where nothing was.
        is_promoter: of a rating, whether it reached the promoter score of its rule.
        promoter: of what is no rating, the score from which it is good.
        detractor: the score up to which it is bad.
    """

    touchpoint: str
    score: float
    expected: float | None = None
    is_promoter: bool | None = None
    promoter: float = PROMOTER
    detractor: float = DETRACTOR

    @property
    def gap(self) -> float | None:
        """The experience less the expectation; None where nothing was expected."""
        return None if self.expected is None else self.score - self.expected

    @property
    def against_expectation(self) -> str | None:
        """Delight above the expectation, disappointment below it, met where they are equal."""
        if self.expected is None:
            return None
        if self.score == self.expected:
            return MET
        return DELIGHT if self.score > self.expected else DISAPPOINTMENT

    @property
    def verdict(self) -> str:
        """Good, bad or in between: against the expectation, or without one by the score itself."""
        if self.expected is not None:
            return _VERDICTS[self.against_expectation]
        is_promoter = self.score >= self.promoter if self.is_promoter is None else self.is_promoter
        if is_promoter:
            return GOOD
        return BAD if self.score <= self.detractor else IN_BETWEEN


_VERDICTS: Final[dict[str | None, str]] = {DELIGHT: GOOD, MET: IN_BETWEEN, DISAPPOINTMENT: BAD}


def experience_of(
    name: str,
    properties: Mapping[str, Any],
    reading: Reading,
    touchpoints: Mapping[str, Touchpoint],
    scale: Scale = SCALE,
) -> Experience | None:
    """Read the experience that an event carries; None where it carries none.

    A rating's score is what was experienced; of any other event the property ``experienced`` is,
    and of a rating that has no score. The event's own ``expected`` wins over the journey map's.
    Traits are no experience, whatever they are called. A score outside the scale is none. Of what
    is no rating, good begins at nine tenths of the scale, and bad ends at six.
    """
    if name == IDENTIFY:
        return None
    score = _score(reading.score, scale)
    if score is None:
        score = _score(properties.get(EXPERIENCED), scale)
    if score is None:
        return None
    where = properties.get(TOUCHPOINT)
    touchpoint = name if is_blank(where) else where if isinstance(where, str) else to_json(where)
    expected = _score(properties.get(EXPECTED), scale)
    if expected is None and touchpoint in touchpoints:
        expected = _score(touchpoints[touchpoint].expected, scale)
    is_rated = reading.signal is Signal.RATING and reading.score is not None
    promoter, detractor = (scale[0] + part * (scale[1] - scale[0]) for part in _PARTS)
    return Experience(
        touchpoint=touchpoint,
        score=score,
        expected=expected,
        is_promoter=reading.argument == 1 if is_rated else None,
        promoter=promoter,
        detractor=reading.detractor if is_rated and reading.detractor is not None else detractor,
    )


def _score(value: object, scale: Scale) -> float | None:
    """Read a score; what is not a number, or outside the scale, is none."""
    read = number(value)
    return read if read is not None and scale[0] <= read <= scale[1] else None
