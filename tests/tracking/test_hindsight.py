"""What late events took back, held against telling the story again without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, purchase, reach, touch
from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel as AnyFunnel
from motfunnel.intake import import_file
from motfunnel.tracking.profile import revocations as hindsight
from motfunnel.tracking.profile.revocations import revocations
from tests import oracle
from tests.oracle import Story
from tests.strategies import HOUR, MICROSECOND, START, histories, make_funnel, stories

Key = tuple[Any, ...]


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[Story, list[tuple[Event, datetime]]]:
    """A funnel, and a contact's events in the order in which they were recorded."""
    story = draw(stories())
    events = list({e.id: e for e in draw(histories(story, most=14))}.values())
    at, recorded = START - HOUR, []
    for event in events:
        lag = draw(st.sampled_from([timedelta(0), MICROSECOND, HOUR, 5 * HOUR]))
        at = max(at, event.occurred_at) + lag
        recorded.append((event, at))
    return story, recorded


def keys(moments: list[Story]) -> dict[Key, Story]:
    """Moments without their numbers."""
    names = ("kind", "at", "event_id", "from_stage", "to_stage", "reason", "referred")
    return {tuple(one[name] for name in names): one for one in moments}


def told_again(
    story: Story, recorded: list[tuple[Event, datetime]], as_of: datetime
) -> Iterator[tuple[datetime, set[Key]]]:
    """At each recording, what was so before it and is not with it."""
    known: list[Event] = []
    since = datetime.min.replace(tzinfo=UTC)
    past = [one for one in recorded if one[0].occurred_at <= as_of]
    for at in sorted({at for _, at in past}):
        now = min(at, as_of)
        so = keys(oracle.tell(known, story, now)["moments"])
        certain = keys(oracle.tell(known, story)["moments"])
        believed = {key for key, one in so.items() if key in certain or since <= one["at"] < at}
        known += [event for event, recorded_at in past if recorded_at == at]
        after = keys(oracle.tell(known, story, now)["moments"])
        after |= keys(oracle.tell(known, story)["moments"])
        if believed - after.keys():
            yield at, believed - after.keys()
        since = at


@settings(max_examples=4 * settings().max_examples)
@given(told=arrivals(), hours=st.integers(0, 30))
def test_it_is_what_telling_it_again_finds(
    told: tuple[Story, list[tuple[Event, datetime]]], hours: int
) -> None:
    """Whatever was so before an event was recorded, and is not with it, was taken back by it."""
    story, recorded = told
    as_of = START + hours * HOUR
    found: dict[datetime, set[Key]] = {}
    for one in revocations("ada", make_funnel(story), recorded, as_of):
        m = one.moment
        key = (m.kind.value, m.occurred_at, m.event_id, m.from_stage, m.to_stage, m.reason)
        found.setdefault(one.recorded_at, set()).add((*key, m.referred))
        assert one.events
        assert all((event, one.recorded_at) in recorded for event in one.events)
    assert found == dict(told_again(story, recorded, as_of))


FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "came": touch(),
        "signed up": reach("lead"),
        "paid": purchase(),
        "left": leave("why"),
    },
    patience={"default": timedelta(days=30), "lead": timedelta(days=10)},
)


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


class Clock:
    now = day(0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(shared_engine: Engine, clock: Clock) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=clock)


def test_a_profile_tells_what_was_taken_back(tracker: Tracker, clock: Clock) -> None:
    """The same moments as the call gave that recorded the late event, with that event."""
    for at, name in ((0, "came"), (1, "signed up"), (20, "came")):
        clock.now = day(at)
        tracker.track("ada", name)
    clock.now = day(23)
    tracked = tracker.track("ada", "came", occurred_at=day(10), id="late")
    profile = tracker.contact("ada")
    assert tuple(one.moment for one in profile.revoked) == tracked.revoked
    assert [one.moment.kind.value for one in profile.revoked] == ["depart", "recidivism"]
    assert {one.recorded_at for one in profile.revoked} == {day(23)}
    assert [e.id for one in profile.revoked for e in one.events] == ["late", "late"]
    assert "no longer so:\n2026-01-12 00:00:00  depart      silence\n" in str(profile)
    assert "taken back by came of 2026-01-11 00:00:00" in str(profile)
    assert max(map(len, profile.tell().splitlines())) <= 80
    assert profile.to_dict()["revoked"][0]["by"][0]["event_id"] == "late"
    assert tracker.contact("ada", as_of=day(9)).revoked == ()


