"""What readers do becomes moments, in the commit that writes their rows."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from newsletter import create_app, membership
from newsletter.models import Issue, Payment, Reader, Ticket, db
from tests.acts import ADA, BOB, leave, moments, profile, rows, subscribe
from tests.conftest import CONFIG


def publish(app: Flask, slug: str, *, for_patrons: bool = False) -> None:
    issue = Issue(slug=slug, title="Salt", teaser="On it", text="Salt.", for_patrons=for_patrons)
    with app.app_context():
        db.session.add(issue)
        db.session.commit()


def test_subscribing_opens(client: FlaskClient) -> None:
    """Whoever subscribes is a lead, and a subscriber once the address is confirmed."""
    client.post("/", data={"email": " Ada@example.com"})
    assert profile(client, ADA).stage == "lead"
    subscribe(client, ADA)
    assert moments(client, ADA) == ["opening", "conversion", "conversion"]
    assert profile(client, ADA).stage == "subscriber"


def test_no_address(client: FlaskClient) -> None:
    """What is no address is refused, and nobody is subscribed."""
    assert "This is not an e-mail address." in client.post("/", data={"email": "ada"}).text
    assert rows(client, Reader) == []


def test_opening_a_link_changes_nothing(client: FlaskClient) -> None:
    """A mail program that opens the links of a letter confirms no subscription."""
    client.post("/", data={"email": ADA})
    letter = client.get("/mailbox").text.split('class="button" href="', 1)[1].split('"', 1)[0]
    assert "One more click" in client.get(letter, follow_redirects=True).text
    assert profile(client, ADA).events == 1


def test_reading_is_a_touch(app: Flask, client: FlaskClient) -> None:
    """An issue that a reader opens is an event; one that a stranger opens is none."""
    publish(app, "salt")
    subscribe(client, ADA)
    assert app.test_client().get("/issues/salt").status_code == 200
    assert profile(client, ADA).events == 2
    client.get("/issues/salt")
    assert profile(client, ADA).events == 3


def test_patrons_read_more(app: Flask, client: FlaskClient) -> None:
    """An issue for patrons opens, and counts as read, once a plan is paid."""
    publish(app, "ink", for_patrons=True)
    subscribe(client, ADA)
    assert "This issue is for patrons" in client.get("/issues/ink").text
    client.post("/me/plan", data={"plan": "year", "card": "4242 4242 4242 4242"})
    assert "This issue is for patrons" not in client.get("/issues/ink").text
    assert [payment.euros for payment in rows(client, Payment)] == [40]
    assert profile(client, ADA).stage == "patron"
    assert profile(client, ADA).events == 4


def test_a_wrong_card_pays_nothing(client: FlaskClient) -> None:
    """Neither a payment nor an event is there when the card is refused."""
    subscribe(client, ADA)
    assert "Write it as" in client.post("/me/plan", data={"plan": "year", "card": "42"}).text
    assert rows(client, Payment) == []
    assert profile(client, ADA).stage == "subscriber"


def test_a_friend_is_referred_when_they_confirm(app: Flask, client: FlaskClient) -> None:
    """A friend's link makes a referral of the inviter's, once the friend says yes."""
    ada = subscribe(client, ADA)
    friend = app.test_client()
    friend.get(f"/from/{ada.code}")
    friend.post("/", data={"email": BOB})
    assert "referral" not in moments(client, ADA)
    subscribe(friend, BOB)
    assert profile(client, ADA).moments[-1].referred == BOB


def test_leaving_and_coming_back(client: FlaskClient) -> None:
    """A farewell has its reason, and ends with the return."""
    subscribe(client, ADA)
    leave(client, "too expensive")
    assert profile(client, ADA).moments[-1].reason == "too expensive"
    assert "You left on" in client.get("/me/").text
    client.post("/me/return")
    assert moments(client, ADA)[-2:] == ["depart", "recidivism"]
    assert "You left on" not in client.get("/me/").text


def test_a_view_that_fails_leaves_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a request fails before its commit, there is neither the row nor the event."""
    subscribe(client, ADA)
    track = membership.track

    def track_and_fail(*event: str, **details: object) -> None:
        assert track(*event, **details).moments
        raise RuntimeError

    monkeypatch.setattr(membership, "track", track_and_fail)
    with pytest.raises(RuntimeError):
        client.post("/me/complain", data={"text": "It came twice."})
    assert rows(client, Ticket) == []
    assert moments(client, ADA) == ["opening", "conversion", "conversion"]


def test_forms_are_protected(app: Flask) -> None:
    """What posts without the form's token is refused, also where the form is a button alone."""
    guarded = create_app(CONFIG | {"WTF_CSRF_ENABLED": True}).test_client()
    assert guarded.post("/me/confirm").status_code == 400
    assert guarded.post("/me/leave", data={"reason": "no time"}).status_code == 400
