"""The comparisons of outreach: by arms, at a landmark, and with time; counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, outreach, touch
from motfunnel.domain.event import Event
from motfunnel.reports.measure.rate import Rate
from motfunnel.statistics import Proportion, SurvivalCurve, difference, log_rank
from tests import oracle
from tests.oracle import Story
from tests.reports.test_windowed import FEW, WINDOWS, bounds, track_all
from tests.strategies import CONTACTS, HOUR, NEVER, START, histories, instants, stories
from tests.strategies import make_funnel as funnel_of

MICROSECOND = timedelta(microseconds=1)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "left": leave("why"),
        "mailed": outreach("arm", holdout="control"),
        "called": outreach(),
    },
    patience={"default": None},
)


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel with a trial, and histories in which contacts leave, are written to, and return."""
    story = draw(stories())
    story["rules"]["winback_sent"] = [{"signal": "outreach", "arm": "arm", "holdout": "control"}]
    drawn = draw(histories(story, CONTACTS, most=30))
    return story, list({(e.contact, e.id): e for e in drawn}.values())


def stories_of(events: list[Event], story: Story, as_of: datetime) -> Iterator[tuple[str, Any]]:
    """Each contact with what the oracle tells of it."""
    for contact in sorted({event.contact for event in events}):
        mine = [event for event in events if event.contact == contact]
        yield contact, (oracle.tell(mine, story, as_of)["episodes"], mine)


def lies_in(at: datetime, cohort: Any) -> bool:
    low, high = cohort
    return not (low and at < low) and not (high and at >= high)


def assigned(episodes: list[Story], mine: list[Event], cohort: Any, as_of: datetime) -> Any:
    """The first assignment, in the cohort, of the first episode that has one."""
    for episode in episodes:
        ended = episode["returned_at"] or as_of
        sent = [
            (e.occurred_at, e.id, oracle.text(e.properties.get("arm")) or "unknown")
            for e in mine
            if e.name == "winback_sent" and episode["departed_at"] < e.occurred_at <= ended
        ]
        if sent and lies_in(min(sent)[0], cohort):
            at, _, arm = min(sent)
            return arm, at, episode["returned_at"]
    return None


def at_landmark(episodes: list[Story], after: timedelta, cohort: Any, as_of: datetime) -> Any:
    """The first departure in the cohort, if it was still away and in sight at the landmark."""
    first = [e for e in episodes if lies_in(e["departed_at"], cohort)][:1]
    for episode in first:
        landmark, back = episode["departed_at"] + after, episode["returned_at"]
        if landmark > as_of or (back is not None and back < landmark):
            return None
        reached = episode["first_outreach_at"]
        arm = "contacted" if reached is not None and reached < landmark else "not contacted"
        return arm, landmark, back
    return None


