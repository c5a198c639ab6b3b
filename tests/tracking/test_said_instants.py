"""Instants as one says them, wherever a tracker is asked as of one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motfunnel import AsyncTracker, Funnel, Tracker, leave, touch
from motfunnel.answers.answer import Answer
from motfunnel.errors import QuestionError
from motfunnel.intake import import_file

NOW = datetime(2025, 6, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "went": leave()},
    patience={"default": "20d"},
)
SAID = {
    "now": NOW,
    "yesterday": datetime(2025, 6, 10, tzinfo=UTC),
    "-30d": NOW - 30 * DAY,
    "-36h": NOW - 1.5 * DAY,
    "2025-05": datetime(2025, 5, 1, tzinfo=UTC),
    "2025-W20": datetime(2025, 5, 12, tzinfo=UTC),
    "2025-05-07": datetime(2025, 5, 7, tzinfo=UTC),
}


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """Ada came three times, the last time a week ago."""
    with Tracker("sqlite://", funnel=FUNNEL, clock=lambda: NOW) as tracker:
        for back in (60, 38, 7):
            tracker.track("ada", "came", occurred_at=NOW - back * DAY)
        yield tracker


@pytest.mark.parametrize("said", SAID)
def test_a_text_is_the_instant_that_it_says(tracker: Tracker, said: str) -> None:
    """A story, the moments and a report as of a text are those as of its instant."""
    at = SAID[said]
    assert tracker.as_of(said) == at == tracker.report(as_of=said).as_of
    assert tracker.contact("ada", as_of=said) == tracker.contact("ada", as_of=at)
    assert tracker.moments(as_of=said) == tracker.moments(as_of=at)


def test_since_counts_back_from_the_instant_that_is_asked_about(tracker: Tracker) -> None:
    """As the cohort of a report does."""
    made = [one.occurred_at for one in tracker.moments()]
    assert len(made) == 5
    assert tracker.moments(since="-10d") == [
        m for m in tracker.moments() if m.occurred_at > NOW - 10 * DAY
    ]
    before = tracker.moments(since="-30d", as_of="-30d")
    assert [NOW - m.occurred_at for m in before] == [60 * DAY, 40 * DAY, 38 * DAY]


def test_a_sweep_is_as_of_a_text(tracker: Tracker) -> None:
    """Nothing has run out a day ago that had not then."""
    assert tracker.sweep(as_of="-12h") == 0
    assert tracker.contact("ada", as_of="-20d").presence == "active"


def test_under_asyncio_too() -> None:
    """The same texts."""

    async def ask() -> tuple[str, int]:
        async with AsyncTracker("sqlite+aiosqlite://", funnel=FUNNEL, clock=lambda: NOW) as tracker:
            await tracker.track("ada", "came", occurred_at=NOW - 7 * DAY)
            profile = await tracker.contact("ada", as_of="-10d")
            return profile.presence, len(await tracker.moments(since="-10d"))

    assert asyncio.run(ask()) == ("unknown", 1)


@pytest.mark.parametrize("said", ["tomorrow", "2025-13", "30d", "", "2026"])
def test_what_is_no_instant_is_refused(tracker: Tracker, said: str) -> None:
    """With what to write; one that is yet to come is refused too."""
    for ask in (tracker.contact, tracker.moments):
        with pytest.raises(QuestionError, match="as_of"):
            ask("ada", as_of=said)


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Tracker]:
    """The same, imported; the newest event is of a week ago, and nothing has come in since."""
    lines = [
        json.dumps({"contact": "ada", "event": "came", "at": (NOW - back * DAY).isoformat()})
        for back in (60, 38, 7)
    ]
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(lines))
    with Tracker("sqlite://", funnel=FUNNEL, clock=lambda: NOW) as tracker:
        import_file(tracker, file)
        yield tracker


@given(back=st.integers(1, 50), unit=st.sampled_from("dh"))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_finished_history_is_asked_back_from_its_end(
    imported: Tracker, back: int, unit: str
) -> None:
    """A text that goes back does so from the instant that stands where none is named."""
    length = back * {"d": DAY, "h": DAY / 24}[unit]
    at = imported.as_of(None) - length
    assert imported.as_of(f"-{back}{unit}") == at
    assert imported.report(as_of=f"-{back}{unit}").as_of == at


def test_the_day_of_a_finished_history_is_its_last(imported: Tracker) -> None:
    """But now is now."""
    assert imported.as_of(None) == NOW - 7 * DAY
    assert imported.as_of("today") == datetime(2025, 6, 4, tzinfo=UTC)
    assert imported.report(as_of="yesterday").as_of == datetime(2025, 6, 3, tzinfo=UTC)
    assert imported.as_of("now") == NOW


@pytest.mark.parametrize("said", [None, "-1d", "2025-06-02"])
def test_what_nobody_observed_is_not_told_where_none_is_asked_about(
    imported: Tracker, tracker: Tracker, said: str | None
) -> None:
    """Neither of a history that goes on."""
    for asked in (imported, tracker):
        assert not _unobserved(asked.report(as_of=said).growth("month"))


@pytest.mark.parametrize("said", ["now", "2025-06-09", NOW - DAY])
def test_what_nobody_observed_is_told(imported: Tracker, said: str | datetime) -> None:
    """Every answer says where the history ends, if it is asked as of a later instant."""
    assert _unobserved(imported.report(as_of=said).growth("month")) == [
        "the newest event that was imported is of 2025-06-04: what came later nobody knows, and "
        "here it counts as silence"
    ]


def _unobserved(answer: Answer[Any]) -> list[str]:
    return [one for one in answer.remarks if "newest event" in one]
