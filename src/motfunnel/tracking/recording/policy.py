"""What becomes of an error in a call of the host's; and the one way to write in the host's log.

Raising is the default. Otherwise nothing that is an ``Exception`` gets from here to the host, and
our log, the host's structlog or the logger ``motfunnel``, holds types and codes only, never a
contact or what was said.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Final, Literal

from motfunnel.errors import StoreError
from motfunnel.store.engine.faults import FAULTS, name_of
from motfunnel.tracking.recording.call import Call

Callback = Callable[[Exception, Call], object]
OnError = Literal["raise", "log"] | Callback

RAISE: Final = "raise"
LOG: Final = "log"

NAME: Final = "motfunnel"
"""The logger's name, what begins our keys in structlog, and the package's own name."""

Level = Literal["warning", "error"]
Detail = str | int | None


def check_policy(on_error: OnError) -> OnError:
    """Give a policy back.

    Raises:
        ValueError: it is none.
    """
    if callable(on_error) or on_error in (RAISE, LOG):
        return on_error
    raise ValueError(f"on_error must be {RAISE!r}, {LOG!r} or a callable, not {on_error!r}")


def tell(on_error: OnError, error: Exception, call: Call) -> None:
    """Tell of an error by a policy that does not raise; nothing that fails in it is raised."""
    if not callable(on_error):
        log_error("an event was not recorded", error, verb=call.verb, kept=call.kept)
        return
    other = error_of(partial(on_error, error, call))
    if other is not None:
        log_error("on_error failed", other, verb=call.verb, kept=call.kept)


def error_of(work: Callable[[], object]) -> Exception | None:
    """Do work, and give back the error that it raised: what is logged of one is written later."""
    try:
        work()
    except Exception as error:
        return error
    return None


def log_error(line: str, error: BaseException, **details: Detail) -> None:
    """Put an error into the host's log, by its type, and the database's code if it has one."""
    with suppress(Exception):  # an error's class may be of any kind
        write_line("error", line, error=_name(error), **details)


def _name(error: BaseException) -> str:
    """Name an error; by a code only where it is a database's, as a contact may be a number too."""
    name = type(error).__name__
    is_of_driver = isinstance(error, FAULTS) and not isinstance(error, OSError)
    if (is_of_driver or isinstance(error, StoreError)) and error.__cause__ is not None:
        return f"{name}: {name_of(error.__cause__)}"
    return name


def write_line(level: Level, line: str, **details: Detail) -> None:
    """Write a line; a log that fails is left alone.

    Call it where no exception is being handled: some hosts' processors ask for the one that is.
    """
    import structlog  # where it finds rich, it loads all of it: not while the host starts

    with suppress(Exception):
        if structlog.is_configured():
            _to_structlog(level, line, details)
            return
    with suppress(Exception):
        _to_logging(level, line, details)


def _to_structlog(level: Level, line: str, details: dict[str, Detail]) -> None:
    """Write a line with a host's structlog, at once: nobody here could await it.

    All keys but ``logger`` begin with our name, so that none is also one of the host's context.
    They are given with the line, as to bind them may change what all of the host's lines say.
    """
    import structlog

    said = {"logger": NAME} | {f"{NAME}.{key}": value for key, value in details.items()}
    for wrapper_class in (structlog.get_config()["wrapper_class"], structlog.BoundLogger):
        if iscoroutinefunction(getattr(wrapper_class, level, None)):
            continue
        logger = structlog.wrap_logger(
            None, wrapper_class=wrapper_class, logger_factory_args=(NAME,)
        )
        answer: Any = getattr(logger, level)(line, **said)
        if not iscoroutine(answer):
            return
        answer.close()


def _to_logging(level: Level, line: str, details: dict[str, Detail]) -> None:
    """Write a line with all of its details in the message: a plain log shows nothing else."""
    message = f"{line}: {', '.join(f'{key}=%r' for key in details)}" if details else line
    getattr(logging.getLogger(NAME), level)(message, *details.values())
