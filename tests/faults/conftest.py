"""What the fault tests share: a tenant of their own, and its place."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel.store.database.database import Database
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
