"""Touchpoints, the journey map and the net promoter score, counted by hand from the events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import fmean, stdev
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, MomentKind, Touchpoint, Tracker, purchase, rating, touch
from motfunnel.domain.event import Event
from motfunnel.errors import EventError, QuestionError
from motfunnel.statistics import ClusteredShare, NetPromoterScore
from tests import oracle
from tests.oracle import Story
from tests.reports.brute_force import By, group_of_event
from tests.reports.scored import TOUCHPOINTS, experience, past_of, score, told
from tests.reports.test_outreach import lies_in
from tests.reports.test_windowed import bounds, track_all
from tests.strategies import NEVER, START, instants
from tests.strategies import make_funnel as funnel_of

NOW = START + NEVER
MORE: tuple[By, ...] = ("event", "seats:2,6.5", ("event", "branch"))
PARTS = {"delight": 1, "met": 0, "disappointment": -1}
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "bought": purchase(), "rated": rating("score")},
    patience={"default": None},
    touchpoints={
        "till": Touchpoint(promise="no queue", expected=8),
        "desk": Touchpoint(promise="a smile"),
        "lift": Touchpoint(expected=5),
    },
)


def lived(
    events: list[Event], story: Story, as_of: datetime, period: Any
) -> Iterator[dict[str, Any]]:
    """Each experience of the period, with its contact, its event and the stage it was at."""
    for contact, past in past_of(events, story, as_of):
        for place, (event, meant) in enumerate(past, 1):
            one = experience(event, meant)
            if one is None or not lies_in(meant["at"], period):
                continue
            mine = [e for e, _ in past[:place]]
            moments = oracle.tell(mine, story, meant["at"])["moments"]
            reached = [m["to_stage"] for m in moments if m["to_stage"]]
            yield one | {
                "contact": contact,
                "event": event,
                "stage": reached[-1] if reached else story["stages"][0],
            }


def tracker_of(engine: Engine, story: Story, events: list[Event]) -> Tracker:
    places = {name: Touchpoint(**place) for name, place in TOUCHPOINTS.items()}
    funnel = evolve(funnel_of(story), touchpoints=places)
    tracker = Tracker(engine, funnel, tenant=uuid4().hex, clock=lambda: NOW)
    track_all(tracker, events)
    return tracker


@settings(max_examples=settings().max_examples // 2)
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(NOW)),
    period=bounds(),
    by=st.sampled_from([None, "branch", "property:branch", *MORE]),
    worst=st.integers(0, 4),
)
def test_touchpoints_are_those_counted_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    period: Any,
    by: By | None,
    worst: int,
) -> None:
    """Counts, means, gaps, verdicts, names and the worst are those one finds in the events."""
    story, events = told
    tracker = tracker_of(shared_engine, story, events)
    all_of_them = list(lived(events, story, as_of, period))
    groups: dict[Any, list[dict[str, Any]]] = {}
    for one in all_of_them:
        groups.setdefault((one["touchpoint"], group_of_event(by, one["event"])), []).append(one)
    for known_by in (None, NOW):
        report = tracker.report(as_of=as_of, known_by=known_by)
        answer = report.touchpoints(by=by, period=period, worst=worst)
        assert {(row.touchpoint, row.group) for row in answer.rows} == groups.keys()
        for row in answer.rows:
            check_row(row, groups[row.touchpoint, row.group])
            assert len(answer.members(row, "experiences")) == row.experiences
        ranked = sorted(all_of_them, key=badness)[:worst]
        assert [(w.contact, w.event_id, w.experienced) for w in answer.worst] == [
            (one["contact"], one["event"].id, one["score"]) for one in ranked
        ]


def badness(one: dict[str, Any]) -> Any:
    gap = 0 if one["expected"] is None else one["score"] - one["expected"]
    return one["score"], gap, one["event"].occurred_at, one["contact"], one["event"].id


def check_row(row: Any, mine: list[dict[str, Any]]) -> None:
    values = [one["score"] for one in mine]
    both = [one for one in mine if one["expected"] is not None]
    assert row.experiences == len(mine)
    assert row.experienced == pytest.approx(fmean(values))
    assert row.deviation == (pytest.approx(stdev(values)) if len(mine) > 1 else None)
    assert row.with_expectation == len(both)
    gaps = [one["score"] - one["expected"] for one in both]
    assert row.gap == (pytest.approx(fmean(gaps)) if both else None)
    means = [one["expected"] for one in both]
    assert row.expected == (pytest.approx(fmean(means)) if both else None)
    for part, sign in PARTS.items():
        who = [one["contact"] for one, gap in zip(both, gaps, strict=True) if sign_of(gap) == sign]
        check_share(row, row.against_expectation, part, who, [one["contact"] for one in both])
    for verdict in ("good", "in between", "bad"):
        who = [one["contact"] for one in mine if one["verdict"] == verdict]
        everyone = [one["contact"] for one in mine]
        check_share(row, row.verdicts, verdict.replace(" ", "_"), who, everyone)


def sign_of(gap: float) -> int:
    return (gap > 0) - (gap < 0)


def check_share(row: Any, told: Any, part: str, who: list[str], of: list[str]) -> None:
    assert getattr(told, part) == len(who)
    assert list(row.names[part]) == sorted(who)
    assert getattr(told, f"{part}_share") == (len(who) / len(of) if of else None)
    assert getattr(told, f"{part}_interval") == clustered(who, of).interval()


def clustered(who: list[str], of: list[str]) -> ClusteredShare:
    """Each contact with its own share of the experiences."""
    return ClusteredShare.of((who.count(one), of.count(one)) for one in dict.fromkeys(of))


@settings(max_examples=settings().max_examples // 2)
@given(told=told(), as_of=st.one_of(instants(12), st.just(NOW)), period=bounds())
def test_the_journey_map_is_the_one_drawn_by_hand(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, period: Any
) -> None:
    """Each touchpoint is told at the stage that its contacts had reached, against its target."""
    story, events = told
    tracker = tracker_of(shared_engine, story, events)
    cells: dict[Any, list[dict[str, Any]]] = {}
    for one in lived(events, story, as_of, period):
        cells.setdefault((one["stage"], one["touchpoint"]), []).append(one)
    seen = {touchpoint for _, touchpoint in cells}
    for known_by in (None, NOW):
        rows = tracker.report(as_of=as_of, known_by=known_by).journey_map(period=period).rows
        met = [row for row in rows if row.stage is not None]
        assert {(row.stage, row.touchpoint) for row in met} == cells.keys()
        assert [row.touchpoint for row in rows[len(met) :]] == [
            name for name in TOUCHPOINTS if name not in seen
        ]
        places = [story["stages"].index(row.stage) for row in met]
        assert places == sorted(places)
        for row in met:
            mine = cells[row.stage, row.touchpoint]
            both = [one for one in mine if one["expected"] is not None]
            kept = [one for one in both if one["score"] >= one["expected"]]
            assert row.experiences == len(mine)
            assert row.experienced == pytest.approx(fmean(one["score"] for one in mine))
            target = TOUCHPOINTS.get(row.touchpoint, {}).get("expected")
            assert row.target == target
            assert row.from_target == (None if target is None else row.experienced - target)
            expected = fmean(one["expected"] for one in both) if both else None
            assert row.expected == (None if expected is None else pytest.approx(expected))
            gap = fmean(one["score"] - one["expected"] for one in both) if both else None
            assert row.gap == (None if gap is None else pytest.approx(gap, abs=1e-9))
            assert row.kept == (len(kept) / len(both) if both else None)
            assert (row.numerator, row.denominator) == (len(kept), len(both))
            missed = [one for one in both if one not in kept]
            names = [[one["contact"] for one in some] for some in (missed, both)]
            apart = clustered(*names).interval()
            assert row.interval == (None if apart is None else apart.complement())
            assert sorted(one["contact"] for one in kept) == list(row.names["numerator"])


@settings(max_examples=settings().max_examples // 2)
@given(told=told(), as_of=st.one_of(instants(12), st.just(NOW)), period=bounds())
def test_the_net_promoter_score_is_the_one_counted_by_hand(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, period: Any
) -> None:
    """Of each contact the latest score in the period counts, and no other."""
    story, events = told
    tracker = tracker_of(shared_engine, story, events)
    latest: dict[str, float] = {}
    for contact, past in past_of(events, story, as_of):
        for event, meant in past:
            given_score = score(event.properties.get("score"))
            rated = meant["signal"] == "rating" and given_score is not None
            if rated and lies_in(meant["at"], period):
                latest[contact] = given_score or 0
    expected = NetPromoterScore(
        promoters=sum(one >= 9 for one in latest.values()),
        passives=sum(6 < one < 9 for one in latest.values()),
        detractors=sum(one <= 6 for one in latest.values()),
    )
    for known_by in (None, NOW):
        answer = tracker.report(as_of=as_of, known_by=known_by).nps(period=period)
        (row,) = answer.rows
        assert (row.nps, row.interval) == (expected.value, expected.interval())
        assert answer.members(row, "contacts") == sorted(latest)
        assert answer.members(row, "detractors") == sorted(c for c, s in latest.items() if s <= 6)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def say(tracker: Tracker, contact: str, event: str, at: int, **properties: Any) -> None:
    tracker.track(contact, event, occurred_at=day(at), properties=properties)


def test_the_expectation_of_the_event_wins(tracker: Tracker) -> None:
    """The map expects 8 at the till; who expected 5 there and got 6 is delighted."""
    say(tracker, "ada", "bought", 1, touchpoint="till", experienced="6", expected=5)
    say(tracker, "bob", "bought", 1, touchpoint="till", experienced=6)
    say(tracker, "cyd", "rated", 1, touchpoint="desk", score=10, experienced=1)
    till, desk = tracker.report().touchpoints().rows
    assert (till.touchpoint, till.promise, till.gap) == ("till", "no queue", -0.5)
    assert list(till.names["delight"]) == ["ada"] and list(till.names["bad"]) == ["bob"]
    assert (desk.experienced, desk.gap, desk.verdicts.good) == (10, None, 1)


def test_what_happens_at_the_instant_of_a_reach_keeps_to_the_order(tracker: Tracker) -> None:
    """A touch comes before the reach of one instant, a rating after it; two reaches in turn."""
    for contact, before in (("ada", 0), ("bob", 0)):
        say(tracker, contact, "came", before)
    for event in ("came", "bought", "rated"):
        say(tracker, "ada", event, 1, touchpoint=event, experienced=5)
    for known_by in (None, day(100)):
        rows = tracker.report(known_by=known_by).journey_map().rows
        stages = {row.touchpoint: row.stage for row in rows if row.stage is not None}
        assert stages == {"came": "visitor", "bought": "customer", "rated": "customer"}


def test_what_is_kept_and_what_disappoints_are_one_share(tracker: Tracker) -> None:
    """The one's interval is the other's taken from 1, of repeated contacts and of single ones."""
    for contacts in (12, 40):
        for n in range(40):
            contact = f"{contacts} {n % contacts}"
            say(
                tracker,
                contact,
                "came",
                n,
                touchpoint=f"t{contacts}",
                experienced=n % 5,
                expected=3,
            )
    report = tracker.report()
    by_touchpoint = {row.touchpoint: row.against_expectation for row in report.touchpoints().rows}
    for row in report.journey_map().rows:
        if row.stage is not None:
            apart = by_touchpoint[row.touchpoint]
            assert apart.disappointment_share == pytest.approx(1 - (row.kept or 0))
            assert apart.disappointment_interval is not None
            assert row.interval == apart.disappointment_interval.complement()


def test_groups_that_lie_apart(tracker: Tracker) -> None:
    """Two branches, each even in itself and far from the other: all variance is between them."""
    for number, (branch, felt) in enumerate([("north", 9), ("south", 2)] * 3):
        say(tracker, f"c{number}", "came", number, touchpoint="desk", experienced=felt,
            branch=branch)  # fmt: skip
    answer = tracker.report().touchpoints(by="branch")
    (apart,) = answer.apart
    assert (apart.lowest, apart.highest, apart.range) == ("south", "north", 7)
    assert apart.between == 1.0
    assert [row.deviation for row in answer.rows] == [0.0, 0.0]
    assert [one.contact for one in answer.worst[:3]] == ["c1", "c3", "c5"]
    text = str(answer)
    assert "ICC" in text and "The worst experiences" in text
    assert max(map(len, text.splitlines())) <= 84
    assert answer.to_dict()["apart"][0]["range"] == 7


def test_a_merged_contact_is_one(tracker: Tracker) -> None:
    """Its latest score counts under the key that it belongs to now; another tenant's never."""
    say(tracker, "ada", "rated", 1, score=10)
    say(tracker, "ada@old", "rated", 2, score=3)
    tracker.merge("ada@old", into="ada")
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).nps()
        assert (answer.nps, answer.off_scale) == (-100.0, 0)
        assert answer.members(part="detractors") == ["ada"]
    assert tracker.report().nps(period=(None, day(2))).nps == 100.0


