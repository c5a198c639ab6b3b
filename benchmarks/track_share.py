"""Which share of a request a `track` is, in FastAPI and in Django.

The frameworks are called as a server calls them (ASGI, WSGI), without a network or a client. A
request answers a few words; with a `track` it records one event, on SQLite in a temporary folder.
Both kinds take turns. Printed is the processor time that one `track` takes of a request with one,
and of a processor at 100 requests a second.

    python benchmarks/track_share.py [--requests 200] [--rounds 7]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from motfunnel import AsyncTracker, Funnel, Tracker, touch

OK = 200
FUNNEL = Funnel(stages=("visitor", "customer"), rules={"saw": touch()})


def main() -> None:
    """Measure both, and print a row for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    print("| | of the request | of a processor, at 100 requests a second |")
    print("|---|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in (("FastAPI", fastapi), ("Django", django)):
            ask = make(Path(folder))
            pairs = [
                (timed(ask, "/track", given.requests), timed(ask, "/", given.requests))
                for _ in range(given.rounds + 1)
            ][1:]
            ours = statistics.median(one - other for one, other in pairs)
            share = statistics.median((one - other) / one for one, other in pairs)
            print(f"| {name} | {share:.0%} | {ours * 100:.1%} |", flush=True)


def timed(ask: Callable[[str, int], None], path: str, requests: int) -> float:
    """The processor time of a request."""
    began = time.process_time()
    ask(path, requests)
    return (time.process_time() - began) / requests


def fastapi(folder: Path) -> Callable[[str, int], None]:
    """An application of FastAPI, and how to ask it."""
    from fastapi import FastAPI

    application = FastAPI()
    tracker = AsyncTracker(f"sqlite:///{folder / 'fastapi.db'}", funnel=FUNNEL, spool=False)

    @application.get("/")
    async def plain() -> dict[str, str]:
        return {"said": "hello"}

    @application.get("/track")
    async def tracked() -> dict[str, str]:
        await tracker.track("ada", "saw", properties={"plan": "pro"})
        return {"said": "hello"}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", OK) == OK

    async def ask(path: str, requests: int) -> None:
        for _ in range(requests):
            scope = {
                "type": "http",
                "asgi": {"version": "3.0"},
                "http_version": "1.1",
                "method": "GET",
                "scheme": "http",
                "path": path,
                "raw_path": path.encode(),
                "query_string": b"",
                "root_path": "",
                "headers": [(b"host", b"localhost")],
                "client": ("127.0.0.1", 1),
                "server": ("127.0.0.1", 80),
            }
            await application(scope, receive, send)  # type: ignore[arg-type]

    runner = asyncio.Runner()
    return lambda path, requests: runner.run(ask(path, requests))


def django(folder: Path) -> Callable[[str, int], None]:
    """A project of Django, and how to ask it."""
    import django as framework
    from django.conf import settings

    tracker = Tracker(f"sqlite:///{folder / 'django.db'}", funnel=FUNNEL, spool=False)
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="of a benchmark",
        ROOT_URLCONF="urls of a benchmark",
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    )
    framework.setup()
    import sys
    from types import ModuleType

    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, JsonResponse
    from django.urls import path as route

    def plain(_: HttpRequest) -> JsonResponse:
        return JsonResponse({"said": "hello"})

    def tracked(_: HttpRequest) -> JsonResponse:
        tracker.track("ada", "saw", properties={"plan": "pro"})
        return JsonResponse({"said": "hello"})

    urls: Any = ModuleType(settings.ROOT_URLCONF)
    urls.urlpatterns = [route("", plain), route("track", tracked)]
    sys.modules[settings.ROOT_URLCONF] = urls
    application = WSGIHandler()

    def start(status: str, _: object, __: object = None) -> Any:
        assert status.startswith("200"), status

    def ask(path: str, requests: int) -> None:
        import io

        for _ in range(requests):
            environ = {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": "",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "wsgi.input": io.BytesIO(),
                "wsgi.errors": sys.stderr,
                "wsgi.url_scheme": "http",
            }
            for _part in application(environ, start):
                pass

    return ask


if __name__ == "__main__":
    main()
