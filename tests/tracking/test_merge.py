"""Merges: several keys that are one contact, and taken apart again as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from motfunnel import MomentKind, Tracker
from motfunnel.domain.journey import walk
from motfunnel.errors import MergeError
from tests.strategies import CONTACTS, histories, make_funnel, stories
from tests.tracking.scene import DAY, FUNNEL, Clock, day, kinds, row_counts, told_kinds


def profiles(tracker: Tracker, *contacts: str) -> list[dict[str, Any]]:
    """All that is told of some contacts."""
    return [tracker.contact(contact).to_dict() for contact in contacts]


def test_two_histories_fold_as_one(tracker: Tracker) -> None:
    """A merge folds the events of both keys as one contact, from the earliest on."""
    tracker.track("anon", "saw", id="1", occurred_at=day(0), properties={"source": "ads"})
    tracker.track("ada", "bought", id="1", occurred_at=day(2))
    identity = tracker.merge("anon", into="ada")
    assert (identity.contact, identity.aliases, identity.changed) == ("ada", ("anon",), True)
    profile = tracker.contact("ada", as_of=day(3))
    assert [moment.kind.value for moment in profile.moments] == ["opening", "conversion"]
    assert profile.moments[0].event_key == ("anon", "1")
    assert (profile.events, profile.aliases) == (2, ("anon",))
    assert tracker.check().is_sound


def test_both_keys_resolve_for_ever(tracker: Tracker) -> None:
    """What is asked, tracked and listed under the old key is the contact's."""
    tracker.merge("anon", into="ada")
    tracked = tracker.track("anon", "saw", id="1", occurred_at=day(0))
    assert [moment.contact for moment in tracked.moments] == ["ada"]
    assert tracker.track("ada", "bought", id="1", occurred_at=day(1)).duplicate is False
    assert tracker.contact("anon") == tracker.contact("ada")
    assert [*tracker.moments("anon")] == [*tracker.moments("ada")]
    assert tracker.identity("anon").keys == ("ada", "anon")
    assert tracker.check().is_sound


def test_an_id_belongs_to_its_key(tracker: Tracker) -> None:
    """A retry under either key is a duplicate of that key's event, and no conflict arises."""
    tracker.track("anon", "saw", id="1", occurred_at=day(0))
    tracker.track("ada", "bought", id="1", occurred_at=day(1))
    tracker.merge("anon", into="ada")
    assert tracker.track("anon", "saw", id="1", occurred_at=day(0)).duplicate
    assert tracker.track("ada", "bought", id="1", occurred_at=day(1)).duplicate
    story = tracker.contact("ada", as_of=day(1)).story
    assert [told.event for told in story] == ["saw", "bought"]


def test_an_unmerge_gives_back_what_was_there(tracker: Tracker) -> None:
    """After an unmerge both contacts are as before, with what came under their keys since."""
    tracker.track("anon", "saw", id="1", occurred_at=day(0))
    tracker.identify("anon", {"plan": "free"}, id="t", occurred_at=day(0))
    tracker.track("ada", "bought", id="1", occurred_at=day(2))
    tracker.identify("ada", {"plan": "pro"}, id="t", occurred_at=day(2))
    before = profiles(tracker, "anon", "ada")
    tracker.merge("anon", into="ada", force=True)
    assert tracker.contact("ada").traits == {"plan": "pro"}
    assert tracker.unmerge("anon").changed
    assert profiles(tracker, "anon", "ada") == before
    assert tracker.unmerge("anon").changed is False
    tracker.merge("anon", into="ada", force=True)
    tracker.track("anon", "bought", id="2", occurred_at=day(3))
    tracker.unmerge("anon")
    assert profiles(tracker, "ada") == before[1:]
    assert tracker.contact("anon").purchases == 1
    assert tracker.check().is_sound


def test_a_chain_of_merges_comes_apart_at_any_link(tracker: Tracker) -> None:
    """An unmerge takes along what was merged into the key before, or since."""
    for n, key in enumerate("abcd"):
        tracker.track(key, "saw", id=key, occurred_at=day(n))
    before = {key: profiles(tracker, key) for key in "abcd"}
    tracker.merge("a", into="b")
    tracker.merge("b", into="c")
    tracker.merge("d", into="a")
    assert tracker.identity("d").keys == ("c", "a", "b", "d")
    assert tracker.unmerge("b").keys == ("b", "a", "d")
    assert profiles(tracker, "c") == before["c"]
    assert tracker.unmerge("a").keys == ("a", "d")
    assert profiles(tracker, "b") == before["b"]
    tracker.unmerge("d")
    assert {key: profiles(tracker, key) for key in "abcd"} == before
    assert tracker.check().is_sound


