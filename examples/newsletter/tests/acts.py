"""What readers do in their browsers, and what there is afterwards, as the tests say it."""

from typing import Any

from flask.testing import FlaskClient
from motfunnel import Profile, tracker

from newsletter.models import Reader, Task, db

ADA = "ada@example.com"
BOB = "bob@example.com"


def subscribe(client: FlaskClient, email: str) -> Reader:
    """Subscribe, open the link in the letter, and confirm."""
    client.post("/", data={"email": email})
    (reader,) = rows(client, Reader, email=email)
    client.get(f"/me/enter/{reader.token}")
    client.post("/me/confirm")
    return reader


def leave(client: FlaskClient, reason: str = "no time") -> None:
    """Unsubscribe."""
    client.post("/me/leave", data={"reason": reason})


def profile(client: FlaskClient, email: str) -> Profile:
    """What motfunnel knows of a reader."""
    with client.application.app_context():
        return tracker().contact(email)


def moments(client: FlaskClient, email: str) -> list[str]:
    """The kinds of a reader's moments."""
    return [moment.kind.value for moment in profile(client, email).moments]


def rows(client: FlaskClient, model: Any, **wanted: object) -> list[Any]:
    """The rows of a model."""
    with client.application.app_context():
        return list(db.session.scalars(db.select(model).filter_by(**wanted).order_by(model.id)))


def waiting(client: FlaskClient) -> list[tuple[str, str]]:
    """The moment and the detail of each task that is not done."""
    return [(task.moment, task.detail) for task in rows(client, Task, done_at=None)]
