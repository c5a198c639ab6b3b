"""Handlers: told after the commit, at most once, and of no harm to anybody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial, wraps
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, create_engine, func, select
from structlog.testing import capture_logs

from motfunnel import Moment, MomentKind, Tracker
from motfunnel.errors import ConflictError
from motfunnel.store.schema.tables import tables
from tests.tracking.scene import DAY, FUNNEL, NOON, Clock, day, told_kinds


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """A host that has not configured structlog."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def fail(moment: Moment) -> None:
    raise RuntimeError("the mail server is away")


def test_after_the_commit(shared_engine: Engine, tracker: Tracker) -> None:
    """A handler sees the event and its moment from a connection of its own."""
    events, seen = tables().events, []
    count = select(func.count()).where(events.c.tenant == tracker.tenant)

    @tracker.on(MomentKind.OPENING)
    def look(moment: Moment) -> None:
        other = create_engine(shared_engine.url)
        with other.connect() as connection:
            seen.append((moment.event_id, connection.scalar(count)))
        other.dispose()

    tracker.track("ada", "saw", id="1", occurred_at=NOON)
    tracker.track_many(
        {"contact": c, "event": "saw", "id": c, "occurred_at": NOON} for c in ("bob", "cyd")
    )
    assert seen == [("1", 1), ("bob", 3), ("cyd", 3)]


def test_a_clock_that_fails_at_the_commit(
    shared_engine: Engine, tracker: Tracker, clock: Clock
) -> None:
    """The host's commit asks nothing of the host's clock, whose error would come out of it."""

    def fail() -> datetime:
        raise ZeroDivisionError

    told = told_kinds(tracker)
    with shared_engine.connect() as host:
        tracker.track("ada", "saw", bind=host)
        tracker.clock = fail
        host.commit()
    tracker.clock = clock
    assert [moment.contact for moment in told] == ["ada"]
    assert tracker.health().last_write_at == clock.now


def test_both_forms(tracker: Tracker) -> None:
    """A handler is given as an argument or decorated, by the kind or by its name, and stays."""
    told: list[str] = []

    @tracker.on("opening")
    def decorated(moment: Moment) -> None:
        told.append(f"decorated {moment.kind}")

    tracker.on(MomentKind.OPENING, lambda moment: told.append(f"given {moment.kind}"))
    tracker.on(MomentKind.DEPART, lambda moment: told.append("depart"))
    tracker.track("ada", "saw", id="1")
    assert told == ["decorated opening", "given opening"]
    assert callable(decorated)
    with pytest.raises(ValueError, match="departure"):
        tracker.on("departure")  # type: ignore[arg-type]  # what a checker refuses, too


def test_at_most_once(tracker: Tracker, make_tracker: Callable[..., Tracker]) -> None:
    """Neither duplicates, nor sweeps, nor a rebuild, nor another tracker tell of a moment again."""
    told, elsewhere = told_kinds(tracker), told_kinds(make_tracker())
    for _ in range(2):
        tracker.track("ada", "saw", id="1", occurred_at=day(0))
        tracker.track("ada", "bought", id="2", occurred_at=day(0))
        tracker.sweep(as_of=day(40))
        tracker.rebuild()
        tracker.finish()
    tracker.track("ada", "saw", id="3", occurred_at=day(50))
    assert told == [*tracker.moments("ada", as_of=day(50))]
    assert [moment.kind.value for moment in told] == [
        *("opening", "conversion", "depart", "recidivism"),
    ]
    assert elsewhere == []


def test_nothing_is_told_of_what_was_not_written(tracker: Tracker) -> None:
    """Of a call that fails, no moment is told."""
    told = told_kinds(tracker)
    said: dict[str, Any] = {"contact": "ada", "id": "1", "occurred_at": NOON}
    with pytest.raises(ConflictError):
        tracker.track_many([said | {"event": "saw"}, said | {"event": "left"}])
    assert told == []


def test_another_funnel_tells_of_what_the_event_did(
    tracker: Tracker, make_tracker: Callable[..., Tracker]
) -> None:
    """A contact that refolds under another funnel as it is touched tells of that touch only."""
    from attrs import evolve

    for n in range(4):
        tracker.track("ada", "saw", id=n, occurred_at=day(n))
    funnel = evolve(FUNNEL, patience={"default": DAY / 2})
    other = make_tracker(funnel=funnel)
    told = told_kinds(other)
    tracked = other.track("ada", "bought", id="5", occurred_at=day(3.25))
    assert [moment.kind.value for moment in tracked.moments] == ["conversion"]
    assert tracked.revoked == ()
    assert told == [*tracked.moments]
    assert len([*other.moments("ada", kind="depart", as_of=day(3))]) == 3


