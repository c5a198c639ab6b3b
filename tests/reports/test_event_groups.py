"""Reports about events take a plain name for a property, and with a prefix a trait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from motfunnel import Funnel, Tracker, complain, rating
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
