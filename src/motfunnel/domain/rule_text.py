"""A rule as one line, as it stands in a funnel file: what an explanation quotes.

Writes what ``definition`` reads; decides nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from motfunnel.domain.definition import write_rule
from motfunnel.domain.rule import Rule

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def rule_text(name: str, rule: Rule) -> str:
    """Write the rule of an event name.

    >>> from motfunnel.domain.rule import leave, touch
    >>> print(rule_text("page_viewed", touch()))
    page_viewed = "touch"
    >>> print(rule_text("Plan Changed", leave("reason", when={"plan": "free"})))
    "Plan Changed" = { leave = "reason", when = { plan = "free" } }
    """
    written = write_rule(rule)
    if [*written.values()] == [True]:
        return line(name, next(iter(written)))
    return line(name, written)


def line(key: str, value: object) -> str:
    """Write one key of a funnel file with its value.

    >>> line("loyal_after", 2), line("lead", "14d")
    ('loyal_after = 2', 'lead = "14d"')
    """
    return f"{_key(key)} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(line(key, one) for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
