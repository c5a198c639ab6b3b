"""Published cases of funnels, asked of ours; counts, shares and times as the sources have them.

PostHog's are of ``posthog/hogql_queries/insights/funnels/test/`` and its predecessors in
PostHog/posthog, ClickHouse's of ``tests/queries/0_stateless/00632_aggregation_window_funnel`` in
ClickHouse/ClickHouse.

Ours differ in two ways. A stage is reached by a leap to a higher one too, so that a skipped step
counts as made and steps in another order are made at once; there, who does not take a step goes no
further. And a window begins when its start was first reached, once; there with any later try too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, reach, touch
from motfunnel.domain.instant import MICROSECOND
from motfunnel.statistics import SurvivalCurve

NOW = datetime(2024, 1, 1, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
Journeys = Mapping[str, Sequence[tuple[str, datetime]]]


def on(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type, misc]


def follow(engine: Engine, steps: Sequence[str], journeys: Journeys) -> Tracker:
    """A tracker of a new tenant whose funnel has these steps, with these journeys."""
    rules = {step: reach(step) if n else touch() for n, step in enumerate(steps)}
    funnel = Funnel(stages=tuple(steps), rules=rules, patience={"default": None})
    tracker = Tracker(engine, funnel, tenant=uuid4().hex, clock=lambda: NOW)
    tracker.track_many(
        {"contact": who, "event": event, "occurred_at": at}
        for who, journey in journeys.items()
        for event, at in journey
    )
    return tracker


def reached(tracker: Tracker, within: timedelta | None = None) -> list[int]:
    """How many contacts reached each stage, or made the step to it in the window."""
    rows = tracker.report().funnel(within=within).rows
    return [row.contacts if row.numerator is None else row.numerator for row in rows]


def test_basic_funnel_default_funnel_days(shared_engine: Engine) -> None:
    """PostHog test_basic_funnel_default_funnel_days: paid on the eighth day of a window of 14."""
    journeys = {"user_1": [("signed up", on(2020, 1, 2, 14)), ("paid", on(2020, 1, 10, 14))]}
    tracker = follow(shared_engine, ("signed up", "paid"), journeys)
    assert reached(tracker, timedelta(days=14)) == [1, 1]


def test_advanced_funnel_with_steps_in_order(shared_engine: Engine) -> None:
    """PostHog test_advanced_funnel_with_repeat_steps, its n-th page view as the n-th step."""
    start, steps = on(2021, 5, 1), ("signed up", "view 1", "view 2", "view 3", "view 4")
    journeys = {
        f"stopped after {steps[n]}": [(step, start + k * HOUR) for k, step in enumerate(steps)][
            : n + 1
        ]
        for n in range(5)
    }
    tracker = follow(shared_engine, steps, journeys)
    assert reached(tracker) == [5, 4, 3, 2, 1]
    rows = tracker.report().funnel().rows
    assert [row.losses.dropped for row in rows] == [1, 1, 1, 1, None]
    assert tracker.report().funnel().members(rows[4]) == ["stopped after view 4"]


def test_funnel_events(shared_engine: Engine) -> None:
    """PostHog test_funnel_events: 4 signed up, 2 paid, 1 watched a movie.

    Two of its people leap, so that ours counts them further: who only watched a movie, and who paid
    before signing up. Without them the counts are the same.
    """
    a, b, c = (on(2021, 5, 1, n) for n in (1, 2, 3))
    in_order = {
        "stopped_after_signup": [("signed up", a)],
        "stopped_after_pay": [("signed up", a), ("paid", b)],
        "had_anonymous_id": [("signed up", a)],
        "completed_movie": [("paid", b), ("watched", c)],
    }
    leaping = {
        "just_did_movie": [("watched", a)],
        "wrong_order": [("paid", a), ("signed up", b), ("watched", c)],
    }
    steps = ("signed up", "paid", "watched")
    tracker = follow(shared_engine, steps, in_order)
    tracker.merge("had_anonymous_id", into="completed_movie")
    without_wrong_order = 4 - 1
    assert reached(tracker) == [without_wrong_order, 2, 1]
    tracker = follow(shared_engine, steps, in_order | leaping)
    tracker.merge("had_anonymous_id", into="completed_movie")
    assert reached(tracker) == [3 + 2, 2 + 2, 1 + 2]


def test_funnel_of_a_site(shared_engine: Engine) -> None:
    """Plausible Analytics, funnels_test.exs: the shares of all and of the step before, and losses.

    There who falls off is told at the step that it did not make, here at the one it stopped at; and
    where there are no visits yet its shares are 0, ours None.
    """
    steps = ("visit blog", "signup", "visit checkout")
    start = on(2023, 1, 1)
    journeys: Journeys = {
        "999": [("irrelevant page", start)],
        "123": [(step, start + n * MINUTE) for n, step in enumerate(steps)],
        "666": [(step, start + n * MINUTE) for n, step in enumerate(steps[:2])],
    }
    rows = follow(shared_engine, steps, journeys).report(as_of=start + HOUR).funnel().rows
    assert [row.contacts for row in rows] == [2, 2, 1]
    assert [row.from_first for row in rows] == [1.0, 1.0, 0.5]
    assert [row.from_previous for row in rows] == [None, 1.0, 0.5]
    assert [(row.losses.dropped, row.losses.drop_off) for row in rows] == [
        (0, 0.0),
        (1, 0.5),
        (None, None),
    ]
    empty = follow(shared_engine, steps, {}).report().funnel().rows
    assert [(row.contacts, row.from_first, row.from_previous) for row in empty] == [
        (0, None, None)
    ] * 3


def test_funnel_with_multiple_incomplete_tries(shared_engine: Engine) -> None:
    """PostHog test_funnel_with_multiple_incomplete_tries: later tries do not change the time."""
    times = [(1, 1, 2, 3), (3, 4, 5), (4, 7, 10)]
    steps = ("signed up", "viewed", "something else")
    journey = [
        (step, on(2021, 5, date, hour))
        for date, *hours in times
        for step, hour in zip(steps, hours, strict=False)
    ]
    tracker = follow(shared_engine, steps, {"person1": journey})
    assert reached(tracker, timedelta(days=1)) == [1, 1, 1]
    assert tracker.report().funnel().rows[1].median == 3600 * SECOND


def test_funnel_step_conversion_times(shared_engine: Engine) -> None:
    """PostHog test_funnel_step_conversion_times: the median time of each step."""
    journeys = {
        "person1": [("sign up", on(2020, 1, 1, 12)), ("play", on(2020, 1, 1, 13)),
                    ("buy", on(2020, 1, 1, 15))],
        "person2": [("sign up", on(2020, 1, 2, 14)), ("play", on(2020, 1, 2, 16))],
        "person3": [("sign up", on(2020, 1, 2, 14)), ("play", on(2020, 1, 2, 16)),
                    ("buy", on(2020, 1, 2, 17))],
    }  # fmt: skip
    tracker = follow(shared_engine, ("sign up", "play", "buy"), journeys)
    assert reached(tracker, timedelta(days=7)) == [3, 3, 2]
    medians = [row.median for row in tracker.report().funnel(within=timedelta(days=7)).rows]
    assert medians == [None, 7200 * SECOND, 5400 * SECOND]


def test_funnel_times_with_different_conversion_windows(shared_engine: Engine) -> None:
    """PostHog test_funnel_times_with_different_conversion_windows: a window holds its edge."""
    journeys = {
        "signup1": [("signed up", on(2020, 1, 2, 14)), ("viewed", on(2020, 1, 2, 14, 5))],
        "signup2": [("signed up", on(2020, 1, 2, 14, 3))],
        "signup3": [("signed up", on(2020, 1, 2, 12)), ("viewed", on(2020, 1, 2, 12, 15))],
    }
    tracker = follow(shared_engine, ("signed up", "viewed"), journeys)
    answer = tracker.report().funnel(within=timedelta(days=14))
    assert reached(tracker, timedelta(days=14)) == [3, 2]
    assert answer.rows[1].median == 600 * SECOND  # of two: their mean
    assert answer.members(answer.rows[1], "numerator") == ["signup1", "signup3"]
    answer = tracker.report().funnel(within=5 * MINUTE)
    assert reached(tracker, 5 * MINUTE) == [3, 1]
    assert answer.members(answer.rows[1], "numerator") == ["signup1"]
    assert reached(tracker, 5 * MINUTE - MICROSECOND) == [3, 0]


def test_time_to_convert(shared_engine: Engine) -> None:
    """PostHog test_auto_bin_count_single_step: 2,220, 3,600 and 82,800 s, on average 29,540."""
    journeys = {
        "user a": [("one", on(2021, 6, 8, 18)), ("two", on(2021, 6, 8, 19)),
                   ("three", on(2021, 6, 8, 21))],
        "user b": [("one", on(2021, 6, 9, 13)), ("two", on(2021, 6, 9, 13, 37))],
        "user c": [("one", on(2021, 6, 11, 7)), ("two", on(2021, 6, 12, 6))],
    }  # fmt: skip
    tracker = follow(shared_engine, ("one", "two", "three"), journeys)
    rate = tracker.report().conversion("one", "two", within=timedelta(days=7))
    curve = rate.km.curve
    assert isinstance(curve, SurvivalCurve)
    assert [step.time // 1_000_000 for step in curve.steps()] == [2_220, 3_600, 82_800]
    mean = curve.restricted_mean(82_800 * SECOND // MICROSECOND)  # by then all have converted
    assert mean is not None and mean.value / 1_000_000 == pytest.approx(29_540)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (timedelta(days=7), [(3, 3), (0, 2), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0)]),
        (timedelta(days=1), [(1, 3), (0, 2), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0)]),
    ],
)
def test_trends(
    shared_engine: Engine, window: timedelta, expected: Sequence[tuple[int, int]]
) -> None:
    """PostHog test_all_results_for_day_interval and test_window_size_one_day: a cohort a day.

    Where nobody started, its rate is 0; ours is None.
    """
    steps = ("step one", "step two", "step three")

    def starting(hour: int, *dates: int) -> Sequence[tuple[str, datetime]]:
        return [(s, on(2021, 5, d, hour)) for s, d in zip(steps, dates, strict=False)]

    journeys: Journeys = {
        "user_one": starting(0, 1, 3, 5),
        "user_two": starting(0, 2, 4),
        "user_three": starting(0, 6),
        "user_four": [("step none", on(2021, 5, 6))],
        "user_five": [(s, on(2021, 5, 1, n + 1)) for n, s in enumerate(steps)],
        "user_six": starting(0, 1, 3, 5),
        "user_seven": starting(0, 2, 4),
    }
    report = follow(shared_engine, steps, journeys).report()
    for date, (to, since) in enumerate(expected, 1):
        day = (on(2021, 5, date), on(2021, 5, date + 1))
        rate = report.conversion("step one", "step three", within=window, reached=day)
        assert (rate.numerator, rate.denominator) == (to, since)
        assert rate.rate == (pytest.approx(to / since) if since else None)


SECONDS = {str(1000 + n): n for n in range(9)}
CHAIN = ("1003", "1004", "1005", "1006", "1007")


@pytest.mark.parametrize(
    ("window", "chain", "level"),
    [
        (10000, ("1000", "1001"), 2),
        (10000, ("1000", "1001", "1002"), 3),
        (10000, ("1000", "1001", "1002", "1008"), 4),
        (2, CHAIN, 3),
        (3, CHAIN, 4),
        (4, CHAIN, 5),
    ],
)
def test_window_funnel(
    shared_engine: Engine, window: int, chain: Sequence[str], level: int
) -> None:
    """ClickHouse windowFunnel: the window is one, from the first step on, and its edge is in it."""
    journey = [(event, on(2018, 1, 1) + n * SECOND) for event, n in SECONDS.items()]
    report = follow(shared_engine, chain, {"1": journey}).report()
    made = [
        report.conversion(chain[0], goal, within=window * SECOND).numerator for goal in chain[1:]
    ]
    assert 1 + sum(made) == level
    assert made == sorted(made, reverse=True)


def test_window_funnel_at_one_instant(shared_engine: Engine) -> None:
    """ClickHouse windowFunnel without strict_increase: steps at the same second are in order."""
    times = {"1000": 0, "1001": 1, "1002": 1, "1003": 1, "1004": 2}
    journey = [(event, on(2018, 1, 1) + n * SECOND) for event, n in reversed(times.items())]
    tracker = follow(shared_engine, tuple(times), {"1": journey})
    assert reached(tracker) == [1] * 5
    medians = [row.median for row in tracker.report().funnel().rows]
    assert medians == [None, SECOND, timedelta(), timedelta(), SECOND]


def test_window_funnel_strict_order(shared_engine: Engine) -> None:
    """ClickHouse funnel_test_strict_order, by default: whatever comes between does not matter.

    Its sixth user goes backwards and reaches level 1 there; here the first step is a leap to 3.
    """
    told = {"1": "abc", "2": "adbc", "3": "aabbcc", "4": "aaaabbcc", "5": "aabbdcc", "6": "ccbbaa"}
    journeys = {
        user: [(event, on(2018, 1, 1) + n * SECOND) for n, event in enumerate(events, 1)]
        for user, events in told.items()
    }
    tracker = follow(shared_engine, ("a", "b", "c"), journeys)
    answer = tracker.report().funnel()
    assert answer.members(answer.rows[2]) == ["1", "2", "3", "4", "5", "6"]
    assert reached(tracker, 86400 * SECOND) == [6, 6, 6]
    spans = {"1": 1, "2": 1, "3": 2, "4": 2, "5": 3, "6": 0}
    for window in range(4):
        rate = tracker.report().conversion("b", "c", within=window * SECOND)
        assert rate.members() == sorted(user for user, span in spans.items() if span <= window)
