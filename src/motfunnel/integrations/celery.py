"""Tasks of Celery's, ``motfunnel.sweep``, ``.refresh`` and ``.relay``: for an app's beat to send.

They work with the tracker that the application configured, or that its framework provides. When
they run is for the application's schedule to say.
"""

from __future__ import annotations

import os
from typing import Any, Final

from motfunnel.errors import MissingExtraError, SettingError, StoreError
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


def _relay(
    name: str,
    to: str,
    *,
    secret_in: str = "MOTFUNNEL_WEBHOOK_SECRET",
    link: str | None = None,
    allow_private: bool = False,
) -> int:
    """Post what waits for a subscription, until nothing is due.

    Safe to run twice at once: what one has taken the other leaves alone. What a receiver does not
    take waits for a later task. Tried again, with growing pauses, while the database is away.

    Args:
        name: of the subscription.
        to: the URL to post to.
        secret_in: the environment variable with the secret, or several with blanks between them;
            an argument would lie in the broker.
        link: as of ``Webhook``.
        allow_private: as of ``Webhook``.

    Returns:
        How many messages were delivered.

    Raises:
        GoneError: the receiver answered 410; the subscription is ended.
        SettingError: there is no secret.
        QuestionError: there is no such subscription, or the URL or the secret is none.
    """
    from motfunnel.tracking.outbox.relay import GoneError, relay
    from motfunnel.tracking.outbox.webhook import Webhook

    if not (secrets := os.environ.get(secret_in, "").split()):
        raise SettingError(secret_in, "is no environment variable with the secret to sign with")
    webhook = Webhook(to, secrets, allow_private=allow_private, link=link)
    try:
        return relay(tracker().subscription(name), webhook).delivered
    except GoneError:
        tracker().unsubscribe(name)
        raise


_AGAIN: Final = {"autoretry_for": (StoreError,), "retry_backoff": True, "max_retries": 5}

sweep: Final[Any] = shared_task(_sweep, name="motfunnel.sweep", **_AGAIN)
refresh: Final[Any] = shared_task(_refresh, name="motfunnel.refresh", **_AGAIN)
relay: Final[Any] = shared_task(_relay, name="motfunnel.relay", **_AGAIN)
