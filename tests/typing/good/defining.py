"""A funnel in Python, with every form of its parts, and questions to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_type

from motfunnel import Funnel, Rule, Touchpoint, Tracker, leave, purchase, rating, reach, touch
from motfunnel.reports.measure.rate import KaplanMeier, Rate, RateRow
from motfunnel.reports.progress.funnel import StageFunnel, StageRow
from motfunnel.reports.report import Report
from motfunnel.statistics import Interval


def define() -> None:
    """Rules stand alone or in a list, stages in a tuple or a list."""
    assert_type(touch(), Rule)
    funnel = Funnel(
        stages=["visitor", "customer"],
        rules={
            "page_viewed": touch(),
            "order_placed": purchase(when={"value": ">= 5"}),
            "plan_changed": [leave(reason="why", when={"plan": "free"}), reach("customer")],
            "nps_answered": rating(score="score", promoter=9),
        },
        patience={"default": timedelta(days=30), "visitor": "14d", "customer": None},
        touchpoints={"checkout": Touchpoint(promise="paid in a minute", expected=8)},
        unmapped="refuse",
        loyal_apart="1d",
    )
    assert_type(funnel.stages, tuple[str, ...])
    assert_type(funnel.rules, Mapping[str, tuple[Rule, ...]])
    assert_type(Funnel.saas(), Funnel)
    assert_type(Funnel.from_toml("funnel.toml"), Funnel)


def ask(tracker: Tracker) -> None:
    """A report answers with values."""
    report = tracker.report(as_of=datetime.now(UTC), timezone="Europe/Berlin")
    assert_type(report, Report)
    rate = report.recidivism(within=timedelta(days=90), by="stage", unit="episode")
    assert_type(rate, Rate)
    assert_type(rate.rows, tuple[RateRow, ...])
    assert_type(rate.rate, float | None)
    assert_type(rate.interval, Interval | None)
    assert_type(rate.km, KaplanMeier)
    assert_type(rate.km.median, timedelta | None)
    assert_type(rate.members(rate.rows[0], "immature"), list[str])
    assert_type(report.recidivism(within="90d"), Rate)
    assert_type(Report.recidivism(report, within="90d"), Rate)
    assert_type(report.trait_names(), Sequence[str])
    stages = report.funnel(within={"customer": "90d"})
    assert_type(stages, StageFunnel)
    assert_type(stages.rows, tuple[StageRow, ...])
