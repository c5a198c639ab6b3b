"""Handlers of moments: who wants to be told, and the telling, after the commit.

A handler is told of a moment at most once. One that fails is logged and harms nobody: neither
the event, which is stored already, nor the other handlers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from inspect import iscoroutinefunction

from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.tracking.log import logger

Handler = Callable[[Moment], object]
_telling: ContextVar[bool] = ContextVar("motfunnel_telling", default=False)


class Listeners:
    """The handlers of one tracker."""

    _may_await = False

    def __init__(self) -> None:
        self._handlers: defaultdict[MomentKind, list[Handler]] = defaultdict(list)

    def add(self, kind: MomentKind, handler: Handler) -> None:
        """Have the handler told of every moment of this kind.

        Raises:
            TypeError: nobody here could await it.
        """
        if iscoroutinefunction(handler) and not self._may_await:
            raise TypeError("a Tracker calls its handlers; only an AsyncTracker awaits them")
        self._handlers[MomentKind(kind)].append(handler)

    def tell(self, moments: Iterable[Moment]) -> None:
        """Tell everybody who asked."""
        for moment in moments:
            for handler in self._handlers.get(moment.kind, ()):
                tell_safely(partial(self._tell_one, handler), moment, handler)

    def _tell_one(self, handler: Handler, moment: Moment) -> None:
        handler(moment)


def tell_safely(call: Handler, moment: Moment, handler: object) -> None:
    """Tell somebody of a moment; log an error of theirs, by the name of the handler."""
    token = _telling.set(True)
    try:
        call(moment)
    except Exception as error:
        _log(moment, handler, error)
    finally:
        _telling.reset(token)


def is_telling() -> bool:
    """Whether a handler is running, so that a host's transaction is just ending, or has ended."""
    return _telling.get()


class Withheld(Exception):
    """Stands in the log for a handler's error, whose words may name a contact."""


def _log(moment: Moment, handler: object, error: Exception) -> None:
    """Say which handler failed and where; a log that fails harms nobody either."""
    name = getattr(handler, "__qualname__", None)
    try:
        logger().error(
            "a handler of moments failed",
            moment=moment.kind.value,
            handler=name if type(name) is str else type(handler).__name__,
            error=type(error).__name__,
            exc_info=(Withheld, Withheld(type(error).__name__), error.__traceback__),
        )
    except Exception:
        return
