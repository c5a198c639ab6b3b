"""What is lettered in a figure holds without the page around it, as on a slide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from motfunnel.answers.answer import kinds, picture
from motfunnel.charts.scene import Axis, Bars, Cells, Rule
from motfunnel.reports.periods.retention import Retention
from motfunnel.reports.report import Report

plotly = pytest.importorskip("plotly", reason="no figures without plotly: install the extra plot")

MONTH = timedelta(days=30)


def cells(answer: Retention) -> list[Cells]:
    """The cells of a heat map: of everyone, and the rest."""
    (panel,) = picture(answer).panels
    return [mark for mark in panel.marks if isinstance(mark, Cells)]


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
            drawn = picture(answer, kind)
            axes = [drawn.x, *(panel.y for panel in drawn.panels)]
            ticks = [tick for one in axes if isinstance(one, Axis) for tick in one.ticks]
            shares = [tick for tick in ticks if tick.text.endswith("%")]
            assert len({tick.text for tick in ticks}) == len(ticks)
            assert [float(tick.text[:-1]) / 100 for tick in shares] == pytest.approx(
                [tick.at for tick in shares]
            )
            assert shares or kind == "heatmap"


def test_the_answer_of_a_comparison_is_said(report: Report) -> None:
    """A hold-out and a landmark say how far apart their arms lie, with the interval."""
    for rate in (
        report.holdout(within=MONTH),
        report.landmark(after=timedelta(days=11), within=MONTH),
    ):
        assert rate.comparison is not None
        (found,) = rate.comparison.differences
        assert found.difference is not None and found.interval is not None
        between = f"{found.group} less {rate.comparison.against}: {found.difference * 100:+.1f}"
        ends = f"({found.interval.lower * 100:+.1f} to {found.interval.upper * 100:+.1f})"
        for kind in kinds(rate):
            assert f"{between} points {ends}" in picture(rate, kind).counted


def test_of_many_groups_no_difference_is_said(report: Report) -> None:
    """Of three sources, what is said is how many were observed."""
    assert "less" not in picture(report.recidivism(within=MONTH, by="source")).counted


def test_what_is_pooled_is_said(report: Report) -> None:
    """A number of all groups together is called so."""
    flows = picture(report.flows(by="source")).counted
    assert flows.startswith("n = 60 contacts, all groups by source together")
    assert "together" not in picture(report.flows()).counted
    alone = report.lifecycle("month")
    most = max(row.seen for row in alone.rows)
    grouped = picture(report.lifecycle("month", by="source")).counted
    assert grouped == f"at most {most} contacts seen in a month, all groups together"


def test_a_flow_that_goes_on_is_no_cut_word(report: Report) -> None:
    """Behind the last step drawn a name has an arrow, which is explained."""
    (sankey,) = report.flows().figure().data
    assert any(one.endswith(" →") for one in sankey.node.label)
    assert not any(one.endswith("…") for one in sankey.node.label)
    assert "; →: goes on" in words(report.flows().figure())


def test_referrals_are_openings_per_contact(report: Report) -> None:
    """No bare letter on the axis, and no count of rows in place of what is drawn."""
    drawn = picture(report.referrals())
    assert drawn.counted == "new per contact, 95% intervals"
    assert drawn.x is not None and drawn.x.title == "new per contact"


def test_names_of_weeks_do_not_run_together(report: Report) -> None:
    """A day is a long name: fewer of them are set below the bars."""
    for period in ("day", "week"):
        axis = picture(report.lifecycle(period)).x
        assert axis is not None and len(axis.ticks) <= 8


def test_each_rate_names_its_clock(report: Report) -> None:
    """What is counted from when, on the axes of every curve."""
    start = report.as_of - MONTH
    expected = [
        (report.recidivism(within=MONTH), "the departure", "returned"),
        (report.reengagement(within=MONTH), "the first outreach", "returned"),
        (report.coverage(within=MONTH), "the departure", "had a first outreach"),
        (report.reactivation(period=(start, report.as_of)), "the start of the period", "returned"),
        (report.relapse(within=MONTH), "the return", "departed again"),
        (report.conversion("lead", "customer", within=MONTH), "reaching lead", "reached customer"),
        (report.loyalty(within=MONTH), "the first purchase", "became a loyalist"),
        (report.recovery(within=MONTH), "the complaint", "purchased or advocated"),
        (report.departure_after_complaint(within=MONTH), "the complaint", "departed"),
        (report.holdout(within=MONTH), "the assignment", "returned"),
        (report.landmark(after=MONTH, within=MONTH), "the landmark", "returned"),
    ]
    for rate, since, event in expected:
        drawn = picture(rate, "curve")
        y = drawn.panels[0].y
        assert drawn.x is not None and drawn.x.title == f"days since {since}"
        assert isinstance(y, Axis) and y.title.startswith(f"share that {event} (by ")


def test_curves_are_called_what_they_are(report: Report) -> None:
    """The share in a legend is not the rate beside it, and says by whom it is."""
    figure = report.recidivism(within=MONTH, by="source").figure("curve")
    named = [one.name for one in figure.data if one.legendgroup]
    assert len(named) == 3 and all(one.endswith("% (KM)") for one in named)
    assert "(by Kaplan–Meier)" in words(figure)


def test_a_conversion_of_all_at_once_is_drawn(report: Report) -> None:
    """All are there from the first instant on, and that is known to the window's end."""
    rate = report.conversion("visitor", "lead", within=MONTH)
    assert rate.rate == 1
    assert rate.km.probability == 1 and not picture(rate).blank


