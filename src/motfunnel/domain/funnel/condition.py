"""Conditions on properties: when a rule of a funnel applies to an event.

A condition compares one property with a value, a list of values, or ``">= 5"`` and the like.
Both sides are read alike, so that a row means the same whatever file it came in. A property that is
missing fails every condition. Changes nothing.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.event import check_properties, same_content

_ORDER: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER: Final = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_MISSPELT: Final = re.compile(r"\s*(=[<>~!]|[<>!=]=\s*[<>=!~]|[<>]\s*[<>!~]|!\s*[<>~]|~)")
VERSION: Final = 2
"""How conditions are read: part of a funnel's fingerprint, so that contacts are folded anew."""

_TRUTH: Final = {"true": True, "false": False}
_LONG: Final = 300
_COMPARISON: Final = re.compile(r"\s*(>=|<=|!=|>|<|==?)(.*)", re.DOTALL)


def number(value: object) -> float | None:
    """Read a number, or a text that writes one; None for anything else.

    >>> number(" 7.5 "), number("seven"), number(True)
    (7.5, None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    if "." not in match[1] and match[3] is None and len(match[0]) < _LONG:
        return int(match[0])  # exact beyond the 53 bits of a float
    read = float(match[0])
    return read if math.isfinite(read) else None


def meaning(value: object) -> object:
    """Give what a value stands for, whatever form it was written in.

    A text that writes a number is that number, and one that writes a truth value is it; every
    other text is itself, and a blank one is null.

    >>> meaning("10"), meaning("True"), meaning("free"), meaning(" ")
    (10, True, 'free', None)
    """
    if not isinstance(value, str):
        return value
    if is_blank(value):
        return None
    read = number(value)
    return _TRUTH.get(value.strip().lower(), value) if read is None else read


def find(properties: Mapping[str, Any], name: str) -> Any:
    """Give a property, or, of a dotted path, what lies within one; None where it is absent.

    >>> find({"plan": {"seats": 5}}, "plan.seats"), find({"plan.seats": 7}, "plan.seats")
    (5, 7)
    """
    value = properties.get(name)
    if value is not None or "." not in name:
        return value
    first, _, rest = name.partition(".")
    within = properties.get(first)
    return find(within, rest) if isinstance(within, Mapping) else None


def is_finite(value: object) -> bool:
    """Whether a value is a number that JSON can hold."""
    return (
        not isinstance(value, str) and (read := number(value)) is not None and math.isfinite(read)
    )


def is_blank(value: object) -> bool:
    """Whether a property counts as not given: null, or a text of nothing but blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


@frozen
class Condition:
    """What one property must be.

    Attributes:
        property: the property's name, or a dotted path to what lies within one.
        expected: a value, a list of values of which one must match, or a comparison.
    """

    property: str
    expected: Any
    _sign: str = field(init=False, eq=False, repr=False)
    _bounds: tuple[Any, ...] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        sign, bounds = _parts(self.expected)
        object.__setattr__(self, "_sign", sign)
        object.__setattr__(self, "_bounds", tuple(map(meaning, bounds)))

    def holds(self, properties: Mapping[str, Any]) -> bool:
        """Whether the properties fulfil the condition; a missing one fails it."""
        value = meaning(find(properties, self.property))
        if value is None:
            return False
        order = _ORDER.get(self._sign)
        if order is not None:
            read = number(value)
            return read is not None and order(read, self._bounds[0])
        is_one = any(same_content(value, bound) for bound in self._bounds)
        return is_one is (self._sign == "=")

    def is_unreadable(self, properties: Mapping[str, Any]) -> bool:
        """Whether it asks for a number, and the property is there and is none."""
        if self._sign not in _ORDER:
            return False
        value = meaning(find(properties, self.property))
        return value is not None and number(value) is None


def make_condition(property: str, expected: Any) -> Condition:
    """Check a condition as a funnel writes it.

    Raises:
        ValueError: the expectation cannot be compared with anything.
    """
    checked = check_properties({property: expected})[property]
    for choice in checked if isinstance(checked, list) else [checked]:
        if choice is None or isinstance(choice, list | dict):
            raise ValueError("a condition compares with a text, a number, true or false")
    if isinstance(checked, str) and _MISSPELT.match(checked):
        raise ValueError(f"{checked!r} is no comparison; write >=, <=, >, <, = or !=")
    sign, bounds = _parts(checked)
    if sign in _ORDER and number(bounds[0]) is None:
        raise ValueError(f"{checked!r} compares with no number; for the text itself, use a list")
    return Condition(property, checked)


def _parts(expected: Any) -> tuple[str, list[Any]]:
    """Take an expectation apart: a sign, and what the property is compared with."""
    if isinstance(expected, list):
        return "=", expected
    match = _COMPARISON.fullmatch(expected) if isinstance(expected, str) else None
    if match is None:
        return "=", [expected]
    return match[1].replace("==", "="), [match[2].strip()]
