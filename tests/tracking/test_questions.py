"""As of which instant, of which tenant, of which contact: what a question sees and what not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from motfunnel import MomentKind, Presence, Tracker
from motfunnel.errors import QuestionError
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.schema.tables import tables
from tests.tracking.scene import (
    DAY,
    FUNNEL,
    NOON,
    Clock,
    day,
    row_counts,
    stored_events,
    told_kinds,
)

MICROSECOND = timedelta(microseconds=1)


# As of an instant.


def test_the_future_is_not_asked_about(tracker: Tracker, clock: Clock) -> None:
    """A question as of an instant yet to come is refused, and names the instant."""
    tracker.track("ada", "saw", id="1", occurred_at=NOON)
    soon = clock.now + MICROSECOND
    for question in (
        lambda: tracker.contact("ada", as_of=soon),
        lambda: next(tracker.iter_moments(as_of=soon)),
        lambda: tracker.sweep(as_of=soon),
    ):
        with pytest.raises(QuestionError, match=r"2027-02-26T12:00:00\.000001\+00:00.* future"):
            question()
    assert tracker.contact("ada", as_of=clock.now).as_of == clock.now


def test_naive_instants_are_refused(tracker: Tracker) -> None:
    """A question as of a naive instant is refused, never guessed."""
    naive = NOON.replace(tzinfo=None)
    for question in (
        lambda: tracker.contact("ada", as_of=naive),
        lambda: next(tracker.iter_moments(as_of=naive)),
        lambda: tracker.sweep(as_of=naive),
    ):
        with pytest.raises(QuestionError, match=r"as_of.*naive"):
            question()


def test_now_by_default(tracker: Tracker, clock: Clock) -> None:
    """Where events are tracked as they happen, a question is as of now."""
    tracker.track("ada", "saw", id="1", occurred_at=clock.now)
    clock.now += 10 * DAY - MICROSECOND
    assert tracker.as_of(None) == clock.now
    assert [moment.kind.value for moment in tracker.moments()] == ["opening"]
    clock.now += MICROSECOND
    assert [moment.kind.value for moment in tracker.moments()] == ["opening", "depart"]
    assert tracker.contact("ada").presence is Presence.DEPARTED


def test_the_end_of_what_was_imported(
    shared_engine: Engine, make_tracker: Callable[..., Tracker], clock: Clock
) -> None:
    """Where events were only imported, a question is as of the newest, until one is tracked."""
    from motfunnel.domain.event import make_event

    tracker = make_tracker()
    assert tracker.as_of(None) == clock.now
    tracker.create_tables()
    events = [(make_event("ada", "saw", occurred_at=day(n), id=str(n)), "touch") for n in range(3)]
    with shared_engine.begin() as connection:
        ledger = Ledger(connection, None, tracker.tenant)
        ledger.add_events(events, clock.now)
        ledger.mark_contacts(["ada"], FUNNEL)
    assert tracker.finish() == 1
    assert tracker.as_of(None) == day(2)
    assert [moment.kind.value for moment in tracker.moments()] == ["opening"]
    assert tracker.sweep() == 0
    assert tracker.as_of(day(20)) == day(20)
    tracker.track("bob", "saw", id="1", occurred_at=day(3))
    assert tracker.as_of(None) == clock.now
    assert tracker.sweep() == 2


def test_an_awaited_contact_that_is_tracked(
    shared_engine: Engine, make_tracker: Callable[..., Tracker], clock: Clock
) -> None:
    """A contact whose imported events await the fold tells of the tracked event only."""
    from motfunnel.domain.event import make_event

    tracker = make_tracker()
    tracker.create_tables()
    names = ("saw", "left", "bought")
    events = [
        (make_event("ada", name, occurred_at=day(n), id=str(n)), "note")
        for n, name in enumerate(names)
    ]
    with shared_engine.begin() as connection:
        ledger = Ledger(connection, None, tracker.tenant)
        ledger.add_events(events, clock.now)
        ledger.mark_contacts(["ada"], FUNNEL)
    told = told_kinds(tracker)
    tracked = tracker.track("ada", "praised", id="9", occurred_at=day(3))
    assert [moment.kind.value for moment in tracked.moments] == ["apostle"]
    assert told == [*tracked.moments]
    assert len([*tracker.moments(as_of=day(3))]) == 5


def test_filters(tracker: Tracker) -> None:
    """Moments are asked for by contact, by kind, and since an instant; of silences too."""
    for contact in ("bob", "ada"):
        tracker.track(contact, "bought", id="1", occurred_at=day(0))
        tracker.track(contact, "left", id="2", occurred_at=day(1))
        tracker.track(contact, "saw", id="3", occurred_at=day(2))
    every = [*tracker.moments(as_of=day(30))]
    assert [moment.contact for moment in every] == ["ada"] * 5 + ["bob"] * 5
    assert every[4].is_silent
    for swept in (False, True):
        assert not swept or tracker.sweep(as_of=day(30)) == 2
        assert [*tracker.moments(as_of=day(30))] == every
        assert [*tracker.moments("bob", as_of=day(30))] == every[5:]
        departs = [*tracker.moments(kind="depart", as_of=day(30))]
        assert departs == [m for m in every if m.kind is MomentKind.DEPART]
        late = [*tracker.moments("ada", since=day(2), as_of=day(30))]
        assert late == [m for m in every[:5] if m.occurred_at >= day(2)]
        both = [*tracker.moments(kind=MomentKind.DEPART, since=day(2), as_of=day(21))]
        assert both == []


# Tenants.


def test_tenants_do_not_know_each_other(
    shared_engine: Engine, make_tracker: Callable[..., Tracker], tenant: str
) -> None:
    """What one tenant does, with the same contacts and ids, another neither sees nor changes."""
    one, other = (make_tracker(tenant=f"{tenant[:30]}{which}") for which in ("", "2"))
    for n in range(3):
        one.track("ada", "saw", id=n, occurred_at=day(20 * n))
        one.identify("ada", {"plan": n}, id=f"trait {n}", occurred_at=day(20 * n))
    rows, events = row_counts(shared_engine, one.tenant), stored_events(shared_engine, one.tenant)
    moments = [*one.moments()]
    told = told_kinds(one)

    assert not other.track("ada", "left", id="0", occurred_at=day(1)).duplicate
    other.track("ada", "saw", id="1", occurred_at=day(0))
    other.identify("ada", {"plan": "x"}, id="trait 0", occurred_at=day(0))
    other.sweep()
    other.rebuild()
    assert other.contact("ada").events == 3
    assert [moment.kind.value for moment in other.moments()] == ["opening", "depart"]
    assert make_tracker(tenant=f"{tenant[:30]}3").contact("ada").events == 0

    assert row_counts(shared_engine, one.tenant) == rows
    assert stored_events(shared_engine, one.tenant) == events
    assert [*one.moments()] == moments
    assert told == []


def test_a_tenants_funnel_is_its_own(make_tracker: Callable[..., Tracker], tenant: str) -> None:
    """A stored funnel is that of its tenant, and outdates no other tenant's contacts."""
    from motfunnel import Funnel
    from motfunnel.errors import NoFunnelError

    make_tracker().track("ada", "saw")
    other = f"{tenant[:30]}2"
    make_tracker(funnel=Funnel.saas(), tenant=other).track("ada", "Signed Up")
    make_tracker().check_current()
    assert make_tracker(funnel=None, tenant=other).funnel.stages == Funnel.saas().stages
    with pytest.raises(NoFunnelError):
        make_tracker(funnel=None, tenant=f"{tenant[:30]}3").track("ada", "saw")


