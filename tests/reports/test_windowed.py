"""The windowed rates of the store, held against counting by hand from the events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, outreach, purchase, touch
from motfunnel.domain.event import IDENTIFY, Event, make_event
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.rate import CausedRow, Rate
from motfunnel.statistics import ClusteredCurve, CompetingRisks, Proportion, SurvivalCurve
from tests.oracle import Story
from tests.reports.brute_force import By, expected_rows, in_order
from tests.reports.released import FUNNEL as LEAVERS
from tests.reports.released import Person, release
from tests.strategies import CONTACTS, HOUR, NEVER, START, histories, instants, stories
from tests.strategies import make_funnel as funnel_of

WINDOWS = [timedelta(0), HOUR, 2 * HOUR, HOUR + timedelta(microseconds=1), timedelta(days=90)]
MICROSECOND = timedelta(microseconds=1)
FEW = settings(max_examples=max(1, settings().max_examples // 3))
"""A part of the profile's examples: each asks many questions."""


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and histories of several contacts with sources and traits."""
    story = draw(stories())
    events = [
        make_event(
            event.contact,
            event.name,
            occurred_at=event.occurred_at,
            id=event.id,
            properties=event.properties | draw(st.sampled_from([{}, {}, {"source": "ads"}])),
        )
        for event in {
            (e.contact, e.id): e for e in draw(histories(story, CONTACTS, most=24))
        }.values()
    ]
    traits = st.builds(
        lambda contact, at, value, n: make_event(
            contact, IDENTIFY, occurred_at=at, id=f"trait-{n}", properties={"plan": value}
        ),
        st.sampled_from(CONTACTS),
        instants(),
        st.sampled_from(["pro", "free", 7]),
        st.integers(0, 9),
    )
    said = draw(st.lists(traits, max_size=4, unique_by=lambda event: (event.contact, event.id)))
    return story, events + said


def bounds() -> st.SearchStrategy[tuple[datetime | None, datetime | None]]:
    """A cohort, open at either end or at both."""
    one = st.one_of(st.none(), instants())
    return st.tuples(one, one).filter(lambda b: b[0] is None or b[1] is None or b[0] < b[1])


def track_all(tracker: Tracker, events: list[Event]) -> None:
    for event in events:
        when: dict[str, Any] = {"occurred_at": event.occurred_at, "id": event.id}
        if event.name == IDENTIFY:
            tracker.identify(event.contact, event.properties, **when)
        else:
            tracker.track(event.contact, event.name, properties=event.properties, **when)


MORE: tuple[By, ...] = (
    "event",
    "plan:5,8",
    "property:seats:2,6.5",
    ("source", "plan"),
    ("plan:8", "event"),
)
EPISODES: tuple[By, ...] = (
    "stage",
    "reason",
    "source",
    "plan",
    "property:seats",
    ("stage", "reason"),
    *MORE,
)
KINDS: dict[str, tuple[str, tuple[By, ...]]] = {
    # rate: the argument of its cohort, and by what it can be told apart
    "recidivism": ("departed", EPISODES),
    "reengagement": ("attempted", EPISODES),
    "coverage": ("departed", EPISODES),
    "relapse": ("returned", EPISODES),
    "reactivation": ("period", EPISODES),
    "conversion": ("reached", ("stage", "source", "plan", "property:seats", *MORE)),
    "loyalty": ("bought", ("source", "trait:plan", "property:seats", *MORE)),
    "recovery": ("complained", ("stage", "source", "plan", "property:seats", *MORE)),
    "departure_after_complaint": (
        "complained",
        ("stage", "source", "plan", "property:seats", *MORE),
    ),
}
OF_CONTACTS = ("reactivation", "conversion", "loyalty")


@st.composite
def questions(draw: st.DrawFn, kind: str, story: Story) -> tuple[dict[str, Any], dict[str, Any]]:
    """What to ask for a rate, and the same as one counts by hand."""
    argument, groups = KINDS[kind]
    by = draw(st.sampled_from([None, *groups]))
    within, cohort = draw(st.sampled_from(WINDOWS)), draw(bounds())
    unit = "contact" if kind in OF_CONTACTS else draw(st.sampled_from(["contact", "episode"]))
    asked: dict[str, Any] = {"within": within, argument: cohort, "by": by}
    hand: dict[str, Any] = {"within": within, "cohort": cohort, "unit": unit}
    hand["by"] = by.removeprefix("trait:") if isinstance(by, str) else by
    if kind not in OF_CONTACTS:
        asked["unit"] = unit
    if kind == "conversion":
        low, high = sorted(draw(st.permutations(range(len(story["stages"]))))[:2])
        stages = {"start": story["stages"][low], "goal": story["stages"][high]}
        asked, hand = asked | stages, hand | stages
    if kind == "reactivation":
        start = draw(instants())
        period = (start, start + max(within, MICROSECOND))
        asked = {"period": period, "by": by}
        hand |= {"period": period, "cohort": (None, None)}
        hand["within"] = period[1] - start - MICROSECOND
    return asked, hand


@FEW
@given(told=told(), as_of=st.one_of(instants(12), st.just(START + NEVER)), data=st.data())
def test_the_store_counts_as_one_counts_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    data: st.DataObject,
) -> None:
    """Every count and member list, stored or folded anew, is the one counted from the events."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    for kind in KINDS:
        asked, hand = data.draw(questions(kind, story), label=kind)
        expected = expected_rows(kind, events, story, as_of, **hand)
        for known_by in (None, now):
            report = tracker.report(as_of=as_of, known_by=known_by)
            rate = getattr(report, kind)(**asked)
            assert [row.group for row in rate.rows] == in_order(hand["by"], expected)
            check_rate(rate, expected, hand["within"])


