"""The source: whose contacts a dashboard shows, those of a store or of classified files.

Files know nothing of what waits in a store, and keep no answers; what they lack is said.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, Final, TypeAlias

from motfunnel.classified import Files
from motfunnel.store.database.retry import asking
from motfunnel.store.queries.search import find_contacts
from motfunnel.trackers.tracker import Tracker

Source: TypeAlias = Tracker | Files

ONLY_STORES: Final = (
    "classified files do not know what waits, or whom nobody told: ask the store, or a dump of it"
)
"""What is said where files have nothing to say."""

SOURCES: Final = (Tracker, Files)


def telling_faults(source: Source) -> AbstractContextManager[None]:
    """Turn a fault of the database into our own error; what reads files does so itself."""
    return nullcontext() if isinstance(source, Files) else asking(source.database)


def is_alone(source: Source) -> bool:
    """Whether no other thread would see what is asked: it lies in memory, or is not committed."""
    if isinstance(source, Files):
        return False
    return not source.database.name or source.database.is_joining


def newest(source: Source) -> datetime:
    """The instant of a question that names none."""
    if isinstance(source, Files):
        return source.now()
    with asking(source.database):
        return source.as_of(None)


def finder(source: Source, part: str, limit: int) -> Callable[[], Any]:
    """What looks for contacts that have a text in their keys."""

    def find() -> list[str]:
        if isinstance(source, Files):
            return source.find(part, limit)
        database = source.database
        with asking(database), database.read() as connection:
            return find_contacts(connection, database.tables, source.tenant, part, limit)

    return find
