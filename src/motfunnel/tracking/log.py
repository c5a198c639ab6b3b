"""Our voice in the host's log: its structlog if it configured one, else the logger ``motfunnel``.

Never configures either, and never names a contact.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any


def logger() -> Any:
    """The logger to use now; asked for at each use, as hosts configure theirs late.

    Without a configuration structlog would print to the host's standard output.
    """
    import structlog  # where it finds rich, it loads all of it: not while the host starts

    if structlog.is_configured():
        return structlog.get_logger("motfunnel")
    return structlog.wrap_logger(
        logging.getLogger("motfunnel"),
        processors=[structlog.stdlib.filter_by_level, _in_words],
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _in_words(_: Any, __: str, said: MutableMapping[str, Any]) -> tuple[Any, ...]:
    """Write all that is said into the message, as a plain log shows nothing else."""
    options = {key: said.pop(key) for key in ("exc_info", "stack_info") if key in said}
    event = said.pop("event")
    details = ", ".join(f"{key}={value!r}" for key, value in said.items())
    message = f"{event}: {details}" if details else str(event)
    return (message,), options
