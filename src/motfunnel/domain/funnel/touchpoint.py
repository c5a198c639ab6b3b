"""Touchpoints: where the business is met, with what it promises there (the journey map)."""

from __future__ import annotations

from attrs import field, frozen

from motfunnel.domain.funnel.condition import is_finite
from motfunnel.errors import FunnelError


def _check_promise(_: object, __: object, value: str) -> None:
    if not isinstance(value, str):
        raise FunnelError("promise", f"{value!r} is not text", "write it in words")


def _check_expected(_: object, __: object, value: float | None) -> None:
    if value is not None and not is_finite(value):
        raise FunnelError("expected", f"{value!r} is not a score", "write a number")


@frozen(kw_only=True)
class Touchpoint:
    """One place or occasion at which contacts meet the business.

    Attributes:
        promise: what the business promises there, in words.
        expected: the score that the promise leads one to expect, on the funnel's scale.
    """

    promise: str = field(default="", validator=_check_promise)
    expected: float | None = field(default=None, validator=_check_expected)
