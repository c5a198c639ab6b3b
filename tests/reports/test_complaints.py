"""Cases and what came of those who complained, counted by hand from the events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, advocate, complain, leave, purchase, resolve, touch
from motfunnel.answers.named import Named
from motfunnel.domain.event import Event
from motfunnel.errors import QuestionError
from motfunnel.statistics import ClusteredShare, CompetingRisks, SurvivalCurve
from tests import oracle
from tests.oracle import Story
from tests.reports.brute_force import STARTS, By, group_of_event
from tests.reports.scored import past_of
from tests.reports.test_outreach import lies_in
from tests.reports.test_windowed import WINDOWS, bounds, track_all
from tests.strategies import CONTACTS, NEVER, START, events, instants, stories
from tests.strategies import make_funnel as funnel_of

NOW = START + NEVER
MICROSECOND = timedelta(microseconds=1)
NAMES = ("ticket_opened", "ticket_opened", "ticket_closed", "closed_any", "order_placed",
         "praised", "unsubscribed", "nps_answered", "invited_friend", "page_viewed")  # fmt: skip
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "bought": purchase(),
        "complained": complain("ticket"),
        "closed": resolve("ticket"),
        "praised": advocate(),
        "left": leave(),
    },
    patience={"default": None},
)


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and histories of contacts who complain, are answered, leave and return."""
    story = draw(stories())
    drawn = draw(
        st.lists(
            events(story, CONTACTS, named=NAMES),
            max_size=30,
            unique_by=lambda event: (event.contact, event.id),
        )
    )
    branch = st.sampled_from([{}, {"branch": "north"}, {"branch": "south"}])
    return story, [evolve(e, properties=e.properties | draw(branch)) for e in drawn]


def cases_of(past: list[tuple[Event, Story]]) -> list[Story]:
    """Each opening of a case, with when it was resolved and whether it opened again."""
    cases: list[Story] = []
    for event, meant in past:
        if meant["signal"] not in ("complain", "resolve"):
            continue
        name = meant["text"]
        still = [one for one in cases if one["end"] is None]
        if meant["signal"] == "resolve":
            fitting = [one for one in still if not name or one["name"] == name]
            for one in fitting[:1]:
                one["end"] = meant["at"]
        elif not name or name not in [one["name"] for one in still]:
            for one in [one for one in cases if name and one["name"] == name][-1:]:
                one["again"] = True
            new = {"name": name, "at": meant["at"], "end": None, "again": False, "event": event}
            cases.append(new)
    return cases


def outcomes_of(
    past: list[tuple[Event, Story]], mine: list[Event], story: Story, as_of: datetime
) -> list[Story]:
    """Each complaint with what came first of it."""
    tale, meant = oracle.tell(mine, story, as_of), [one for _, one in past]
    good = list(STARTS["recovery"](tale, meant, story, {}))
    bad = list(STARTS["departure_after_complaint"](tale, meant, story, {}))
    found = []
    for one, other in zip(good, bad, strict=True):
        left = other["end"] is not None and (one["end"] is None or other["end"] < one["end"])
        end, cause = (other["end"], "departure") if left else (one["end"], one["cause"])
        event = next(event for event in mine if event.id == one["by"])
        found.append({"at": one["at"], "end": end, "cause": cause, "event": event})
    return found


@settings(max_examples=settings().max_examples // 2)
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(NOW)),
    cohort=bounds(),
    within=st.sampled_from(WINDOWS),
    by=st.sampled_from([None, "branch", "event", "seats:2,6.5", ("branch", "event")]),
)
def test_complaints_are_those_counted_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    cohort: Any,
    within: timedelta,
    by: By | None,
) -> None:
    """Cases, their times, those left meanwhile, and what came first are found in the events."""
    story, said = told
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: NOW)
    track_all(tracker, said)
    cases: dict[Any, list[Story]] = {} if by else {None: []}
    firsts: dict[Any, list[Story]] = {} if by else {None: []}
    for contact, past in past_of(said, story, as_of):
        mine = [event for event in said if event.contact == contact]
        gone = [one["departed_at"] for one in oracle.tell(mine, story, as_of)["episodes"]]
        for case in cases_of(past):
            if lies_in(case["at"], cohort):
                end = case["end"]
                left = any(case["at"] <= at and (end is None or at < end) for at in gone)
                told_of = case | {"contact": contact, "left": left}
                cases.setdefault(group_of_event(by, case["event"]), []).append(told_of)
        lying = [o for o in outcomes_of(past, mine, story, as_of) if lies_in(o["at"], cohort)]
        for one in lying[:1]:
            firsts.setdefault(group_of_event(by, one["event"]), []).append(
                one | {"contact": contact}
            )
    for known_by in (None, NOW):
        report = tracker.report(as_of=as_of, known_by=known_by)
        answer = report.complaints(within=within, complained=cohort, by=by)
        assert {row.group for row in answer.rows} == {*cases, *firsts}
        for row in answer.rows:
            check_cases(row, cases.get(row.group, []), as_of)
            check_outcomes(row, firsts.get(row.group, []), as_of, within)


