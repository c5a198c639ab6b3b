"""Sessions that a host keeps for whoever is asked now: on which engine they work, and joining them.

Opens none, and ends none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from motfunnel.store.hosts.transaction import Host, SessionOn

HostSession: TypeAlias = Session | scoped_session[Any]
SessionSource: TypeAlias = Callable[[], HostSession]


def check_source(source: object) -> SessionSource:
    """Make sure that something gives the session in use, the same again and again.

    Raises:
        TypeError: it is a session itself, or makes a new one each time.
    """
    if isinstance(source, sessionmaker):
        raise TypeError(
            "a sessionmaker makes a new session each time; pass a function that gives the one in "
            "use, such as a scoped_session"
        )
    if not callable(source):
        raise TypeError(f"session must be a function that gives a Session, not {source!r}")
    return source


def engine_of(session: HostSession) -> Engine:
    """The engine that a session works on where nothing else is said."""
    return session.get_bind().engine


def joining(session: HostSession, engine: Engine | None) -> Host:
    """What a call joins: the session's transaction, on one engine of several where it is named."""
    return session if engine is None else SessionOn(session, engine)
