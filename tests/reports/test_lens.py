"""The older lenses, counted by hand from the events."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import (
    Funnel,
    Touchpoint,
    Tracker,
    advocate,
    complain,
    note,
    purchase,
    rating,
    refer,
    research,
    resolve,
    touch,
)
from motfunnel.domain.event import Event
from motfunnel.domain.lens import LENSES
from motfunnel.errors import QuestionError
from motfunnel.reports.progress.lens import UltimateLens
from tests import oracle
from tests.oracle import Story
from tests.reports.scored import PEOPLE, TOUCHPOINTS, experience, past_of, told
from tests.reports.test_outreach import lies_in
from tests.reports.test_windowed import bounds, track_all
from tests.strategies import NEVER, START, instants
from tests.strategies import make_funnel as funnel_of

Counts = Counter[tuple[str | None, str, str]]
NO_CLASS = ("note", "outreach", "resolve")
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "read": research(),
        "came": touch(),
        "bought": purchase(),
        "invited": refer("friend"),
        "rated": rating("score"),
        "praised": advocate(),
        "complained": complain(),
        "closed": resolve(),
        "mailed": note(),
    },
    patience={"default": None},
    touchpoints={"desk": Touchpoint(promise="a smile", expected=8)},
)


@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(START + NEVER)),
    period=bounds(),
    name=st.sampled_from([*LENSES]),
)
def test_the_classes_are_those_counted_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    period: Any,
    name: str,
) -> None:
    """Events and contacts of each class are those that one finds in the events."""
    story, events = told
    places = {name: Touchpoint(**place) for name, place in TOUCHPOINTS.items()}
    funnel = evolve(funnel_of(story), touchpoints=places)
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel, tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    counts = BY_HAND[name](events, story, as_of, period)
    for known_by in (None, now):
        answer = tracker.report(as_of=as_of, known_by=known_by).lens(name, period=period)
        found: Counts = Counter()
        for row in answer.rows:
            mine = {k: n for k, n in counts.items() if k[:2] == (row.touchpoint, row.of_class)}
            assert row.events == sum(mine.values())
            assert answer.members(row) == sorted(contact for _, _, contact in mine)
            assert row.contacts == len(mine)
            found.update(mine)
        assert found == counts
        if isinstance(answer, UltimateLens):
            check_loop(answer, events, story, as_of, period)


def carlzon(events: list[Event], story: Story, as_of: datetime, period: Any) -> Counts:
    counts: Counts = Counter()
    for contact, past in past_of(events, story, as_of):
        for event, meant in past:
            one = experience(event, meant)
            if one and lies_in(meant["at"], period) and meant["signal"] not in NO_CLASS:
                counts[one["touchpoint"], one["verdict"], contact] += 1
    return counts


def lafley(events: list[Event], story: Story, as_of: datetime, period: Any) -> Counts:
    counts: Counts = Counter()
    for contact, past in past_of(events, story, as_of):
        signals = [meant["signal"] for _, meant in past]
        bought = signals.index("purchase") if "purchase" in signals else len(past)
        for place, (_, meant) in enumerate(past):
            of_class = "first" if place <= bought else "second"
            if meant["signal"] in ("rating", "complain", "refer", "advocate"):
                of_class = "third"
            if lies_in(meant["at"], period) and meant["signal"] not in NO_CLASS:
                counts[None, of_class, contact] += 1
    return counts


def ultimate(events: list[Event], story: Story, as_of: datetime, period: Any) -> Counts:
    counts: Counts = Counter()
    for contact, past in past_of(events, story, as_of):
        signals = [meant["signal"] for _, meant in past]
        opened = min([n for n, s in enumerate(signals) if s in oracle.OPENS] or [len(past)])
        bought = signals.index("purchase") if "purchase" in signals else len(past)
        for place, (_, meant) in enumerate(past):
            signal = meant["signal"]
            if not lies_in(meant["at"], period) or signal in NO_CLASS:
                continue
            if signal in ("refer", "advocate") or meant.get("promoter"):
                counts[None, "ultimate", contact] += 1
            elif place < opened:
                if signal == "research":
                    counts[None, "zero", contact] += 1
            else:
                counts[None, "first" if place <= bought else "second", contact] += 1
    opened_at = openings(events, story, as_of)
    for at, _, whom, _ in referrals(events, story, as_of):
        if lies_in(at, period) and (whom not in opened_at or at <= opened_at[whom]):
            counts[None, "zero", whom] += 1
    return counts


def eight(events: list[Event], story: Story, as_of: datetime, period: Any) -> Counts:
    counts: Counts = Counter()
    for contact in PEOPLE:
        mine = [event for event in events if event.contact == contact]
        for moment in oracle.tell(mine, story, as_of)["moments"]:
            if lies_in(moment["at"], period):
                counts[None, moment["kind"], contact] += 1
    return counts


BY_HAND = {"carlzon": carlzon, "lafley": lafley, "ultimate": ultimate, "eight": eight}


def openings(events: list[Event], story: Story, as_of: datetime) -> dict[str, datetime]:
    found = {}
    for contact in PEOPLE:
        mine = [event for event in events if event.contact == contact]
        moments = oracle.tell(mine, story, as_of)["moments"]
        if moments:
            found[contact] = moments[0]["at"]
    return found


def referrals(
    events: list[Event], story: Story, as_of: datetime
) -> list[tuple[datetime, str, str, str]]:
    """Each referral of another contact: when, by whom, of whom, by which event."""
    return [
        (meant["at"], contact, meant["text"], meant["id"])
        for contact, past in past_of(events, story, as_of)
        for _, meant in past
        if meant["signal"] == "refer" and meant["text"] not in ("", contact)
    ]


def check_loop(
    answer: UltimateLens, events: list[Event], story: Story, as_of: datetime, period: Any
) -> None:
    """Each referral is followed to the zero moment and the opening that it made."""
    opened_at = openings(events, story, as_of)
    made = referrals(events, story, as_of)
    read = {
        contact: [meant["at"] for _, meant in past if meant["signal"] == "research"]
        for contact, past in past_of(events, story, as_of)
    }
    expected = []
    for at, contact, whom, event_id in sorted(made, key=lambda r: (r[0], r[3], r[1])):
        if not lies_in(at, period):
            continue
        end = opened_at.get(whom, as_of)
        zero = at <= end
        rivals = [(t, e, c) for t, c, w, e in made if w == whom and t <= end]
        credited = whom in opened_at and zero and max(rivals) == (at, event_id, contact)
        own = sum(at <= one <= end for one in read.get(whom, ())) if zero else 0
        expected.append((contact, whom, event_id, zero, own, opened_at.get(whom), credited))
    links = [
        (o.contact, o.referred, o.event_id, o.zero_moment, o.researched, o.opened_at, o.credited)
        for o in answer.links
    ]
    assert links == expected
    told = next(row for row in answer.rows if row.of_class == "ultimate").events
    loop = answer.loop
    assert (loop.ultimate_moments, loop.referrals) == (told, len(expected))
    assert loop.zero_moments == sum(one[3] for one in expected)
    assert loop.openings == sum(one[6] for one in expected)
    assert loop.zero_moments_each == (loop.zero_moments / told if told else None)
    assert loop.openings_each == (loop.openings / told if told else None)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def say(tracker: Tracker, contact: str, event: str, at: int, **properties: Any) -> None:
    tracker.track(contact, event, occurred_at=day(at), properties=properties)


def events_of(tracker: Tracker, name: str, **asked: Any) -> dict[str, int]:
    return {row.of_class: row.events for row in tracker.report(**asked).lens(name).rows}


def test_the_dialogue_wins_over_the_time(tracker: Tracker) -> None:
    """A complaint before the purchase is third, and a promoter's rating ultimate."""
    for at, event in enumerate(("read", "came", "complained", "bought", "bought", "mailed")):
        say(tracker, "ada", event, at)
    say(tracker, "ada", "rated", 7, score=9)
    say(tracker, "ada", "rated", 8, score=3)
    say(tracker, "ada", "closed", 9)
    assert events_of(tracker, "lafley") == {"first": 3, "second": 1, "third": 3}
    assert events_of(tracker, "ultimate") == {"zero": 1, "first": 3, "second": 2, "ultimate": 1}
    assert events_of(tracker, "eight")["complaint"] == 1