def test_what_is_one_contact_is_merged_again_without_effect(tracker: Tracker) -> None:
    """The same merge twice, the other way round, or of a key with itself changes nothing."""
    tracker.merge("a", into="b")
    for old, new in (("a", "b"), ("b", "a"), ("a", "a")):
        assert tracker.merge(old, into=new).changed is False


def test_an_identified_contact_needs_force(tracker: Tracker) -> None:
    """A known contact is not merged by mistake, nor is a key taken away from its contact."""
    tracker.identify("bob", {"name": "Bob"}, id="t")
    tracker.track("anon", "saw", id="1")
    with pytest.raises(MergeError, match="force=True") as caught:
        tracker.merge("bob", into="ada")
    assert (caught.value.old, caught.value.into) == ("bob", "ada")
    assert isinstance(caught.value, ValueError)
    tracker.merge("anon", into="bob")
    with pytest.raises(MergeError, match="unmerge it first"):
        tracker.merge("anon", into="ada", force=True)
    with pytest.raises(MergeError, match="identified"):
        tracker.merge("bob", into="ada")
    assert tracker.merge("bob", into="ada", force=True).keys == ("ada", "anon", "bob")


def test_a_batch_over_the_keys_of_one_contact(tracker: Tracker) -> None:
    """Events of several keys of a contact, in one call, are stepped through together."""
    tracker.merge("a", into="c")
    tracker.merge("b", into="c")
    answers = tracker.track_many(
        {"contact": key, "event": event, "id": "1", "occurred_at": day(at)}
        for key, event, at in (("b", "bought", 2), ("a", "saw", 0), ("c", "saw", 40))
    )
    assert [kinds(tracked) for tracked in answers] == [
        ["conversion"],
        ["opening"],
        ["depart", "recidivism"],
    ]
    assert tracker.check().is_sound


def test_handlers_are_not_told_of_a_merge(tracker: Tracker) -> None:
    """A merge tells nobody, and departures that were told are not told again."""
    told = told_kinds(tracker)
    tracker.track("a", "saw", id="1", occurred_at=day(0))
    tracker.sweep(as_of=day(20))
    tracker.track("b", "synced", id="1", occurred_at=day(5))
    count = len(told)
    tracker.merge("a", into="b")
    assert tracker.sweep(as_of=day(20)) == 0
    assert len(told) == count
    assert tracker.check().is_sound


def test_departures_are_not_told_again_after_an_unmerge(tracker: Tracker) -> None:
    """Neither the contact nor the key that was taken out departs twice for the handlers."""
    told = told_kinds(tracker, MomentKind.DEPART)
    tracker.track("p", "saw", id="1", occurred_at=day(0))
    tracker.track("s", "saw", id="1", occurred_at=day(1))
    tracker.sweep()
    assert [moment.contact for moment in told] == ["p", "s"]
    tracker.merge("p", into="s")
    tracker.unmerge("p")
    tracker.sweep()
    assert len(told) == 2
    assert tracker.check().is_sound


def test_clocks_that_disagree_make_no_circle(tracker: Tracker, clock: Clock) -> None:
    """A report as known by an instant ends, even where pointers of that time lead round."""
    tracker.track("a", "saw", id="1", occurred_at=day(0))
    noon = clock.now
    for hour, change in ((1, "merge"), (5, "unmerge"), (3, "back")):
        clock.now = noon + timedelta(hours=hour)
        if change == "unmerge":
            tracker.unmerge("a")
        else:
            old, new = ("a", "b") if change == "merge" else ("b", "a")
            tracker.merge(old, into=new)
    clock.now = noon + timedelta(hours=6)
    report = tracker.report(as_of=day(90), known_by=noon + timedelta(hours=4))
    assert report.recidivism(within=DAY).denominator == 1


def test_a_merge_in_the_hosts_transaction(shared_engine: Engine, tracker: Tracker) -> None:
    """A merge that joins the host is undone with it."""
    tracker.track("anon", "saw", id="1", occurred_at=day(0))
    before = profiles(tracker, "anon", "ada")
    with Session(shared_engine) as session:
        tracker.merge("anon", into="ada", bind=session)
        session.rollback()
    assert profiles(tracker, "anon", "ada") == before
    with Session(shared_engine) as session:
        tracker.merge("anon", into="ada", bind=session)
        session.commit()
    assert tracker.identity("anon").contact == "ada"


