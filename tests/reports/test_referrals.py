"""The referral yield, counted by hand from the events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, refer, touch
from motfunnel.domain.event import Event
from tests import oracle
from tests.oracle import Story
from tests.reports.test_outreach import lies_in
from tests.reports.test_windowed import FEW, bounds, track_all
from tests.strategies import NEVER, START, histories, instants, stories
from tests.strategies import make_funnel as funnel_of

PEOPLE = ("ada", "bob", "cyd", "7")
FUNNEL = Funnel(stages=("visitor", "customer"), rules={"came": touch(), "invited": refer("friend")})


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and histories of contacts that refer each other."""
    story = draw(stories())
    drawn = draw(histories(story, PEOPLE, most=30))
    return story, list({(e.contact, e.id): e for e in drawn}.values())


@FEW
@given(told=told(), as_of=st.one_of(instants(12), st.just(START + NEVER)), period=bounds())
def test_the_yield_is_the_one_counted_by_hand(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, period: Any
) -> None:
    """Openings, the active and the referring are those that one finds in the events."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    opened, active, referring, referrals = {}, set(), set(), []
    for contact in PEOPLE:
        mine = [event for event in events if event.contact == contact]
        for moment in oracle.tell(mine, story, as_of)["moments"]:
            if moment["kind"] == "opening":
                opened[contact] = moment["at"]
            if moment["kind"] == "referral":
                referrals.append((moment["at"], contact, moment["referred"]))
                if lies_in(moment["at"], period):
                    referring.add(contact)
        if touched_in(period, mine, story, as_of):
            active.add(contact)
    credited = [
        contact
        for contact, at in sorted(opened.items())
        if lies_in(at, period)
        and any(t <= at and of == contact and by != contact for t, by, of in referrals)
    ]
    for known_by in (None, now):
        report = tracker.report(as_of=as_of, known_by=known_by)
        of_active, of_referring = report.referrals(period=period).rows
        answer = report.referrals(period=period)
        assert answer.members(of_active, "openings") == credited
        assert answer.members(of_active, "contacts") == sorted(active)
        assert answer.members(of_referring, "contacts") == sorted(referring)
        assert of_active.k == (len(credited) / len(active) if active else None)
        assert of_referring.k == (len(credited) / len(referring) if referring else None)


def touched_in(period: Any, mine: list[Event], story: Story, as_of: datetime) -> bool:
    """Whether an event of the period set the instant at which the contact was last alive."""
    state = oracle.start()
    for event in oracle.in_order(mine, story):
        if event["at"] > as_of:
            break
        before = state["last_touch"]
        state["last_touch"] = None if state["last_touch"] is None else before
        oracle.step(state, event, story)
        alive = state["presence"] == "active" and event["signal"] in oracle.KEEPS_ALIVE
        if alive and lies_in(event["at"], period):
            return True
    return False


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def test_an_opening_is_credited_once_and_under_its_key_of_now(tracker: Tracker) -> None:
    """The latest referral before it counts; a merged key is the contact that it belongs to."""
    for contact, at in (("ada", 0), ("bob", 0)):
        tracker.track(contact, "came", occurred_at=day(at))
    tracker.track("ada", "invited", properties={"friend": "cyd@old"}, occurred_at=day(1))
    tracker.track("bob", "invited", properties={"friend": "cyd"}, occurred_at=day(2))
    tracker.track("cyd", "came", occurred_at=day(3))
    tracker.track("cyd@old", "came", occurred_at=day(4))
    tracker.merge("cyd@old", into="cyd")
    for known_by in (None, day(100)):
        report = tracker.report(known_by=known_by)
        active, referring = report.referrals().rows
        assert (active.openings, active.contacts, active.k) == (1, 3, 1 / 3)
        assert (referring.openings, referring.contacts, referring.k) == (1, 2, 0.5)
        assert report.referrals(period=(day(5), None)).rows[0].k is None


def test_what_an_erasure_leaves_is_counted_on(tracker: Tracker) -> None:
    """With the counts kept the yield stays; nobody can be named any more."""
    for n, friend in enumerate(("bob", "cyd")):
        tracker.track("ada", "invited", properties={"friend": friend}, occurred_at=day(n))
        tracker.track(friend, "came", occurred_at=day(5))
    before = tracker.report().referrals().to_dict()["rows"]
    tracker.forget("cyd", keep_counts=True)
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).referrals()
        assert answer.to_dict()["rows"] == before
        assert "cyd" not in str(answer.members(answer.rows[0], "openings"))


def test_it_prints(tracker: Tracker) -> None:
    """The yield may exceed one, has no interval where one contact gave it all, and says so."""
    for n in range(3):
        tracker.track("ada", "invited", properties={"friend": f"f{n}"}, occurred_at=day(n))
        tracker.track(f"f{n}", "came", occurred_at=day(5))
    text = str(tracker.report().referrals())
    assert "3.000" in text and "K" in text and max(map(len, text.splitlines())) <= 80
