"""What each report is told on the command line: a table, and the reading of it.

Knows the names of options and of arguments, and of each report its first line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click
from attrs import evolve, frozen

from motfunnel.reports.report import Report

ALL: Final = "all"
"""The name under which all reports are asked for at once."""


@frozen
class Form:
    """What a report is told.

    Attributes:
        takes: the options that it takes.
        needs: those of them that it cannot do without.
        cohort: the name of the argument that ``--from`` and ``--to`` make, or the names of two.
    """

    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    cohort: str | None = None


def _form(takes: str, needs: str = "", cohort: str | None = None) -> Form:
    given = {*takes.split(), *needs.split()} | ({"from", "to"} if cohort else set())
    return Form(frozenset(given), frozenset(needs.split()), cohort)


_CALENDAR: Final = "period week-start by"
REPORTS: Final = {
    "recidivism": _form("by unit confidence", "within", "departed"),
    "reengagement": _form("by unit confidence", "within", "attempted"),
    "coverage": _form("by unit confidence", "within", "departed"),
    "reactivation": _form("by confidence", "from to", "period"),
    "relapse": _form("by unit confidence", "within", "returned"),
    "conversion": _form("by confidence", "start goal within", "reached"),
    "loyalty": _form("by confidence", "within", "bought"),
    "recovery": _form("by unit confidence", "within", "complained"),
    "departure-after-complaint": _form("by unit confidence", "within", "complained"),
    "referrals": _form("confidence", "", "period"),
    "holdout": _form("confidence", "within", "assigned"),
    "landmark": _form("confidence", "after within", "departed"),
    "mantel-byar": _form("confidence", "", "departed"),
    "funnel": _form("within by confidence", cohort="opened"),
    "lifecycle": _form(_CALENDAR, cohort="since until"),
    "growth": _form(_CALENDAR, cohort="since until"),
    "retention": _form(f"{_CALENDAR} how periods confidence", cohort="since until"),
    "flows": _form("steps stepwise by confidence", cohort="opened"),
    "lens": _form("confidence", "lens", "period"),
    "touchpoints": _form("by worst confidence", "", "period"),
    "journey-map": _form("confidence", "", "period"),
    "nps": _form("confidence", "", "period"),
    "complaints": _form("by within confidence", "", "complained"),
    "worklist": _form("within limit confidence"),
    "patience": _form("share horizon confidence"),
    "simulate": _form("within confidence", "other"),
}
GIVEN: Final = (
    *("within", "after", "start", "goal", "by", "unit", "confidence", "lens", "worst"),
    *("limit", "share", "horizon", "other"),
    *("period", "week-start", "how", "periods", "steps", "stepwise"),
)
"""The options that make one argument each."""

_CALLED: Final = {"lens": "name", "other": "other_funnel", "week-start": "week_start"}
_EXAMPLES: Final = {
    "from": "2025-01-01",
    "to": "2025-02-01",
    "start": "lead",
    "goal": "customer",
    "lens": "ultimate",
    "other": "other.toml",
}


def list_reports() -> str:
    """The reports, each with the first line of what it says of itself."""
    width = max(map(len, REPORTS)) + 2
    told = {name: _first_line(name) for name in REPORTS} | {ALL: "All of them."}
    return "\n".join(
        ["\b", "Reports:", *(f"  {name:{width}}{line}" for name, line in told.items())]
    )


def method_of(name: str) -> str:
    """The method that answers a report."""
    return name.replace("-", "_")


def _first_line(name: str) -> str:
    first = (getattr(Report, method_of(name)).__doc__ or "").partition("\n")[0]
    return first.partition(";")[0].removesuffix(".") + "."


@frozen
class Told:
    """What somebody has given.

    Attributes:
        options: the value of each option.
        cohort: what ``--from`` and ``--to`` say; None: neither was given.
        named: the names of all options that were given.
    """

    options: Mapping[str, Any]
    cohort: tuple[Any, Any] | None
    named: frozenset[str]

    def filled(self, name: str, usual: Mapping[str, Any]) -> Told:
        """The same, with what the report cannot do without where nobody gave it."""
        needed = {one: value for one, value in usual.items() if one in self.missing(name)}
        return evolve(self, options={**self.options, **needed}, named=self.named | needed.keys())

    def missing(self, name: str) -> list[str]:
        """The options that a report cannot do without."""
        return sorted(REPORTS[name].needs - self.named)

    def check(self, name: str) -> None:
        """Refuse options that a report does not take, and ask for those that it needs.

        Raises:
            click.UsageError: there is one.
        """
        for option in sorted(self.named - REPORTS[name].takes):
            raise click.UsageError(f"the report {name} takes no --{option}")
        for option in self.missing(name):
            example = _EXAMPLES.get(option, "90d")
            raise click.UsageError(f"the report {name} needs --{option}, e.g. --{option} {example}")

    def arguments(self, name: str) -> dict[str, Any]:
        """The arguments of a report, made of those options that it takes."""
        form = REPORTS[name]
        told = {
            _CALLED.get(option, option): value
            for option, value in self.options.items()
            if option in form.takes
        }
        return told | self._bounds(form.cohort)

    def _bounds(self, called: str | None) -> dict[str, Any]:
        if self.cohort is None or called is None:
            return {}
        first, *second = called.split()
        both = zip((first, *second), self.cohort, strict=False)
        return dict(both) if second else {first: self.cohort}
