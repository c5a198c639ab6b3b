"""A host that records, and is told: each answer has the type that the documents say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_type

from sqlalchemy import Engine
from sqlalchemy.orm import Session, scoped_session

import motfunnel
from motfunnel import (
    Episode,
    Forgotten,
    Health,
    Identity,
    Moment,
    MomentKind,
    Presence,
    Profile,
    Tracked,
    Tracker,
)
from motfunnel.tracking.recording.call import Call


def track(tracker: Tracker, session: Session, sessions: scoped_session[Session]) -> None:
    """An event gives a Tracked, whose moments are moments."""
    tracked = tracker.track(
        "ada@example.com",
        "order_placed",
        properties={"value": 40},
        occurred_at=datetime.now(UTC),
        id="1",
        bind=session,
    )
    assert_type(tracked, Tracked)
    assert_type(tracked.moments, tuple[Moment, ...])
    assert_type(tracked.revoked, tuple[Moment, ...])
    assert_type(tracked.error, Exception | None)
    assert_type(tracked.moments[0].kind, MomentKind)
    assert_type(tracked.moments[0].occurred_at, datetime)
    assert_type(tracker.track_many([{"contact": 1, "event": "a"}], bind=sessions), list[Tracked])
    assert_type(tracker.identify(7, {"plan": "free"}, bind=sessions), Tracked)


def people(tracker: Tracker) -> None:
    """What is asked of a contact, and done for one."""
    profile = tracker.contact("ada@example.com")
    assert_type(profile, Profile)
    assert_type(profile.presence, Presence)
    assert_type(profile.episodes, tuple[Episode, ...])
    assert_type(profile.deadline_at, datetime | None)
    assert_type(tracker.moments(kind="depart"), list[Moment])
    assert_type(tracker.iter_moments(), Iterator[Moment])
    assert_type(tracker.merge("bob", into="ada"), Identity)
    assert_type(tracker.forget("ada", keep_counts=True), Forgotten)
    assert_type(tracker.health(), Health)
    assert_type(tracker.sweep(), int)


def handlers(tracker: Tracker) -> None:
    """A decorator gives a handler back as it was, with all that it takes and gives."""

    @tracker.on(MomentKind.DEPART)
    def miss(moment: Moment, *, loudly: bool = False) -> str:
        return f"we miss {moment.contact}{'!' * loudly}"

    assert_type(miss(next(tracker.iter_moments()), loudly=True), str)
    heard: list[Moment] = []
    tracker.on("opening", heard.append)

    class Mailer:
        def __call__(self, moment: Moment) -> None: ...

    mailer = tracker.on("opening")(Mailer())
    assert_type(mailer, Mailer)


def make(engine: Engine, session: Session) -> None:
    """A tracker is made of a URL or an Engine, with options that have types of their own."""

    def by_email(contact: object) -> str:
        return str(contact)

    def put_aside(error: Exception, call: Call) -> None: ...

    sessions: Callable[[], Session] = lambda: session  # noqa: E731
    with Tracker(engine, tenant="a", contact_key=by_email, budget=timedelta(seconds=1)) as tracker:
        assert_type(tracker, Tracker)
    Tracker("sqlite://", "ecommerce", on_error="log", spool=False, host=sessions, budget="5s")
    Tracker("sqlite://", on_error=put_aside, spool=Path("spool.jsonl"), budget=None)


def anywhere(session: Session) -> None:
    """The tracker of the whole application takes and gives the same."""
    assert_type(motfunnel.configure("sqlite://", "saas", tenant="b", on_error="raise"), Tracker)
    assert_type(motfunnel.tracker(), Tracker)
    assert_type(motfunnel.track("ada", "saw", id=1, bind=session), Tracked)
