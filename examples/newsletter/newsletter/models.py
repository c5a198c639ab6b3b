"""The newsletter's own tables. What its readers' events mean is not here, but with motfunnel."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Annotated

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Model(DeclarativeBase):
    """The base of every model."""


db = SQLAlchemy(model_class=Model)


def now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


Key = Annotated[int, mapped_column(primary_key=True)]
Secret = Annotated[str, mapped_column(String(64), unique=True)]
Line = Annotated[str, mapped_column(String(200))]
Prose = Annotated[str, mapped_column(Text)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True), default=now)]
Later = Annotated[datetime | None, mapped_column(DateTime(timezone=True))]
ReaderKey = Annotated[int, mapped_column(ForeignKey("reader.id"))]


class Reader(db.Model):
    """Somebody who gave an address. The address is the contact's key."""

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(200), unique=True)
    token: Mapped[Secret] = mapped_column(default=lambda: token_urlsafe(24))  # the personal link
    code: Mapped[Secret] = mapped_column(default=lambda: token_urlsafe(6))  # the link for friends
    subscribed_at: Mapped[Instant]
    confirmed_at: Mapped[Later]
    left_at: Mapped[Later]
    inviter_id: Mapped[int | None] = mapped_column(ForeignKey("reader.id"))
    inviter: Mapped[Reader | None] = relationship(remote_side="Reader.id")
    payments: Mapped[list[Payment]] = relationship(order_by="Payment.paid_at")
    letters: Mapped[list[Letter]] = relationship(order_by="Letter.id.desc()")


class Issue(db.Model):
    """One issue of the newsletter."""

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[Line]
    teaser: Mapped[Line]
    text: Mapped[Prose]
    for_patrons: Mapped[bool]
    published_at: Mapped[Instant]


class Payment(db.Model):
    """A plan that a reader paid for."""

    id: Mapped[Key]
    reader_id: Mapped[ReaderKey]
    plan: Mapped[Line]
    euros: Mapped[int]
    paid_at: Mapped[Instant]


class Ticket(db.Model):
    """A complaint, until the staff resolve it."""

    id: Mapped[Key]
    reader_id: Mapped[ReaderKey]
    reader: Mapped[Reader] = relationship()
    text: Mapped[Prose]
    opened_at: Mapped[Instant]
    resolved_at: Mapped[Later]


class Letter(db.Model):
    """A letter that was sent to a reader."""

    id: Mapped[Key]
    reader_id: Mapped[ReaderKey]
    subject: Mapped[Line]
    body: Mapped[Prose]
    link: Mapped[Line]
    sent_at: Mapped[Instant]


class Task(db.Model):
    """Something for the staff to do, because of a moment in a reader's journey."""

    id: Mapped[Key]
    reader_id: Mapped[ReaderKey]
    reader: Mapped[Reader] = relationship()
    moment: Mapped[Line]
    detail: Mapped[Line]
    occurred_at: Mapped[Instant]
    done_at: Mapped[Later]