def test_of_several_purchases_of_one_instant_one_is_the_first(tracker: Tracker) -> None:
    """The others come after it, and what ranks below a purchase comes before them all."""
    for event in ("came", "bought", "bought", "bought", "read"):
        say(tracker, "ada", event, 1)
    assert events_of(tracker, "lafley") == {"first": 3, "second": 2, "third": 0}
    assert events_of(tracker, "ultimate") == {"zero": 1, "first": 2, "second": 2, "ultimate": 0}


def test_the_loop_credits_the_latest_referral(tracker: Tracker) -> None:
    """Two refer one contact: each makes a zero moment, and the later one the opening."""
    say(tracker, "ada", "praised", 0)
    say(tracker, "ada", "invited", 1, friend="cyd")
    say(tracker, "bob", "invited", 2, friend="cyd@old")
    say(tracker, "cyd", "read", 3)
    say(tracker, "cyd", "came", 4)
    say(tracker, "ada", "invited", 5, friend="cyd")  # too late
    say(tracker, "cyd@old", "came", 6)
    tracker.merge("cyd@old", into="cyd")
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).lens("ultimate")
        assert isinstance(answer, UltimateLens)
        told = [(one.contact, one.zero_moment, one.credited) for one in answer.links]
        assert told == [("ada", True, False), ("bob", True, True), ("ada", False, False)]
        assert [one.researched for one in answer.links] == [1, 1, 0]
        loop = answer.loop
        assert (loop.ultimate_moments, loop.referrals) == (4, 3)
        assert (loop.zero_moments_each, loop.openings_each) == (0.5, 0.25)
        zero = answer.rows[0]
        assert (zero.events, answer.members(zero)) == (3, ["cyd"])


