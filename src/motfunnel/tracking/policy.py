"""What becomes of an error in a call of the host's: it is raised, logged, or handed over.

Raising is the default. Otherwise nothing that is an ``Exception`` gets from here to the host, and
our log holds types and codes only, never a contact or what was said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from motfunnel.store.faults import name_of
from motfunnel.tracking.call import Call
from motfunnel.tracking.log import logger

Callback = Callable[[Exception, Call], object]
OnError = Literal["raise", "log"] | Callback

RAISE: Final = "raise"
LOG: Final = "log"


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
        log("an event was not recorded", error, verb=call.verb, kept=call.kept)
        return
    try:
        on_error(error, call)
    except Exception as other:
        log("on_error failed", other, verb=call.verb, kept=call.kept)


def log(what: str, error: BaseException, **details: object) -> None:
    """Put an error into the host's log, by its type and code; a log that fails is left alone."""
    try:
        logger().error(what, error=_name(error), **details)
    except Exception:
        return


def _name(error: BaseException) -> str:
    cause = error.__cause__
    return type(error).__name__ if cause is None else f"{type(error).__name__}: {name_of(cause)}"