@pytest.mark.parametrize("bad", ["", " ", "x" * 64, None, 1, "a\x00", "\ud800"])
def test_a_tenant_that_cannot_be_one(bad: object) -> None:
    """A tenant is a text that every database can hold."""
    with pytest.raises(ValueError, match="tenant"):
        Tracker("sqlite://", funnel=FUNNEL, tenant=bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_schema_of_its_own(url: str, engine: Engine) -> None:
    """Tables in two schemas of one PostgreSQL database know nothing of each other."""
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA crm"))
    with (
        Tracker(url, funnel=FUNNEL, schema="crm") as inside,
        Tracker(url, funnel=FUNNEL) as outside,
    ):
        inside.track("ada", "saw", id="1", occurred_at=day(0))
        outside.track("ada", "left", id="1", occurred_at=day(0))
        outside.track("ada", "saw", id="2", occurred_at=day(1))
        assert [tracker.contact("ada").events for tracker in (inside, outside)] == [1, 2]
        assert [tracker.sweep() for tracker in (inside, outside)] == [1, 1]
        assert [tracker.rebuild() for tracker in (inside, outside)] == [1, 1]
        assert len([*inside.moments()]) == 2
    with engine.connect() as connection:
        for table, count in (("crm.motfunnel_events", 1), ("public.motfunnel_events", 2)):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == count


# Traits.


def test_traits(tracker: Tracker) -> None:
    """A trait has the value that was set last by then, whatever the order of arrival."""
    tracker.identify("ada", {"plan": "pro", "seats": 5}, id="2", occurred_at=day(2))
    tracker.identify("ada", {"plan": "free", "city": None}, id="1", occurred_at=day(1))
    tracker.identify("ada", {"plan": {"name": "gone"}}, id="3", occurred_at=day(3))
    for at, traits in (
        (day(1) - MICROSECOND, {}),
        (day(1), {"plan": "free", "city": None}),
        (day(2), {"plan": "pro", "city": None, "seats": 5}),
        (day(3), {"plan": {"name": "gone"}, "city": None, "seats": 5}),
    ):
        assert tracker.contact("ada", as_of=at).traits == traits


def test_traits_of_one_instant(tracker: Tracker) -> None:
    """Of two values of one instant the one with the greater id counts."""
    for id, plan in (("b", "second"), ("a", "first")):
        tracker.identify("ada", {"plan": plan}, id=id, occurred_at=NOON)
    assert tracker.contact("ada").traits == {"plan": "second"}


def test_identify_changes_no_moment(tracker: Tracker) -> None:
    """Traits open nobody, keep nobody alive and bring nobody back; they make a contact known."""
    told = told_kinds(tracker)
    assert tracker.identify("ada", {"plan": "free"}, id="0", occurred_at=day(0)).moments == ()
    assert tracker.contact("ada").presence is Presence.UNKNOWN
    tracker.track("ada", "saw", id="1", occurred_at=day(1))
    before = [*tracker.moments(as_of=day(11))]
    for n in range(2, 11):
        tracked = tracker.identify("ada", {"n": n}, id=n, occurred_at=day(n))
        assert (tracked.moments, tracked.revoked) == ((), ())
    assert tracker.identify("ada", {"n": 2}, id=2, occurred_at=day(2)).duplicate
    assert [*tracker.moments(as_of=day(11))] == before
    assert [moment.kind.value for moment in told] == ["opening"]


def test_known(shared_engine: Engine, tracker: Tracker) -> None:
    """A contact is known once it was identified, and stays so through late events and rebuilds."""

    def known(contact: str) -> bool:
        with shared_engine.connect() as connection:
            state = Ledger(connection, None, tracker.tenant).find_contact(contact, FUNNEL)
        assert state is not None
        return state.known

    tracker.track("ada", "saw", id="2", occurred_at=day(2))
    tracker.track("bob", "saw", id="2", occurred_at=day(2))
    assert not known("ada")
    tracker.identify("ada", {}, id="3", occurred_at=day(3))
    assert (known("ada"), known("bob")) == (True, False)
    tracker.track("ada", "saw", id="1", occurred_at=day(1))
    assert known("ada")
    tracker.rebuild()
    assert (known("ada"), known("bob")) == (True, False)


def test_traits_are_stored_as_texts(shared_engine: Engine, tracker: Tracker) -> None:
    """Each trait is a row with its value as a text to group by, once."""
    traits = {"plan": "free", "seats": 5, "on": True, "none": None, "": "", "tags": ["a"]}
    for _ in range(2):
        tracker.identify("ada", traits, id="1", occurred_at=NOON)
    table = tables().traits
    with shared_engine.connect() as connection:
        mine = table.select().where(table.c.tenant == tracker.tenant).order_by(table.c.ordinal)
        rows = [(row.trait, row.value, row.occurred_at) for row in connection.execute(mine)]
    assert rows == [
        *(("plan", "free", NOON), ("seats", "5", NOON), ("on", "true", NOON)),
        *(("none", "null", NOON), ("", "", NOON), ("tags", '["a"]', NOON)),
    ]
