"""A shop on each kind of session and each kind of database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel.trackers import configured as configuration
from tests.integrations.flask.shop import HOSTS, Shop


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tracker but the applications' own, and none of another test's."""
    monkeypatch.setattr(configuration, "_configured", [])


@pytest.fixture
def open_shop() -> Iterator[Callable[..., Shop]]:
    """Opens shops, and closes their connections behind the test."""
    shops: list[Shop] = []

    def open(url: str, host: str = "Flask-SQLAlchemy", **settings: Any) -> Shop:
        shop = HOSTS[host](url, **settings)
        shops.append(shop)
        return shop

    yield open
    for shop in shops:
        with shop.app.app_context():
            engines = shop.engines()
        for engine in engines:
            engine.dispose()


@pytest.fixture
def shared_url(shared_engine: Engine) -> str:
    """The URL of the database that tests share; each has a tenant of its own there."""
    return shared_engine.url.render_as_string(hide_password=False)


@pytest.fixture(params=HOSTS)
def shop(request: pytest.FixtureRequest, shared_url: str, open_shop: Callable[..., Shop]) -> Shop:
    """A shop on each kind of session and database."""
    return open_shop(shared_url, request.param)
