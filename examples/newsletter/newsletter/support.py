"""The staff's list of tasks: moments make them, after the commit, and the staff's acts end them.

Receivers run once the request's transaction is over, each with a fresh ``db.session``.
"""

from datetime import timedelta
from typing import Final

from flask import Flask
from motfunnel import Moment, MomentKind
from motfunnel.integrations.flask import signals
from sqlalchemy import func, select, update

from newsletter.models import Reader, Task, db, now

NEWS: Final = timedelta(days=30)
"""What lies further back is history, as the seed brings it, and makes no work."""


def init_app(app: Flask) -> None:
    """Listen to the application's moments."""
    for signal in (signals.complaint, signals.depart, signals.apostle):
        signal.connect(add_task, app)
    signals.recidivism.connect(end_departure, app)


def add_task(_: Flask, moment: Moment) -> None:
    """Somebody complained, left, or has begun to speak for us: there is something to do."""
    if now() - moment.occurred_at > NEWS:
        return
    db.session.add(
        Task(
            reader=find_reader(moment),
            moment=moment.kind.value,
            detail=moment.reason or "",
            occurred_at=moment.occurred_at,
        )
    )
    db.session.commit()


def end_departure(_: Flask, moment: Moment) -> None:
    """Somebody is back, so there is nobody left to win back."""
    end_tasks(find_reader(moment), MomentKind.DEPART)
    db.session.commit()


def end_tasks(reader: Reader, kind: MomentKind) -> None:
    """Tick off what this kind of moment had put on the list for a reader."""
    db.session.execute(
        update(Task)
        .filter_by(reader_id=reader.id, moment=kind.value, done_at=None)
        .values(done_at=now())
    )


def find_reader(moment: Moment) -> Reader:
    """The reader whose moment it is."""
    return db.session.scalars(select(Reader).filter_by(email=moment.contact)).one()


def count_open() -> int:
    """How many tasks wait."""
    return db.session.scalar(select(func.count()).select_from(Task).filter_by(done_at=None)) or 0
