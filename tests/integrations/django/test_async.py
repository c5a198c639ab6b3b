"""Async views: atrack does the work where Django's synchronous code runs; track is refused."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Engine

import motfunnel
from tests.integrations.django.conftest import given
from tests.tracking.host import event_ids


def test_an_async_view(alias: str, engine: Engine, tenant: str) -> None:
    """An event that is awaited in an async view is recorded."""
    from asgiref.sync import async_to_sync
    from django.db import connections
    from django.test import AsyncClient

    async def ask() -> bytes:
        answer = await AsyncClient().get("/abuy/2")
        content: bytes = answer.content
        return content

    assert async_to_sync(ask)() == b"opening"
    assert event_ids(engine, tenant) == ["2"]
    connections.close_all()


@pytest.mark.parametrize("on_error", ["raise", "log"])
def test_a_call_on_the_event_loop(alias: str, engine: Engine, tenant: str, on_error: str) -> None:
    """Django refuses it, and so do we, whatever becomes of other errors."""
    from django.core.exceptions import SynchronousOnlyOperation
    from django.test import AsyncClient, override_settings

    async def ask() -> None:
        with pytest.raises(SynchronousOnlyOperation):
            motfunnel.track("ada", "saw")
        with pytest.raises(SynchronousOnlyOperation):
            motfunnel.tracker().contact("ada")
        with pytest.raises(SynchronousOnlyOperation):
            await AsyncClient().get("/hasty")

    with override_settings(MOTFUNNEL=given(alias, tenant, ON_ERROR=on_error)):
        asyncio.run(ask())
    assert event_ids(engine, tenant) == []


def test_it_joins_what_runs_in_that_thread(alias: str, engine: Engine, tenant: str) -> None:
    """What is awaited inside a synchronous block is part of it."""
    from asgiref.sync import async_to_sync
    from django.db import transaction

    with transaction.atomic(using=alias):
        async_to_sync(motfunnel.tracker().atrack)("ada", "saw")
        assert motfunnel.tracker().contact("ada").events == 1
        transaction.set_rollback(True, using=alias)
    assert event_ids(engine, tenant) == []
