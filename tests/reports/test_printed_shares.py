"""No share is printed alone: beside it stand its interval and the counts that it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker
from motfunnel.domain.signal import Signal
from motfunnel.reports.report import Report
from tests.reports.drawn import AS_OF, FUNNEL, make_tracker

MONTH = timedelta(days=30)
SHARE = re.compile(r"-?[\d.]+%")
INTERVAL = re.compile(r"[\d.]+–[\d.]+%|–")
COUNT = re.compile(r"[\d,]+|–")
NO_SHARES = {"too recent"}  # itself what stands beside a share
ASKED: dict[str, Any] = {
    "recidivism": {"within": MONTH, "by": "stage"},
    "funnel": {"within": MONTH},
    "flows": {"stepwise": False},
    "touchpoints": {"by": "branch"},
    "journey_map": {},
    "complaints": {},
    "worklist": {},
    "patience": {},
    "simulate": {"other_funnel": Funnel(stages=FUNNEL.stages, rules=FUNNEL.rules)},
}

RETAINED = [
    (0, 200, "0"),
    (1, 201, "<1"),
    (1, 200, "<1"),
    (1, 199, "1"),
    (199, 200, "99"),
    (200, 200, "100"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """A report on a history with something for each of them."""
    folder = tmp_path_factory.mktemp("printed")
    with make_tracker(f"sqlite:///{folder / 'store.db'}") as tracker:
        yield tracker.report(as_of=AS_OF)


@pytest.mark.parametrize("name", ASKED)
def test_a_share_stands_beside_its_interval_and_counts(report: Report, name: str) -> None:
    """Right of each share its interval; in the same line, counts."""
    shares = 0
    for _, header, rows in getattr(report, name)(**ASKED[name]).tables():
        for row in rows:
            for n, text in enumerate(row):
                if SHARE.fullmatch(text) and header[n] not in NO_SHARES:
                    shares += 1
                    assert header[n + 1] == "95%" and INTERVAL.fullmatch(row[n + 1]), header
                    assert any(map(COUNT.fullmatch, [*row[1:n], *row[n + 2 :]])), header
    assert shares


def test_the_steps_of_a_funnel_are_printed_with_who_made_them(report: Report) -> None:
    """Of the stage before: so many of so many, and for so many it is too early."""
    answer = report.funnel(within=MONTH)
    _, steps, dropped, departed = answer.tables()
    assert steps[1] == ["stage", "of previous", "95%", "counted", "of", "too recent"]
    for row, line in zip(answer.rows[1:], steps[2][1:], strict=True):
        assert line[3:] == [str(row.numerator), str(row.denominator), str(row.immature)]
    first = answer.rows[0]
    assert dropped[2][0][3:] == [str(first.losses.dropped), str(first.contacts)]
    assert departed[2][0][3:] == [str(first.losses.returned), str(first.losses.departed)]
    share, lost = first.losses.drop_off, first.losses.drop_off_interval
    assert share is not None and lost is not None and share in lost
    assert first.from_first_interval is None and answer.rows[1].from_first_interval is not None


def test_a_simulation_says_what_is_immature(report: Report) -> None:
    """The return rates by two funnels stand beside what is not observed for the whole window."""
    answer = report.simulate(**ASKED["simulate"], within=MONTH)
    expected = report.recidivism(within=MONTH)
    row, _ = answer.recidivism
    assert (row.numerator, row.denominator) == (expected.numerator, expected.denominator)
    early = expected.immature, expected.row.immature_count
    assert (row.immature, row.immature_count) == early
    assert "too recent" in str(answer)


def test_retention_is_printed_with_counts_and_intervals(report: Report) -> None:
    """Below the shares the counts, and below these the intervals, each in its cohort's line."""
    answer = report.retention("month")
    shares, counts, intervals = answer.tables()
    cell, line = answer.rows[0].cells[1], 0
    assert cell.interval is not None and cell.share is not None
    assert counts[2][line][3] == str(cell.retained)
    assert shares[2][line][3] == f"{cell.share * 100:.0f}"
    ends = f"{cell.interval.lower * 100:.0f}–{cell.interval.upper * 100:.0f}"
    assert intervals[2][line][3] == ends


def test_the_curve_is_called_what_it_is_by(report: Report) -> None:
    """By Kaplan–Meier where nothing competes, by Aalen–Johansen where something does."""
    plain, competing = report.recidivism(within=MONTH), report.coverage(within=MONTH)
    told, other = plain.to_text(detail=True), competing.to_text(detail=True)
    assert "By Kaplan–Meier" in told and "Aalen–Johansen" not in told
    assert "By Aalen–Johansen" in other and "Kaplan–Meier" not in other
    assert " AJ " in other


def test_the_curve_is_printed_where_detail_is_asked_for(report: Report) -> None:
    """The number leads; but for the curve, what is printed is the same."""
    each: list[dict[str, Any]] = [{}, {"by": "stage"}, {"per": "month"}]
    for asked in each:
        answer = report.recidivism(within=MONTH, **asked)
        first, all_of_it = str(answer).split("\n\n"), answer.to_text(detail=True).split("\n\n")
        left_out = [part for part in all_of_it if part not in first]
        assert len(left_out) == 1 and left_out[0].startswith("By Kaplan–Meier")
        assert first == [part for part in all_of_it if part not in left_out]
        assert answer.definition in " ".join(first[-1].split())


def test_groups_with_another_estimator_are_named(report: Report) -> None:
    """Where something competes in some groups only, these are told from the others."""
    answer = report.coverage(within=MONTH, by="stage")
    told = " ".join(answer.to_text(detail=True).split())
    used = [type(row.km.curve).__name__ for row in answer.rows]
    if len(set(used)) > 1:
        assert "By Kaplan–Meier, and by Aalen–Johansen in" in told
    else:
        assert "and by Aalen" not in told


@pytest.mark.parametrize(("counted", "of", "printed"), RETAINED)
def test_what_is_kept_is_printed_as_nobody_or_all_only_where_it_is_so(
    shared_engine: Engine, counted: int, of: int, printed: str
) -> None:
    """A share between is 1% at least, or less than that, and 99% at most."""
    now = AS_OF + timedelta(days=3)
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: now)
    name = next(name for name, rules in FUNNEL.rules.items() if rules[0].signal is Signal.TOUCH)
    events = [{"contact": f"c{n}", "event": name, "occurred_at": AS_OF} for n in range(of)]
    later = AS_OF + timedelta(days=1)
    tracker.track_many([*events, *(one | {"occurred_at": later} for one in events[:counted])])
    _, _, rows = next(tracker.report().retention("day").tables())
    assert rows[0][3] == printed
