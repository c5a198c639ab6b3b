"""The laws of the journey, held against the store: what arrives how, and when, does not matter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Moment, Tracker
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.journey import walk
from motfunnel.store.database.pace import Pace
from tests import oracle
from tests.oracle import Story
from tests.strategies import (
    CONTACTS,
    NEVER,
    START,
    histories,
    make_funnel,
    moments_of_asking,
    stories,
)
from tests.tracking.scene import stored_story, told_kinds

pytestmark = pytest.mark.every_database

FEW = settings(max_examples=settings().max_examples // 2)  # each writes to a database
END = START + NEVER


def track(tracker: Tracker, events: Sequence[Event]) -> list[Any]:
    """Track one event by itself, several at once."""
    if len(events) > 1:
        return tracker.track_many(as_said(event) for event in events)
    [event] = events
    return [tracker.track(event.contact, event.name, properties=event.properties, **when(event))]


def when(event: Event) -> dict[str, Any]:
    return {"occurred_at": event.occurred_at, "id": event.id}


def as_said(event: Event) -> dict[str, Any]:
    said = {"contact": event.contact, "event": event.name, "properties": event.properties}
    return said | when(event)


def walked(
    contacts: Iterable[str], funnel: Funnel, events: list[Event], as_of: Any
) -> list[Moment]:
    """The moments of some contacts as the plain walk gives them."""
    return [
        moment
        for contact in sorted(contacts)
        for moment in walk(contact, funnel, of(contact, events), as_of=as_of).moments
    ]


def of(contact: str, events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.contact == contact]


def tracked_histories(story: Story) -> st.SearchStrategy[list[Event]]:
    """Histories of two contacts without identify, which is said in another way."""
    told = {**story, "rules": {n: r for n, r in story["rules"].items() if n != IDENTIFY}}
    return histories(told, CONTACTS[:2])


def paces() -> st.SearchStrategy[Pace]:
    """How often a history keeps a checkpoint; every fold is a call's."""
    return st.builds(Pace, every=st.sampled_from([1, 2, 3, 250]))


