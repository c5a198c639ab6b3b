"""What a request says of the surroundings of an event, where the middleware is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

import motfunnel
from motfunnel import Tracker
from tests.tracking.scene import stored_events

MIDDLEWARE = "motfunnel.integrations.django.middleware.RequestContext"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def backend(places: dict[str, Any]) -> str:
    """One kind of database is enough: what is stored is the same."""
    return "sqlite"


@pytest.fixture
def installed(alias: str) -> Iterator[None]:
    """The middleware."""
    from django.test import override_settings

    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        yield


def said(engine: Engine, tenant: str) -> list[dict[str, Any]]:
    """The properties of all events."""
    return [event.properties for of in stored_events(engine, tenant).values() for event in of]


def test_a_request(alias: str, installed: None, engine: Engine, tenant: str) -> None:
    """Its path, its device and its campaign; no other parameter and no address."""
    from django.test import Client

    query = {"utm_source": "news", "utm_campaign": "spring", "token": "secret", "utm_term": " "}
    Client().get("/see", query, headers={"user-agent": FIREFOX})
    assert said(engine, tenant) == [
        {
            "path": "/see",
            "device": "browser",
            "source": "news",
            "utm_source": "news",
            "utm_campaign": "spring",
        }
    ]


def test_the_source_of_an_opening(installed: None, tracker: Tracker) -> None:
    """A contact that a campaign brought has it as its source."""
    from django.test import Client

    from motfunnel.store.ledger.ledger import Ledger

    Client().get("/see", {"utm_source": "news"})
    with tracker.database.read() as connection:
        found = Ledger(connection, None, tracker.tenant).find_contact("ada", tracker.funnel)
    assert found is not None
    assert found.source == "news"


def test_the_callers_word_goes_first(installed: None, engine: Engine, tenant: str) -> None:
    """What is given explicitly stays as it is, a null too."""
    from django.test import Client

    Client().get("/see", {"p_source": "friend", "p_path": "/", "utm_source": "news"})
    [found] = said(engine, tenant)
    assert (found["source"], found["path"], found["utm_source"]) == ("friend", "/", "news")


def test_async_views(installed: None, engine: Engine, tenant: str) -> None:
    """An event loop's requests do not mix."""
    from django.test import AsyncClient

    async def ask() -> None:
        agents = (FIREFOX, "Googlebot/2.1")
        sent = [AsyncClient().get("/asee", headers={"user-agent": one}) for one in agents]
        await asyncio.gather(*sent)

    asyncio.run(ask())
    assert sorted(one["device"] for one in said(engine, tenant)) == ["bot", "browser"]


def test_without_it(alias: str, engine: Engine, tenant: str) -> None:
    """Nothing is added where the middleware is not installed, or no request runs."""
    from django.test import Client, override_settings

    Client().get("/see", {"utm_source": "news"})
    with override_settings(MIDDLEWARE=[MIDDLEWARE]):
        Client().get("/buy/2")
        motfunnel.track("ada", "saw")
        motfunnel.tracker().identify("ada", {"plan": "free"})
    found = [one for one in said(engine, tenant) if one]
    assert sorted(found, key=str) == [
        {"path": "/buy/<int:number>", "device": "other"},
        {"plan": "free"},
    ]


def test_the_same_event_from_another_page(installed: None, tracker: Tracker) -> None:
    """A retry is the same event, whatever surrounds it; but what the caller says must agree."""
    from django.test import Client

    from motfunnel.errors import ConflictError

    Client().get("/see", {"id": "1", "utm_source": "news"})
    Client().get("/see", {"id": "1"}, headers={"user-agent": FIREFOX})
    assert tracker.track("ada", "saw", id="1").duplicate
    with pytest.raises(ConflictError):
        tracker.track("ada", "saw", id="1", properties={"path": "/other"})
    with pytest.raises(ConflictError):
        tracker.track("ada", "saw", id="1", properties={"colour": "red"})
    assert tracker.contact("ada").events == 1


@pytest.mark.parametrize(
    ("kwargs", "path"), [({}, "/reset"), ({"token": "secret"}, "/reset/<str:token>")]
)
def test_what_stands_in_a_path(project: None, kwargs: dict[str, str], path: str) -> None:
    """Of a path with parameters the route is kept: one of them may be a secret."""
    from types import SimpleNamespace

    from motfunnel.integrations.django.request import path_of

    match = SimpleNamespace(route="reset/<str:token>", args=(), kwargs=kwargs)
    asked = SimpleNamespace(path="/".join(["/reset", *kwargs.values()]), resolver_match=match)
    assert path_of(asked) == path


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "browser"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148", "mobile"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36", "mobile"),
        ("Mozilla/5.0 (compatible; bingbot/2.0)", "bot"),
        ("curl/8.5.0", "bot"),
        ("ShopApp/3.1", "other"),
        ("", "other"),
    ],
)
def test_devices(project: None, agent: str, device: str) -> None:
    """A user agent is one of four kinds."""
    from motfunnel.integrations.django.request import device_of

    assert device_of(agent) == device


@settings(max_examples=200)
@given(source=st.text(), path=st.text(), agent=st.text())
def test_any_request_can_be_stored(source: str, path: str, agent: str) -> None:
    """Whatever a visitor sends, what is kept of it is a property that every database takes."""
    from types import SimpleNamespace

    from motfunnel.domain.event import check_properties
    from motfunnel.integrations.django.request import surrounded_by, with_surroundings

    request = SimpleNamespace(
        GET={"utm_source": source},
        path=path,
        resolver_match=None,
        META={"HTTP_USER_AGENT": agent},
    )
    with surrounded_by(request):
        properties, ambient = with_surroundings({"device": "shop"})
    assert isinstance(properties, dict)
    assert check_properties(properties)["device"] == "shop"
    assert "device" not in ambient
    assert all(len(value) <= 255 for value in properties.values())


def test_what_is_no_mapping(project: None) -> None:
    """Properties that cannot be read are left for the tracker to refuse."""
    from types import SimpleNamespace

    from motfunnel.integrations.django.request import surrounded_by, with_surroundings

    with surrounded_by(SimpleNamespace(GET={}, path="/", resolver_match=None, META={})):
        assert with_surroundings(7) == (7, frozenset())
