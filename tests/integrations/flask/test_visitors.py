"""Anonymous visitors of a Flask application: refused, skipped and counted, or their sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask, Request, Response, session
from flask.sessions import SessionInterface, SessionMixin

from motfunnel import track
from motfunnel.errors import AnonymousError, EventError, SettingError
from motfunnel.integrations.flask import session_contact
from tests.integrations.flask.shop import Shop

Open = Callable[..., Shop]


class Nobody:
    """What Flask-Login gives as ``current_user`` of one who has not logged in."""

    is_anonymous = True

    def get_id(self) -> None:
        return None


class OnServer(dict[str, Any], SessionMixin):
    """A session that is kept on the server, as those of Flask-Session."""

    sid = ""


class Sessions(SessionInterface):
    """Keeps sessions here, and their keys in cookies."""

    def __init__(self) -> None:
        self.kept: dict[str, OnServer] = {}

    def open_session(self, app: Flask, request: Request) -> OnServer:
        key = request.cookies.get("session") or uuid4().hex
        found = self.kept.get(key, OnServer())
        found.sid = key
        return found

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session and isinstance(session, OnServer):
            self.kept[session.sid] = session
            response.set_cookie("session", session.sid)


@pytest.fixture
def open_here(open_shop: Open, shared_url: str) -> Open:
    return lambda **settings: open_shop(shared_url, **settings)


def test_refused(open_here: Open) -> None:
    """Where errors are raised, this is one; it names the event, and what to set."""
    with (
        open_here().app.app_context(),
        pytest.raises(
            AnonymousError, match=r"event 'saw' of contact <Nobody>.*set MOTFUNNEL_ANONYMOUS"
        ),
    ):
        track(Nobody(), "saw")


@pytest.mark.parametrize("said", [{"on_error": "log"}, {"anonymous": "skip"}])
def test_skipped(open_here: Open, said: dict[str, Any]) -> None:
    """Without a reject; counted."""
    shop = open_here(contact_key=lambda user: user.get_id(), **said)
    with shop.app.app_context():
        assert track(Nobody(), "saw").skipped
        health = shop.tracker.health()
        assert (health.skipped, health.rejects) == (1, 0)


def test_their_sessions(open_here: Open) -> None:
    """Where there is a session, it is the contact, without its key; none is made."""
    shop = open_here(anonymous="session")
    shop.app.session_interface = Sessions()

    @shop.app.get("/look")
    def look() -> str:
        tracked = track(Nobody(), "saw")
        assert tracked.skipped or tracked.contact == session_contact()
        shop.session().commit()
        return tracked.contact

    @shop.app.get("/fill")
    def fill() -> str:
        session["basket"] = [1]
        return look()

    with shop.app.app_context():
        assert track(Nobody(), "saw").skipped  # outside of a request
    client = shop.app.test_client()
    assert client.get("/look").text == ""
    first = client.get("/fill").text
    assert first.startswith("session:")
    assert client.get("/look").text == first
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.value not in first
    with shop.app.app_context():
        assert shop.tracker.contact(first).events == 2


def test_sessions_without_a_key(open_here: Open) -> None:
    """Flask's own sessions lie in a cookie and have no key, and say so."""
    shop = open_here(anonymous="session")
    shop.app.secret_key = "secret"
    with shop.app.test_request_context():
        session["basket"] = [1]
        with pytest.raises(EventError, match="Flask-Session"):
            track(Nobody(), "saw")


def test_a_word_that_is_none_of_the_three(open_here: Open) -> None:
    """It is refused where the application is set up."""
    with pytest.raises(SettingError, match='"refuse", "skip" or "session"'):
        open_here(anonymous="ignore")
