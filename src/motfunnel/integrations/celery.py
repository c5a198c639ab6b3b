"""Tasks of Celery's, ``motfunnel.sweep`` and ``motfunnel.refresh``: for an app's beat to send.

They work with the tracker that the application configured, or that its framework provides. When
they run is for the application's schedule to say.
"""

from __future__ import annotations

from typing import Any, Final

from motfunnel.errors import MissingExtraError, StoreError
from motfunnel.trackers.configured import tracker

try:
    from celery import shared_task
except ImportError as error:
    raise MissingExtraError("the tasks need Celery: pip install celery") from error


def _sweep() -> int:
    """Write down the departures by silence that have fallen due, and tell their handlers.

    Tried again, with growing pauses, while the database is away. Safe to run twice at once, and
    safe to be lost: the next one does what is left.

    Returns:
        How many contacts departed.
    """
    return tracker().sweep()


def _refresh() -> int:
    """Ask what the dashboard asks, and keep the answers, so that its pages are there at once.

    Tried again, with growing pauses, while the database is away.

    Returns:
        The answers of how many sections are kept.
    """
    from motfunnel.dashboard.precomputed import refresh

    return refresh(tracker()).kept


_AGAIN: Final = {"autoretry_for": (StoreError,), "retry_backoff": True, "max_retries": 5}

sweep: Final[Any] = shared_task(_sweep, name="motfunnel.sweep", **_AGAIN)
refresh: Final[Any] = shared_task(_refresh, name="motfunnel.refresh", **_AGAIN)
