"""WSGI: the dashboard as an application of its own, or mounted below another's path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from motfunnel.dashboard.web.core import Dashboard
from motfunnel.dashboard.web.message import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

_ACCEPTED = {"if-none-match": "HTTP_IF_NONE_MATCH", "accept-encoding": "HTTP_ACCEPT_ENCODING"}


def wsgi(dashboard: Dashboard) -> WSGIApplication:
    """Make a WSGI application of a dashboard; ``authorize`` is given the environment.

    Args:
        dashboard: what it shows.
    """

    def application(environ: dict[str, Any], start_response: StartResponse, /) -> Iterable[bytes]:
        response = dashboard.respond(request_of(environ))
        start_response(response.line, list(response.headers.items()))
        return [response.body]

    return application


def request_of(environ: dict[str, Any]) -> Request:
    """A request, from WSGI's environment."""
    return Request(
        method=environ["REQUEST_METHOD"],
        path=_text(environ.get("PATH_INFO", "")),
        prefix=_text(environ.get("SCRIPT_NAME", "")),
        query=environ.get("QUERY_STRING", ""),
        accepted={name: environ[key] for name, key in _ACCEPTED.items() if key in environ},
        native=environ,
    )


def _text(path: str) -> str:
    """A path of WSGI, whose characters are bytes, as the text that it is."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
