"""What the example shows of motfunnel on every page, and that it can be put away."""

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from newsletter import create_app
from tests.acts import ADA, subscribe
from tests.conftest import CONFIG

ROOT = Path(create_app.__code__.co_filename).parent


def ribbon(client: FlaskClient, address: str = "/") -> str:
    """What the ribbon of a page says."""
    found = re.search(r'class="ribbon"[^>]*><p>(.*?)</p>', client.get(address).text)
    assert found is not None
    return re.sub("<[^>]+>", "", found[1])


def test_what_was_just_recorded(client: FlaskClient) -> None:
    """The event and its moments stand on every page of this browser, and of no other."""
    assert "nothing of you yet" in ribbon(client)
    client.post("/", data={"email": ADA})
    assert ribbon(client, "/mailbox") == "motfunnel just recorded: subscribed → opening, conversion"
    subscribe(client, ADA)
    client.post("/me/complain", data={"text": "It came late."})
    assert ribbon(client) == "motfunnel just recorded: complained → complaint"
    assert "nothing of you yet" in ribbon(client.application.test_client())


def test_the_tour_can_be_put_away(client: FlaskClient) -> None:
    """It stays away until it is asked for."""
    assert "A tour of this example" in client.get("/").text
    client.post("/tour", data={"hide": "1"})
    assert "A tour of this example" not in client.get("/").text
    client.post("/tour", data={"show": "1"})
    assert "A tour of this example" in client.get("/").text


def test_the_password_is_told_only_where_it_is_the_examples(client: FlaskClient) -> None:
    """A password of one's own stands on no page."""
    assert "password is" not in client.get("/staff/login").text
    example = create_app({**CONFIG, "STAFF_PASSWORD": "staff"}).test_client()
    assert "the password is <code>staff</code>" in example.get("/staff/login").text


def test_pages_need_no_inline_style(app: Flask) -> None:
    """A strict policy goes with every page, and no template breaks it."""
    policy = app.test_client().get("/").headers["Content-Security-Policy"]
    assert policy == "default-src 'self'"
    for template in (ROOT / "templates").rglob("*.html"):
        assert not re.search(r"\sstyle=|<style|<script", template.read_text("utf-8")), template
