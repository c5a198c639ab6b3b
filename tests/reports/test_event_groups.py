"""Reports about events take a plain name for a property, and with a prefix a trait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from motfunnel import Funnel, Tracker, complain, leave, rating, touch
from motfunnel.errors import QuestionError
from motfunnel.reports.report import Report

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


@pytest.fixture(params=[None, NOW], ids=["stored", "known"])
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """Ada changes her plan between two complaints, each with a score; Bob never says any."""
    rules = {"moaned": complain(case="case"), "rated": rating(score="score")}
    with Tracker("sqlite://", Funnel(stages=("a", "b"), rules=rules), clock=lambda: NOW) as tracker:
        tracker.identify("ada", {"plan": "free"}, occurred_at=day(1), id="1")
        tracker.identify("ada", {"plan": "paid"}, occurred_at=day(5), id="2")
        for contact, at in (("ada", 2), ("ada", 6), ("bob", 2)):
            asked = {"occurred_at": day(at), "properties": {"case": at, "plan": f"p{at}"}}
            tracker.track(contact, "moaned", id=f"m{at}", **asked)  # type: ignore[arg-type]
            said = {"score": at, "plan": f"p{at}"}
            tracker.track(contact, "rated", id=f"r{at}", occurred_at=day(at), properties=said)
        yield tracker.report(known_by=request.param)


@pytest.mark.parametrize("name", ["touchpoints", "complaints"])
def test_a_prefix_says_of_what_the_name_is(report: Report, name: str) -> None:
    """A trait is the one that held at the event; a plain name is a property, as ever."""
    ask = getattr(report, name)
    assert [row.group for row in ask(by="trait:plan").rows] == ["free", "paid", "unknown"]
    assert "trait:plan" in str(ask(by="trait:plan"))
    for by in ("plan", "property:plan"):
        assert [row.group for row in ask(by=by).rows] == ["p2", "p6"]
        assert ask(by=by).by == "plan"
    assert "known traits: plan" in str(ask(by="trait:plam"))
    with pytest.raises(QuestionError, match="names no trait"):
        ask(by="trait:")


@pytest.mark.parametrize("name", ["touchpoints", "complaints"])
def test_by_the_event_in_bands_and_by_both(report: Report, name: str) -> None:
    """Bands are listed from the lowest on, and two groupings by the first, then by the second."""
    ask = getattr(report, name)
    event = {"touchpoints": "rated", "complaints": "moaned"}[name]
    value = {"touchpoints": "score", "complaints": "case"}[name]
    assert [row.group for row in ask(by="event").rows] == [event]
    bands = f"{value}:6,10"
    assert [row.group for row in ask(by=bands).rows] == ["below 6", "6 to below 10"]
    assert ask(by=f"property:{bands}").by == bands
    both = ask(by=[bands, "trait:plan"])
    assert both.by == f"{bands} · trait:plan"
    found = ["below 6 · free", "below 6 · unknown", "6 to below 10 · paid"]
    assert [row.group for row in both.rows] == found
    assert both.to_dict()["by"] == both.by and both.by in str(both)


@pytest.mark.parametrize("by", ["trait:seats", "property:n", "source"])
def test_groups_that_are_numbers_stand_in_the_order_of_numbers(by: str) -> None:
    """10 after 9, and what is no number after them; alone and beside another grouping."""
    told = ["10", "9", "-1", "2.5", "few", "3"]
    with Tracker("sqlite://", Funnel(stages=("a", "b"), rules={"came": touch()})) as tracker:
        for n, one in enumerate(told):
            tracker.identify(f"c{n}", {"seats": one}, occurred_at=day(1))
            said = {"n": one, "source": one}
            tracker.track(f"c{n}", "came", occurred_at=day(2), id="1", properties=said)
        report = tracker.report(as_of=day(3))
        found = ["-1", "2.5", "3", "9", "10", "few"]
        assert [row.group for row in report.growth("year", by=by).rows] == found
        both = report.growth("year", by=(by, "event")).rows
        assert [row.group for row in both] == [f"{one} · came" for one in found]


def test_a_property_that_was_asked_for_as_a_trait_is_pointed_at(report: Report) -> None:
    """With its bands, as it is to be written."""
    for by, meant in (("cds:2,5", "property:cds:2,5"), ("trait:cds", "property:cds")):
        assert any(note.endswith(f"asked for as {meant}") for note in report.growth(by=by).notes)


@pytest.mark.parametrize("known_by", [None, NOW])
def test_who_left_without_an_event_left_by_silence(known_by: datetime | None) -> None:
    """Whether or not it was written down; of what only silence did, no property is known."""
    rules = {"came": touch(), "quit": leave(), "cancelled": leave()}
    funnel = Funnel(stages=("a", "b"), rules=rules, patience={"default": timedelta(days=30)})
    with Tracker("sqlite://", funnel, clock=lambda: NOW) as tracker:
        for contact, event in (("ada", "quit"), ("bob", "cancelled"), ("cy", "came")):
            tracker.track(contact, "came", occurred_at=day(1), id="1", properties={"n": 3})
            tracker.track(contact, event, occurred_at=day(2), id="2", properties={"n": 7})
        report = tracker.report(known_by=known_by)
        for _ in range(2):
            rate = report.recidivism(within="10d", by="event")
            assert [row.group for row in rate.rows] == ["cancelled", "quit", "silence"]
            assert [list(rate.members(row, "denominator")) for row in rate.rows] == [
                ["bob"],
                ["ada"],
                ["cy"],
            ]
            rate = report.recidivism(within="10d", by="property:n:7")
            assert [row.group for row in rate.rows] == ["7 and more", "unknown"]
            tracker.sweep()
        assert [row.group for row in report.funnel(by="event").rows] == ["came", "came"]
        assert [row.contacts for row in report.funnel(by="property:n:1,5").rows] == [3, 0]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("trait:", "names no trait"),
        ("seats:5,5", "bands rise"),
        ("seats:5,1", "bands rise"),
        ("property:seats:5,1", "bands rise"),
        ("seats:1,b", "bands are numbers"),
        (7, "must be a text"),
        (("source", 7), "must be a text"),
        (("source", "reason"), "can be by: a trait, event, property:NAME, source"),
    ],
)
def test_what_cannot_be_grouped_by_is_refused(report: Report, by: Any, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(QuestionError, match=said):
        report.growth(by=by)
    assert report.growth(by=()).by is None


def test_values_that_look_like_bands_are_a_name_where_no_number_ends_it(report: Report) -> None:
    """What stands behind the colon has to be several values, which then have to be numbers."""
    for by in ("trait:a:b", "a:1,", ":1"):
        assert report.growth(by=by).by == by
