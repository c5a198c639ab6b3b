"""What each report is told on the command line, read off its signature.

Knows which options have other names than the arguments that they make.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
from attrs import evolve, frozen

from motfunnel.reports.catalogue import CATALOGUE, Entry

ALL: Final = "all"
"""The name under which all reports are asked for at once."""


_CALLED: Final = {"name": "lens", "other_funnel": "other"}
"""The options of those arguments that are called otherwise."""
_ONLY_IN_PYTHON: Final = {"step", "fewest"}


@frozen
class Form:
    """What a report is told.

    Attributes:
        entry: the question.
        called: the argument of each option that it takes, but for ``--from`` and ``--to``.
        takes: the options that it takes.
        needs: those of them that it cannot do without.
    """

    entry: Entry
    called: Mapping[str, str]
    takes: frozenset[str]
    needs: frozenset[str]

    @classmethod
    def of(cls, entry: Entry) -> Form:
        """Derive it from the question's signature."""
        aside = {*entry.cohort, *_ONLY_IN_PYTHON}
        called = {option_of(name): name for name in entry.options if name not in aside}
        bounds = {"from", "to"} if entry.cohort else set()
        needed = {option for option, name in called.items() if entry.options[name].needed}
        needs = bounds if any(entry.options[name].needed for name in entry.cohort) else set()
        return cls(entry, called, frozenset({*called} | bounds), frozenset(needed | needs))


def option_of(argument: str) -> str:
    """What an argument is called on the command line."""
    return _CALLED.get(argument, argument.replace("_", "-"))


REPORTS: Final = {name.replace("_", "-"): Form.of(entry) for name, entry in CATALOGUE.items()}
"""What each report is told, by its name on the command line."""
OPTIONS: Final = {
    option: form.entry.options[name]
    for form in REPORTS.values()
    for option, name in form.called.items()
}
"""The options that make one argument each."""

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
    told = {name: form.entry.summary for name, form in REPORTS.items()} | {ALL: "All of them."}
    return "\n".join(
        ["\b", "Reports:", *(f"  {name:{width}}{line}" for name, line in told.items())]
    )


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
            form.called[option]: value
            for option, value in self.options.items()
            if option in form.called
        }
        return told | self._bounds(form.entry.cohort)

    def _bounds(self, called: Sequence[str]) -> dict[str, Any]:
        if self.cohort is None or not called:
            return {}
        return (
            dict(zip(called, self.cohort, strict=True)) if called[1:] else {called[0]: self.cohort}
        )