def test_a_silence_that_nobody_could_know_of_was_not_taken_back(
    tracker: Tracker, clock: Clock
) -> None:
    """What was recorded after its deadline never said that the contact had departed."""
    clock.now = day(100)
    tracker.track("ada", "came", occurred_at=day(0))
    clock.now = day(101)
    tracker.track("ada", "came", occurred_at=day(20))
    assert tracker.contact("ada").revoked == ()


def test_an_imported_history_took_nothing_back(
    tracker: Tracker, clock: Clock, tmp_path: Path
) -> None:
    """Of files that come in any order nobody asked in between, until one event is tracked."""
    for number, at in enumerate(("2026-02-20", "2026-01-01", "2026-01-20")):
        clock.now = day(200 + number)
        (tmp_path / "events.csv").write_text(f"who,what,at\nada,came,{at}\n")
        import_file(tracker, tmp_path / "events.csv", contact="who", event="what", at="at")
    assert tracker.contact("ada").revoked == ()
    tracker.track("bob", "came")
    revoked = [(one.moment.kind.value, one.recorded_at) for one in tracker.contact("ada").revoked]
    assert revoked == [("opening", day(201)), ("depart", day(202))]


def test_merged_keys_count_as_one_from_the_beginning(tracker: Tracker, clock: Clock) -> None:
    """An event of either key can take back what rests on the other's."""
    for at, key, name in ((0, "ada", "came"), (40, "ada", "came")):
        clock.now = day(at)
        tracker.track(key, name)
    clock.now = day(41)
    tracker.track("a@old", "came", occurred_at=day(20))
    tracker.merge("a@old", into="ada")
    assert [one.moment.kind.value for one in tracker.contact("ada").revoked] == [
        "depart",
        "recidivism",
    ]


def test_only_the_last_of_many_late_arrivals_are_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What they took back is told the same, and what came before them is not."""
    patient: AnyFunnel = evolve(FUNNEL, patience={"default": None})
    recorded = [
        (Event(contact="ada", name="came", occurred_at=day(-n), id=str(n), properties={}), day(n))
        for n in range(12)
    ]
    every = revocations("ada", patient, recorded, day(50))
    monkeypatch.setattr(hindsight, "MOST", 3)
    assert len(every) == 11
    assert revocations("ada", patient, recorded, day(50)) == every[-3:]


def test_each_moment_says_what_it_rests_on(tracker: Tracker, clock: Clock) -> None:
    """The line of the funnel, and what the contact was until then."""
    clock.now = day(90)
    for at, name in ((0, "came"), (1, "signed up"), (20, "paid"), (21, "paid"), (22, "left")):
        tracker.track("ada", name, occurred_at=day(at), id=f"{name}-{at}")
    told = [
        (one.moment.kind.value, one.rule, str(one.before)) for one in tracker.contact("ada").story
    ]
    assert told == [
        ("opening", 'came = "touch"', "unknown"),
        ("conversion", '"signed up" = { reach = "lead" }', "active at visitor"),
        ("depart", '[patience] lead = "10d"', "active at lead"),
        ("recidivism", 'paid = "purchase"', "departed at lead"),
        ("conversion", 'paid = "purchase"', "departed at lead"),
        ("loyalist", 'paid = "purchase", loyal_after = 2', "active at customer, 1 purchase"),
        ("depart", 'left = { leave = "why" }', "active at customer, 2 purchases"),
    ]
    profile = tracker.contact("ada")
    assert 'until then departed at lead; by paid = "purchase"' in profile.tell()
    assert profile.to_dict()["moments"][0]["before"]["presence"] == "unknown"
