"""The catalogue: all questions as data, read off the functions that ask them.

Command line, documents and tests walk it; nothing of it is written anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from inspect import Parameter, cleandoc, signature
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

from attrs import frozen

from motfunnel.answers.answer import Answer
from motfunnel.domain.instant import When
from motfunnel.reports.question import Question
from motfunnel.reports.report import Questions, Report

_ENDS: Final = ("since", "until")
_INSTANTS: Final = {When, When | None}


@frozen(kw_only=True)
class Option:
    """What a question can be told.

    Attributes:
        name: of the argument.
        type: what it takes, without None.
        needed: whether nothing can be answered without it.
        help: what it says of itself, on one line.
    """

    name: str
    type: Any
    needed: bool
    help: str

    @property
    def is_period(self) -> bool:
        """Whether it takes two instants."""
        return get_origin(self.type) is tuple and {*get_args(self.type)} <= _INSTANTS


@frozen(kw_only=True)
class Entry:
    """A question.

    Attributes:
        name: its name.
        function: what asks it; its first argument is the inquiry.
        answer: the class of its answers.
        options: what it can be told, by name.
        by_property: whether a plain name to tell apart by is a property, and not a trait.
    """

    name: str
    function: Callable[..., Answer[Any]]
    answer: type[Answer[Any]]
    options: Mapping[str, Option]
    by_property: bool

    @property
    def summary(self) -> str:
        """What it asks, in a sentence."""
        first = (self.function.__doc__ or "").partition("\n")[0]
        return first.partition(";")[0].removesuffix(".") + "."

    @property
    def unnamed(self) -> Mapping[str, str]:
        """The counts behind which no names stand, each with why."""
        return self.answer.unnamed

    @property
    def cohort(self) -> tuple[str, ...]:
        """The options that bound it in time: one of two instants, or one for each end."""
        periods = tuple(one.name for one in self.options.values() if one.is_period)
        return periods or tuple(end for end in _ENDS if end in self.options)


def _entries() -> Iterator[Entry]:
    for name, question in vars(Questions).items():
        if isinstance(question, Question):
            answer = get_type_hints(question.function)["return"]
            if isinstance(answer, type) and issubclass(answer, Answer):
                yield Entry(
                    name=name,
                    function=question.function,
                    answer=answer,
                    options=_options(question.function, question.function.__doc__),
                    by_property=question.by_property,
                )


def _options(function: Callable[..., Any], docstring: str | None) -> dict[str, Option]:
    """What a function can be told besides its first argument."""
    types, told = get_type_hints(function), _arguments(docstring or "")
    _, *parameters = signature(function).parameters.values()
    return {
        one.name: Option(
            name=one.name,
            type=_without_none(types[one.name]),
            needed=one.default is Parameter.empty,
            help=told.get(one.name, ""),
        )
        for one in parameters
    }


def _without_none(annotation: Any) -> Any:
    kinds = [one for one in get_args(annotation) if one is not NoneType]
    is_optional = NoneType in get_args(annotation) and len(kinds) == 1
    return kinds[0] if is_optional else annotation


def _arguments(docstring: str) -> dict[str, str]:
    """What a docstring says of each argument, on one line."""
    told = cleandoc(docstring).partition("Args:\n")[2].partition("\n\n")[0]
    one_each = re.split(r"^    (?=\S)", told, flags=re.MULTILINE)[1:]
    return {name: " ".join(said.split()) for name, _, said in (s.partition(": ") for s in one_each)}


CATALOGUE: Final[Mapping[str, Entry]] = {entry.name: entry for entry in _entries()}
"""Each question by its name, in the order in which they are listed."""

OF_ALL: Final[Mapping[str, Option]] = {
    name: option
    for name, option in _options(Report.__init__, Report.__doc__).items()
    if name != "tracker"
}
"""What every question can be told: as of when, by what was known, in which zone."""
