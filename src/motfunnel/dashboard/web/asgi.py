"""ASGI: the dashboard in a thread beside the event loop, by itself or mounted in another's path.

``authorize`` is given the scope. It may be a coroutine function, which is awaited on the loop.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Final

from motfunnel.dashboard.web.core import Dashboard
from motfunnel.dashboard.web.message import Request

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_ACCEPTED: Final = (b"if-none-match", b"accept-encoding")
_THREADS: Final = 16


def asgi(dashboard: Dashboard) -> Application:
    """Make an ASGI application of a dashboard.

    Args:
        dashboard: what it shows.
    """
    threads = _Threads()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        granted = None
        if iscoroutinefunction(dashboard.authorize):
            granted = await dashboard.authorize(scope) or False
        respond = partial(dashboard.respond, request_of(scope), granted)
        response = await asyncio.get_running_loop().run_in_executor(threads.pool(), respond)
        headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers.items()
        ]
        status = response.status
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    return application


class _Threads:
    """Threads of our own, so that what waits for answers takes none of the host's."""

    def __init__(self) -> None:
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def pool(self) -> ThreadPoolExecutor:
        """The pool of this process: the threads of its parent are not in it."""
        if self._pool is None or self._pool[0] != os.getpid():
            self._pool = (os.getpid(), ThreadPoolExecutor(_THREADS, "motfunnel-dashboard"))
        return self._pool[1]


def request_of(scope: Scope) -> Request:
    """A request, from ASGI's scope."""
    prefix, path = scope.get("root_path", "").rstrip("/"), scope["path"]
    if prefix and f"{path}/".startswith(f"{prefix}/"):
        path = path[len(prefix) :]
    return Request(
        method=scope["method"],
        path=path,
        prefix=prefix,
        query=scope.get("query_string", b"").decode("latin-1"),
        accepted={
            name.decode(): value.decode("latin-1")
            for name, value in scope["headers"]
            if name in _ACCEPTED
        },
        native=scope,
    )


async def _live(receive: Receive, send: Send) -> None:
    """Begin and end with the server; there is nothing to do."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
