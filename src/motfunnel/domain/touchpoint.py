"""Touchpoints: where the business is met, with what it promises there (the journey map)."""

from __future__ import annotations

from attrs import field, frozen

from motfunnel.domain.condition import number
from motfunnel.errors import FunnelError


def _check_expected(_: object, __: object, value: float | None) -> None:
    if value is not None and (isinstance(value, str) or number(value) is None):
        raise FunnelError("touchpoints.expected", f"{value!r} is no score", "write a number")


@frozen(kw_only=True)
class Touchpoint:
    """One place or occasion at which contacts meet the business.

    Attributes:
        promise: what the business promises there, in words.
        expected: the score that the promise leads one to expect, on the funnel's scale.
    """

    promise: str = ""
    expected: float | None = field(default=None, validator=_check_expected)