def check_interval(interval: Any, counted: list[str], of: list[Story]) -> None:
    """Each contact with its own share of its cases."""
    whose = [one["contact"] for one in of]
    each = ((counted.count(one), whose.count(one)) for one in dict.fromkeys(whose))
    assert interval == ClusteredShare.of(each).interval()


def check_cases(row: Any, mine: list[Story], as_of: datetime) -> None:
    resolved = [one for one in mine if one["end"] is not None]
    assert (row.cases, row.resolved) == (len(mine), len(resolved))
    assert row.unresolved == len(mine) - len(resolved)
    again = [one["contact"] for one in resolved if one["again"]]
    assert list(row.names["reopened"]) == sorted(again) and row.reopened == len(again)
    assert row.reopened_share == (len(again) / len(resolved) if resolved else None)
    left = [one["contact"] for one in mine if one["left"]]
    assert list(row.names["departed_meanwhile"]) == sorted(left)
    assert row.departed_meanwhile == len(left)
    check_interval(row.reopened_interval, again, resolved)
    check_interval(row.departed_meanwhile_interval, left, mine)
    curve = SurvivalCurve.from_observations(
        (((one["end"] or as_of) - one["at"]) // MICROSECOND, one["end"] is not None) for one in mine
    )
    median = curve.median()
    assert row.median == (None if median is None else median * MICROSECOND)
    for share, quartile in ((0.25, row.lower_quartile), (0.75, row.upper_quartile)):
        times = [step.time for step in curve.steps() if step.survival <= 1 - share + 1e-9]
        assert quartile == (times[0] * MICROSECOND if times else None)


def check_outcomes(row: Any, mine: list[Story], as_of: datetime, within: timedelta) -> None:
    outcomes = row.outcomes
    mature = [one for one in mine if one["at"] + within <= as_of]
    ended = [one for one in mature if one["end"] and one["end"] - one["at"] <= within]
    causes = [one["cause"] for one in ended]
    assert (outcomes.contacts, outcomes.mature) == (len(mine), len(mature))
    assert outcomes.departed == causes.count("departure")
    assert outcomes.purchase_first == causes.count("purchase")
    assert outcomes.advocacy_first == causes.count("advocacy")
    assert outcomes.recovered == len(ended) - outcomes.departed
    who = sorted(one["contact"] for one in ended if one["cause"] != "departure")
    assert list(row.names["recovered"]) == who
    assert outcomes.recovered_share == (outcomes.recovered / len(mature) if mature else None)
    early = outcomes.contacts - len(mature)
    assert outcomes.immature == (early / outcomes.contacts if outcomes.contacts else None)
    assert outcomes.recovery is None  # four contacts are too few to quote a curve


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def say(tracker: Tracker, contact: str, event: str, at: float, **properties: Any) -> None:
    tracker.track(contact, event, occurred_at=day(at), properties=properties)


def test_a_case_that_opens_again(tracker: Tracker) -> None:
    """One case is opened, complained of twice, resolved, and opened again: two openings."""
    for at, event in ((1, "complained"), (2, "complained"), (5, "closed"), (9, "complained")):
        say(tracker, "ada", event, at, ticket="t1")
    (row,) = tracker.report().complaints().rows
    assert (row.cases, row.resolved, row.unresolved, row.reopened) == (2, 1, 1, 1)
    assert row.median == timedelta(days=4)  # of two, one is resolved: half


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("zoe", "bob", "ada")),
            st.integers(0, 9),
            st.sampled_from(("complained", "complained", "closed")),
            st.sampled_from(("", "t1", "t2")),
        ),
        max_size=20,
    )
)
def test_open_cases_stand_oldest_first(told: list[tuple[str, int, str, str]]) -> None:
    """In every form that names them: whose case waits longest is named first."""
    with Tracker("sqlite://", FUNNEL, clock=lambda: day(100)) as tracker:
        for contact, at, event, ticket in told:
            say(tracker, contact, event, at, **({"ticket": ticket} if ticket else {}))
        answer = tracker.report().complaints()
        waiting = []
        for contact in {contact for contact, *_ in told}:
            cases = tracker.contact(contact).open_cases
            assert [one.opened_at for one in cases] == sorted(one.opened_at for one in cases)
            waiting += [(one.opened_at, contact) for one in cases]
        for row in answer.rows:
            oldest = [contact for _, contact in sorted(waiting)]
            assert answer.members(row, "unresolved") == oldest
            named = Named(answer, "unresolved")
            assert named.to_dict()["rows"][0]["members"] == oldest
            assert [one.split(",")[0] for one in named.to_csv().splitlines()[1:]] == oldest


