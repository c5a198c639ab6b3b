"""The dashboard in a Django project: for its staff, on its own connections, below its own path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

import motfunnel
from tests.dashboard.test_core import links_in

pytestmark = pytest.mark.usefixtures("project")


def is_known(request: Any) -> str:
    """Lets in whoever says who it is."""
    return str(request.headers.get("X-Person", ""))


@pytest.fixture
def contacts(backend: str, tenant: str) -> Iterator[str]:
    """Five contacts of a tenant; gives the database."""
    from django.test import override_settings

    from motfunnel.integrations.django.settings import TRACKERS

    setting = {"FUNNEL": "ecommerce", "TENANT": tenant, "DATABASE": backend, "SPOOL": False}
    with override_settings(MOTFUNNEL=setting):
        for day in range(5):
            at = datetime.now(UTC) - timedelta(days=day + 1)
            motfunnel.track(f"reader {day}", "Order Completed", occurred_at=at)
        yield backend
        TRACKERS._made.clear()


def a_user(**rights: bool) -> Any:
    from django.contrib.auth.models import User

    return User(pk=1, username=uuid4().hex, **rights)


def signed_in(user: Any) -> Any:
    """A client whose requests are of a user, with no database behind it."""
    from django.test import Client, RequestFactory
    from django.urls import resolve

    class Signed(Client):
        def request(self, **environ: Any) -> Any:
            factory = RequestFactory()
            asked = factory.request(**environ)
            asked.user = user
            found = resolve(asked.path_info)
            return found.func(asked, *found.args, **found.kwargs)

    return Signed()


@pytest.mark.parametrize("script", ["", "/outside"])
def test_for_staff(contacts: str, script: str) -> None:
    """They see the project's contacts, computed beside the request; each link leads there."""
    from django.test import override_settings
    from django.urls import set_script_prefix

    client = signed_in(a_user(is_staff=True))
    root = f"{script}/funnel/"

    def get(address: str, **told: str) -> Any:
        path = address.removeprefix(script)
        return client.get(path, SCRIPT_NAME=script, **told)

    with override_settings(FORCE_SCRIPT_NAME=script or None):
        seen = get(f"{root}?whole=1")
        assert seen.status_code == 200
        found = links_in(seen.content.decode())
        assert all(one.startswith(root) for one in found)
        assert {get(one).status_code for one in sorted(found)[:6]} == {200}
        rows = json.loads(get(f"{root}overview/growth.json").content)["rows"]
        assert sum(row["openings"] for row in rows) == 5
        assert get(f"{root}?whole=1", HTTP_IF_NONE_MATCH=seen["ETag"]).status_code == 304
        assert client.post("/funnel/").status_code == 405
    set_script_prefix("/")


def test_for_nobody_else(contacts: str) -> None:
    """A stranger is sent to sign in, and comes back; who is signed in and no staff is not."""
    from django.contrib.auth.models import AnonymousUser

    stranger = signed_in(AnonymousUser())
    seen = stranger.get("/funnel/growth?window=7d")
    assert seen.status_code == 302
    assert seen["Location"] == "/admin/login/?next=/funnel/growth%3Fwindow%3D7d"
    assert stranger.get("/funnel/", HTTP_HX_REQUEST="true").status_code == 403
    assert stranger.post("/funnel/").status_code == 405
    assert signed_in(a_user()).get("/funnel/").status_code == 403
    assert signed_in(a_user(is_staff=True, is_active=False)).get("/funnel/").status_code == 403


def test_the_setting(contacts: str) -> None:
    """Who may look can be said by a function of the project; what cannot be used, a check names."""
    from django.conf import settings
    from django.core.checks import run_checks
    from django.test import override_settings

    with override_settings(MOTFUNNEL=settings.MOTFUNNEL | {"DASHBOARD": {"AUTHORIZE": is_known}}):
        client = signed_in(a_user())
        assert client.get("/funnel/", HTTP_X_PERSON="ada").status_code == 200
        assert client.get("/funnel/").status_code == 403
    for wrong in ({"AUTHORISE": is_known}, {"AUTHORIZE": "no.where"}, True):
        with override_settings(MOTFUNNEL=settings.MOTFUNNEL | {"DASHBOARD": wrong}):
            found = [one.msg for one in run_checks(tags=["motfunnel"])]
            assert any("MOTFUNNEL['DASHBOARD'] cannot be used" in said for said in found)


def test_in_a_transaction_of_the_project(contacts: str) -> None:
    """What a test of the project tracks, and never commits, is on its pages too."""
    from django.db import transaction

    client = signed_in(a_user(is_staff=True))
    with transaction.atomic(using=contacts):
        at = datetime.now(UTC) - timedelta(days=1)
        motfunnel.track("uncommitted", "Order Completed", occurred_at=at)
        rows = json.loads(client.get("/funnel/overview/growth.json").content)["rows"]
        assert sum(row["openings"] for row in rows) == 6
        transaction.set_rollback(True, using=contacts)