def check_rate(rate: Rate, expected: dict[str | None, dict[str, Any]], within: timedelta) -> None:
    """The rows of a rate are the groups counted by hand, to the last name."""
    assert {row.group for row in rate.rows} == {*expected}
    for row in rate.rows:
        counted = expected[row.group]
        assert (row.numerator, row.denominator) == (counted["n"], counted["of"])
        assert rate.members(row, "numerator") == counted["members"]
        assert len(rate.members(row, "immature")) == counted["immature"]
        assert row.km.at_risk == counted["at_risk"]
        assert row.rate == (counted["n"] / counted["of"] if counted["of"] else None)
        if isinstance(row, CausedRow):
            assert row.purchase_first == counted["causes"].count("purchase")
            assert row.advocacy_first == counted["causes"].count("advocacy")
        check_estimates(row, counted, within)


def check_estimates(row: Any, hand: dict[str, Any], within: timedelta) -> None:
    """The estimates are those that the statistics give for the times counted by hand."""
    window = within // MICROSECOND
    observed = [(waited // MICROSECOND, how, contact) for waited, how, contact in hand["times"]]
    times = [(waited, how == "happened") for waited, how, _ in observed]
    curve = SurvivalCurve.from_observations(times)
    ended = SurvivalCurve.from_observations(
        (waited, how is not None) for waited, how, _ in observed
    )
    withheld = (ended.effective_number(window) or 0.0) < 10 - 1e-9
    alone = len({contact for *_, contact in observed}) == len(observed)
    if alone:
        share = Proportion(numerator=hand["n"], denominator=hand["of"])
        assert row.interval == share.interval()
    if any(how == "ruled out" for _, how, _ in observed):
        risks = CompetingRisks.from_observations((waited, how) for waited, how, _ in observed)
        if "happened" in risks.causes:
            assert row.km.probability == (None if withheld else risks.incidence("happened", window))
        return
    clustered = ClusteredCurve.from_observations(
        (contact, waited, how == "happened") for waited, how, contact in observed
    )
    withheld = (clustered.effective_number(window) or 0.0) < 10 - 1e-9
    assert row.km.probability == (None if withheld else curve.probability(window))
    median = curve.median()
    assert row.km.median == (None if median is None else median * MICROSECOND)
    mean = curve.restricted_mean(window)
    assert row.km.mean == (None if withheld or mean is None else mean.value * MICROSECOND)
    if alone:
        assert row.km.interval == (None if withheld else curve.probability_interval(window))
        ends = curve.median_interval()
        found = row.km.median_interval
        assert (found is None) == (ends is None)
        assert found is None or ends is None or found.lower == ends.lower * MICROSECOND
    elif not withheld:
        assert row.km.interval == clustered.probability_interval(window)


FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "bought": purchase(), "mailed": outreach()},
    patience={"default": timedelta(days=10)},
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return NOON + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    """A tracker of a new tenant, a hundred days on."""
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def test_a_return_at_the_very_end_of_the_window_counts(tracker: Tracker) -> None:
    """A window includes its edge, to the microsecond, for returning and for being mature."""
    tracker.track("ada", "came", occurred_at=day(0))
    tracker.track("ada", "came", occurred_at=day(15))
    away = timedelta(days=5)
    assert tracker.report(as_of=day(15)).recidivism(within=away).rate == 1.0
    assert tracker.report(as_of=day(15) - MICROSECOND).recidivism(within=away).denominator == 0
    assert tracker.report().recidivism(within=away - MICROSECOND).rate == 0.0


@pytest.mark.parametrize(("away", "counted"), [(20, 0), (1, 6)])
def test_none_or_all_of_repeated_episodes_have_an_interval(
    shared_engine: Engine, away: int, counted: int
) -> None:
    """Where nobody returned in time, or everybody: Wilson's, with every contact counted once."""
    tracker = Tracker(shared_engine, LEAVERS, tenant=uuid4().hex, clock=lambda: day(100))
    for n in range(6):
        tracker.track(n, "entered", occurred_at=day(0))
        for left in (1, 31):
            tracker.track(n, "left", occurred_at=day(left))
            tracker.track(n, "came", occurred_at=day(left + away))
    rate = tracker.report().recidivism(within="5d", unit="episode")
    assert (rate.numerator, rate.denominator) == (2 * counted, 12)
    assert rate.interval == Proportion(numerator=counted, denominator=6).interval()


@pytest.mark.parametrize(
    ("people", "number"),
    [
        ([(395, 3, True), (5, 20, False)], 395 / 400),
        ([(12, 3, True)], 1.0),
        ([(9, 3, True)], None),
        ([(5, 1, True), (40, 2, False), (1, 3, True)], None),
    ],
)
def test_what_is_known_is_not_withheld(
    shared_engine: Engine, people: list[tuple[int, int, bool]], number: float | None
) -> None:
    """Nearly all returned, or all: that is known. What few tell of many is not.

    Each so many, observed for so long, and whether they returned then.
    """
    told = [Person(time, back) for many, time, back in people for _ in range(many)]
    km = release(shared_engine, told).report().recidivism(within="10d").km
    assert km.probability == (None if number is None else pytest.approx(number))
    assert (km.mean is None) == (number is None)


def test_nobody_gives_no_rate(tracker: Tracker) -> None:
    """An empty denominator gives None, never 0, and no interval."""
    rate = tracker.report().recidivism(within=timedelta(days=1))
    assert (rate.rate, rate.interval, rate.immature) == (None, None, None)
    assert rate.to_dict()["rate"] is None


def test_the_clock_of_reengagement_starts_at_the_first_outreach(tracker: Tracker) -> None:
    """Of two attempts the first counts, and a return before any attempt is none of its merit."""
    for contact in ("ada", "bob"):
        tracker.track(contact, "came", occurred_at=day(0))
    tracker.track("ada", "mailed", occurred_at=day(20))
    tracker.track("ada", "mailed", occurred_at=day(29))
    tracker.track("ada", "came", occurred_at=day(30))
    tracker.track("bob", "came", occurred_at=day(12))
    report = tracker.report()
    assert report.reengagement(within=timedelta(days=9)).numerator == 0
    assert report.reengagement(within=timedelta(days=10)).rate == 1.0
    assert report.reengagement(within=timedelta(days=10)).denominator == 1


def test_a_store_that_was_only_imported_into_ends_with_its_history(shared_engine: Engine) -> None:
    """Without a question's instant, nobody is counted as away for time that nobody observed."""
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))
    tracker.keep_funnel()
    from motfunnel.store.ledger.ledger import Ledger

    events = [make_event(c, "came", occurred_at=day(n), id="1") for n, c in enumerate("abc")]
    with tracker.database.write() as connection:
        ledger = Ledger(connection, None, tracker.tenant)
        ledger.mark_contacts("abc", FUNNEL)
        ledger.add_events([(event, "touch") for event in events], day(100))
    tracker.finish()
    assert tracker.report().as_of == day(2)
    tracker.track("d", "came")
    assert tracker.report().as_of == day(100)


