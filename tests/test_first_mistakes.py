"""First mistakes: the line that somebody types on the first day, and what they then read.

Each line stands here as it is typed, with what the message has to say. Most are habits from other
libraries that track events, from SQLAlchemy, or from other parts of this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from inspect import iscoroutinefunction, signature
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

import motfunnel
from motfunnel import AsyncTracker, Funnel, Tracker
from motfunnel.errors import EventError, FunnelError, MissingExtraError, QuestionError, UrlError
from motfunnel.testing import memory_tracker
from motfunnel.tracking.recording import habits

MISTAKES: list[tuple[str, type[Exception], str]] = [
    # What goes with an event is called otherwise elsewhere.
    ('track("ada", "saw", {"value": 1})', TypeError, "after the event has a name: properties=…"),
    ('track("ada", "saw", now)', TypeError, "after the event has a name: occurred_at=…"),
    ('track("ada", "saw", timestamp=now)', TypeError, "when it happened is occurred_at="),
    ('track("ada", "saw", createdAt=now)', TypeError, "when it happened is occurred_at="),
    ('track(user_id="ada", event="saw")', TypeError, "the contact is the first argument"),
    ('track(distinct_id="ada", event="saw")', TypeError, "the contact is the first argument"),
    ('track("ada", "saw", anonymous_id="7")', TypeError, "the contact is the first argument"),
    ('track("ada", eventName="saw")', TypeError, "the event's name is the second argument"),
    ('track("ada", "saw", props={"value": 1})', TypeError, "is properties={…}"),
    ('track("ada", "saw", value=40)', TypeError, "goes into properties={'value': …}"),
    ('track("ada", "saw", group="acme")', TypeError, "goes into properties={'group': …}"),
    ('track("ada", "saw", messageId="7")', TypeError, "what makes a retry the same event is id="),
    ('track("ada", "saw", session=session)', TypeError, "whose transaction it joins is bind="),
    ('track("ada", "saw", traits={"plan": 1})', TypeError, "identify(contact, traits)"),
    ('track("ada", "saw", occured_at=now)', TypeError, "did you mean occurred_at=?"),
    ('track("ada")', TypeError, "event is missing\nit is track(contact, event, properties=…"),
    ('track("ada", "saw", contact="ada")', TypeError, "contact is given twice"),
    ('tracker.track("ada", "saw", {"value": 1})', TypeError, "properties=…"),
    ('tracker.identify("ada", properties={})', TypeError, "the traits are the second argument"),
    ('tracker.identify("ada", {}, timestamp=now)', TypeError, "occurred_at="),
    ('awaited(tracker.atrack("ada", "saw", userId=1))', TypeError, "first argument"),
    ('awaited(async_tracker.track("ada", "saw", {}))', TypeError, "properties=…"),
    ('awaited(async_tracker.identify("ada", traits={}, time=now))', TypeError, "occurred_at="),
    ('track("Order Completed", "ada@example.com")', EventError, "the contact comes first"),
    ('tracker.identify("ada", plan="pro")', TypeError, "goes into traits={'plan': …}"),
    # Many at once.
    ('tracker.track_many({"contact": "ada", "event": "saw"})', EventError, "many are a list of"),
    # What a data frame gives is the names of its columns.
    ('tracker.track_many(["contact", "event"])', EventError, "of a data frame, df.to_dict("),
    ('tracker.track_many([("ada", "saw")])', EventError, "such as [{'contact': …, 'event': …}]"),
    ('tracker.track_many([{"user_id": "ada"}])', EventError, "here it is called 'contact'"),
    ('tracker.track_many([{"contact": "ada", "timestamp": 1}])', EventError, "'occurred_at'"),
    ('tracker.track_many([{"contact": "ada", "email": 1}])', EventError, "into properties"),
    # Instants.
    ('track("ada", "saw", occurred_at=datetime(2026, 1, 31))', EventError, "give it a time zone"),
    ('track("ada", "saw", occurred_at="2026-01-31")', EventError, "datetime.fromisoformat("),
    ('track("ada", "saw", occurred_at=1769817600)', EventError, "datetime.fromtimestamp("),
    ('track("ada", "saw", occurred_at=now.date())', EventError, "tzinfo=timezone.utc"),
    # Contacts.
    ('track(object(), "saw")', EventError, "pass its key, or give the tracker a contact_key"),
    ('track(None, "saw")', EventError, "pass its key, or give the tracker a contact_key"),
    # What a transaction is joined by.
    ('track("ada", "saw", bind=engine)', TypeError, "bind a Session or a Connection, or leave"),
    ('track("ada", "saw", bind=sessionmaker(engine))', TypeError, "call it: bind=Session()"),
    ('track("ada", "saw", bind=async_session)', TypeError, "await tracker.atrack(…)"),
    ('tracker.merge("bob", "ada")', TypeError, "what comes after old has a name\nit is merge(old"),
    ('awaited(async_tracker.merge("bob", "ada"))', TypeError, "it is merge(old, into=…"),
    # Questions.
    ('tracker.contact("ada", at=now)', TypeError, "the instant that is asked about is as_of="),
    ('tracker.contact("ada", now)', TypeError, "it is contact(contact, as_of=…)"),
    ('tracker.moments("ada", "depart")', TypeError, "it is moments(contact, kind=…"),
    ("tracker.report(now)", TypeError, "a datetime too many; each has a name\nit is report(as_of"),
    ('tracker.report("recidivism")', TypeError, "report().recidivism(…)"),
    ('async_tracker.report("recidivism")', TypeError, "report().recidivism(…)"),
    ('awaited(async_tracker.moments("ada", "depart"))', TypeError, "after contact has a name"),
    ('awaited(async_tracker.contact("ada", when=now))', TypeError, "is as_of="),
    # Names that are elsewhere, or called otherwise.
    ('tracker.recidivism(within="90d")', AttributeError, "write report().recidivism(…)"),
    ('async_tracker.recidivism(within="90d")', AttributeError, "write report().recidivism(…)"),
    ("tracker.trackMany([])", AttributeError, "did you mean track_many?"),
    ('tracker.capture("ada", "saw")', AttributeError, "write track(contact, event)"),
    ('tracker.alias("ada", "bob")', AttributeError, "write merge(old, into=new)"),
    ("tracker.flush()", AttributeError, "write deliver()"),
    ('motfunnel.identify("ada", {})', AttributeError, "write motfunnel.tracker().identify"),
    ('motfunnel.capture("ada", "saw")', AttributeError, "write track(contact, event)"),
    ('motfunnel.init("key")', AttributeError, "write motfunnel.configure(database, funnel=…)"),
    ('motfunnel.Client("key")', AttributeError, "write motfunnel.Tracker(database, funnel=…)"),
    ('tracker.report().recidivsm(within="90d")', AttributeError, "did you mean recidivism?"),
    ('async_tracker.report().flow()', AttributeError, "did you mean flows?"),
    ('tracker.report().recidivism(witin="90d")', TypeError, "did you mean within=?"),
    ('motfunnel.Trcker(url)', AttributeError, "did you mean Tracker?"),
    # Funnels.
    ('Tracker(url, funnel="e-commerce")', FunnelError, 'did you mean "ecommerce"?'),
    ('Tracker(url, funnel="SaaS")', FunnelError, "none of the presets (ecommerce, saas)"),
    ('Tracker(url, "funnel.toml")', FunnelError, "read by Funnel.from_toml('funnel.toml')"),
    ('Tracker(url, Path("funnel.toml"))', FunnelError, "Funnel.from_toml('funnel.toml')"),
    ("Tracker(url, Funnel.ecommerce)", FunnelError, "call it, such as Funnel.ecommerce()"),
    ('Tracker(url, {"stages": []})', FunnelError, "Funnel.from_dict(…)"),
    ("Tracker(Funnel.saas(), url)", TypeError, "the database comes first"),
    ('AsyncTracker(url, "shop")', FunnelError, "none of the presets (ecommerce, saas)"),
    ('motfunnel.configure(url, "shop")', FunnelError, "none of the presets (ecommerce, saas)"),
    ('memory_tracker("shop")', FunnelError, "none of the presets (ecommerce, saas)"),
    ('tracker.report().simulate("shop")', FunnelError, "none of the presets (ecommerce, saas)"),
    # Databases.
    ("Tracker(async_engine)", TypeError, "AsyncEngine is asynchronous; give it to an AsyncTracker"),
    ("AsyncTracker(engine)", TypeError, "Engine is synchronous; give it to a Tracker"),
    ("Tracker(session)", TypeError, "Session holds a transaction, and is not a database"),
    ("Tracker(scoped_session(sessionmaker(engine)))", TypeError, "bind=session"),
    ("Tracker(sessionmaker(engine))", TypeError, "sessionmaker holds a transaction"),
    ("AsyncTracker(async_session)", TypeError, "AsyncSession holds a transaction"),
    ("Tracker(None)", TypeError, "the database is None"),
    ('Tracker(Path("crm.db"))', TypeError, "write f'sqlite:///{path}'"),
    ('Tracker("crm.db")', UrlError, "write e.g. sqlite:///crm.db"),
    ('Tracker("mssql+pyodbc://there/crm")', UrlError, "SQLite, PostgreSQL and MariaDB"),
    ('Tracker("postgresql+nosuch://there/crm")', UrlError, "write postgresql://…"),
    ('Tracker("postgresql+pg8000://there/crm")', MissingExtraError, "pip install pg8000"),
    ('Tracker("sqlite+aiosqlite:///crm.db")', TypeError, "give this URL to AsyncTracker"),
    ('AsyncTracker("sqlite+pysqlite:///crm.db")', TypeError, "give this URL to Tracker"),
    ("Tracker(dsn=url)", TypeError, "the database is the first argument"),
    ('Tracker(url, tenants="a")', TypeError, "did you mean tenant=?"),
    # Durations.
    ('tracker.report().recidivism("90d")', TypeError, "it is Report.recidivism(within=…"),
    ('tracker.report().recidivism(within="3 months")', QuestionError, "such as 90d"),
    ("tracker.report().recidivism(within=90)", QuestionError, "such as 90d"),
    ('tracker.report().recidivism(within=-now.resolution)', QuestionError, "write e.g. '90d'"),
    ('tracker.report().funnel(within={"customer": "soon"})', QuestionError, "such as 90d"),
    ('tracker.report().patience(step="0d")', QuestionError, "write e.g. '1d'"),
    ('tracker.retain(within="1y")', QuestionError, "such as 90d"),
    ("Tracker(url, budget=5)", ValueError, 'write e.g. "5s"'),
    ('Tracker(url, budget="five")', ValueError, 'write e.g. "5s"'),
    ('Funnel(stages=["a", "b"], rules={}, patience={"a": "1 y"})', FunnelError, '"30d"'),
    ('Funnel(stages=["a", "b"], rules={}, loyal_apart="1 y")', FunnelError, '"30d"'),
    # Moments.
    ('tracker.on("departed", print)', QuestionError, "did you mean 'depart'?"),
    ('tracker.on("depart", "print")', TypeError, "a handler is a function of the moment"),
    ('tracker.moments(kind="departed")', QuestionError, "did you mean 'depart'?"),
]  # fmt: skip


@pytest.fixture
def names() -> Iterator[dict[str, Any]]:
    """What somebody has at hand who types these lines."""
    engine, async_engine = create_engine("sqlite://"), create_async_engine("sqlite+aiosqlite://")
    tracker = motfunnel.configure("sqlite://", Funnel.ecommerce(), spool=False)
    here = globals() | {
        "async_engine": async_engine,
        "async_session": AsyncSession(async_engine),
        "async_tracker": AsyncTracker("sqlite://", "ecommerce", spool=False),
        "awaited": asyncio.run,
        "engine": engine,
        "now": datetime.now(UTC),
        "session": Session(engine),
        "track": motfunnel.track,
        "tracker": tracker,
        "url": "sqlite://",
        "sessionmaker": sessionmaker,
        "scoped_session": scoped_session,
        "memory_tracker": memory_tracker,
        "Path": Path,
    }
    yield here
    tracker.close()
    engine.dispose()


@pytest.mark.parametrize(("line", "error", "says"), MISTAKES, ids=lambda one: str(one)[:60])
def test_the_message(names: dict[str, Any], line: str, error: type[Exception], says: str) -> None:
    """It says what to type, and hides what was underneath."""
    with pytest.raises(error) as refused:
        eval(line, names)
    assert says in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_no_password_is_shown() -> None:
    """A URL that cannot be read is shown, but for who connects with what."""
    with pytest.raises(UrlError) as refused:
        Tracker("post gres://me:secret@there/crm")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("name", ["ecommerce", "saas"])
def test_a_preset_by_its_name(name: Any) -> None:
    """The name of a preset is the preset."""
    preset = getattr(Funnel, name)()
    with Tracker("sqlite://", funnel=name) as tracker:
        assert tracker.funnel == preset
        assert tracker.report().simulate(name).other_funnel == preset.fingerprint
    with memory_tracker(name) as tracker:
        assert tracker.funnel == preset


def test_an_error_of_the_work_itself_is_let_through() -> None:
    """Only a call that does not fit is explained: what fails within is raised as it is."""

    def add(one: Any, other: Any) -> Any:
        return one + other

    with pytest.raises(TypeError, match="unsupported operand"):
        habits.taught(add)(1, "1")
    with pytest.raises(TypeError, match="other is missing"):
        habits.taught(add)(1)  # type: ignore[call-arg]


def test_a_taught_function_looks_as_it_is() -> None:
    """An editor shows its arguments and its documentation, and asyncio what it is."""
    for verb in (Tracker.track, Tracker.identify, motfunnel.track, motfunnel.configure):
        assert "args" not in signature(verb).parameters
        assert verb.__doc__
    for coroutine in (Tracker.atrack, AsyncTracker.track, AsyncTracker.identify):
        assert iscoroutinefunction(coroutine)
        assert "args" not in signature(coroutine).parameters


def test_every_habit_leads_somewhere() -> None:
    """What is to be written instead is an argument or a verb that there is."""
    functions = (Tracker, Tracker.track, Tracker.identify, Tracker.contact)
    known = {name for function in functions for name in signature(function).parameters}
    assert set(habits._TOLD_BY) == set(habits._WRITE) <= known
    for written in habits._VERBS.values():
        assert hasattr(Tracker, written.split("(")[0]), written
    for written in habits.DOORS.values():
        assert hasattr(motfunnel, written.split("(")[0]), written


def test_the_version() -> None:
    """``motfunnel.__version__`` is that of the installed package."""
    assert motfunnel.__version__.count(".") >= 2
