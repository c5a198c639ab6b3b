"""Conditions over a whole import: which of them never held, and what they could not read.

A row whose condition fails is no reject, so nothing else would say that a rule never applied. Keeps
a few examples, and counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import define, field

from motfunnel.domain.funnel.condition import Condition, find
from motfunnel.domain.funnel.file import rule_text
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Rule
from motfunnel.intake.files.decimals import is_odd
from motfunnel.text import counted

_MOST_SHOWN: Final = 60


@define
class _Unread:
    """Values that a comparison of numbers met, and that are none."""

    condition: Condition
    example: str
    remedy: str
    count: int = 0


@define
class Conditions:
    """The conditions of a funnel's rules, as the rows of one import meet them.

    Args:
        funnel: whose rules.
    """

    funnel: Funnel
    _rows: dict[str, int] = field(factory=dict, init=False)
    _never: dict[str, list[tuple[Rule, str]]] = field(factory=dict, init=False)
    _unread: dict[tuple[str, str], _Unread] = field(factory=dict, init=False)

    def look(self, name: str, properties: Mapping[str, Any]) -> None:
        """Take note of one row of this event."""
        rules = [rule for rule in self.funnel.rules.get(name, ()) if rule.when]
        if not rules:
            return
        self._rows[name] = self._rows.get(name, 0) + 1
        never = self._never.get(name, [(rule, "") for rule in rules])
        self._never[name] = [
            (rule, there or _first_failed(rule, properties))
            for rule, there in never
            if not rule.applies(properties)
        ]
        for rule in rules:
            for condition in rule.when:
                if condition.is_unreadable(properties):
                    key = (name, condition.property)
                    if key not in self._unread:
                        value = find(properties, condition.property)
                        self._unread[key] = _Unread(condition, _brief(value), _remedy(value))
                    self._unread[key].count += 1

    def remarks(self) -> Iterator[str]:
        """Say what a newcomer would want to know, a line each."""
        for name, never in self._never.items():
            for rule, there in never:
                rows = counted(self._rows[name], "row")
                yield f"never held in {rows}: {rule_text(name, rule)}; in the first, {there}"
        for (name, property), unread in self._unread.items():
            values = counted(unread.count, "value")
            yield (
                f"{name}: {values} of {property!r} failed {unread.condition.expected!r}, being no "
                f"number, such as {unread.example}{unread.remedy}"
            )


def _first_failed(rule: Rule, properties: Mapping[str, Any]) -> str:
    failed = next(one for one in rule.when if not one.holds(properties))
    value = find(properties, failed.property)
    if value is None:
        return f"there is no {failed.property!r}"
    return f"{failed.property!r} is {_brief(value)}"


def _remedy(value: object) -> str:
    return "; --decimal says which of its signs is the decimal one" if is_odd(str(value)) else ""


def _brief(value: object) -> str:
    text = ascii(value)  # whole or not at all: half of somebody's address names somebody
    return text if len(text) <= _MOST_SHOWN else f"what takes {len(text)} characters"