def test_traits_and_sources_follow(tracker: Tracker) -> None:
    """In rates, a merged contact has the traits of all its keys, and any of them was referred."""
    tracker.track("zoe", "referred", id="1", occurred_at=day(0), properties={"friend": "anon"})
    tracker.identify("anon", {"plan": "free"}, id="t", occurred_at=day(1))
    tracker.track("ada", "saw", id="1", occurred_at=day(1))
    tracker.merge("anon", into="ada", force=True)
    report = tracker.report(as_of=day(100))
    for known_by in (None, Clock().now):
        report = tracker.report(as_of=day(100), known_by=known_by)
        plans = report.recidivism(within=DAY, by="plan")
        sources = report.recidivism(within=DAY, by="source")
        assert {r.group: plans.members(r, "denominator") for r in plans.rows} == {
            "free": ["ada"],
            "unknown": ["zoe"],
        }
        assert {r.group: sources.members(r, "denominator") for r in sources.rows} == {
            "direct": ["zoe"],
            "referral": ["ada"],
        }


def test_a_report_knows_the_merges_of_its_time(tracker: Tracker, clock: Clock) -> None:
    """As known by an instant, the merges that were recorded by then hold, and no others."""
    tracker.track("a", "saw", id="1", occurred_at=day(0))
    tracker.track("b", "saw", id="1", occurred_at=day(0))
    times = [clock.now]
    for is_merge in (True, False):
        clock.now += timedelta(hours=1)
        tracker.merge("a", into="b") if is_merge else tracker.unmerge("a")
        times.append(clock.now)
    counted = [
        tracker.report(as_of=day(90), known_by=at).recidivism(within=DAY).denominator
        for at in times
    ]
    assert counted == [2, 1, 2]
    assert tracker.report(as_of=day(90)).recidivism(within=DAY).denominator == 2


def test_another_funnel_refolds_a_merged_contact(
    tracker: Tracker, make_tracker: Callable[..., Tracker]
) -> None:
    """A rebuild folds each contact once, with the events of all its keys."""
    tracker.merge("a", into="b")
    tracker.track("a", "saw", id="1", occurred_at=day(0))
    tracker.track("b", "bought", id="1", occurred_at=day(3))
    other = make_tracker(funnel=evolve(FUNNEL, patience={"default": DAY}))
    assert other.rebuild() == 1
    assert other.check().is_sound
    assert len([*other.moments("a", kind="depart", as_of=day(3))]) == 1


def test_tenants_share_no_merge(
    shared_engine: Engine, tracker: Tracker, make_tracker: Callable[..., Tracker]
) -> None:
    """A merge in one tenant is none in another."""
    other = make_tracker(tenant=f"{tracker.tenant}2"[:63])
    for one in (tracker, other):
        one.track("a", "saw", id="1", occurred_at=day(0))
    before = row_counts(shared_engine, other.tenant)
    tracker.merge("a", into="b")
    assert other.identity("a").keys == ("a",)
    assert row_counts(shared_engine, other.tenant) == before


@given(st.data())
def test_merged_equals_folded_together(shared_engine: Engine, data: st.DataObject) -> None:
    """Whatever two keys recorded before or after their merge, one walk over all of it gives it."""
    story = data.draw(stories())
    funnel, (ada, bob, *_) = make_funnel(story), CONTACTS
    events = [
        event for event in data.draw(histories(story, (ada, bob))) if event.name != "$identify"
    ]
    events = list({(event.contact, event.id): event for event in events}.values())
    at = data.draw(st.integers(0, len(events)))
    with Tracker(create_engine(shared_engine.url), funnel=funnel, tenant=uuid4().hex) as tracker:
        apart: list[Any] = []
        for n, event in enumerate([*events, None]):
            if n == at:
                tracker.merge(bob, into=ada)
            if event is not None:
                tracker.track(
                    event.contact,
                    event.name,
                    id=event.id,
                    occurred_at=event.occurred_at,
                    properties=event.properties,
                )
        now = tracker.clock()
        expected = walk(ada, funnel, events, as_of=now).moments
        assert [*tracker.moments(ada, as_of=now)] == expected
        assert tracker.check().is_sound
        tracker.unmerge(bob)
        for key in (ada, bob):
            mine = [event for event in events if event.contact == key]
            apart.append(walk(key, funnel, mine, as_of=now).moments)
        assert [[*tracker.moments(key, as_of=now)] for key in (ada, bob)] == apart
        assert tracker.check().is_sound
        tracker.database.engine.dispose()