@FEW
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(START + NEVER)),
    within=st.sampled_from(WINDOWS),
    after=st.sampled_from([timedelta(0), MICROSECOND, HOUR, 2 * HOUR]),
    cohort=bounds(),
)
def test_the_arms_are_those_counted_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    within: timedelta,
    after: timedelta,
    cohort: Any,
) -> None:
    """Who is in which arm, and who returned, is what one finds in the events."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    trial, landmark, pace = [], [], []
    for contact, (episodes, mine) in stories_of(events, story, as_of):
        trial.append((contact, assigned(episodes, mine, cohort, as_of)))
        landmark.append((contact, at_landmark(episodes, after, cohort, as_of)))
        pace += [e for e in episodes if lies_in(e["departed_at"], cohort)][:1]
    for known_by in (None, now):
        report = tracker.report(as_of=as_of, known_by=known_by)
        check_arms(report.holdout(within=within, assigned=cohort), trial, within, as_of)
        compared = report.landmark(after=after, within=within, departed=cohort)
        check_arms(compared, landmark, within, as_of)
        check_pace(report.mantel_byar(departed=cohort), pace, as_of)


def check_arms(rate: Rate, clocks: list[tuple[str, Any]], within: timedelta, at: datetime) -> None:
    groups: dict[str, list[tuple[str, datetime, datetime | None]]] = {}
    for contact, clock in clocks:
        if clock is not None:
            groups.setdefault(clock[0], []).append((contact, *clock[1:]))
    assert [row.group for row in rate.rows] == sorted(groups)
    for row in rate.rows:
        mine = groups[row.group or ""]
        mature = [one for one in mine if one[1] + within <= at]
        back = [c for c, start, end in mature if end is not None and end - start <= within]
        assert (row.numerator, row.denominator) == (len(back), len(mature))
        assert rate.members(row) == back
    if len(groups) > 1:
        assert rate.comparison is not None
        curves = [
            SurvivalCurve.from_observations(
                (((end or at) - start) // MICROSECOND, end is not None) for _, start, end in mine
            )
            for _, mine in sorted(groups.items())
        ]
        assert rate.comparison.log_rank == log_rank(curves)


def check_pace(answer: Any, episodes: list[Story], as_of: datetime) -> None:
    """At each return, the sum of what was due to each state, as fractions of those away.

    By how things stood just before: an outreach at the instant counts for nobody yet.
    """
    observed, expected = [0, 0], [0.0, 0.0]
    waits = [(e["returned_at"] or as_of) - e["departed_at"] for e in episodes]
    for episode, t in zip(episodes, waits, strict=True):
        if episode["returned_at"] is None:
            continue
        at_risk = [0, 0]
        for other, waited in zip(episodes, waits, strict=True):
            sent = other["first_outreach_at"]
            is_after = sent is not None and sent - other["departed_at"] < t
            at_risk[is_after] += waited >= t
        sent = episode["first_outreach_at"]
        observed[sent is not None and sent < episode["returned_at"]] += 1
        for state in (0, 1):
            expected[state] += at_risk[state] / sum(at_risk)
    assert [row.observed for row in answer.rows] == observed
    if answer.chi_square is not None:
        assert [row.expected for row in answer.rows] == pytest.approx(expected)
    assert len(answer.members(answer.rows[1], "observed")) == observed[1]


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def depart(tracker: Tracker, contact: str, *said: tuple[str, float, dict[str, Any]]) -> None:
    for event, at, properties in (("came", -1, {}), ("left", 0, {}), *said):
        tracker.track(contact, event, occurred_at=day(at), properties=properties)


def test_the_held_out_are_compared_as_assigned(tracker: Tracker) -> None:
    """The control arm is the base, its clock starts at the assignment, and no letter counts."""
    for n in range(6):
        depart(tracker, f"t{n}", ("mailed", 5, {"arm": "letter"}), ("came", 8 + n, {}))
        back: list[tuple[str, float, dict[str, Any]]] = [("came", 40, {})]
        back = back if n else [("called", 6, {}), ("came", 7, {})]
        depart(tracker, f"c{n}", ("mailed", 5, {"arm": "control"}), *back)
    depart(tracker, "nobody")
    depart(tracker, "called", ("called", 3, {}))
    rate = tracker.report().holdout(within=timedelta(days=10))
    control, letter = rate.rows
    assert (control.group, control.numerator, control.denominator) == ("control", 1, 6)
    assert (letter.group, letter.numerator, letter.denominator) == ("letter", 6, 6)
    assert rate.comparison is not None and rate.comparison.against == "control"
    (apart,) = rate.comparison.differences
    of_letter, of_control = (Proportion(numerator=n, denominator=6) for n in (6, 1))
    newcombe = difference(of_letter, of_control)
    assert newcombe is not None
    assert (apart.difference, apart.interval) == (newcombe.value, newcombe.interval)
    assert "only if chance alone assigned the arms" in " ".join(str(rate).split())
    assert "Against control" in str(rate)


def test_the_landmark_leaves_out_who_was_back(tracker: Tracker) -> None:
    """Those back before it are dropped, and an outreach after it does not count."""
    depart(tracker, "early", ("called", 1, {}), ("came", 2, {}))
    depart(tracker, "written", ("called", 3, {}), ("came", 9, {}))
    depart(tracker, "late", ("called", 8, {}), ("came", 9, {}))
    rate = tracker.report().landmark(after=timedelta(days=7), within=timedelta(days=2))
    assert {row.group: rate.members(row) for row in rate.rows} == {
        "contacted": ["written"],
        "not contacted": ["late"],
    }
    assert "this is a difference, no effect" in " ".join(str(rate).split())


def test_a_landmark_past_all_dates_finds_nobody(tracker: Tracker) -> None:
    """However long after a departure it is to lie, the question has an answer."""
    depart(tracker, "ada")
    rate = tracker.report().landmark(after=timedelta.max, within=timedelta(days=2))
    assert rate.rows == ()


def test_time_before_a_letter_is_time_without_one(tracker: Tracker) -> None:
    """A contact is away without a letter first: so those who returned at once do not flatter."""
    for n in range(8):
        depart(tracker, f"quick{n}", ("came", 1 + n / 10, {}))
        depart(tracker, f"called{n}", ("called", 5, {}), ("came", 20 + n, {}))
        depart(tracker, f"slow{n}", ("came", 20 + n, {}))
    answer = tracker.report().mantel_byar()
    before, after = answer.rows
    assert (before.contacts, before.observed) == (24, 16)
    assert (after.contacts, after.observed) == (8, 8)
    assert after.expected == pytest.approx(8.0) and answer.p_value == pytest.approx(1.0)
    assert "Log-rank" in str(answer) and "no effect" in " ".join(str(answer).split())


def test_states_that_never_met_cannot_be_compared(tracker: Tracker) -> None:
    """Where nobody was away in both states at once, there is no test, and it is said so."""
    depart(tracker, "ada", ("came", 1, {}))
    depart(tracker, "bob", ("called", 5, {}), ("came", 9, {}))
    answer = tracker.report().mantel_byar()
    assert (answer.p_value, answer.rows[0].expected, answer.rows[0].ratio) == (None, None, None)
    assert "cannot be compared" in " ".join(str(answer).split())


def test_a_letter_at_the_instant_of_a_return_counts_for_nobody_yet(tracker: Tracker) -> None:
    """All are written to on one day and four return on it: nobody had been written to before.

    A day later those who were written to then are told apart from those who never were.
    """
    for n in range(20):
        back: list[tuple[str, float, dict[str, Any]]] = [("came", 6, {})] if n < 4 else []
        depart(tracker, f"c{n:02}", ("called", 6, {}), *back)
    answer = tracker.report().mantel_byar()
    assert answer.chi_square is None and "cannot be compared" in " ".join(str(answer).split())
    without, contacted = answer.rows
    assert (without.contacts, without.observed) == (20, 4)
    assert (contacted.contacts, contacted.observed) == (16, 0)
    depart(tracker, "never", ("came", 7, {}))
    depart(tracker, "later", ("called", 3, {}), ("came", 7, {}))
    answer = tracker.report().mantel_byar()
    without, contacted = answer.rows
    assert (without.observed, contacted.observed) == (5, 1)
    assert contacted.expected == pytest.approx(4 * 1 / 22 + 2 * 17 / 18)


def test_without_a_trial_nothing_is_held_out(shared_engine: Engine) -> None:
    """A funnel whose rules hold nobody out is told how a trial is written."""
    plain = Funnel(stages=("a", "b"), rules={"mailed": outreach("arm")})
    tracker = Tracker(shared_engine, plain, tenant=uuid4().hex)
    answer = tracker.report().holdout(within=HOUR)
    assert 'holdout = "control"' in answer.lacking and answer.rows == ()