@FEW
@given(st.data())
def test_live_is_the_walk(shared_engine: Engine, data: st.DataObject) -> None:
    """Tracked in any order, by one and by many, with sweeps between: the plain walk's answers."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(tracked_histories(story))
    tracker = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex)
    tracker.database.pace = data.draw(paces())
    told = told_kinds(tracker)
    running: defaultdict[str, set[Moment]] = defaultdict(set)
    answered: list[Moment] = []
    rest, seen, swept = list(events), set(), START
    while rest:
        now, rest = rest[: (size := data.draw(st.sampled_from([1, 1, 1, 2, 4])))], rest[size:]
        for event, tracked in zip(now, track(tracker, now), strict=True):
            assert tracked.duplicate is ((event.contact, event.id) in seen)
            seen.add((event.contact, event.id))
            assert running[event.contact] >= set(tracked.revoked)
            running[event.contact] -= set(tracked.revoked)
            assert running[event.contact].isdisjoint(tracked.moments)
            running[event.contact] |= set(tracked.moments)
            answered += tracked.moments
            so_far = events[: len(events) - len(rest)]
            still = set(walked([event.contact], funnel, so_far, swept))
            assert still.isdisjoint(tracked.revoked)
        if data.draw(st.sampled_from([False, False, True]), label="sweep"):
            already = len(told)
            instant = data.draw(moments_of_asking())
            swept = max(swept, instant)
            count = tracker.sweep(as_of=instant)
            for moment in told[already:]:
                assert moment not in running[moment.contact]
                running[moment.contact].add(moment)
            answered += told[already:]
            assert count == len(told) - already
    assert told == answered
    check(tracker, shared_engine, story, funnel, events, data)
    swept_at_the_end = set(told[len(answered) :])
    for contact, moments in running.items():
        more = {moment for moment in swept_at_the_end if moment.contact == contact}
        assert moments | more == set(tracker.moments(contact, as_of=END))


def check(
    tracker: Tracker,
    engine: Engine,
    story: Story,
    funnel: Funnel,
    events: list[Event],
    data: st.DataObject,
) -> None:
    """Hold all that a tracker answers, and all that is stored, to the walk and the oracle."""
    contacts = {event.contact for event in events}
    asked = data.draw(st.lists(moments_of_asking(), min_size=2, max_size=3))
    answers = [list(tracker.moments(as_of=instant)) for instant in asked]
    assert answers == [walked(contacts, funnel, events, instant) for instant in asked]
    for contact in contacts:
        profile = tracker.contact(contact, as_of=asked[0])
        expected = oracle.tell(of(contact, events), story, asked[0])
        assert (profile.presence, funnel.stages.index(profile.stage)) == (
            *(expected["presence"], expected["stage"]),
        )
        assert [str(moment.kind) for moment in profile.moments] == [
            moment["kind"] for moment in expected["moments"]
        ]
        assert (profile.purchases, profile.referrals, profile.apostle, profile.last_touch_at) == (
            *(expected["purchases"], expected["referrals"], expected["apostle"]),
            expected["last_touch"],
        )
        assert [case.case for case in profile.open_cases] == [
            case["case"] for case in expected["open_cases"]
        ]
    tracker.sweep(as_of=END)
    assert [list(tracker.moments(as_of=instant)) for instant in asked] == answers
    for contact in contacts:
        stored = stored_story(engine, tracker.tenant, contact, funnel)
        assert stored == oracle.tell(of(contact, events), story, END)


@FEW
@given(st.data())
def test_one_by_one_is_all_at_once_is_rebuilt(shared_engine: Engine, data: st.DataObject) -> None:
    """Events tracked one by one, all at once, or folded by a rebuild are stored alike."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(tracked_histories(story))
    one, many = (Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex) for _ in range(2))
    one.database.pace = many.database.pace = data.draw(paces())
    for event in events:
        track(one, [event])
    tracked = many.track_many(as_said(event) for event in events)
    expected = {
        contact: oracle.tell(of(contact, events), story)
        for contact in {event.contact for event in events}
    }
    for rebuilt in (False, True):
        for tracker in (one, many):
            assert not rebuilt or tracker.rebuild() == len(expected)
            for contact, story_told in expected.items():
                stored = stored_story(shared_engine, tracker.tenant, contact, funnel)
                assert stored == story_told
    assert sorted((t.contact, t.id) for t in tracked if not t.duplicate) == sorted(
        {(event.contact, event.id) for event in events}
    )
    established = [moment for answer in tracked for moment in answer.moments]
    assert set(established) == set(walked(expected, funnel, events, None))
    assert len(established) == len(set(established))
    assert not any(answer.revoked for answer in tracked)


@FEW
@given(st.data())
def test_another_funnel(shared_engine: Engine, data: st.DataObject) -> None:
    """Under another funnel, a touched contact and a rebuilt one are what the walk makes of them."""
    story, other = data.draw(stories()), data.draw(stories())
    other["rules"] = {**story["rules"], **other["rules"]}
    for rules in other["rules"].values():  # the stages may be others now
        for rule in rules:
            if rule.get("stage", other["stages"][0]) not in other["stages"]:
                rule["stage"] = other["stages"][-1]
    funnel, events = make_funnel(other), data.draw(tracked_histories(story))
    tenant = uuid4().hex
    before = Tracker(shared_engine, funnel=make_funnel(story), tenant=tenant)
    after = Tracker(shared_engine, funnel=funnel, tenant=tenant)
    before.database.pace = after.database.pace = data.draw(paces())
    first = data.draw(st.integers(0, len(events)))
    for event in events[:first]:
        track(before, [event])
    if data.draw(st.booleans(), label="sweep"):
        before.sweep(as_of=data.draw(moments_of_asking()))
    for event in events[first:]:
        track(after, [event])
    if data.draw(st.booleans(), label="sweep"):
        after.sweep(as_of=data.draw(moments_of_asking()))
    data.draw(st.sampled_from([after.rebuild, after.finish]))()
    check(after, shared_engine, other, funnel, events, data)
