"""What the fault tests share: a tenant and its place, and a run's figures."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel.store.database import Database
from tests.faults.figures import Figures
from tests.tracking.fleet import Place


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has."""
    return uuid4().hex


@pytest.fixture
def place(shared_engine: Engine, tenant: str) -> Place:
    """The database, with its tables, and the tenant, for other processes to find."""
    Database(shared_engine).create_tables()
    return Place(shared_engine.url.render_as_string(hide_password=False), tenant)


@pytest.fixture
def figures(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Figures:
    """Where a test puts down what it counted."""
    callspec = getattr(request.node, "callspec", None)
    chosen = callspec.params if callspec is not None else {}
    backend = next(
        (chosen[one] for one in ("shared_engine", "url", "backend") if one in chosen), ""
    )
    return Figures(record_property, backend)
