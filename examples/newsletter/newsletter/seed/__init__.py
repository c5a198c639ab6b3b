"""``flask seed``: issues, and a year of readers, as if they had been here all along.

The events go in by ``track_many``, with the instants at which they occurred, in the transaction
that writes the rows. All of it is one commit, so a second seed finds it done.
"""

from datetime import datetime, timedelta
from pathlib import Path
from tomllib import loads
from typing import Any, Final

import click
from flask.cli import with_appcontext
from motfunnel import tracker
from sqlalchemy import select

from newsletter.models import Issue, Letter, Payment, Reader, Ticket, db, now
from newsletter.seed.lives import Act, Life, lives

FORTNIGHT: Final = timedelta(days=14)


@click.command("seed")
@with_appcontext
def seed_command() -> None:
    """Fill an empty database with issues and readers."""
    if db.session.scalar(select(Issue)) is not None:
        click.echo("The database has been seeded already.")
        return
    today = now().replace(microsecond=0)
    add_issues(today)
    events = [event for life in lives(today) for event in add_life(life)]
    tracker().track_many(events)
    db.session.commit()
    click.echo(f"{len(events)} events were seeded.")


def add_issues(newest_at: datetime) -> None:
    """Publish the issues, two weeks apart."""
    told = loads(Path(__file__).with_name("issues.toml").read_text("utf-8"))["issue"]
    for age, issue in enumerate(reversed(told)):
        db.session.add(Issue(published_at=newest_at - age * FORTNIGHT, **issue))


def add_life(life: Life) -> list[dict[str, Any]]:
    """Write a reader's rows, and give the events that go with them."""
    reader = Reader(email=life.email, subscribed_at=life.acts[0][0])
    reader.inviter = db.session.scalar(select(Reader).filter_by(email=life.inviter))
    db.session.add(reader)
    db.session.flush()
    events = []
    for number, (at, name, properties) in enumerate(life.acts):
        act = (at, name, properties)
        said = add_act(reader, act)
        events.append(_event(reader.email, act, said, f"seed-{number}"))
        if name == "confirmed" and reader.inviter is not None:
            joined = (at, "friend_joined", {})
            events.append(
                _event(reader.inviter.email, joined, {"friend": reader.email}, reader.email)
            )
    return events


def add_act(reader: Reader, act: Act) -> dict[str, Any]:
    """Write the row that an act leaves behind, and give the properties of its event."""
    at, name, properties = act
    match name:
        case "confirmed":
            reader.confirmed_at = at
        case "plan_paid":
            db.session.add(Payment(reader_id=reader.id, plan="A month", euros=4, paid_at=at))
        case "unsubscribed":
            reader.left_at = at
        case "came_back":
            reader.left_at = None
        case "winback_sent":
            add_letter(reader, at)
        case "complained":
            ticket = Ticket(reader_id=reader.id, text=properties["text"], opened_at=at)
            db.session.add(ticket)
            db.session.flush()
            return {"ticket": ticket.id}
        case "complaint_resolved":
            ticket = db.session.scalars(
                select(Ticket).filter_by(reader_id=reader.id, resolved_at=None)
            ).one()
            ticket.resolved_at = at
            return {"ticket": ticket.id}
    return properties


def add_letter(reader: Reader, at: datetime) -> None:
    """Write the letter that asked a reader to come back."""
    db.session.add(
        Letter(
            reader_id=reader.id,
            subject="We saved you a seat",
            body="There are new issues, and we would be glad to have you back.",
            link=f"/me/enter/{reader.token}",
            sent_at=at,
        )
    )


def _event(contact: str, act: Act, properties: dict[str, Any], id: str) -> dict[str, Any]:
    at, name, _ = act
    return {
        "contact": contact,
        "event": name,
        "occurred_at": at,
        "properties": properties,
        "id": id,
    }
