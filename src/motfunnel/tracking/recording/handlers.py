"""Handlers of moments: who wants to be told, and the telling, after the commit.

A handler is told of a moment at most once. One that fails is logged and harms nobody: neither
the event, which is stored already, nor the other handlers. The transaction that it waited for is
over: what a handler records itself commits by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from inspect import iscoroutinefunction, unwrap
from traceback import walk_tb
from types import CodeType
from typing import Any, TypeVar

from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.tracking.recording.policy import NAME, error_of, log_error

Handler = Callable[[Moment], object]
HandlerT = TypeVar("HandlerT", bound=Handler)
"""A handler of some type, which a decorator gives back as it is."""
_telling: ContextVar[bool] = ContextVar("motfunnel_telling", default=False)


class Listeners:
    """The handlers of one tracker."""

    _may_await = False

    def __init__(self) -> None:
        self._handlers: defaultdict[MomentKind, list[Handler]] = defaultdict(list)

    def add(self, kind: MomentKind, handler: Handler) -> None:
        """Have the handler told of every moment of this kind.

        Raises:
            TypeError: it cannot be called, or nobody here could await it.
        """
        if not callable(handler):
            raise TypeError(
                f"a handler is a function of the moment, not a {type(handler).__name__}"
            )
        if iscoroutinefunction(handler) and not self._may_await:
            raise TypeError("a Tracker calls its handlers; only an AsyncTracker awaits them")
        self._handlers[MomentKind(kind)].append(handler)

    def remove(self, kind: MomentKind, handler: Handler) -> None:
        """Tell the handler no more of this kind; one that was added twice is told once."""
        added = self._handlers[kind]
        del added[next(at for at, one in enumerate(added) if one is handler)]

    def tell(self, moments: Iterable[Moment]) -> None:
        """Tell everybody who asked."""
        for moment in moments:
            # A copy, as a handler may be taken away while others are told.
            for handler in tuple(self._handlers.get(moment.kind, ())):
                tell_safely(partial(self._tell_one, handler), moment, handler)

    def _tell_one(self, handler: Handler, moment: Moment) -> None:
        handler(moment)


def tell_safely(call: Handler, moment: Moment, handler: object) -> None:
    """Tell somebody of a moment; log an error of theirs, by the name of the handler."""
    token = _telling.set(True)
    try:
        error = error_of(partial(call, moment))
    finally:
        _telling.reset(token)
    if error is not None:
        log_failure(moment.kind, handler, error)


def is_telling() -> bool:
    """Whether a handler is running, so that a host's transaction is just ending, or has ended."""
    return _telling.get()


def log_failure(kind: MomentKind, handler: object, error: Exception) -> None:
    """Say which handler failed with what, and where in the host's program.

    An error's own words may name a contact, and so may the local variables of its frames.
    """
    name, raised_at, handler_at = None, None, None
    with suppress(Exception):  # a handler may be any object, and its error of any class
        name = getattr(handler, "__qualname__", None)
        code = _code_of(handler)
        handler_at = None if code is None else f"{code.co_filename}:{code.co_firstlineno}"
        for frame, line in walk_tb(error.__traceback__):
            if str(frame.f_globals.get("__name__")).partition(".")[0] != NAME:
                raised_at = f"{frame.f_code.co_filename}:{line}"
                handler_at = raised_at if frame.f_code is code else handler_at
    log_error(
        "a handler of moments failed",
        error,
        moment=kind.value,
        handler=name if type(name) is str else type(handler).__name__,
        handler_at=handler_at,
        raised_at=raised_at,
    )


def _code_of(handler: Any) -> CodeType | None:
    """The code of a function or method, below what wraps it, or of an object that is called."""
    while isinstance(handler, partial):
        handler = handler.func
    function = unwrap(handler)
    code = getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None
