"""The one view of the dashboard: who may look, and Django's requests as the dashboard knows them.

What takes long is computed in a thread that has connections of its own, and closes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from motfunnel.dashboard import Dashboard, Request
from motfunnel.errors import MissingExtraError, SettingError
from motfunnel.integrations.django.settings import (
    TRACKERS,
    read_contact_url,
    read_dashboard,
)

_ACCEPTED: Final[Mapping[str, str]] = {
    "if-none-match": "HTTP_IF_NONE_MATCH",
    "accept-encoding": "HTTP_ACCEPT_ENCODING",
}


def is_staff(request: HttpRequest) -> bool:
    """Whether somebody of the staff is signed in: who may look, where nothing else is said."""
    user = getattr(request, "user", None)
    return user is not None and user.is_active and user.is_staff


@transaction.non_atomic_requests
def page(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a request; who is not signed in is sent to do so."""
    dashboard = _dashboard()
    granted = dashboard.authorize(request)
    if not granted and _is_stranger(request):
        return redirect_to_login(request.get_full_path(), _login_url())
    answer = dashboard.respond(
        Request(
            method=request.method or "",
            path=f"/{path}",
            prefix=request.path[: len(request.path) - len(path)],
            query=request.META.get("QUERY_STRING", ""),
            accepted={n: request.META[key] for n, key in _ACCEPTED.items() if key in request.META},
            native=request,
        ),
        granted or False,
    )
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))


def _is_stranger(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)
    looks = request.method == "GET" and "HX-Request" not in request.headers
    return looks and user is not None and not user.is_authenticated


def _login_url() -> str:
    try:
        return str(reverse("admin:login"))
    except NoReverseMatch:
        return str(settings.LOGIN_URL)


@cache
def _dashboard() -> Dashboard:
    """The project's dashboard, made when it is first looked at.

    Raises:
        ImproperlyConfigured: the setting cannot be used, or the extra is missing.
    """
    given: dict[str, Any] = {"authorize": is_staff, "contact_url": _contact_url()}
    try:
        return Dashboard(
            lambda native: TRACKERS.current(),
            **{**given, "surroundings": _connections_of_its_own, **read_dashboard()},
        )
    except (MissingExtraError, SettingError) as error:
        raise ImproperlyConfigured(f"MOTFUNNEL['DASHBOARD']: {error}") from error


def _contact_url() -> Callable[[str], str | None] | None:
    """What gives the address of a contact's own page: as in the admin, where that is installed."""
    if apps.is_installed("django.contrib.admin"):
        from motfunnel.integrations.django.admin.contacts import page_url

        return page_url
    return read_contact_url()


@contextmanager
def _connections_of_its_own() -> Iterator[None]:
    try:
        yield
    finally:
        connections.close_all()


def _renew(*, setting: str, **_: Any) -> None:
    if setting == "MOTFUNNEL":
        _dashboard.cache_clear()


setting_changed.connect(_renew, dispatch_uid="motfunnel.dashboard")
