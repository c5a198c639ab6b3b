"""One published data set told to every windowed rate: whatever starts its clock, and what ends it.

The remissions of Freireich et al. 1963: 42 children, 6-MP against placebo, weeks to the relapse.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from attrs import frozen
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, complain, leave, outreach, purchase, reach, touch
from motfunnel.domain.instant import MICROSECOND
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.report import Report
from motfunnel.statistics import SurvivalCurve

END = datetime(2020, 1, 1, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
SIX_MP = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"
CHILDREN = [("6-MP", one) for one in SIX_MP.split()] + [("placebo", one) for one in PLACEBO.split()]

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "came": touch(),
        "signed up": reach("lead"),
        "bought": purchase(),
        "left": leave(),
        "wrote": outreach(),
        "moaned": complain(),
    },
    patience={"default": None},
)


@frozen
class Told:
    """How the data are told to a rate.

    Attributes:
        before: what happened, a day apart, before the clock started.
        start: the event that started it.
        end: the event that it waited for.
        ask: the question.
    """

    before: Sequence[str]
    start: str
    end: str
    ask: Callable[[Report, timedelta, Any], Rate]


RATES = {
    "recidivism": Told(["came"], "left", "came", lambda r, w, by: r.recidivism(within=w, by=by)),
    "re-engagement": Told(
        ["came", "left"], "wrote", "came", lambda r, w, by: r.reengagement(within=w, by=by)
    ),
    "outreach coverage": Told(
        ["came"], "left", "wrote", lambda r, w, by: r.coverage(within=w, by=by)
    ),
    "relapse": Told(["came", "left"], "came", "left", lambda r, w, by: r.relapse(within=w, by=by)),
    "conversion": Told(
        ["came"],
        "signed up",
        "bought",
        lambda r, w, by: r.conversion("lead", "customer", within=w, by=by),
    ),
    "loyalty": Told(["came"], "bought", "bought", lambda r, w, by: r.loyalty(within=w, by=by)),
    "recovery": Told(["came"], "moaned", "bought", lambda r, w, by: r.recovery(within=w, by=by)),
    "departure after complaint": Told(
        ["came"], "moaned", "left", lambda r, w, by: r.departure_after_complaint(within=w, by=by)
    ),
}


@pytest.fixture(scope="module", params=RATES)
def told(request: pytest.FixtureRequest, shared_engine: Engine) -> tuple[Told, Report]:
    """A rate, and the report of a new tenant to whom its data were told."""
    told = RATES[request.param]
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: END)
    for number, (group, time) in enumerate(CHILDREN):
        weeks, is_censored = int(time.rstrip("+")) * WEEK, time.endswith("+")
        start = END - (weeks if is_censored else 35 * WEEK)
        events = [(name, start - (n + 1) * DAY) for n, name in enumerate(reversed(told.before))]
        events += [(told.start, start)] + ([] if is_censored else [(told.end, start + weeks)])
        tracker.track_many(
            {
                "contact": f"child-{number}",
                "event": name,
                "occurred_at": when,
                "properties": {"drug": group} if when == start else {},
            }
            for name, when in events
        )
    return told, tracker.report()


def test_the_curves_and_the_test(told: tuple[Told, Report]) -> None:
    """Kaplan–Meier of 6-MP, both medians, and the χ² of 16.79, as every textbook has them."""
    rate, report = told
    answer = rate.ask(report, 10 * WEEK, "property:drug")
    sixmp, placebo = answer.rows
    assert isinstance(sixmp.km.curve, SurvivalCurve)
    published = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
    for week, survival in published.items():
        assert round(sixmp.km.curve.survival(week * WEEK // MICROSECOND) or 0, 3) == survival
    assert (sixmp.km.median, placebo.km.median) == (23 * WEEK, 8 * WEEK)
    assert sixmp.km.at_risk == 15 and sixmp.km.probability == pytest.approx(1 - 0.753, abs=5e-4)
    assert placebo.km.at_risk == 8 and placebo.km.probability == pytest.approx(13 / 21)
    assert answer.comparison is not None and answer.comparison.log_rank is not None
    test = answer.comparison.log_rank
    assert (round(test.chi_square, 2), test.observed) == (16.79, (9, 21))
    assert [round(one, 2) for one in test.expected] == [19.25, 10.75]


@pytest.mark.parametrize(
    ("weeks", "counted", "mature"), [(5, 9, 42), (6, 12, 42), (10, 18, 40), (35, 30, 31)]
)
def test_the_rate_of_the_mature(
    told: tuple[Told, Report], weeks: int, counted: int, mature: int
) -> None:
    """Of those observed for the whole window; a window's edge is in it on both sides."""
    rate, report = told
    answer = rate.ask(report, weeks * WEEK, None)
    assert (answer.numerator, answer.denominator) == (counted, mature)
    just_short = rate.ask(report, weeks * WEEK - MICROSECOND, None)
    at_the_edge = sum(one == f"{weeks}" for _, one in CHILDREN)
    assert answer.numerator - just_short.numerator == at_the_edge
