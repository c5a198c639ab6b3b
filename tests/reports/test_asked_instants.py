"""Instants as one says them: the same as a datetime, in the zone of the question."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, Tracker, touch
from motfunnel.domain.calendar import UNITS, Calendar, read_when, say_when
from motfunnel.errors import QuestionError

ZONE = "Europe/Berlin"
BERLIN = ZoneInfo(ZONE)
NOW = datetime(2025, 6, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """One who comes each fortnight, and is silent for too long each time."""
    funnel = Funnel(stages=("a", "b"), rules={"came": touch()}, patience={"default": "5d"})
    with Tracker("sqlite://", funnel, clock=lambda: NOW) as tracker:
        for n in range(20):
            tracker.track("ada", "came", occurred_at=NOW - n * 14 * DAY, id=str(n))
        yield tracker


SAID: dict[str, datetime] = {
    "now": NOW,
    "today": datetime(2025, 6, 11, tzinfo=BERLIN),
    "yesterday": datetime(2025, 6, 10, tzinfo=BERLIN),
    "-90d": NOW - 90 * DAY,
    "-36h": NOW - timedelta(hours=36),
    "2025": datetime(2025, 1, 1, tzinfo=BERLIN),
    "2025-03": datetime(2025, 3, 1, tzinfo=BERLIN),
    "2025-Q2": datetime(2025, 4, 1, tzinfo=BERLIN),
    "2025-W09": datetime(2025, 2, 24, tzinfo=BERLIN),
    "2025-04-01": datetime(2025, 4, 1, tzinfo=BERLIN),
    "2025-04-01T10:00": datetime(2025, 4, 1, 10, tzinfo=BERLIN),
    "2025-04-01T10:00:00Z": datetime(2025, 4, 1, 10, tzinfo=UTC),
}


@pytest.mark.parametrize("text", SAID)
def test_a_text_is_the_instant(tracker: Tracker, text: str) -> None:
    """As of it, known by it, and as either end of a cohort or of the periods shown."""
    at = SAID[text]
    assert tracker.report(as_of=text, timezone=ZONE).as_of == at
    assert tracker.report(as_of=NOW, known_by=text, timezone=ZONE).known_by == at
    report = tracker.report(timezone=ZONE)
    for bounds in ((text, None), (None, text)):
        said = report.recidivism(within="9d", departed=bounds, unit="episode")
        meant: Any = tuple(None if one is None else at for one in bounds)
        asked: dict[str, Any] = {"within": "9d", "unit": "episode"}
        assert said.to_dict() == report.recidivism(departed=meant, **asked).to_dict()
    told = report.growth("day", since=text, until="2025-06-12").to_dict()
    assert told == report.growth("day", since=at, until=date(2025, 6, 12)).to_dict()


def test_back_is_from_the_instant_of_the_question(tracker: Tracker) -> None:
    """A cohort of the last days is that before the instant of the report, whatever time it is."""
    report = tracker.report(as_of="2025-03", timezone=ZONE)
    assert report.recidivism(within="9d", departed=("-60d", None)).cohort[0] == (
        datetime(2025, 3, 1, tzinfo=BERLIN) - 60 * DAY
    )


@pytest.mark.parametrize(
    "text", ["", "soon", "-90", "2025-13", "2025-W60", "2025-Q5", "01/02/2025"]
)
def test_what_is_no_instant_says_what_is(tracker: Tracker, text: str) -> None:
    """With the forms that there are, wherever it is written."""
    with pytest.raises(QuestionError, match=r"as_of: .* is no instant; write e.g. 2025-01-31"):
        tracker.report(as_of=text)
    with pytest.raises(QuestionError, match=r"the cohort: .* is no instant"):
        tracker.report().recidivism(within="9d", departed=(text, None))
    with pytest.raises(QuestionError, match=r"since: .* is no instant"):
        tracker.report().growth(since=text)
    with pytest.raises(QuestionError, match="lies in the future"):
        tracker.report(as_of="2026")


@given(
    unit=st.sampled_from(UNITS),
    zone=st.sampled_from(["UTC", ZONE, "America/Sao_Paulo", "Pacific/Apia"]),
    day=st.dates(date(1990, 1, 1), date(2030, 1, 1)),
)
def test_what_a_period_is_called_is_its_beginning(unit: str, zone: str, day: date) -> None:
    """Whatever is printed can be asked for again."""
    period = next(Calendar(zone=ZoneInfo(zone), unit=unit).periods_from(day))
    assert read_when(period.name, ZoneInfo(zone), NOW) == period.starts_at
    assert (say_when(period.name, ZoneInfo(zone), NOW) is None) == (unit == "day")
