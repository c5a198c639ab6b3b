"""Rates of contacts that are no longer what they were: merged keys, and what an erasure leaves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from sqlalchemy import Engine, event

from motfunnel import Funnel, Tracker, advocate, complain, leave, outreach, purchase, reach, touch
from motfunnel.domain.event import Event
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.report import Report
from tests.oracle import Story
from tests.reports.test_windowed import FEW, told, track_all
from tests.strategies import HOUR, NEVER, START
from tests.strategies import make_funnel as funnel_of

DAY = timedelta(days=1)
FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "came": touch(),
        "signed_up": reach("lead"),
        "bought": purchase(),
        "complained": complain("case"),
        "praised": advocate(),
        "left": leave("why"),
        "mailed": outreach("arm", holdout="control"),
    },
    patience={"default": None},
)


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def all_rates(report: Report, first: str, last: str, within: timedelta) -> dict[str, Rate]:
    """Every rate without groups, but the recovery, for which an erasure leaves less."""
    episode_based: dict[str, Any] = {"within": within, "unit": "episode"}
    return {
        **{
            kind: getattr(report, kind)(**episode_based)
            for kind in ("recidivism", "reengagement", "coverage", "relapse")
        },
        "departure": report.departure_after_complaint(within=within, unit="episode"),
        "conversion": report.conversion(first, last, within=within),
        "loyalty": report.loyalty(within=within),
    }


@FEW
@given(told=told())
@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_an_erasure_that_keeps_the_counts_keeps_them(
    shared_engine: Engine, told: tuple[Story, list[Event]]
) -> None:
    """Numerator and denominator of every rate are the same after somebody was erased."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    ends = (story["stages"][0], story["stages"][-1], 2 * HOUR)
    before = all_rates(tracker.report(), *ends)
    tracker.forget("ada", keep_counts=True)
    for known_by in (None, now):
        after = all_rates(tracker.report(known_by=known_by), *ends)
        for kind, rate in before.items():
            assert (kind, after[kind].numerator) == (kind, rate.numerator)
            assert (kind, after[kind].denominator) == (kind, rate.denominator)
            assert "ada" not in after[kind].members(part="denominator")


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def test_what_was_recorded_under_another_key_is_found(tracker: Tracker) -> None:
    """A merged contact's start events keep their properties, and its purchases count for it."""
    tracker.track("ada@old", "came", occurred_at=day(0), properties={"plan": "free"})
    complaint = {"case": "7", "plan": "pro"}
    tracker.track("ada@old", "complained", occurred_at=day(1), properties=complaint)
    tracker.track("ada@old", "left", occurred_at=day(4), properties={"why": "price", "plan": "x"})
    tracker.track("ada", "bought", occurred_at=day(2), properties={"plan": "gold"})
    tracker.track("ada", "bought", occurred_at=day(6))
    tracker.merge("ada@old", into="ada")
    for known_by in (None, day(100)):
        report = tracker.report(known_by=known_by)
        by: dict[str, Any] = {"within": 10 * DAY, "by": "property:plan"}
        for rate, group in (
            (report.recovery(**by), "pro"),
            (report.departure_after_complaint(**by), "pro"),
            (report.loyalty(**by), "gold"),
            (report.recidivism(**by), "x"),
            (report.conversion("visitor", "customer", **by), "free"),
        ):
            assert [(row.group, row.numerator) for row in rate.rows] == [(group, 1)]
            assert rate.members(rate.rows[0]) == ["ada"]


def test_the_erased_are_unknown_by_whatever_is_told_apart(tracker: Tracker) -> None:
    """By reason, source and trait, whether they had said something, blanks or nothing."""
    given: list[dict[str, Any]] = [{}, {"why": None}, {"why": " "}, {"why": "price"}]
    for n, why in enumerate(given):
        tracker.track(n, "came", occurred_at=day(0), properties={"source": why.get("why")})
        tracker.track(n, "left", occurred_at=day(1), properties=why)
        tracker.identify(n, {"plan": why.get("why")}, occurred_at=day(0))
    rows = tracker.report().recidivism(within=DAY, by="reason").rows
    assert [(row.group, row.denominator) for row in rows] == [("left", 3), ("price", 1)]
    for n in range(len(given)):
        tracker.forget(n, keep_counts=True)
    for known_by in (None, day(100)):
        for by in ("reason", "source", "trait:plan", "property:why"):
            rows = tracker.report(known_by=known_by).recidivism(within=DAY, by=by).rows
            assert [(row.group, row.denominator) for row in rows] == [("unknown", 4)], by


NAMELESS: tuple[Any, ...] = (None, "", "  ", "\t\n", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}")