def test_a_period_parts_events_and_not_histories(tracker: Tracker) -> None:
    """A purchase before the period still makes what comes after it second."""
    say(tracker, "ada", "bought", 1)
    say(tracker, "ada", "came", 5)
    rows = tracker.report().lens("lafley", period=(day(2), None)).rows
    assert [row.events for row in rows] == [0, 1, 0]


def test_what_an_erasure_leaves_is_counted_on(tracker: Tracker) -> None:
    """With the counts kept the classes by signal and time stay; a score is gone with the words."""
    for at, event in enumerate(("read", "came", "bought", "praised")):
        say(tracker, "ada", event, at)
    say(tracker, "ada", "rated", 7, score=9)
    for name in ("ultimate", "carlzon", "lafley"):
        assert tracker.report().lens(name).notes == ()
    tracker.forget("ada", keep_counts=True)
    left = {"zero": 1, "first": 2, "second": 1, "ultimate": 1}
    for known_by in (None, day(100)):
        assert events_of(tracker, "ultimate", known_by=known_by) == left
        assert events_of(tracker, "carlzon", known_by=known_by) == {}
        report = tracker.report(known_by=known_by)
        assert "1 rating say no score any more" in "".join(report.lens("ultimate").notes)
        assert "no score is left" in "".join(report.lens("carlzon").notes)
        assert report.lens("lafley").notes == ()
        for answer in (report.nps(), report.touchpoints(), report.journey_map()):
            assert "of 1 contact erased with counts kept no score is left" in answer.notes


@pytest.mark.parametrize("known_first", [True, False])
def test_referrals_of_the_erased_say_whom_they_lost(tracker: Tracker, known_first: bool) -> None:
    """Whom they referred stays where it was known by the erasure; who was not, is told."""
    said = [("ada", "invited", 1, {"friend": "bob"}), ("bob", "came", 2, {})]
    for contact, event, at, properties in said if known_first else said[:1]:
        say(tracker, contact, event, at, **properties)
    assert tracker.report().lens("ultimate").notes == ()
    tracker.forget("ada", keep_counts=True)
    say(tracker, "bob", "came", 2 if known_first else 3)
    for known_by in (None, day(100)):
        report = tracker.report(known_by=known_by)
        answer, ratio = report.lens("ultimate"), report.referrals()
        assert isinstance(answer, UltimateLens)
        assert answer.loop.openings == ratio.rows[0].openings == int(known_first)
        for one in (answer, ratio):
            assert ("1 referral name nobody" in "".join(one.notes)) is not known_first


def test_scores_of_the_business_are_left_out_and_counted(tracker: Tracker) -> None:
    """What the contact does not do is of no class of any lens; how many have a score is told."""
    say(tracker, "ada", "came", 1, experienced=9)
    say(tracker, "ada", "closed", 2, experienced=4)
    say(tracker, "ada", "mailed", 3, experienced=4)
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).lens("carlzon")
        assert sum(row.events for row in answer.rows) == 1
        assert answer.notes == (
            "left out: 2 events with a score that belong to no class (note 1, resolve 1); "
            "touchpoints counts them",
        )


def test_moments_are_called_moments(tracker: Tracker) -> None:
    """Of the eight moments it is moments that are counted, not events."""
    say(tracker, "ada", "came", 1)
    told = {name: str(tracker.report().lens(name)) for name in ("eight", "lafley")}
    assert "moments  contacts" in told["eight"] and "events  contacts" in told["lafley"]


def test_an_unknown_lens_names_the_known(tracker: Tracker) -> None:
    """Who asks for a lens that is not there learns which are."""
    with pytest.raises(QuestionError, match="carlzon, lafley, ultimate, eight"):
        tracker.report().lens("kotler")


def test_it_prints(tracker: Tracker) -> None:
    """The definition stands above the classes, and the loop below them."""
    say(tracker, "ada", "invited", 1, friend="bob")
    say(tracker, "ada", "rated", 1, score=3, touchpoint="desk")
    answer = tracker.report().lens("ultimate", period=(day(0), None))
    text = str(answer)
    assert "Zero, first, second and ultimate moments of truth from 2026-01-01" in " ".join(
        text.split()
    )
    assert "telling others" in text and "zero moments" in text
    assert answer.to_dict()["links"][0]["referred"] == "bob"
    assert answer.to_csv().count("\n") == 5
    carlzon = tracker.report().lens("carlzon")
    assert "desk" in str(carlzon)
    assert max(map(len, f"{text}\n{carlzon}".splitlines())) <= 80


def test_nobody_gives_nothing(tracker: Tracker) -> None:
    """Without an ultimate moment there is nothing to divide by."""
    answer = tracker.report().lens("ultimate")
    assert isinstance(answer, UltimateLens)
    assert [row.events for row in answer.rows] == [0, 0, 0, 0]
    assert answer.loop.zero_moments_each is None and answer.loop.openings_interval is None
