"""Patience, held against silences counted one by one from the events."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, purchase, touch
from motfunnel.domain.event import Event
from motfunnel.errors import QuestionError
from motfunnel.statistics import ClusteredShare, Proportion
from tests import oracle
from tests.oracle import Story
from tests.reports.test_windowed import FEW, track_all
from tests.strategies import (
    CONTACTS,
    HOUR,
    NEVER,
    START,
    histories,
    instants,
    make_patience,
    stories,
)
from tests.strategies import make_funnel as funnel_of

Hand = list[tuple[str, str, datetime, timedelta, str | None]]


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and histories of several contacts."""
    story = draw(stories())
    drawn = draw(histories(story, CONTACTS, most=30))
    return story, list({(e.contact, e.id): e for e in drawn}.values())


def silences(contact: str, mine: list[Event], story: Story, as_of: datetime) -> Hand:
    """Each silence: of whom, at which stage, since when, how long, and how it ended."""
    patient = story | {"patience": dict.fromkeys(story["stages"])}
    state, since = oracle.start(), None
    found: Hand = []

    def end(at: datetime, how: str | None, stage: str) -> None:
        if since is not None:
            found.append((contact, stage, since, at - since, how))

    for event in oracle.in_order(mine, patient):
        if event["at"] > as_of:
            break
        stage = story["stages"][state["stage"]]
        oracle.step(state, event, patient)
        if state["presence"] == "active" and event["signal"] in oracle.KEEPS_ALIVE:
            end(event["at"], "touch", stage)
            since = event["at"]
        elif event["signal"] == "leave" and state["presence"] == "departed":
            end(event["at"], "leave", stage)
            since = None
    end(as_of, None, story["stages"][state["stage"]])
    return found


def count(
    hand: Hand, stage: str, length: timedelta, horizon: timedelta, as_of: datetime
) -> tuple[list[str], list[str]]:
    """Whose silences at a stage ended in time after a length, and whose were observed for that."""
    of = [
        one
        for one in hand
        if one[1] == stage and one[3] >= length and one[2] + length + horizon <= as_of
    ]
    came = [one for one in of if one[4] == "touch" and one[3] <= length + horizon]
    return [one[0] for one in came], [one[0] for one in of]


@FEW
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(START + timedelta(days=3)), st.just(START + NEVER)),
    horizon=st.sampled_from([timedelta(0), HOUR, 2 * HOUR, timedelta(days=1)]),
    share=st.sampled_from([0.1, 0.5, 1.0]),
    step=st.sampled_from([HOUR, HOUR + timedelta(microseconds=1), timedelta(days=1)]),
    fewest=st.sampled_from([1, 2, 4]),
)
def test_the_silences_are_those_counted_one_by_one(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    horizon: timedelta,
    share: float,
    step: timedelta,
    fewest: int,
) -> None:
    """Counts, names and the suggestion are those that one finds in the events."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    contacts = sorted({event.contact for event in events})
    hand = [
        one
        for contact in contacts
        for one in silences(contact, [e for e in events if e.contact == contact], story, as_of)
    ]
    for known_by in (None, now):
        report = tracker.report(as_of=as_of, known_by=known_by)
        answer = report.patience(share=share, horizon=horizon, step=step, fewest=fewest)
        assert [row.stage for row in answer.rows] == story["stages"]
        for row in answer.rows:
            assert row.silences == sum(one[1] == row.stage for one in hand)
            check_patience(answer, row, story, hand)
            check_suggestion(answer, row, hand)
            for one in row.steps:
                came, of = count(hand, row.stage, one.silent_for, horizon, as_of)
                assert (one.numerator, one.denominator) == (len(came), len(of))
                check_interval(one, came, of)


def count_by_rhythm(
    hand: Hand, stage: str, rhythm: Story, horizon: timedelta, as_of: datetime
) -> tuple[list[str], list[str]]:
    """The same by a rhythm, of departures; a silence that ended at its deadline is none."""
    gaps: dict[str, Story] = {}
    came, of = [], []
    for contact, where, since, length, how in hand:
        mine = gaps.setdefault(contact, {"gaps": 0, "gaps_sum": timedelta(0)})
        waits = oracle.by_rhythm(rhythm, mine)
        is_out = where == stage and (length > waits or (length == waits and how is None))
        if is_out and since + waits + horizon <= as_of:
            of.append(contact)
            came += [contact] * (how == "touch" and length <= waits + horizon)
        elif not is_out and how == "touch" and length:
            mine["gaps"] += 1
            mine["gaps_sum"] += length
    return came, of


def check_patience(answer: Any, row: Any, story: Story, hand: Hand) -> None:
    """At the patience in force, to the last name."""
    patience = story["patience"][row.stage]
    assert row.patience == make_patience(patience)
    if patience is None:
        assert row.share is None and row.denominator == 0
        return
    if isinstance(patience, dict):
        came, of = count_by_rhythm(hand, row.stage, patience, answer.horizon, answer.as_of)
    else:
        came, of = count(hand, row.stage, patience, answer.horizon, answer.as_of)
    assert (row.numerator, row.denominator) == (len(came), len(of))
    assert row.share == (len(came) / len(of) if of else None)
    assert Counter(answer.members(row, "numerator")) == Counter(came)
    assert Counter(answer.members(row, "denominator")) == Counter(of)


def check_suggestion(answer: Any, row: Any, hand: Hand) -> None:
    """The first that is surely below, after which none is above; tried one after the other."""
    found = None
    for n in range(80):
        came, of = count(hand, row.stage, n * answer.step, answer.horizon, answer.as_of)
        share = ClusteredShare.by_name(came, of)
        if len(of) < answer.fewest or share.value is None:
            continue
        interval = share.interval()
        if share.value >= answer.below:
            found = None
        elif found is None and interval is not None and interval.upper < answer.below:
            found = n, len(came), len(of), interval
    if row.suggested is not None and row.suggested < 80 * answer.step:
        counts = row.suggested_numerator, row.suggested_denominator, row.suggested_interval
        assert (row.suggested // answer.step, *counts) == found
    else:
        assert found is None


def check_interval(one: Any, came: list[str], of: list[str]) -> None:
    """Wilson's where no contact repeats; else it widens with what each contact brings."""
    assert one.interval == ClusteredShare.by_name(came, of).interval()
    if len(set(of)) == len(of):
        share = Proportion(numerator=len(came), denominator=len(of))
        assert one.interval == share.interval()


