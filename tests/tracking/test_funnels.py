"""Which funnel classifies: the one given, the one stored, and what happens when it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from attrs import evolve
from sqlalchemy import Engine, select

from motfunnel import Funnel, Presence, Touchpoint, Tracker, note, purchase, rating, touch
from motfunnel.errors import (
    ConflictError,
    EventError,
    NoFunnelError,
    OutdatedError,
    UnmappedEventError,
)
from motfunnel.store.schema.tables import tables
from tests.tracking.scene import DAY, FUNNEL, NOON, Clock, day, kinds, row_counts, told_kinds

OTHER = evolve(FUNNEL, patience={"default": 5 * DAY})
REFUSING = Funnel(
    stages=("a", "b"),
    rules={"bought": purchase(), "rated": rating("score", when={"score": [9, 10, "x"]})},
    unmapped="refuse",
)


def signals(engine: Engine, tenant: str) -> dict[str, str]:
    """The stored signal of each event, by id."""
    events = tables().events
    with engine.connect() as connection:
        found = connection.execute(select(events.c.id, events.c.signal, events.c.tenant))
        return {id: signal for id, signal, whose in found if whose == tenant}


def test_the_stored_funnel(make_tracker: Callable[..., Tracker]) -> None:
    """A tracker without a funnel takes the one that is stored with the data."""
    first = make_tracker(funnel=evolve(FUNNEL, touchpoints={"shop": Touchpoint(promise="open")}))
    first.track("ada", "bought", occurred_at=NOON)
    second = make_tracker(funnel=None)
    assert second.funnel.to_dict() == first.funnel.to_dict()
    assert second.funnel.fingerprint == first.funnel.fingerprint
    assert kinds(second.track("ada", "bought", occurred_at=day(1))) == ["loyalist"]
    assert len([*second.moments()]) == len([*first.moments()])


@pytest.mark.parametrize(
    "verb",
    [
        lambda tracker: tracker.track("ada", "saw"),
        lambda tracker: tracker.track_many([{"contact": "ada", "event": "saw"}]),
        lambda tracker: tracker.identify("ada", {}),
        lambda tracker: tracker.contact("ada"),
        lambda tracker: next(tracker.iter_moments()),
        lambda tracker: tracker.sweep(),
        lambda tracker: tracker.rebuild(),
        lambda tracker: tracker.finish(),
    ],
)
@pytest.mark.parametrize("in_memory", [False, True])
def test_no_funnel(make_tracker: Callable[..., Tracker], verb: Any, in_memory: bool) -> None:
    """Where there is no funnel at all, the error names the presets, at once."""
    with Tracker("sqlite://") as fresh:
        tracker = fresh if in_memory else make_tracker(funnel=None)
        with pytest.raises(NoFunnelError, match=r"Funnel\.ecommerce\(\), Funnel\.saas\(\)"):
            verb(tracker)


def test_the_latest_funnel_is_stored(make_tracker: Callable[..., Tracker], clock: Clock) -> None:
    """Of several funnels the one that came into use last is the stored one."""
    for funnel in (FUNNEL, OTHER, FUNNEL):
        clock.now += DAY
        make_tracker(funnel=funnel).track("ada", "saw")
        assert make_tracker(funnel=None).funnel.fingerprint == funnel.fingerprint


def test_a_refused_first_call(make_tracker: Callable[..., Tracker]) -> None:
    """A tracker whose first call comes to nothing still stores its funnel with its second."""
    make_tracker(funnel=OTHER).track("ada", "saw", id="1", occurred_at=NOON)
    tracker = make_tracker()
    with pytest.raises(ConflictError):
        tracker.track("ada", "left", id="1", occurred_at=NOON)
    tracker.track("ada", "left", id="2", occurred_at=NOON)
    definitions = tables().funnels
    with tracker.database.engine.connect() as connection:
        found = connection.scalars(
            select(definitions.c.fingerprint).where(definitions.c.tenant == tracker.tenant)
        )
        assert set(found) == {FUNNEL.fingerprint, OTHER.fingerprint}


def test_a_changed_funnel(make_tracker: Callable[..., Tracker]) -> None:
    """After a change reports refuse until the rebuild, and a touched contact refolds itself."""
    before = make_tracker()
    for contact in ("ada", "bob", "cyd"):
        before.track(contact, "saw", id="1", occurred_at=day(0))
        before.track(contact, "saw", id="2", occurred_at=day(7))
    after = make_tracker(funnel=OTHER)
    for question in (after.check_current, lambda: next(after.iter_moments())):
        with pytest.raises(OutdatedError, match=r"3 of the contacts .* rebuild") as caught:
            question()
        assert caught.value.contacts == 3
    after.track("ada", "saw", id="3", occurred_at=day(8))
    with pytest.raises(OutdatedError, match="2 of the contacts"):
        after.check_current()
    assert len(after.contact("bob", as_of=day(8)).moments) == 3  # a profile is folded when asked
    steps: list[int] = []
    assert after.finish(progress=steps.append) == 2
    assert steps == [2]
    after.check_current()
    found = [(moment.contact, moment.kind.value) for moment in after.moments(as_of=day(8))]
    assert found == [
        (contact, kind)
        for contact in ("ada", "bob", "cyd")
        for kind in ("opening", "depart", "recidivism")
    ]
    with pytest.raises(OutdatedError, match="3 of the contacts"):
        before.check_current()
    assert before.rebuild() == 3
    assert len([*before.moments(as_of=day(8))]) == 3


def test_a_changed_journey_map(make_tracker: Callable[..., Tracker]) -> None:
    """Another journey map classifies nothing anew, and is stored all the same."""
    make_tracker().track("ada", "saw", occurred_at=NOON)
    mapped = evolve(FUNNEL, touchpoints={"shop": Touchpoint(expected=8)})
    tracker = make_tracker(funnel=mapped)
    tracker.check_current()
    tracker.track("ada", "saw", occurred_at=day(1))
    assert make_tracker(funnel=None).funnel.touchpoints == mapped.touchpoints


def test_a_swept_departure_under_another_funnel(make_tracker: Callable[..., Tracker]) -> None:
    """A departure that a sweep wrote down is gone if the new funnel waits longer."""
    before = make_tracker()
    before.track("ada", "saw", id="1", occurred_at=day(0))
    assert before.sweep(as_of=day(20)) == 1
    after = make_tracker(funnel=evolve(FUNNEL, patience={"default": 30 * DAY}))
    after.rebuild()
    assert after.contact("ada", as_of=day(20)).presence is Presence.ACTIVE
    assert [moment.kind.value for moment in after.moments(as_of=day(29))] == ["opening"]
    told = told_kinds(after)
    assert after.sweep(as_of=day(30)) == 1
    assert [moment.occurred_at for moment in told] == [day(30)]


def test_a_sweep_under_another_funnel(make_tracker: Callable[..., Tracker]) -> None:
    """A sweep folds the overdue under its own funnel first, and tells of the silence alone."""
    before = make_tracker()
    before.track_many(
        {"contact": c, "event": "saw", "id": str(n), "occurred_at": day(7 * n)}
        for c in ("ada", "bob")
        for n in range(3)
    )
    after = make_tracker(funnel=OTHER)
    told = told_kinds(after)
    assert after.sweep(as_of=day(24)) == 2
    assert [(moment.contact, moment.episode) for moment in told] == [("ada", 3), ("bob", 3)]
    assert after.finish() == 0


def test_refused(shared_engine: Engine, make_tracker: Callable[..., Tracker]) -> None:
    """A funnel may refuse events that no rule of it names, or whose conditions do not hold."""
    tracker = make_tracker(funnel=REFUSING)
    for event, properties in (("saw", None), ("rated", {"score": 3}), ("rated", None)):
        with pytest.raises(UnmappedEventError, match="bought, rated") as caught:
            tracker.track("ada", event, properties=properties)
        assert (caught.value.contact, caught.value.event) == ("ada", event)
        assert isinstance(caught.value, EventError)
    assert not any(row_counts(shared_engine, tracker.tenant).values())
    tracker.identify("ada", {"plan": "free"})
    assert kinds(tracker.track("ada", "rated", properties={"score": 9})) == ["opening", "apostle"]


def test_what_would_be_refused_now(
    shared_engine: Engine, make_tracker: Callable[..., Tracker]
) -> None:
    """Events that a new funnel would refuse, recorded before it, are notes to it."""
    before = make_tracker()
    before.track("ada", "saw", id="1", occurred_at=day(0))
    before.track("ada", "rated", id="2", occurred_at=day(1), properties={"score": 3})
    before.track("ada", "bought", id="3", occurred_at=day(2))
    before.track("ada", "synced", id="4", occurred_at=day(3), properties={"score": "x"})
    after = make_tracker(
        funnel=evolve(REFUSING, rules={**REFUSING.rules, "synced": rating("score")})
    )
    assert after.rebuild() == 1
    assert signals(shared_engine, after.tenant) == {
        "1": "note",
        "2": "note",
        "3": "purchase",
        "4": "note",
    }
    assert [moment.event_id for moment in after.moments(as_of=day(3))] == ["3", "3"]
    late = after.track("ada", "bought", id="0", occurred_at=day(-1))
    assert kinds(late) == ["opening", "conversion", "loyalist"]


@pytest.mark.parametrize(("unmapped", "made"), [("note", []), ("touch", ["opening"])])
def test_an_event_that_no_rule_names(
    make_tracker: Callable[..., Tracker], unmapped: Literal["note", "touch"], made: list[str]
) -> None:
    """An event that no rule names is a note, or a touch where the funnel says so."""
    funnel = Funnel(stages=("a", "b"), rules={"x": touch(), "y": note()}, unmapped=unmapped)
    tracker = make_tracker(funnel=funnel)
    assert kinds(tracker.track("ada", "y")) == []
    assert kinds(tracker.track("ada", "z")) == made
