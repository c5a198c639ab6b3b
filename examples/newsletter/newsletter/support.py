"""The staff's list of tasks: moments make them, after the commit, and the staff's acts end them.

A receiver runs when the request's transaction is over, so it opens a session of its own.
"""

from datetime import timedelta
from typing import Any, Final

from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from motfunnel import Moment, MomentKind
from motfunnel.integrations.flask import signals
from newsletter.models import Reader, Task, db, now

NEWS: Final = timedelta(days=30)
"""What lies further back is history, as the seed brings it, and makes no work."""


def init_app(app: Flask) -> None:
    """Listen to the application's moments."""
    for signal in (signals.complaint, signals.depart, signals.apostle):
        signal.connect(add_task, app)
    signals.recidivism.connect(end_departure, app)


def add_task(_: Flask, *, moment: Moment, **__: Any) -> None:
    """Somebody complained, left, or has begun to speak for us: there is something to do."""
    if now() - moment.occurred_at > NEWS:
        return
    with Session(db.engine) as session, session.begin():
        session.add(
            Task(
                reader_id=_reader_id(session, moment.contact),
                moment=moment.kind.value,
                detail=moment.reason or "",
                occurred_at=moment.occurred_at,
            )
        )


def end_departure(_: Flask, *, moment: Moment, **__: Any) -> None:
    """Somebody is back, so there is nobody left to win back."""
    with Session(db.engine) as session, session.begin():
        end_tasks(session, _reader_id(session, moment.contact), MomentKind.DEPART)


def end_tasks(session: Session, reader_id: int, kind: MomentKind) -> None:
    """Tick off what this kind of moment had put on the list for a reader."""
    session.execute(
        update(Task)
        .where(Task.reader_id == reader_id, Task.moment == kind.value, Task.done_at.is_(None))
        .values(done_at=now())
    )


def count_open() -> int:
    """How many tasks wait."""
    waiting = select(func.count()).select_from(Task).where(Task.done_at.is_(None))
    return db.session.scalar(waiting) or 0


def _reader_id(session: Session, email: str) -> int:
    return session.scalars(select(Reader.id).where(Reader.email == email)).one()
