"""Anonymous visitors: refused, skipped and counted, or their sessions, as the setting says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

import motfunnel
from motfunnel import Tracker
from motfunnel.errors import AnonymousError, EventError
from tests.integrations.django.conftest import given

CACHE = "django.contrib.sessions.backends.cache"
COOKIES = "django.contrib.sessions.backends.signed_cookies"


@pytest.fixture
def nobody(alias: str) -> Any:
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


@pytest.fixture
def settings(alias: str, tenant: str) -> Any:
    """Sets the setting, for the time of a block."""
    from django.test import override_settings

    return lambda **more: override_settings(MOTFUNNEL=given(alias, tenant, **more))


@pytest.fixture
def request_of() -> Iterator[Any]:
    """Makes requests whose sessions are in memory, or elsewhere."""
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.test import RequestFactory, override_settings

    def make(cookie: str = "", engine: str = CACHE) -> Any:
        request: Any = RequestFactory().get("/")
        if cookie:
            request.COOKIES["sessionid"] = cookie
        with override_settings(SESSION_ENGINE=engine):
            SessionMiddleware(lambda _: None).process_request(request)  # type: ignore[arg-type,return-value,unused-ignore]
        return request

    yield make


def test_refused(alias: str, tracker: Tracker, nobody: Any) -> None:
    """Where errors are raised, this is one; it names the event, and what to set."""
    what = r"event 'saw' of contact <AnonymousUser>.* set MOTFUNNEL\['ANONYMOUS'\] to"
    with pytest.raises(AnonymousError, match=what):
        motfunnel.track(nobody, "saw")
    with pytest.raises(AnonymousError, match="identify"):
        tracker.identify(nobody, {"plan": "free"})
    with pytest.raises(AnonymousError, match="event 'saw'"):
        tracker.track_many(
            [{"contact": "ada", "event": "saw"}, {"contact": nobody, "event": "saw"}]
        )
    assert tracker.contact("ada").events == 0


def test_an_unsaved_instance_names_the_event_too(alias: str, tracker: Tracker) -> None:
    """So does every other error of a key."""
    from django.contrib.auth.models import User

    with pytest.raises(EventError, match=r"event 'saw' of contact <User>: .* save it first"):
        motfunnel.track(User(username="ada"), "saw")


@pytest.mark.parametrize("said", [{"ON_ERROR": "log"}, {"ANONYMOUS": "skip"}])
def test_skipped(
    settings: Any, nobody: Any, said: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Without a line in the log and without a reject; counted, and the others are recorded."""
    with settings(**said), caplog.at_level(logging.DEBUG):
        tracker = motfunnel.tracker()
        tracked = motfunnel.track(nobody, "saw")
        assert (tracked.skipped, tracked.moments, tracked.error) == (True, (), None)
        many = tracker.track_many(
            {"contact": one, "event": "saw"} for one in (nobody, "ada", nobody, "bob")
        )
        assert [one.contact for one in many] == ["", "ada", "", "bob"]
        tracker.identify(nobody, {"plan": "free"})
        health = tracker.health()
        assert (health.skipped, health.rejects) == (4, 0)
        assert "4 of anonymous visitors skipped" in str(health)
        assert len(list(tracker.moments(kind="opening"))) == 2
    assert "Anonymous" not in caplog.text
    assert "not recorded" not in caplog.text


def test_a_key_of_the_projects_own_for_them(settings: Any, nobody: Any) -> None:
    """CONTACT_KEY is asked of them, too; where it knows nothing of them, the setting counts."""
    with settings(CONTACT_KEY=lambda user: "visitor"):
        assert motfunnel.track(nobody, "saw").contact == "visitor"
    for key in (lambda user: user.email, lambda user: user.pk, lambda user: user):
        with settings(CONTACT_KEY=key, ANONYMOUS="skip"):
            assert motfunnel.track(nobody, "saw").skipped
        with settings(CONTACT_KEY=key), pytest.raises(AnonymousError):
            motfunnel.track(nobody, "saw")


def test_a_key_that_fails_for_others_is_no_visitor(settings: Any) -> None:
    """An error of CONTACT_KEY about somebody who is known is raised, and nobody is skipped."""
    with settings(CONTACT_KEY=lambda user: user.email, ANONYMOUS="skip"):
        with pytest.raises(AttributeError):
            motfunnel.track("ada", "saw")
        assert motfunnel.tracker().health().skipped == 0


def test_their_sessions(settings: Any, nobody: Any, request_of: Any) -> None:
    """Where there is a session, it is the contact, without its key; none is made."""
    from motfunnel.integrations.django.contacts import session_contact
    from motfunnel.integrations.django.request import surrounded_by

    with settings(ANONYMOUS="session"):
        tracker = motfunnel.tracker()
        assert motfunnel.track(nobody, "saw").skipped  # outside of a request
        fresh = request_of()
        with surrounded_by(fresh):
            assert motfunnel.track(nobody, "saw").skipped
            assert fresh.session.session_key is None
            fresh.session["basket"] = [1]
            fresh.session.save()
            tracked = motfunnel.track(nobody, "saw")
            assert tracked.contact == session_contact() == session_contact(fresh)
            assert tracker.contact(nobody).events == 1
        assert str(fresh.session.session_key) not in tracked.contact
        again = request_of(fresh.session.session_key)
        with surrounded_by(again):
            assert motfunnel.track(nobody, "saw").contact == tracked.contact
        forged = request_of("a" * 32)
        with surrounded_by(forged):
            assert motfunnel.track(nobody, "saw").skipped
        assert tracker.merge(session_contact(again), into="ada").contact == "ada"
        assert tracker.contact("ada").events == 2
        assert tracker.health().skipped == 3


def test_sessions_without_a_key(settings: Any, nobody: Any, request_of: Any) -> None:
    """A session that lies in a cookie has no key that stays, and says so."""
    from motfunnel.integrations.django.request import surrounded_by

    with (
        settings(ANONYMOUS="session"),
        surrounded_by(request_of(engine=COOKIES)),
        pytest.raises(EventError, match="signed cookies have no key that stays"),
    ):
        motfunnel.track(nobody, "saw")


def test_checks(settings: Any) -> None:
    """A word that is none of the three, and sessions without the middleware, are found."""
    from django.test import override_settings

    from motfunnel.integrations.django.settings import check_setting

    with settings(ANONYMOUS="ignore"):
        [found] = check_setting()
        assert (found.id, '"skip"' in found.msg) == ("motfunnel.E006", True)
    with settings(ANONYMOUS="session"):
        assert [one.id for one in check_setting()] == ["motfunnel.E008"]
        there = ["motfunnel.integrations.django.middleware.RequestContext"]
        with override_settings(MIDDLEWARE=there):
            assert check_setting() == []