def test_recovery_and_departure_compete(tracker: Tracker) -> None:
    """Of twenty, eight buy, two praise, six leave first; the curves are those of the counts."""
    waits: list[tuple[int, str | None]] = []
    for n in range(20):
        contact = f"c{n:02}"
        say(tracker, contact, "complained", 0, branch="north" if n % 2 else "south")
        if n < 16:
            event = "bought" if n < 8 else "praised" if n < 10 else "left"
            say(tracker, contact, event, n + 1)
            say(tracker, contact, "bought", 50)  # too late to be the first
            waits.append((n + 1, "departure" if event == "left" else "recovered"))
        else:
            waits.append((100, None))
    answer = tracker.report().complaints(within=timedelta(days=30))
    (row,) = answer.rows
    told = row.outcomes
    assert (told.mature, told.recovered, told.departed) == (20, 10, 6)
    assert (told.purchase_first, told.advocacy_first) == (8, 2)
    risks = CompetingRisks.from_observations(waits)
    assert told.recovery == pytest.approx(risks.incidence("recovered", 30)) == 0.5
    assert told.departure_interval == risks.interval("departure", 30)
    assert "not promised" in " ".join(str(answer).split())
    assert max(map(len, str(answer).splitlines())) <= 80
    north, south = tracker.report().complaints(by="branch").rows
    assert (north.group, south.group) == ("north", "south")
    assert north.outcomes.contacts + south.outcomes.contacts == 20


def test_where_all_has_ended_the_curve_is_read_at_its_end(tracker: Tracker) -> None:
    """All twelve came round within a fortnight: after 90 days that is known, not guessed."""
    for n in range(12):
        say(tracker, f"c{n:02}", "complained", 0)
        say(tracker, f"c{n:02}", "bought", n + 1)
    (row,) = tracker.report().complaints().rows
    assert (row.outcomes.recovery, row.outcomes.departure) == (1.0, 0.0)


def test_an_erasure_competes(tracker: Tracker) -> None:
    """With the counts kept the complaint stays, neither resolved nor recovered, and cut off."""
    say(tracker, "ada", "complained", 1, ticket="t1")
    say(tracker, "bob", "complained", 1, ticket="t2")
    say(tracker, "bob", "closed", 3, ticket="t2")
    tracker.forget("ada", keep_counts=True)
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).complaints(within=timedelta(days=5))
        (row,) = answer.rows
        assert (row.cases, row.resolved) == (2, 1)
        assert (row.outcomes.mature, row.outcomes.recovered) == (2, 0)
        assert "ada" not in answer.members(row, "cases")


def test_a_merged_contact_has_one_list_of_cases(tracker: Tracker) -> None:
    """What was complained of under one key is resolved under another of the same contact."""
    say(tracker, "ada@old", "complained", 1, ticket="t1", branch="north")
    say(tracker, "ada", "closed", 2, ticket="t1")
    tracker.merge("ada@old", into="ada")
    for known_by in (None, day(100)):
        (row,) = tracker.report(known_by=known_by).complaints(by="branch").rows
        assert (row.group, row.cases, row.resolved) == ("north", 1, 1)
        assert row.names["cases"] == ["ada"]


def test_nobody_complained(tracker: Tracker) -> None:
    """Without complaints there is nothing to divide by; a window below zero is refused."""
    (row,) = tracker.report().complaints().rows
    assert (row.cases, row.median, row.reopened_share) == (0, None, None)
    assert row.outcomes.recovered_share is None and row.outcomes.recovery is None
    with pytest.raises(QuestionError):
        tracker.report().complaints(within=timedelta(days=-1))