def test_what_was_not_known_does_not_leak_in(shared_engine: Engine) -> None:
    """As known by an earlier instant, the answer is the one that was given then."""
    now = [day(40)]
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: now[0])
    tracker.track("ada", "came", occurred_at=day(0))
    tracker.identify("ada", {"plan": "free"}, occurred_at=day(1))
    month = timedelta(days=30)
    before = tracker.report(as_of=day(40)).recidivism(within=month, by="plan").to_dict()
    stages = tracker.report(as_of=day(40)).funnel().to_dict()
    now[0] = day(50)
    tracker.track("ada", "bought", occurred_at=day(20))
    tracker.identify("ada", {"plan": "pro"}, occurred_at=day(2))
    later = tracker.report(as_of=day(40), known_by=day(45))
    again = later.recidivism(within=month, by="plan").to_dict()
    assert again | {"known_by": None} == before
    assert later.funnel().to_dict() | {"known_by": None} == stages
    assert tracker.report(as_of=day(40)).recidivism(within=month).numerator == 1


@pytest.mark.parametrize(
    "question",
    [
        {"within": 30},
        {"within": timedelta(days=-1)},
        {"within": timedelta(1), "departed": (day(2), day(1))},
        {"within": timedelta(1), "departed": (datetime(2026, 1, 1), None)},
        {"within": timedelta(1), "unit": "person"},
        {"within": timedelta(1), "by": "trait:"},
    ],
)
def test_questions_without_an_answer(tracker: Tracker, question: dict[str, Any]) -> None:
    """What cannot be answered is refused, with what to ask instead."""
    with pytest.raises(QuestionError):
        tracker.report().recidivism(**question)


@pytest.mark.parametrize(
    "asked", [{"as_of": day(101)}, {"as_of": datetime(2026, 1, 1)}, {"timezone": "Mars/Olympus"}]
)
def test_instants_without_an_answer(tracker: Tracker, asked: dict[str, Any]) -> None:
    """A report as of the future, of no instant, or in no zone is refused."""
    with pytest.raises(QuestionError):
        tracker.report(**asked)
