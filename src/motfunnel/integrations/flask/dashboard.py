"""The dashboard as a blueprint, on the tracker of the application that it is registered with.

Needs the extra ``web``. What takes long is computed in a thread with an application context, and so
a session, of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from flask import Blueprint, Flask, Request, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from motfunnel.dashboard import Dashboard
from motfunnel.dashboard import Request as Asked
from motfunnel.errors import NotConfiguredError
from motfunnel.integrations.flask.extension import NAME

_EXTENSION: Final = "motfunnel.dashboard"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ACCEPTED: Final = ("If-None-Match", "Accept-Encoding")
_NONE: Final = "register the blueprint after MotFunnel(app, …), whose contacts it shows"


def blueprint(
    name: str = "motfunnel",
    *,
    authorize: Callable[[Request], object] | None = None,
    **options: Any,
) -> Blueprint:
    """Make a blueprint of the dashboard; register it with a ``url_prefix``.

    Args:
        name: of the blueprint.
        authorize: is given Flask's request, and says whether it may look; there is no default.
        **options: what else ``Dashboard`` takes.

    Raises:
        SettingError: when it is registered, where nobody said who may look.
        NotConfiguredError: then, where the application has no ``MotFunnel``.
    """
    made = Blueprint(name, __name__)

    def mount(state: BlueprintSetupState) -> None:
        app = cast("Flask", state.app)
        if NAME not in app.extensions:
            raise NotConfiguredError(_NONE)
        mounted = app.extensions.setdefault(_EXTENSION, {})
        mounted[name] = Dashboard(
            lambda native: app.extensions[NAME].tracker,
            authorize=authorize,
            **{"surroundings": app.app_context, **options},
        )

    def show(path: str = "") -> Response:
        return _show(current_app.extensions[_EXTENSION][name], path)

    made.record(mount)
    for rule in ("/", "/<path:path>"):
        made.add_url_rule(rule, "page", show, methods=_METHODS, provide_automatic_options=False)
    return made


def _show(dashboard: Dashboard, path: str) -> Response:
    """Answer the request that is running."""
    before = request.path[: len(request.path) - len(path)]
    answer = dashboard.respond(
        Asked(
            method=request.method,
            path=f"/{path}",
            prefix=f"{request.root_path}{before}",
            query=request.query_string.decode("latin-1"),
            accepted={
                header.lower(): request.headers[header]
                for header in _ACCEPTED
                if header in request.headers
            },
            native=request,
        )
    )
    return Response(answer.body, answer.status, dict(answer.headers))