@pytest.mark.usefixtures("unconfigured")
def test_a_failing_handler_harms_nobody(
    tracker: Tracker, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A handler that fails is logged; the event stays, and the other handlers are told."""
    tracker.on(MomentKind.OPENING, fail)
    told = told_kinds(tracker, MomentKind.OPENING)
    with caplog.at_level(logging.INFO):
        assert len(tracker.track("ada@example.com", "saw", occurred_at=NOON).moments) == 1
    assert len(told) == 1
    assert len([*tracker.moments("ada@example.com", as_of=NOON)]) == 1
    [record] = caplog.records
    assert (record.name, record.levelname) == ("motfunnel", "ERROR")
    place = f"{__file__}:{fail.__code__.co_firstlineno + 1}"
    assert record.getMessage() == (
        "a handler of moments failed: error='RuntimeError', moment='opening', handler='fail', "
        f"handler_at={place!r}, raised_at={place!r}"
    )
    assert record.exc_info is None
    assert "ada@example.com" not in caplog.text
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("unconfigured")
def test_a_failing_handler_of_a_sweep(tracker: Tracker, caplog: pytest.LogCaptureFixture) -> None:
    """A sweep goes on though a handler fails at every departure."""
    tracker.on(MomentKind.DEPART, fail)
    for n in range(3):
        tracker.track(n, "saw", id="1", occurred_at=day(0))
    assert tracker.sweep(as_of=day(11)) == 3
    assert len(caplog.records) == 3


def handled(moment: Moment) -> None:
    fail(moment)


@wraps(handled)
def wrapped(moment: Moment) -> None:
    handled(moment)


class Handling:
    def __call__(self, moment: Moment) -> None:
        fail(moment)

    def method(self, moment: Moment) -> None:
        fail(moment)


HANDLERS: dict[str, tuple[Any, Any]] = {
    "a function": (handled, handled),
    "a decorated one": (wrapped, handled),
    "a partial": (partial(handled), handled),
    "a method": (Handling().method, Handling.method),
    "an object": (Handling(), Handling.__call__),
}


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_the_places_of_a_failure(
    tracker: Tracker, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """The log tells the handler's line, and the host's line that raised."""
    handler, inner = HANDLERS[name]
    tracker.on("opening", handler)
    tracker.track("ada", "saw", occurred_at=NOON)
    [record] = caplog.records
    handler_at = f"{__file__}:{inner.__code__.co_firstlineno + 1}"
    raised_at = f"{__file__}:{fail.__code__.co_firstlineno + 1}"
    assert f"handler_at={handler_at!r}, raised_at={raised_at!r}" in record.getMessage()


@pytest.mark.usefixtures("unconfigured")
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_the_places_of_what_we_raised(tracker: Tracker, caplog: pytest.LogCaptureFixture) -> None:
    """Where a handler was refused something by us, the line that asked for it is the host's."""

    def track_nothing(moment: Moment) -> None:
        tracker.track("", "saw")

    tracker.on("opening", track_nothing)
    tracker.track("ada", "saw", occurred_at=NOON)
    [record] = caplog.records
    place = f"{__file__}:{track_nothing.__code__.co_firstlineno + 1}"
    assert f"handler_at={place!r}, raised_at={place!r}" in record.getMessage()


@pytest.mark.usefixtures("unconfigured")
def test_the_hosts_structlog(tracker: Tracker, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the host has configured structlog, its log is the one."""
    structlog.configure(processors=[structlog.processors.KeyValueRenderer()])
    tracker.on(MomentKind.OPENING, fail)
    with capture_logs() as logs:
        tracker.track("ada@example.com", "saw", occurred_at=NOON)
        for contact in ("ada@example.com", "bob@example.com", "cyd@example.com"):
            tracker.track(contact, "unheard_of")
    failed, unheard = logs
    assert (failed["log_level"], failed["event"]) == ("error", "a handler of moments failed")
    assert failed["motfunnel.handler"] == "fail"
    assert "exc_info" not in failed
    assert (unheard["log_level"], unheard["motfunnel.event_name"]) == ("warning", "unheard_of")
    assert "@example.com" not in repr(logs)


@pytest.mark.usefixtures("unconfigured")
def test_an_unnamed_event_is_logged_once(
    tracker: Tracker, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event that no rule names is logged once a name, and never with its contact."""
    for contact in ("ada@example.com", "bob@example.com", "cyd@example.com", "dee@example.com"):
        for event in ("odrer_placed", "odrer_placed", "viewed", "ada@example.com"):
            tracker.track(contact, event)
        tracker.identify(contact, {"plan": "free"})
    logged = [record.getMessage() for record in caplog.records]
    assert logged == [
        f"no rule names this event: event_name={name!r}, taken_as='note'"
        for name in ("odrer_placed", "viewed")
    ]
    assert "example.com" not in caplog.text
    assert capsys.readouterr().out == ""
