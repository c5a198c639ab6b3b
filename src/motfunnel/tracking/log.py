"""Our voice in the host's log: its structlog if it configured one, else the logger ``motfunnel``.

Configures neither. A line is a fixed text and a few values: an error's type, a database's code, a
place in a program, a number, or an event's name that three contacts have sent. It has no traceback,
since the local variables of our frames name contacts.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Final, Literal

NAME: Final = "motfunnel"

Level = Literal["warning", "error"]
Detail = str | int | None


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