DAY = timedelta(days=1)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "paid": purchase(), "left": leave("why")},
    patience={"visitor": timedelta(days=14), "customer": None},
)


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    """Twenty visitors: contact n is silent for n days, then comes back."""
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(300))
    for n in range(1, 21):
        tracker.track(f"c{n:02}", "came", occurred_at=day(0))
        tracker.track(f"c{n:02}", "came", occurred_at=day(n))
    return tracker


def test_it_suggests_where_the_share_falls(tracker: Tracker) -> None:
    """Of 40 silences 20 last; of those of at least g days, 20 - g + 1 end within 30 more."""
    answer = tracker.report().patience(share=0.26, horizon=timedelta(days=30))
    visitor, customer = answer.rows
    assert (visitor.numerator, visitor.denominator) == (7, 27)
    assert visitor.suggested is not None and visitor.suggested_interval is not None
    length = visitor.suggested // DAY
    counts = visitor.suggested_numerator, visitor.suggested_denominator
    assert 14 < length <= 21 and counts == (21 - length, 41 - length)
    assert visitor.suggested_interval.upper < 0.26
    assert (customer.silences, customer.suggested, customer.share) == (0, None, None)
    assert answer.members(visitor, "numerator") == [f"c{n:02}" for n in range(14, 21)]


def ask(engine: Engine, touches: dict[str, list[float]], **asked: Any) -> Any:
    """The row of contacts that touch on some days, asked on day 2000."""
    tracker = Tracker(engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(2000))
    tracker.track_many(
        {"contact": contact, "event": "came", "occurred_at": day(at)}
        for contact, days in touches.items()
        for at in days
    )
    answer = tracker.report().patience(**asked)
    return answer, answer.rows[0]


