"""A question: a plain function of an inquiry, bound to whom it is put.

Keeps the whole signature for people and type checkers. Says what to write where it is asked
wrongly, and asks once more where a connection was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from functools import wraps
from inspect import Parameter, signature
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from attrs import evolve

from motfunnel.answers import answer as answers
from motfunnel.domain.instant import minutes_meant
from motfunnel.domain.signal import Signal
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import check_kinds
from motfunnel.reports.remarks import not_set_up
from motfunnel.tracking.recording.habits import taught

P = ParamSpec("P")
Answer_co = TypeVar("Answer_co", covariant=True)
Answer = TypeVar("Answer")


class Synchronous:
    """Answers at once: a report."""

    _inquiry: Inquiry


class Asynchronous:
    """Answers a coroutine: a report under asyncio."""

    async def ask(self, question: Callable[[Any], Answer]) -> Answer:
        """Put a question that is a function of a report."""
        raise NotImplementedError


S = TypeVar("S", bound=Synchronous)
A = TypeVar("A", bound=Asynchronous)


class Question(Generic[P, Answer_co]):
    """Makes a method of a function, for reports of either kind.

    Args:
        function: the question; its first argument is the inquiry.
        by_property: whether a plain name to tell apart by is a property, and not a trait.
        needs: the signals without which there is nothing to ask about.

    Attributes:
        function: the question.
        by_property: whether a plain name to tell apart by is a property, and not a trait.
    """

    def __init__(
        self,
        function: Callable[Concatenate[Inquiry, P], Answer_co],
        *,
        by_property: bool = False,
        needs: Collection[Signal] = (),
    ) -> None:
        self.function: Callable[Concatenate[Inquiry, P], Answer_co] = function
        self.by_property: bool = by_property
        self._needs = needs
        self._methods: dict[type, Callable[..., Any]] = {}

    @overload
    def __get__(self, of: None, owner: type[S]) -> Callable[Concatenate[S, P], Answer_co]: ...

    @overload
    def __get__(
        self, of: None, owner: type[A]
    ) -> Callable[Concatenate[A, P], Coroutine[Any, Any, Answer_co]]: ...

    @overload
    def __get__(self, of: Synchronous, owner: type | None = None) -> Callable[P, Answer_co]: ...

    @overload
    def __get__(
        self, of: Asynchronous, owner: type | None = None
    ) -> Callable[P, Coroutine[Any, Any, Answer_co]]: ...

    def __get__(self, of: object, owner: type | None = None) -> Any:
        """The method of a class of reports, or of one of them."""
        cls = owner or type(of)
        if cls not in self._methods:
            self._methods[cls] = self._method(cls)
        return self._methods[cls] if of is None else MethodType(self._methods[cls], of)

    def _method(self, owner: type) -> Callable[..., Any]:
        """What to call; to look at, it is as if it had been written in the class."""
        question, function = self, self.function
        name = f"{owner.__qualname__}.{self.function.__name__}"
        method: Callable[..., Any]
        if issubclass(owner, Asynchronous):

            @wraps(function)
            async def method(self: Asynchronous, /, *args: Any, **kwargs: Any) -> Any:
                return await self.ask(lambda report: question._put(report, name, args, kwargs))
        else:

            @wraps(function)
            def method(self: Synchronous, /, *args: Any, **kwargs: Any) -> Any:
                return question._put(self, name, args, kwargs)

        told = signature(function)
        _, *options = told.parameters.values()
        itself = Parameter("self", Parameter.POSITIONAL_OR_KEYWORD)
        vars(method)["__signature__"] = told.replace(parameters=[itself, *options])
        method.__qualname__ = name
        return method

    def _put(self, report: Synchronous, name: str, args: Any, kwargs: Any) -> Any:
        """Ask; what the funnel does not set up is said in place of empty figures."""
        inquiry = report._inquiry
        asked = taught(MethodType(self.function, inquiry), name)
        check_kinds(kwargs)
        answer = inquiry.ask(lambda: asked(*args, **kwargs))
        if not isinstance(answer, answers.Answer):
            return answer
        lacking = not_set_up(inquiry.funnel, self._needs) or answer.lacking
        said = evolve(answer, spoken=inquiry.funnel.spoken, lacking=lacking)
        given = (minutes_meant(one) for one in (*args, *kwargs.values()))
        notes = (*(one for one in given if one is not None), *answer.notes)
        return evolve(said, definition=said.said(answer.definition), notes=notes)
