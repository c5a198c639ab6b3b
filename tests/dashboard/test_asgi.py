"""The dashboard on an event loop: mounted in FastAPI, behind a proxy, and without holding it up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request

from motfunnel import Tracker
from motfunnel.dashboard import Dashboard, asgi
from tests.dashboard.test_core import links_in


def mounted(tracker: Tracker, authorize: Callable[[Any], object], **options: Any) -> FastAPI:
    app = FastAPI()
    app.mount("/funnel", asgi(Dashboard(tracker, authorize=authorize, **options)))
    return app


def is_staff(scope: Any) -> bool:
    return Request(scope).headers.get("authorization") == "staff"


async def is_awaited_staff(scope: Any) -> bool:
    await asyncio.sleep(0)
    return is_staff(scope)


@pytest.mark.parametrize("root", ["", "/behind/a/proxy"])
@pytest.mark.parametrize("authorize", [is_staff, is_awaited_staff])
def test_mounted_in_fastapi(history: Tracker, root: str, authorize: Callable[..., Any]) -> None:
    """Each link leads below where it is mounted; whoever may not look is told so."""
    app = mounted(history, authorize)
    staff = {"Authorization": "staff"}
    with TestClient(app, root_path=root) as client:
        assert client.get(f"{root}/funnel/").status_code == 403
        seen = client.get(f"{root}/funnel/", headers=staff)
        assert seen.status_code == 200
        found = links_in(seen.text)
        assert all(one.startswith(f"{root}/funnel/") for one in found)
        for one in found:
            assert client.get(one, headers=staff).status_code == 200
        again = client.get(
            f"{root}/funnel/", headers={"If-None-Match": seen.headers["ETag"], **staff}
        )
        assert (again.status_code, again.content) == (304, b"")
        assert client.post(f"{root}/funnel/", headers=staff).status_code == 405
        head = client.head(f"{root}/funnel/", headers=staff)
        assert (head.status_code, head.content) == (200, b"")


def test_the_loop_goes_on(history: Tracker) -> None:
    """While who may look is found out slowly, other requests are answered."""

    def authorize(scope: Any) -> bool:
        time.sleep(0.5)
        return True

    application = asgi(Dashboard(history, authorize=authorize))

    async def ask() -> int:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "root_path": ""}
        asking = asyncio.ensure_future(application(scope, None, send))  # type: ignore[arg-type]
        turns = 0
        while not asking.done():
            await asyncio.sleep(0.01)
            turns += 1
        await asking
        assert told[0]["status"] == 200
        return turns

    assert asyncio.run(ask()) > 5
