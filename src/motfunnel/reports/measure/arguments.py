"""Cohorts, periods, windows and instants as users give them, read once for all questions.

Refuses what is none, and says what to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal

from motfunnel.domain.calendar import read_when
from motfunnel.domain.instant import (
    EARLIEST,
    Duration,
    When,
    format_duration,
    read_duration,
    utc,
)
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.clock import EVERYBODY, Cohort

CONFIDENCE: Final = 0.95
FRACTIONS: Final = frozenset(("confidence", "share", "baseline", "effect", "power"))
"""The arguments of questions that are shares of something."""
TEXTS: Final = frozenset(("how", "reason", "stage", "trial"))
"""Those that are names."""
LONGEST: Final = EARLIEST - datetime.min.replace(tzinfo=UTC)
"""The longest window: however early a question's instant is, the calendar goes back so far."""

Unit = Literal["contact", "episode"]
Bounds = tuple[When | None, When | None]
"""A cohort or a period as a user gives it, unread."""

Read = Callable[[str, When], datetime]
"""Reads an instant of a question, and is told what it is of."""


def read_instant(
    what: str, instant: When, zone: tzinfo = UTC, now: datetime | None = None
) -> datetime:
    """Read an instant; a text, where it is known what time it is.

    Raises:
        QuestionError: it is naive, or none.
    """
    try:
        if isinstance(instant, str) and now is not None:
            instant = read_when(instant, zone, now)
        return utc(instant)  # type: ignore[arg-type]  # says what to write in place of a text
    except ValueError as error:
        raise QuestionError(f"{what}: {error}") from None


def read_cohort(bounds: Bounds | None, read: Read = read_instant) -> Cohort:
    """Read the bounds of a cohort.

    Raises:
        QuestionError: a bound is not an instant, or nothing lies between them.
    """
    if bounds is None:
        return EVERYBODY
    try:
        first, last = bounds
    except (TypeError, ValueError):
        raise QuestionError("a stretch of time is two instants, or None for an open end") from None
    start, end = (None if b is None else read("the cohort", b) for b in (first, last))
    if start is not None and end is not None and start >= end:
        raise QuestionError("the cohort is empty: it ends before it begins")
    return (start, end)


def read_period(period: tuple[When, When], read: Read = read_instant) -> tuple[datetime, datetime]:
    """Read a period, of which both ends have to be given.

    Raises:
        QuestionError: an end is missing or no instant, or nothing lies between them.
    """
    start, end = read_cohort(period, read)
    if start is None or end is None:
        raise QuestionError("a period begins and ends; give two instants")
    return start, end


def read_window(
    within: Duration, what: str = "within", *, longest: timedelta = LONGEST
) -> timedelta:
    """Read a duration that is asked about.

    Args:
        within: as it was written.
        what: which argument it is.
        longest: what is refused beyond; of what only other durations are held against, nothing.

    Raises:
        QuestionError: it is none, below zero, or too long.
    """
    try:
        window = read_duration(within)
    except ValueError as error:
        raise QuestionError(f"{what}: {error}") from None
    if window < timedelta():
        raise QuestionError(f"{what} is {within!r}, which is below zero; write e.g. '90d'")
    if window > longest:
        said = f"the longest is {format_duration(longest)}, which is longer than any history"
        raise QuestionError(f"{what} is {within!r}; {said}")
    return window


def read_known_by(instant: datetime | None, now: datetime) -> datetime | None:
    """Read by when something had to be recorded to count; None: all does.

    Raises:
        QuestionError: it is naive, none, or yet to come.
    """
    if instant is None:
        return None
    given = read_instant("known_by", instant)
    if given > now:
        raise QuestionError(f"known_by {given.isoformat()} lies in the future")
    return given


def check_count(what: str, count: int) -> None:
    """Refuse what is not a count.

    Raises:
        QuestionError: it is not a whole number, or below 1.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise QuestionError(f"{what} is {count!r}; it must be a whole number, at least 1")


def check_kinds(asked: Mapping[str, object]) -> None:
    """Refuse arguments that are to be fractions or texts, and are none; and a confidence beyond.

    Raises:
        QuestionError: one is of another kind, or the confidence does not lie between 0 and 1.
    """
    for what in TEXTS & asked.keys():
        if asked[what] is not None and not isinstance(asked[what], str):
            raise QuestionError(f"{what} is {asked[what]!r}; it must be a text")
    for what in FRACTIONS & asked.keys():
        given = asked[what]
        if given is not None and (isinstance(given, bool) or not isinstance(given, int | float)):
            raise QuestionError(f"{what} is {given!r}; it must be a number, such as 0.95")
    sure = asked.get("confidence", CONFIDENCE)
    if not (isinstance(sure, int | float) and 0 < sure < 1 and 0.5 + sure / 2 < 1):
        raise QuestionError(f"confidence is {sure!r}; it lies between 0 and 1, as 0.95 does")
