"""What stands beside numbers, so that they are not read as others: captions, headings and notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from motfunnel import Funnel, Tracker, leave, purchase, rating, touch
from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import WAIT
from motfunnel.reports.measure.rate import FEWEST_AT_RISK

MONTH = timedelta(days=30)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "paid": purchase(), "left": leave("why"), "rated": rating("score")},
    patience={"default": None},
)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """Twenty who leave, of whom all that were moved return; bob buys as he comes."""
    with Tracker("sqlite://", FUNNEL, clock=lambda: day(100)) as tracker:
        for n in range(20):
            who, why = f"c{n:02}", "moved" if n % 2 else "price"
            tracker.track(who, "came", occurred_at=day(0), id="1")
            tracker.track(who, "left", occurred_at=day(1), id="2", properties={"why": why})
            if n % 2 or n < 4:
                tracker.track(who, "came", occurred_at=day(2 + n), id="3")
        tracker.track("bob", "paid", occurred_at=day(5), id="1")
        yield tracker


def said(answer: Answer[Any]) -> str:
    """What is printed, on one line."""
    return " ".join(answer.to_text(detail=True).split())


def test_the_mean_is_said_to_be_of_the_time_without(tracker: Tracker) -> None:
    """It is no mean of those who returned."""
    text = said(tracker.report().recidivism(within=MONTH))
    assert "mean: the mean time without it, up to the window" in text


def test_the_log_rank_test_is_said_to_know_no_window(tracker: Tracker) -> None:
    """It is the same whatever the window, and says so."""
    for within in (MONTH, timedelta(days=1)):
        text = said(tracker.report().recidivism(within=within, by="reason"))
        assert "over all of the observed time, whatever the window" in text


def test_where_all_had_it_it_is_told(tracker: Tracker) -> None:
    """Nobody is at risk, since it came to all: that is known, unless they are few."""
    report = tracker.report()
    answer = report.recidivism(within=MONTH, by="reason")
    assert "withheld below 10 in effect" in said(answer)
    for row in answer.rows:
        if row.numerator == row.denominator:
            known = row.denominator >= FEWEST_AT_RISK
            assert (row.km.at_risk, row.km.probability) == (0, 1.0 if known else None)


def test_the_period_that_is_not_over_has_dormants_so_far(tracker: Tracker) -> None:
    """One that is over has them for good."""
    note = "of the period that is not over, dormant are those not seen in it yet"
    assert note in tracker.report(as_of=day(33)).lifecycle("month").notes
    assert note not in tracker.report(as_of=day(33)).lifecycle("month", until=day(20)).notes


def test_the_worst_are_said_to_be_in_an_order(tracker: Tracker) -> None:
    """By the score, then by how far below the expectation, then by time."""
    tracker.track("bob", "rated", occurred_at=day(6), properties={"score": 3})
    assert "the lowest scores, of equal ones those that fell furthest below" in said(
        tracker.report().touchpoints()
    )


@pytest.mark.parametrize("asked", [{}, {"within": MONTH}])
def test_of_first_is_defined(tracker: Tracker, asked: dict[str, Any]) -> None:
    """As the share of all that opened; and what takes no time came at once."""
    text = said(tracker.report().funnel(**asked))
    assert "of first: the share of all contacts that opened" in text
    assert "25% within" in text and "at once" in text


def test_long_and_short_waits() -> None:
    """Thousands are told apart; what would be shown as 0.0 h is at once."""
    shown = [WAIT.show(timedelta(days=1447.8)), WAIT.show(timedelta(minutes=2))]
    assert shown == ["1,447.8 d", "at once"]
    assert WAIT.plain(timedelta(minutes=2)) == 120