def test_no_group_is_without_a_name(tracker: Tracker) -> None:
    """What is null, blank, or leaves no mark is unknown, by whatever one tells apart; text stays.

    A trait that is set to nothing is unknown from then on, and known before.
    """
    for n, value in enumerate((*NAMELESS, "null", "0", "x")):
        tracker.identify(n, {"plan": "old"}, occurred_at=day(0))
        tracker.track(n, "came", occurred_at=day(1), properties={"source": value})
        tracker.track(n, "mailed", occurred_at=day(5), properties={"arm": value})
        tracker.track(n, "left", occurred_at=day(3), properties={"why": value, "plan": value})
        tracker.track(n, "mailed", occurred_at=day(5), properties={"arm": value}, id="again")
        tracker.identify(n, {"plan": value}, occurred_at=day(2))
    named, many = {"null", "0", "x"}, len(NAMELESS)
    for known_by in (None, day(100)):
        report = tracker.report(known_by=known_by)
        of_none = {"reason": ["left", "unknown"], "source": ["direct", "unknown"]}
        for by in ("reason", "source", "trait:plan", "property:plan"):
            rows = report.recidivism(within=DAY, by=by).rows
            without = of_none.get(by, ["unknown"])
            assert {row.group for row in rows} == {*named, *without}, by
            assert sum(row.denominator for row in rows if row.group in without) == many, by
        assert {row.group for row in report.holdout(within=DAY).rows} == {*named, "unknown"}
        assert {row.group for row in report.flows(by="trait:plan").rows} == {"old"}
        rows = report.conversion("visitor", "lead", within=DAY, by="plan").rows
        assert [row.group for row in rows] == ["old"]


def test_what_came_first(tracker: Tracker) -> None:
    """An apostle's praise recovers though it is not a moment; a purchase then comes first."""
    tracker.track("ada", "praised", occurred_at=day(0))
    tracker.track("ada", "complained", occurred_at=day(1))
    tracker.track("ada", "praised", occurred_at=day(2))
    tracker.track("bob", "complained", occurred_at=day(1))
    tracker.track("bob", "bought", occurred_at=day(3))
    tracker.track("bob", "praised", occurred_at=day(3))
    tracker.track("cyd", "bought", occurred_at=day(1))
    tracker.track("cyd", "complained", occurred_at=day(1))
    rate = tracker.report().recovery(within=7 * DAY)
    assert (rate.numerator, rate.denominator) == (2, 3)
    assert rate.members(part="advocacy_first") == ["ada"]
    assert rate.members(part="purchase_first") == ["bob"]


def test_a_return_at_the_end_of_the_period_is_in_the_next_one(tracker: Tracker) -> None:
    """A period is half-open, and its rate is there once it is over, to the microsecond."""
    for contact, back in (("ada", 20), ("bob", 30), ("cyd", 5)):
        tracker.track(contact, "came", occurred_at=day(0))
        tracker.track(contact, "left", occurred_at=day(1))
        tracker.track(contact, "came", occurred_at=day(back))
    rate = tracker.report().reactivation(period=(day(10), day(30)))
    assert (rate.members(), rate.members(part="denominator")) == (["ada"], ["ada", "bob"])
    assert tracker.report().reactivation(period=(day(20), day(31))).numerator == 2
    moment = timedelta(microseconds=1)
    over = tracker.report(as_of=day(30) - moment).reactivation(period=(day(10), day(30)))
    assert over.denominator == 2
    early = tracker.report(as_of=day(30) - 2 * moment).reactivation(period=(day(10), day(30)))
    assert (early.denominator, early.rate, early.immature) == (0, None, 1.0)


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that were run meanwhile."""
    said: list[str] = []

    def keep(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    yield said
    event.remove(engine, "before_cursor_execute", keep)


def test_a_rate_costs_a_few_statements(tracker: Tracker, shared_engine: Engine) -> None:
    """However many contacts there are, and however they are told apart."""
    for n in range(30):
        tracker.track(n, "complained", occurred_at=day(n))
        tracker.track(n, "bought", occurred_at=day(n + 1), properties={"plan": n})
        tracker.track(n, "left", occurred_at=day(n + 2))
        tracker.track(n, "came", occurred_at=day(n + 3))
    report = tracker.report()
    way: dict[str, dict[str, Any]] = {
        "recidivism": {"within": DAY},
        "reengagement": {"within": DAY},
        "recovery": {"within": DAY},
        "loyalty": {"within": DAY},
        "conversion": {"start": "visitor", "goal": "customer", "within": DAY},
        "holdout": {"within": DAY},
        "mantel_byar": {},
        "referrals": {},
    }
    for kind, asked in way.items():
        grouped = [{"by": by} for by in ("source", "plan", "property:plan")]
        for by in grouped if "within" in asked and kind != "holdout" else [{}]:
            with counted_statements(shared_engine) as said:
                getattr(report, kind)(**asked, **by)
            assert sum(one.startswith("SELECT") for one in said) <= 11


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("loyalty", {"within": DAY, "by": "stage"}),
        ("conversion", {"start": "lead", "goal": "customer", "within": DAY, "by": "reason"}),
        ("conversion", {"start": "lead", "goal": "nobody", "within": DAY}),
        ("conversion", {"start": "customer", "goal": "lead", "within": DAY}),
        ("recovery", {"within": DAY, "by": "property: "}),
        ("recovery", {"within": DAY, "complained": day(1)}),
        ("reactivation", {"period": (None, day(1))}),
        ("landmark", {"after": -DAY, "within": DAY}),
        ("landmark", {"after": DAY, "within": 7}),
        ("referrals", {"period": (day(2), day(1))}),
    ],
)
def test_questions_without_an_answer(tracker: Tracker, kind: str, asked: dict[str, object]) -> None:
    """What a rate cannot be asked is refused, with what it can."""
    with pytest.raises(QuestionError):
        getattr(tracker.report(), kind)(**asked)
