"""Whatever a strategy of the tests draws, the code takes: a refusal is never the strategy's fault.

The strategies are found, not listed: those that a test file names at its top, and the functions
that say that they give one. In the long profile each is drawn from 10,000 times, at random.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motfunnel.domain.event import Event, check_properties, check_text, make_event
from motfunnel.domain.instant import utc
from motfunnel.statistics import CompetingRisks, SurvivalCurve
from tests.strategies import CONTACTS, STAGES, START, make_funnel, stories

TESTS = Path(__file__).parent
PROFILE = settings().max_examples
DRAWS = settings(max_examples=5 * PROFILE if PROFILE > 1_000 else 10)

ARGUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "contacts": st.just(CONTACTS),
    "kind": st.sampled_from(["recidivism", "reactivation", "conversion", "loyalty", "recovery"]),
    "stages": st.just(STAGES),
    "story": stories(),
}
"""What a function that gives a strategy is given, by the name of its parameter."""

USES: dict[str, Callable[[Any], object]] = {
    "texts": lambda text: check_text(text, "text"),
    "properties": check_properties,
    "scores": check_properties,
    "PROPERTIES": check_properties,
    "shifts": lambda by: utc(START + by),
    "observations": SurvivalCurve.from_observations,
    "competing_observations": CompetingRisks.from_observations,
    "plain": repr,  # anything at all, on purpose
}
"""What values are for that do not say it by their type, by the name of their strategy."""


def found() -> Iterator[Any]:
    """Each strategy of a test file, or the function that gives it."""
    known: set[int] = set()
    shared_first = sorted(
        TESTS.rglob("*.py"), key=lambda path: (path.name != "strategies.py", path)
    )
    for path in shared_first:
        if path == Path(__file__) or "hypothesis" not in path.read_text("utf-8"):
            continue
        name = ".".join(path.relative_to(TESTS.parent).with_suffix("").parts)
        for member, value in vars(import_module(name)).items():
            if gives_strategy(value) and id(value) not in known:
                known.add(id(value))
                yield pytest.param(member, value, id=f"{name.removeprefix('tests.')}.{member}")


def gives_strategy(value: object) -> bool:
    """Whether it is a strategy, or a function of the tests that says that it gives one."""
    if not inspect.isfunction(value):
        return isinstance(value, st.SearchStrategy)
    of_tests = value.__module__.startswith("tests.")
    return of_tests and "SearchStrategy[" in str(inspect.signature(value).return_annotation)


def strategy_of(value: Any) -> st.SearchStrategy[Any]:
    """The strategy itself; a function that gives one is given what it asks for."""
    if not inspect.isfunction(value):
        return value  # type: ignore[no-any-return]
    asked = inspect.signature(value).parameters.values()
    needed = [one.name for one in asked if one.default is one.empty]
    assert ARGUMENTS.keys() >= set(needed), "say in ARGUMENTS what to give it"
    given_to = st.fixed_dictionaries({name: ARGUMENTS[name] for name in needed})
    return given_to.flatmap(lambda arguments: value(**arguments))


def use(value: Any) -> None:
    """Make of a value what it is for; what the code does not take, it refuses."""
    match value:
        case {"stages": _, "rules": _}:
            make_funnel(value)
        case ({"stages": _, "rules": _} as story, *_, [Event(), *_] as events):
            funnel = make_funnel(story)
            for event in events:
                funnel.read(event.name, event.properties)
        case Event():
            make_event(
                value.contact,
                value.name,
                occurred_at=value.occurred_at,
                id=value.id,
                properties=value.properties,
            )
        case datetime():
            utc(value)
        case [*values]:
            for one in values:
                use(one)


@pytest.mark.parametrize(("name", "value"), [*found()])
def test_what_is_drawn_can_be_used(name: str, value: Any) -> None:
    """Drawn many times, under any seed, no value is refused, and few are thrown away."""

    @DRAWS
    @given(strategy_of(value))
    def hold(drawn: Any) -> None:
        USES.get(name, use)(drawn)

    hold()
