"""What was written is said as it was read; a rounded zero has no sign, and large numbers commas."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

import pytest

from motfunnel.answers.cells import COUNT, Kind, cells
from motfunnel.domain.instant import format_duration, parse_duration
from motfunnel.errors import QuestionError
from motfunnel.reports.catalogue import CATALOGUE, Entry
from motfunnel.reports.report import Report
from tests.reports.drawn import put

each: Final = pytest.mark.parametrize("question", CATALOGUE.values(), ids=CATALOGUE)
_MINUS_NOTHING: Final = re.compile(r"-0(?:\.0+)?(?![\d.])")


def kinds_of(row: type) -> list[Kind]:
    """The kinds of numbers of a row, and of the rows in it."""
    found = list[Kind]()
    for one in cells(row).values():
        found += kinds_of(one.kind.row) if one.kind.row else [one.kind]
        found += [kind for _, kind, _ in one.kind.parts]
    return [one for one in found if one.name in ("number", "money")]


@each
def test_a_rounded_zero_has_no_sign(question: Entry) -> None:
    """Of whatever kind the number is; and thousands stand apart, as those of counts do."""
    for kind in kinds_of(question.answer.row_class):
        for least in (-1e-9, -0.0, *([Decimal("-0.000001")] if kind.name == "money" else [])):
            assert not _MINUS_NOTHING.search(kind.show(least)), kind
        if not kind.show(0.5).endswith("%") and kind.show(1e-9) != "<0.001":
            assert re.search(r"\d,\d{3}\b|^[+-]?\d{5,}\.0$", kind.show(12_345.0)), kind
    assert COUNT.show(12_345) == "12,345"


@each
def test_bare_minutes_are_said_aloud(question: Entry, report: Report) -> None:
    """``3m`` are no months; minutes that are called so, and days, need no word."""
    if "within" not in question.options:
        pytest.skip("it has no window")
    for said, is_noted in (("3m", True), ("3min", False), ("9d", False)):
        answer = put(question, report, within=said)
        assert any("months have no fixed length" in one for one in answer.remarks) == is_noted


@pytest.mark.parametrize(
    ("said", "days"), [("13w", 91), ("2 weeks", 14), ("90 days", 90), ("1 day", 1), ("48 hours", 2)]
)
def test_durations_as_one_says_them(said: str, days: int) -> None:
    """With weeks, and with the units written out; written back they are days."""
    assert parse_duration(said) == timedelta(days=days)
    assert format_duration(parse_duration(said)) == f"{days}d"


@pytest.mark.parametrize("said", ["3 months", "1y", "3mo", "90", "d", "-3d"])
def test_what_has_no_fixed_length_is_no_duration(said: str) -> None:
    """And the error says so."""
    with pytest.raises(ValueError, match="months and years have no fixed length"):
        parse_duration(said)


@pytest.mark.parametrize("by", ["seats:a,b", "seats:1,b", "trait:seats:b,1", "property:a:b:c,d"])
def test_bands_that_are_no_numbers_are_refused(report: Report, by: str) -> None:
    """Instead of a trait of that name, of which nothing is known."""
    with pytest.raises(QuestionError, match=r"bands are numbers.*seats:1,5,20"):
        report.recidivism(within="9d", by=by)


def test_a_look_at_every_time_says_what_is_not_given(report: Report) -> None:
    """The dashes below p are explained where they stand."""
    told = str(report.holdout(within="9d", effect=0.1, sequential=True))
    assert "log-rank is left out, for its p holds for a single look" in " ".join(told.split())
