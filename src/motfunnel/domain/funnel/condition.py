"""Conditions on properties: when a rule of a funnel applies to an event.

A condition compares one property with a value, a list of values, or ``">= 5"`` and the like.
A missing property fails every condition. Reads numbers from numeric text; changes nothing.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from motfunnel.domain.event import check_properties, same_content

_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_NUMBER: Final = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)
_MISSPELT: Final = re.compile(r"\s*(=[<>~!]|[<>!=]=\s*[<>=!~]|[<>]\s*[<>!~]|!\s*[<>~]|~)")
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
        property: the property's name.
        expected: a value, a list of values of which one must match, or a comparison.
    """

    property: str
    expected: Any

    def holds(self, properties: Mapping[str, Any]) -> bool:
        """Whether the properties fulfil the condition; a missing one fails it."""
        value = properties.get(self.property)
        if value is None:
            return False
        if isinstance(self.expected, list):
            return any(_equals(value, choice) for choice in self.expected)
        comparison = _comparison(self.expected)
        if comparison is not None:
            return _compares(value, comparison[1], comparison[2])
        return _equals(value, self.expected)


def make_condition(property: str, expected: Any) -> Condition:
    """Check a condition as a funnel writes it.

    Raises:
        ValueError: the expectation cannot be compared with anything.
    """
    checked = check_properties({property: expected})[property]
    for choice in checked if isinstance(checked, list) else [checked]:
        if choice is None or isinstance(choice, list | dict):
            raise ValueError("a condition compares with a text, a number, true or false")
    comparison = _comparison(checked)
    if isinstance(checked, str) and _MISSPELT.match(checked):
        raise ValueError(f"{checked!r} is no comparison; write >=, <=, >, <, = or !=")
    if comparison and comparison[1][0] in "<>" and number(comparison[2]) is None:
        raise ValueError(f"{checked!r} compares with no number; for the text itself, use a list")
    return Condition(property, checked)


def _comparison(expected: object) -> re.Match[str] | None:
    return _COMPARISON.fullmatch(expected) if isinstance(expected, str) else None


def _equals(value: object, expected: object) -> bool:
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return number(value) == expected
    return same_content(value, expected)


def _compares(value: object, sign: str, bound: str) -> bool:
    sign = "=" if sign == "==" else sign
    left, right = number(value), number(bound)
    if left is not None and right is not None:
        return _OPERATORS[sign](left, right)
    if sign in ("=", "!="):
        return (value == bound.strip()) is (sign == "=")
    return False
