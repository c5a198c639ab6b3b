"""An application on an empty database, and browsers for those who use it.

No test holds an application context while a browser works: each request has one of its own, and
with it a session of its own, as it has in production.
"""

import os
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from newsletter import create_app
from newsletter.models import db

CONFIG = {
    "TESTING": True,
    "SECRET_KEY": "test",
    "STAFF_PASSWORD": "open sesame",
    "SQLALCHEMY_DATABASE_URI": os.environ.get("DATABASE_URL", "sqlite://"),
    "WTF_CSRF_ENABLED": False,
}


@pytest.fixture
def app() -> Iterator[Flask]:
    """The application, with its tables and motfunnel's."""
    app = create_app(CONFIG)
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.drop_all()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A reader's browser."""
    return app.test_client()


@pytest.fixture
def staff(app: Flask) -> FlaskClient:
    """A browser in which the staff have logged in."""
    client = app.test_client()
    client.post("/staff/login", data={"password": "open sesame"})
    return client
