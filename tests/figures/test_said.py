"""What is lettered in a figure holds without the page around it, as on a slide."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from motfunnel.figures import draw, kinds, page
from motfunnel.figures.drawing import picture
from motfunnel.reports.report import Report

plotly = pytest.importorskip("plotly", reason="no figures without plotly: install the extra plot")

MONTH = timedelta(days=30)


def words(figure: Any) -> str:
    """All that is lettered in a figure."""
    return str(figure.to_dict())


def test_ticks_of_shares_are_exact(report: Report) -> None:
    """An axis that is lettered every half percent says so, instead of 0%, 1%, 1%, 2%, 2%."""
    answers: list[Any] = [
        report.worklist(within=MONTH),
        report.recidivism(within=MONTH, by="source"),
        report.funnel(by="source"),
        report.retention("month"),
        report.complaints(within=MONTH),
        report.patience(),
        report.nps(),
    ]
    for answer in answers:
        for kind in kinds(answer):
            told = words(draw(answer, kind))
            assert set(re.findall(r"'tickformat': '(\S*%)'", told)) == {"~%"}