def test_a_share_of_few_silences_is_not_drawn(report: Report) -> None:
    """The line ends there, and says so; the share asked for stands beside the axes."""
    answer = report.patience()
    drawn = picture(answer)
    assert drawn.counted.endswith("; each line ends where fewer than 10 were observed")
    many = evolve(
        answer,
        rows=tuple(
            evolve(row, steps=tuple(evolve(step, denominator=10) for step in row.steps))
            for row in answer.rows
        ),
    )
    assert "each line ends" not in picture(many).counted
    (level,) = [mark for mark in drawn.panels[0].marks if isinstance(mark, Rule)]
    assert (level.at, level.text) == (answer.below, ("10%", "asked for"))


def test_a_heat_map_of_everyone_and_of_nobody(report: Report) -> None:
    """Period 0 is grey, and no part of the scale; cohorts of nobody are counted, not drawn."""
    answer = report.retention("month")
    first, rest = cells(answer)
    assert first.most is None
    assert rest.most == max(share for line in rest.values for share in line if share is not None)
    empty = [row for row in answer.rows if not row.contacts]
    assert empty
    assert f"; {len(empty)} more, in which nobody opened, left out" in picture(answer).counted
    some = evolve(answer, rows=tuple(row for row in answer.rows if row.contacts))
    assert "left out" not in picture(some).counted


def test_some_are_not_none_in_a_heat_map(report: Report) -> None:
    """A share that would be rounded to 0% is below 1%."""
    answer = report.retention("month")
    rows = tuple(
        evolve(
            row,
            cells=tuple(
                evolve(one, share=None if one.share is None else 0.002) for one in row.cells
            ),
        )
        for row in answer.rows
    )
    _, rest = cells(evolve(answer, rows=rows))
    assert {one for line in rest.texts for one in line} == {"<1%", ""}


def test_bars_of_groups_say_of_what(report: Report) -> None:
    """The bars are of all that opened, the definition of the stage before: both stand there."""
    answer = report.funnel(by="source")
    drawn = picture(answer)
    told = "bars: share of all in the group that opened; beside them, of the stage before"
    assert drawn.x is not None and drawn.x.title == told
    beside = [text for bars in drawn.panels[0].marks if isinstance(bars, Bars)
              for text in bars.texts]  # fmt: skip
    for row, text in zip(answer.rows, beside, strict=True):
        said = " ".join(run.text for run in text)
        assert row.from_previous is None or f"{row.from_previous:.1%} (" in said


def test_what_is_said_at_length_is_on_several_lines(report: Report) -> None:
    """The words below the title do not run out of the picture, and push the axes down."""
    rate = report.holdout(within=MONTH)
    short, long = rate.figure(), evolve(rate, tenant="t" * 30, known_by=rate.as_of).figure()
    assert "<br>" not in short.layout.title.subtitle.text
    assert long.layout.title.subtitle.text.count("<br>") == 1
    assert long.layout.margin.t == short.layout.margin.t + 17