@pytest.mark.parametrize("contacts", [20, 100])
@pytest.mark.parametrize("apart", [200, 365])
def test_who_always_comes_back_is_never_given_up(
    shared_engine: Engine, contacts: int, apart: int
) -> None:
    """All come again after the same long time: none within 90 days at first, and yet all do."""
    rng = Random(apart)
    touches = {
        f"c{n}": [n % 30 + apart * again + rng.uniform(0, 9) for again in range(1960 // apart + 1)]
        for n in range(contacts)
    }
    answer, row = ask(shared_engine, touches)
    assert row.suggested is None and row.suggested_interval is None
    assert not any("merely slow" in note for note in answer.notes)
    assert "not within what was observed" in " ".join(str(answer).split())


@pytest.mark.parametrize("seed", range(5))
def test_where_nobody_ever_leaves_chance_suggests_nothing(shared_engine: Engine, seed: int) -> None:
    """Few contacts with gaps of a gamma distribution: long ones are rare, but end as others do."""
    rng, touches = Random(seed), {}
    for n in range(25):
        pace, at, days = rng.gammavariate(1, 60), rng.uniform(0, 200), list[float]()
        while at < 2000:
            days.append(at)
            at += rng.expovariate(1 / max(pace, 5))
        touches[f"c{n}"] = days
    assert ask(shared_engine, touches)[1].suggested is None


def test_where_some_left_for_good_it_is_said_when_and_how_surely(shared_engine: Engine) -> None:
    """Half are never heard of again; the others after two weeks at most, but for a few."""
    touches: dict[str, list[float]] = {
        f"c{n}": [*(n % 300 + 14.0 * again for again in range(5)), *[900.0] * (n % 40 == 0)]
        for n in range(200)
    }
    answer, row = ask(shared_engine, touches)
    assert row.suggested == 15 * DAY
    assert row.suggested_interval.upper < 0.1
    assert (row.suggested_numerator, row.suggested_denominator) == (0, 205)
    (note,) = [note for note in answer.notes if "merely slow" in note]
    assert "after 15d, 0.0% are heard of within 90d; more come later (2.4% so far)" in note
    assert "15d   0.0%" in str(answer)
    assert_named_as_by_hand(touches, answer, row)


NOT_YET = float("inf")


def assert_named_as_by_hand(touches: dict[str, list[float]], answer: Any, row: Any) -> None:
    """Each silence of the raw touches once more: how long it was, and how it ended."""
    end = (answer.as_of - day(0)) / DAY
    silences, of, came, ever = [], [], [], []
    for contact, days in touches.items():
        for since, until in pairwise([*sorted(days), NOT_YET]):
            silences.append(contact)
            length = (end if until == NOT_YET else until) - since
            if min(length, end - answer.horizon / DAY - since) < row.suggested / DAY:
                continue
            of.append(contact)
            if until != NOT_YET:
                ever.append(contact)
                if length <= (row.suggested + answer.horizon) / DAY:
                    came.append(contact)
    expected = {
        "silences": silences,
        "suggested_denominator": of,
        "suggested_numerator": came,
        "suggested_ever": ever,
    }
    for part, names in expected.items():
        assert sorted(answer.members(row, part)) == sorted(names), part


def test_a_share_that_is_met_exactly_is_not_below(shared_engine: Engine) -> None:
    """Of 100 silences 7 end by a touch: that is 7%, though 0.07 times 100 is more than 7."""
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(300))
    events = [{"contact": f"c{n}", "event": "came", "occurred_at": day(0)} for n in range(93)]
    events += [one | {"occurred_at": day(1)} for one in events[:7]]
    tracker.track_many(events)
    row = tracker.report().patience(share=0.07, horizon=timedelta(days=30)).rows[0]
    assert (row.steps[0].numerator, row.steps[0].denominator) == (7, 100)
    assert row.suggested == timedelta(days=2)


def test_it_does_not_depend_on_the_patience_in_force(tracker: Tracker) -> None:
    """Another patience sees the same silences."""
    before = tracker.report().patience(horizon=timedelta(days=30)).rows[0]
    other = Funnel(stages=FUNNEL.stages, rules=FUNNEL.rules, patience={"default": None})
    with Tracker(tracker.database.engine, other, tenant=tracker.tenant) as again:
        again.clock = lambda: day(300)
        again.rebuild()
        after = again.report().patience(horizon=timedelta(days=30)).rows[0]
    assert (before.silences, before.suggested) == (after.silences, after.suggested)


def test_an_earlier_knowledge_needs_no_rebuild(tracker: Tracker) -> None:
    """What an event meant to an earlier funnel decides no silence, whoever has read it."""
    tracker.track("c01", "seen", occurred_at=day(2))  # a note, as no rule names it
    rules = {**FUNNEL.rules, "seen": (touch(),)}
    other = Funnel(stages=FUNNEL.stages, rules=rules, patience=FUNNEL.patience)
    told: dict[str, Any] = {"tenant": tracker.tenant, "clock": lambda: day(300)}
    with Tracker(tracker.database.engine, other, **told) as again:
        before = again.report(known_by=day(300)).patience().rows
        again.rebuild()
        assert before == again.report().patience().rows
    assert before[0].silences == 41


def test_an_erased_contact_is_left_out_and_told_of(tracker: Tracker) -> None:
    """Of whom only counts are left, no silence is known."""
    tracker.forget("c20", keep_counts=True)
    for known_by in (None, day(300)):
        answer = tracker.report(known_by=known_by).patience()
        assert answer.rows[0].silences == 38
        assert "without 1 contact erased" in answer.notes[-1]


def test_merged_keys_are_silent_together(tracker: Tracker) -> None:
    """What came under either key ends the silence of the one contact."""
    tracker.merge("c01", into="c02")
    for known_by in (None, day(300)):
        answer = tracker.report(known_by=known_by).patience()
        assert answer.rows[0].silences == 40  # at day 0 twice, on days 1 and 2, and until now


def test_it_prints(tracker: Tracker) -> None:
    """In eighty columns, by stages and by lengths; JSON holds the lengths too."""
    answer = tracker.report().patience(share=0.25)
    text = str(answer)
    assert "fewer than 25% are back within 90d" in text.replace("\n", " ")
    assert "By how long they had been silent" in text
    assert max(map(len, text.splitlines())) <= 80
    assert answer.to_dict()["rows"][0]["steps"][0]["silent_for"] == "1d"
    assert answer.to_csv().splitlines()[1].startswith("visitor,14d,")


@pytest.mark.parametrize(
    "asked",
    [
        {"share": 0},
        {"share": 1.5},
        {"share": "10%"},
        {"step": timedelta(0)},
        {"horizon": -HOUR},
        {"fewest": 0},
    ],
)
def test_what_cannot_be_asked(tracker: Tracker, asked: dict[str, Any]) -> None:
    """A share lies above 0, a step is some time, and a suggestion rests on somebody."""
    with pytest.raises(QuestionError):
        tracker.report().patience(**asked)
