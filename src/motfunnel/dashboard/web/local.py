"""The dashboard on one's own machine: on loopback, for whoever has the address that was printed.

The address holds a token that opens once and becomes a cookie. What is not asked under a name of
this machine is refused, so that no page elsewhere can ask through a browser here.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from socketserver import ThreadingMixIn
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from motfunnel.dashboard.source import Source
from motfunnel.dashboard.web.core import Dashboard
from motfunnel.dashboard.web.message import Response, finished, policy
from motfunnel.dashboard.web.visit import said
from motfunnel.dashboard.web.wsgi import request_of, wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

LOOPBACK: Final = "127.0.0.1"
_NAMES: Final = (LOOPBACK, "localhost")
_TOKEN: Final = "token"


class LocalServer:
    """Serves the dashboard of a source on this machine.

    Args:
        tracker: whose contacts are shown; or a function that gives them anew for each request.
        port: the port; 0: any that is free.
        **options: what else ``Dashboard`` takes.

    Raises:
        OSError: the port is taken.
    """

    def __init__(
        self, tracker: Source | Callable[[Any], Source], port: int = 0, **options: Any
    ) -> None:
        self._token, self._secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._lock, self._is_opened = Lock(), False
        dashboard = Dashboard(tracker, authorize=self._is_known, **options)
        self._dashboard = wsgi(dashboard)
        self._server = make_server(LOOPBACK, port, self._application, _Server, _Handler)
        self.port: int = self._server.server_port
        # Cookies of all ports of a machine lie together.
        self._cookie = f"motfunnel-{self.port}"

    @property
    def address(self) -> str:
        """What to open in a browser; it opens once."""
        return f"http://{LOOPBACK}:{self.port}/?{_TOKEN}={self._token}"

    def serve(self) -> None:
        """Answer until it is interrupted."""
        try:
            self._server.serve_forever()
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """End ``serve``, which another thread runs."""
        self._server.shutdown()

    def _application(
        self, environ: dict[str, Any], start_response: StartResponse, /
    ) -> Iterable[bytes]:
        allowed = {f"{name}:{self.port}" for name in _NAMES}
        response = None
        if environ.get("HTTP_HOST", "") not in allowed:
            response = said(403, "Not here", "Open the address that was printed.", None)
        elif token := _token_in(environ):
            response = self._open(token)
        elif not self._is_known(environ):
            response = said(403, "Not for you", "Open the address that was printed.", None)
        if response is None:
            return self._dashboard(environ, start_response)
        told = finished(response, request_of(environ), policy())
        start_response(told.line, list(told.headers.items()))
        return [told.body]

    def _open(self, token: str) -> Response:
        """Take the token, once, for a cookie; the address that follows holds it no more."""
        with self._lock:
            is_good = not self._is_opened and hmac.compare_digest(token, self._token)
            self._is_opened = self._is_opened or is_good
        if not is_good:
            again = "This address has been opened already, or is another's. Begin again for a new."
            return said(403, "Not for you", again, None)
        cookie = f"{self._cookie}={self._secret}; Path=/; HttpOnly; SameSite=Strict"
        return Response(status=303, headers={"Location": "/", "Set-Cookie": cookie})

    def _is_known(self, environ: dict[str, Any]) -> bool:
        try:
            cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
        except CookieError:
            return False
        found = cookies.get(self._cookie)
        return found is not None and hmac.compare_digest(found.value, self._secret)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing of who was looked at."""


def _token_in(environ: dict[str, Any]) -> str:
    """The token of an address, in letters that can be compared."""
    if environ.get("PATH_INFO") != "/":
        return ""
    try:
        given = parse_qs(environ.get("QUERY_STRING", ""), max_num_fields=9).get(_TOKEN, [""])[0]
    except ValueError:
        return ""
    return given if given.isascii() else "?"
