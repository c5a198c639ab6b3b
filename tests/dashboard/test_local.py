"""On one's own machine: the printed address opens once, and only under a name of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from threading import Thread

import pytest

from motfunnel import Tracker
from motfunnel.dashboard.web.local import LocalServer


@pytest.fixture
def server(history: Tracker) -> Iterator[LocalServer]:
    server = LocalServer(history)
    thread = Thread(target=server.serve)
    thread.start()
    yield server
    server.stop()
    thread.join()


def get(server: LocalServer, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=told)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.headers), body


def test_the_address_opens_once(server: LocalServer) -> None:
    """It becomes a cookie that no script reads and no other site sends; nobody else gets in."""
    path = server.address.partition(str(server.port))[2]
    assert get(server, "/")[0] == 403
    assert get(server, "/?token=wrong")[0] == 403
    assert get(server, "/?token=%C3%A9")[0] == 403
    status, headers, _ = get(server, path)
    assert (status, headers["Location"]) == (303, "/")
    cookie, *rules = headers["Set-Cookie"].split("; ")
    assert {*rules} == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert get(server, path)[0] == 403
    status, _, body = get(server, "/", Cookie=cookie)
    assert status == 200
    assert "token" not in body
    assert get(server, "/", Cookie=cookie + "x")[0] == 403
    assert get(server, "/", Cookie=cookie.replace(str(server.port), "1"))[0] == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost:1"]
)
def test_no_other_name_of_this_machine(server: LocalServer, host: str) -> None:
    """Or a page elsewhere could have its own name lead here, and read what it finds."""
    path = server.address.partition(str(server.port))[2]
    status, headers, _ = get(server, path, Host=host.format(port=server.port))
    assert status == 403
    assert "Set-Cookie" not in headers
    status, _, _ = get(server, path, Host=f"localhost:{server.port}")
    assert status == 303
