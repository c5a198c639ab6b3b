"""A tracker on each kind of database, with a tenant of its own and a clock moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.store.database import Database
from tests.tracking.scene import FUNNEL, Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has."""
    return uuid4().hex


@pytest.fixture
def make_tracker(shared_engine: Engine, clock: Clock, tenant: str) -> Callable[..., Tracker]:
    """Another tracker of the same tenant on the same database; takes what ``Tracker`` takes."""
    Database(shared_engine).create_tables()

    def make(**options: object) -> Tracker:
        given: dict[str, object] = {"funnel": FUNNEL, "tenant": tenant, "clock": clock}
        return Tracker(shared_engine, **(given | options))  # type: ignore[arg-type]

    return make


@pytest.fixture
def tracker(make_tracker: Callable[..., Tracker]) -> Tracker:
    """A tracker of a tenant without contacts, once for each backend."""
    return make_tracker()
