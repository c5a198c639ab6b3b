"""The dashboard as a blueprint: on the application's tracker, closed, below any prefix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from motfunnel import errors, track
from motfunnel.integrations.flask import MotFunnel
from motfunnel.integrations.flask.dashboard import blueprint
from tests.dashboard.test_core import links_in


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'shop.db'}"
    db = SQLAlchemy(app)
    MotFunnel(app, db=db, funnel="ecommerce", spool=False)
    with app.app_context():
        db.create_all()
        for day in range(5):
            at = datetime.now(UTC) - timedelta(days=day + 1)
            track(f"reader {day}", "Order Completed", occurred_at=at)
        db.session.commit()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("outside", "prefix"), [("", "/funnel"), ("", None), ("/outside", "/a/b/")]
)
def test_mounted(app: Flask, outside: str, prefix: str | None) -> None:
    """Answers of the application's own contacts, computed in threads beside its requests."""
    app.register_blueprint(
        blueprint(authorize=lambda asked: asked.headers.get("X-Staff")), url_prefix=prefix
    )
    if outside:
        app.wsgi_app = DispatcherMiddleware(Flask("other"), {outside: app.wsgi_app})  # type: ignore[method-assign]
    client, staff = app.test_client(), {"X-Staff": "yes"}
    root = f"{outside}{(prefix or '').rstrip('/')}/"
    assert client.get(root).status_code == 403
    seen = client.get(f"{root}?whole=1", headers=staff)
    assert seen.status_code == 200
    found = links_in(seen.text)
    assert all(one.startswith(root) for one in found)
    assert {client.get(one, headers=staff).status_code for one in sorted(found)[:5]} == {200}
    rows = json.loads(client.get(f"{root}overview/growth.json", headers=staff).text)["rows"]
    assert sum(row["openings"] for row in rows) == 5
    assert client.post(root, headers=staff).status_code == 405
    tag = {"If-None-Match": seen.headers["ETag"], **staff}
    assert client.get(f"{root}?whole=1", headers=tag).status_code == 304


def test_closed_and_in_order(app: Flask, tmp_path: Path) -> None:
    """It says when it is registered what is missing."""
    with pytest.raises(errors.SettingError, match="authorize=lambda request"):
        app.register_blueprint(blueprint(), url_prefix="/funnel")
    with pytest.raises(errors.NotConfiguredError, match="after MotFunnel"):
        Flask("bare").register_blueprint(blueprint(authorize=bool))


def test_who_may_look_is_asked_in_the_request(app: Flask) -> None:
    """So it may use whatever the application uses there."""
    asked: list[Any] = []

    def authorize(native: Any) -> bool:
        asked.append((native.path, request.args.get("window")))
        return True

    app.register_blueprint(blueprint("other", authorize=authorize), url_prefix="/x")
    assert app.test_client().get("/x/?window=7d").status_code == 200
    assert asked == [("/x/", "7d")]