def test_with_the_words_of_the_erased_their_scores_are_gone(tracker: Tracker) -> None:
    """Nothing is left of what was said; the others stay."""
    say(tracker, "ada", "rated", 1, score=10)
    say(tracker, "bob", "rated", 1, score=2)
    tracker.forget("ada", keep_counts=True)
    for known_by in (None, day(100)):
        report = tracker.report(known_by=known_by)
        assert report.nps().nps == -100.0
        assert [row.experiences for row in report.touchpoints().rows] == [1]


def test_nobody_said_anything(tracker: Tracker) -> None:
    """Without an experience there is no score, and the map shows its targets all the same."""
    report = tracker.report()
    assert report.nps().nps is None and report.touchpoints().rows == ()
    rows = report.journey_map().rows
    assert [(row.touchpoint, row.target, row.experienced) for row in rows] == [
        ("till", 8, None),
        ("desk", None, None),
        ("lift", 5, None),
    ]
    assert "no queue" in str(report.journey_map())
    for answer in (report.touchpoints(), report.journey_map(), report.nps()):
        assert "no event here carries a score" in str(answer)


@pytest.mark.parametrize("asked", [{"by": ""}, {"by": "property: "}, {"by": 7}, {"worst": -1}])
def test_what_names_nothing_is_refused(tracker: Tracker, asked: dict[str, Any]) -> None:
    """A group without a name, or fewer than none of the worst, is no question."""
    with pytest.raises(QuestionError):
        tracker.report().touchpoints(**asked)


