"""A number by the time at which it was asked: a dot for each period, as the report says it."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from motfunnel.dashboard.asking import complete_periods
from motfunnel.dashboard.filters import Filters
from motfunnel.reports.report import Report
from tests.dashboard.conftest import Ask


@pytest.mark.parametrize("step", ["month", "week"])
def test_scores_by_period(ask: Ask, report: Report, step: Any) -> None:
    """Each dot says its score, interval and number; a period without scores has none."""
    seen = BeautifulSoup(ask(f"/advocates/nps-before?step={step}").text, "html.parser")
    said = "|".join(one.get_text("|") for one in seen.select("figure .wide"))
    rows = {
        period.name: report.nps(period=(period.starts_at, period.ends_at)).rows[0]
        for period in complete_periods(report, Filters(step=step))
    }
    assert len([row for row in rows.values() if row.nps is not None]) > 1
    for name, row in rows.items():
        if row.nps is None:
            assert f"{name}:" not in said
        else:
            assert f"{name}: {row.nps:+.1f}, " in said
            assert f", {row.contacts:,} contacts" in said
