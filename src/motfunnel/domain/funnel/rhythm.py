"""A rhythm: a patience that follows how often each contact itself has come so far.

Holds what a funnel says of it. What it comes to for a contact, ``machine.step`` says alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.funnel.condition import is_finite
from motfunnel.domain.instant import LONGEST, Duration, duration_micros, format_duration
from motfunnel.domain.instant import read_duration as read
from motfunnel.errors import FunnelError

PARTS: Final = ("usual", "at_least", "at_most")
"""The parts beside ``rhythm`` in a funnel file."""

MOST: Final = 100
_TENTHS: Final = 10
_NEARLY: Final = 1e-6


def _read_part(value: Duration) -> timedelta:
    """Read a text; what is not a duration is refused when the parts are checked."""
    try:
        return read(value) if isinstance(value, str) else value
    except ValueError:
        return value  # type: ignore[return-value]  # see __attrs_post_init__


@frozen
class Rhythm:
    """How long a contact may be silent, by its own gaps between touches.

    The patience is ``times`` the contact's usual gap, held between two bounds. Its usual gap is
    the mean of its gaps so far and of two of the length ``usual``, which stand for what is not
    known of it yet: the first gaps of a contact move it little, many of them decide it.

    Attributes:
        times: how many times its usual gap a contact may be silent, in tenths.
        usual: the gap that contacts usually have.
        at_least: no silence shorter than this is a departure.
        at_most: every longer one is.

    Raises:
        FunnelError: a part cannot be used.
    """

    times: float = field()
    usual: timedelta = field(kw_only=True, converter=_read_part)
    at_least: timedelta = field(kw_only=True, converter=_read_part)
    at_most: timedelta = field(kw_only=True, converter=_read_part)

    def __attrs_post_init__(self) -> None:
        if not is_finite(self.times) or not self._is_in_tenths():
            reason = f"{self.times!r} is not a number of tenths from 0.1 to {MOST}"
            raise FunnelError("rhythm", reason, "write e.g. 6.5")
        for part in PARTS:
            value = getattr(self, part)
            if not isinstance(value, timedelta) or not timedelta() < value <= LONGEST:
                raise FunnelError(
                    part,
                    f"{value!r} is not a time to wait",
                    'write a duration such as "14d" (or a timedelta in Python), at most a century',
                )
        if self.at_least > self.at_most:
            raise FunnelError("at_least", "is longer than at_most", "write the shorter one here")

    def _is_in_tenths(self) -> bool:
        """Whether the factor is a whole number of tenths, and one that can be meant."""
        near = abs(self.times * _TENTHS - self.tenths) < _NEARLY
        return near and 1 <= self.tenths <= MOST * _TENTHS

    @property
    def tenths(self) -> int:
        """The factor as a whole number of tenths."""
        return round(self.times * _TENTHS)

    @property
    def short(self) -> str:
        """In the fewest words."""
        return f"{self.tenths / _TENTHS:g} × usual"

    @property
    def terms(self) -> tuple[int, int, int, int]:
        """What the state machine reads of it."""
        usual, at_least, at_most = (duration_micros(getattr(self, part)) for part in PARTS)
        return self.tenths, usual, at_least, at_most

    def usual_gap(self, gaps: int, together: timedelta) -> timedelta:
        """The mean of so many gaps and of two usual ones.

        >>> rhythm(2, usual="6d", at_least="1d", at_most="90d").usual_gap(4, timedelta(days=12))
        datetime.timedelta(days=4)
        """
        return (2 * self.usual + together) / (2 + gaps)

    def to_dict(self) -> dict[str, float | str]:
        """Give it in the form of a funnel file."""
        times = self.tenths / _TENTHS
        parts = {part: format_duration(getattr(self, part)) for part in PARTS}
        return {"rhythm": int(times) if times.is_integer() else times, **parts}

    def __str__(self) -> str:
        """In a few words."""
        bounds = f"{format_duration(self.at_least)} to {format_duration(self.at_most)}"
        return f"{self.tenths / _TENTHS:g} times the usual gap, {bounds}"


def rhythm(times: float, *, usual: Duration, at_least: Duration, at_most: Duration) -> Rhythm:
    """A patience by each contact's own rhythm; durations as a timedelta or a text such as ``20d``.

    >>> print(rhythm(6.5, usual="20d", at_least="14d", at_most="365d"))
    6.5 times the usual gap, 14d to 365d

    Args:
        times: how many times its usual gap a contact may be silent, in tenths.
        usual: the gap that contacts usually have, where a contact has shown none of its own.
        at_least: no silence shorter than this is a departure.
        at_most: every longer one is.

    Raises:
        FunnelError: a part cannot be used; it says what to write instead.
    """
    return Rhythm(times, usual=usual, at_least=at_least, at_most=at_most)


def read_rhythm(written: Mapping[str, Any]) -> Rhythm:
    """Read a rhythm as a funnel file has it.

    Raises:
        FunnelError: a part is missing, is none of a rhythm's, or cannot be used.
    """
    known = ("rhythm", *PARTS)
    for name in written:
        if name not in known:
            reason = f'no part of a rhythm is called "{name}"'
            raise FunnelError(str(name), reason, f"write {', '.join(known)}")
    for name in known:
        if name not in written:
            raise FunnelError(
                name,
                "is missing",
                'write e.g. { rhythm = 6.5, usual = "20d", at_least = "14d", at_most = "365d" }',
            )
    return Rhythm(written["rhythm"], **{part: written[part] for part in PARTS})
