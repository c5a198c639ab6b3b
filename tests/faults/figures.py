"""The figures of a run, counted by the tests and printed at its end.

They travel with the tests' reports, so that workers of one run are added up. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import pytest

NAME = "figure"
Way = Literal["sum", "max"]


class Figures:
    """What one test counted."""

    def __init__(self, record: Callable[[str, object], None], backend: str = "") -> None:
        self._record = record
        self._backend = backend

    def add(self, what: str, number: float, *, way: Way = "sum", unit: str = "") -> None:
        """Put a figure down; those of one name are added up, or the largest is kept."""
        label = f"{what}, {self._backend}" if self._backend else what
        self._record(NAME, [label, number, way, unit])


def gathered(properties: Iterable[tuple[str, Any]]) -> dict[str, tuple[float, str]]:
    """The figures among the properties of tests: by name, with their unit."""
    found: dict[str, tuple[float, str]] = {}
    for name, value in properties:
        if name == NAME:
            label, number, way, unit = value
            before = found.get(label, (0, unit))[0]
            found[label] = (before + number if way == "sum" else max(before, number), unit)
    return found


def print_figures(reporter: pytest.TerminalReporter) -> None:
    """Print the figures of all tests that passed."""
    passed = reporter.stats.get("passed", [])
    figures = gathered(one for report in passed for one in report.user_properties)
    if not figures:
        return
    reporter.section("What the fault tests counted")
    for label, (number, unit) in sorted(figures.items()):
        amount = f"{number:,}" if isinstance(number, int) else f"{number:,.2f}"
        reporter.line(f"{amount:>12} {unit:<2} {label}")
