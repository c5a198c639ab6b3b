"""Our voice in the host's log: its structlog if it configured one, else the logger ``motfunnel``.

Never configures either, and never names a contact.
"""

from __future__ import annotations

import logging
from typing import Any

import structlog


def logger() -> Any:
    """The logger to use now; asked for at each use, as hosts configure theirs late.

    Without a configuration structlog would print to the host's standard output.
    """
    if structlog.is_configured():
        return structlog.get_logger("motfunnel")
    return structlog.wrap_logger(
        logging.getLogger("motfunnel"),
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