def test_scores_outside_the_scale(shared_engine: Engine) -> None:
    """New ones are refused; those stored under another scale count as absent, and are listed."""
    tenant = uuid4().hex
    rules = {"came": touch(), "rated": rating("score", promoter=9, detractor=6)}
    wide = evolve(FUNNEL, scale=[0, 100], rules=rules, touchpoints={})
    with Tracker(shared_engine, wide, tenant=tenant, clock=lambda: day(100)) as tracker:
        say(tracker, "ada", "rated", 1, score=95)
        say(tracker, "ada", "rated", 2, score=7)
        say(tracker, "bob", "rated", 3, score=40, experienced=3)
        assert "on the scale from 0 to 10 only" in tracker.report().nps().lacking
        assert [row.verdicts.good for row in tracker.report().touchpoints().rows] == [2]
        with pytest.raises(EventError, match="outside the scale from 0 to 100"):
            say(tracker, "ada", "rated", 4, score=101)
    narrow = evolve(wide, scale=[0, 10])
    with Tracker(shared_engine, narrow, tenant=tenant, clock=lambda: day(100)) as tracker:
        tracker.rebuild()
        with pytest.raises(EventError, match="outside the scale from 0 to 10"):
            say(tracker, "ada", "rated", 4, score=11)
        answer = tracker.report().nps()
        assert not answer.lacking and (answer.nps, answer.off_scale) == (0.0, 2)
        assert "left out: 2" in str(answer)
        (row,) = tracker.report().touchpoints().rows
        assert (row.experiences, row.experienced, row.verdicts.bad) == (2, 5, 1)
        assert not tracker.moments(kind=MomentKind.APOSTLE)
        checked = tracker.check()
        assert checked.is_sound and [one[0] for one in checked.off_scale] == ["ada", "bob"]
        assert "2 scores outside the scale, taken as absent: ada " in str(checked)


def test_another_scale_has_its_own_thresholds(shared_engine: Engine) -> None:
    """Of five stars: the rule's for what is rated, and parts of the scale for what is not."""
    funnel = Funnel(
        stages=("visitor", "customer"),
        rules={"came": touch(), "rated": rating("stars", promoter=5, detractor=2)},
        scale=[1, 5],
        patience={"default": None},
    )
    with Tracker(shared_engine, funnel, tenant=uuid4().hex, clock=lambda: day(100)) as tracker:
        for stars in (1, 2, 3, 4, 5):
            say(tracker, "ada", "rated", stars, stars=stars)
        for felt in (0, 3, 3.5, 4.6, 5, 7):
            say(tracker, "ada", "came", 10 + int(2 * felt), experienced=felt, expected=9)
        rows = {row.touchpoint: row for row in tracker.report().touchpoints().rows}
        assert (rows["rated"].verdicts.good, rows["rated"].verdicts.bad) == (1, 2)
        assert (rows["came"].experiences, rows["came"].with_expectation) == (4, 0)
        assert (rows["came"].verdicts.good, rows["came"].verdicts.bad) == (2, 1)
        assert not tracker.check().off_scale
