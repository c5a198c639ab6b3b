"""The sweep as a task of Celery's, ``motfunnel.sweep``: for an app to include, and beat to send.

Sweeps with the tracker that the application configured, or that its framework provides. When it
runs is for the application's schedule to say.
"""

from __future__ import annotations

from typing import Any, Final

from motfunnel.errors import MissingExtraError, StoreError
from motfunnel.trackers.configured import tracker

try:
    from celery import shared_task
except ImportError as error:
    raise MissingExtraError("the task needs Celery: pip install celery") from error


def _sweep() -> int:
    """Write down the departures by silence that have fallen due, and tell their handlers.

    Tried again, with growing pauses, while the database is away. Safe to run twice at once, and
    safe to be lost: the next one does what is left.

    Returns:
        How many contacts departed.
    """
    return tracker().sweep()


sweep: Final[Any] = shared_task(
    _sweep,
    name="motfunnel.sweep",
    autoretry_for=(StoreError,),
    retry_backoff=True,
    max_retries=5,
)
