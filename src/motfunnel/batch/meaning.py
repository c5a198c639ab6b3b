"""Which properties a funnel's rules look at, so that each combination of them is read once.

Rules have no second form here: ``Funnel.read`` says what an event means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from motfunnel.domain.event import to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Reading, Rule
from motfunnel.domain.signal import Signal

if TYPE_CHECKING:
    from numpy import ndarray

    Array = ndarray[Any, Any]

NOTHING: Final = ""
"""What stands for the properties that rules look at, where they look at none."""


def looked_at(funnel: Funnel) -> dict[str, frozenset[str]]:
    """For each event whose meaning depends on its properties, those that its rules look at.

    Of a dotted path, the property within which it leads is one of them too.
    """
    return {
        event: frozenset(
            name
            for rule in rules
            for path in _paths(rule)
            for name in (path, path.partition(".")[0])
        )
        for event, rules in funnel.rules.items()
        if not rules[0].is_constant
    }


def asked(properties: Mapping[str, Any], names: Iterable[str]) -> str:
    """Write the properties that rules look at."""
    return to_json({name: properties[name] for name in sorted(names) if name in properties})


def _paths(rule: Rule) -> list[str]:
    return rule.looks + [one.property for one in rule.when]


@frozen
class Meanings:
    """What the combinations of events and properties mean, in columns.

    Attributes:
        events: the events' names.
        signals: the ranks.
        arguments: what ``machine.step`` takes beside them.
        stages: of a reach the stage, else 0: part of the order.
        cases: the numbers of the cases; -1 where none is named.
        reasons: why somebody left.
        referred: who was referred.
        scores: the experience that was rated.
        values: what purchases were worth, in millionths; None where nothing was said.
    """

    events: list[str]
    signals: Array
    arguments: Array
    stages: Array
    cases: Array
    reasons: list[str | None]
    referred: list[str | None]
    scores: Array
    values: list[int | None]

    @classmethod
    def of(cls, events: list[str], readings: Sequence[Reading]) -> Meanings:
        """Put readings into columns."""
        import numpy as np

        cases: dict[str | None, int] = {None: -1}
        for reading in readings:
            cases.setdefault(reading.case, len(cases) - 1)
        signals = np.array([reading.signal for reading in readings], np.int64)
        arguments = np.array([reading.argument for reading in readings], np.int64)
        absent = float("nan")
        scores = [absent if r.score is None else float(r.score) for r in readings]
        return cls(
            events=events,
            signals=signals,
            arguments=arguments,
            stages=np.where(signals == Signal.REACH, arguments, 0),
            cases=np.array([cases[reading.case] for reading in readings], np.int64),
            reasons=[reading.reason for reading in readings],
            referred=[reading.referred for reading in readings],
            scores=np.array(scores, np.float64),
            values=[reading.value for reading in readings],
        )
