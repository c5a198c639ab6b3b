"""The staff see moments, and what they do becomes part of the journey."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from motfunnel import track

from newsletter.models import Reader, Task, Ticket, db, now
from tests.acts import ADA, leave, profile, rows, subscribe, waiting


@pytest.mark.parametrize("path", ["/staff/", "/staff/tasks", "/staff/report", "/staff/readers/1"])
def test_strangers_are_sent_to_the_password(client: FlaskClient, path: str) -> None:
    """Nobody sees a page of the staff's without the password."""
    assert client.get(path).location == f"/staff/login?after={path}"


def test_the_wrong_password(client: FlaskClient) -> None:
    """A wrong password opens nothing."""
    assert "not the password" in client.post("/staff/login", data={"password": "sesame"}).text
    assert client.get("/staff/").status_code == 302


def test_without_a_password_it_is_closed(app: Flask, client: FlaskClient) -> None:
    """Where no password is set, an empty one opens the pages no more than any other."""
    app.config["STAFF_PASSWORD"] = ""
    for password in ("", "staff"):
        client.post("/staff/login", data={"password": password})
    assert client.get("/staff/").status_code == 302
    assert "are closed" in client.get("/staff/login").text


def test_the_password_leads_nowhere_else(client: FlaskClient) -> None:
    """After the password one is on the staff's pages, whatever the form says."""
    form = {"password": "open sesame", "after": "//example.com/"}
    assert client.post("/staff/login", data=form).location == "/staff/"


def test_a_complaint_is_a_task_until_it_is_answered(
    client: FlaskClient, staff: FlaskClient
) -> None:
    """The moment puts the task on the list, after the commit; the answer ends both."""
    reader = subscribe(client, ADA)
    client.post("/me/complain", data={"text": "It came twice."})
    assert waiting(client) == [("complaint", "")]
    assert "It came twice." in staff.get(f"/staff/readers/{reader.id}").text
    (ticket,) = rows(client, Ticket)
    staff.post(f"/staff/tickets/{ticket.id}/resolve", data={"answer": "Once will do."})
    assert waiting(client) == []
    assert profile(client, ADA).open_cases == ()
    assert "Once will do." in client.get("/mailbox").text


def test_a_letter_is_an_attempt(client: FlaskClient, staff: FlaskClient) -> None:
    """A letter to somebody who left counts as an attempt to bring them back."""
    reader = subscribe(client, ADA)
    leave(client)
    assert waiting(client) == [("depart", "no time")]
    letter = {"subject": "A seat", "body": "It is still yours."}
    staff.post(f"/staff/readers/{reader.id}/letter", data=letter)
    assert waiting(client) == []
    (episode,) = profile(client, ADA).episodes
    assert episode.outreaches == 1


def test_an_empty_letter_is_not_sent(client: FlaskClient, staff: FlaskClient) -> None:
    """A letter without words is no attempt."""
    reader = subscribe(client, ADA)
    leave(client)
    page = staff.post(f"/staff/readers/{reader.id}/letter", data={"subject": "", "body": ""})
    assert "This field is required." in page.text
    (episode,) = profile(client, ADA).episodes
    assert episode.outreaches == 0


def test_a_return_ends_the_task(client: FlaskClient) -> None:
    """Nobody need be written to who came back unasked."""
    subscribe(client, ADA)
    leave(client)
    client.post("/me/return")
    assert waiting(client) == []


def test_silence_is_a_task(app: Flask, client: FlaskClient) -> None:
    """The sweep tells of silent departures, and so they are on the list."""
    with app.app_context():
        db.session.add(Reader(email=ADA))
        track(ADA, "confirmed", occurred_at=now() - timedelta(days=50))
        db.session.commit()
    assert waiting(client) == []
    assert app.test_cli_runner().invoke(args=["motfunnel", "sweep"]).exit_code == 0
    assert waiting(client) == [("depart", "silence")]


def test_a_task_can_be_ticked_off(client: FlaskClient, staff: FlaskClient) -> None:
    """What is done some other way is ticked off by hand."""
    subscribe(client, ADA)
    leave(client)
    (task,) = rows(client, Task)
    staff.post("/staff/tasks", data={"task": task.id})
    assert waiting(client) == []


def test_the_pages_of_a_seeded_newsletter(app: Flask, staff: FlaskClient) -> None:
    """Each reader's page has a line for each moment, and the report its counts."""
    told = app.test_cli_runner().invoke(args=["seed"])
    assert told.exit_code == 0, told.output
    for reader in rows(staff, Reader):
        page = staff.get(f"/staff/readers/{reader.id}").text
        assert page.count("<time") == len(profile(staff, reader.email).moments)
    departed = staff.get("/staff/?presence=departed").text
    assert 'pill departed"' in departed
    assert 'pill active"' not in departed
    assert "came back within 90 days" in staff.get("/staff/report").text
