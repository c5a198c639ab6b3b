"""Windowed rates by calendar period, held against counting each period by hand from the events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import hypot, sqrt
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.answers.answer import picture
from motfunnel.domain.event import Event
from motfunnel.reports.measure.trend import Trend, TrendRow
from tests.oracle import Story
from tests.reports.brute_force import expected_rows
from tests.reports.test_windowed import KINDS, OF_CONTACTS, told, track_all
from tests.strategies import HOUR, NEVER, START, instants
from tests.strategies import make_funnel as funnel_of

DAY = timedelta(days=1)
ZONE = "Asia/Kolkata"
RATES = [kind for kind in KINDS if kind != "reactivation"]
PARTS = (("numerator", "n"), ("denominator", "of"), ("immature_count", "immature"))


@settings(max_examples=settings().max_examples // 4)
@given(told=told(), as_of=instants(12), data=st.data())
def test_each_period_is_a_cohort_of_its_own(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, data: st.DataObject
) -> None:
    """Counts and names of each day and group are those of a rate of that day alone."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    for kind in data.draw(st.lists(st.sampled_from(RATES), min_size=2, max_size=2, unique=True)):
        by = data.draw(st.sampled_from([None, "source", "plan"]))
        unit = data.draw(st.sampled_from(["contact", "episode"]))
        asked: dict[str, Any] = {"within": 2 * HOUR, "by": by, "per": "day"}
        hand: dict[str, Any] = {"within": 2 * HOUR, "by": by, "unit": "contact"}
        if kind not in OF_CONTACTS:
            asked["unit"] = hand["unit"] = unit
        if kind == "conversion":
            ends = {"start": story["stages"][0], "goal": story["stages"][-1]}
            asked, hand = asked | ends, hand | ends
        report = tracker.report(as_of=as_of, timezone=ZONE)
        answer = getattr(report, kind)(**asked)
        assert isinstance(answer, Trend)
        check(answer, kind, events, story, as_of, hand)


def check(
    answer: Trend,
    kind: str,
    events: list[Event],
    story: Story,
    as_of: datetime,
    hand: dict[str, Any],
) -> None:
    """Each row is what a rate of its day counts, and every start lies in one of them."""
    whole = expected_rows(kind, events, story, as_of, cohort=(None, None), **hand)
    assert {row.group for row in answer.rows} == {
        group for group, one in whole.items() if one["of"] + one["immature"]
    }
    by_day: dict[datetime, dict[str | None, Any]] = {}
    for group in {row.group for row in answer.rows}:
        rows = [row for row in answer.rows if row.group == group]
        for row in rows:
            day = (row.starts_at, row.ends_at)
            assert row.starts_at == datetime.combine(
                row.starts_on, datetime.min.time(), ZoneInfo(ZONE)
            )
            if row.starts_at not in by_day:
                found = expected_rows(kind, events, story, as_of, cohort=day, **hand)
                by_day[row.starts_at] = found
            right = by_day[row.starts_at].get(group, {"n": 0, "of": 0, "immature": 0})
            for name, part in PARTS:
                assert getattr(row, name) == right[part], (name, row)
            assert answer.members(row, "numerator") == sorted(right.get("members", []))
            is_over = row.ends_at - timedelta(microseconds=1) <= as_of
            assert row.unfinished == (not is_over or right["immature"] > 0)
        assert all(a.ends_at == b.starts_at for a, b in pairwise(rows))
        assert rows[-1].ends_at > as_of >= rows[-1].starts_at


def wilson(n: int, of: int) -> tuple[float, float, float]:
    z, p = 1.959963984540054, n / of
    middle, spread = p + z * z / 2 / of, z * sqrt(p * (1 - p) / of + z * z / 4 / of / of)
    return p, (middle - spread) / (1 + z * z / of), (middle + spread) / (1 + z * z / of)


@pytest.fixture
def tracker() -> Tracker:
    """Ten leave in each of four months; the one after the other more of them come back."""
    now = datetime(2025, 5, 10, tzinfo=UTC)
    funnel = Funnel(
        stages=("visitor", "customer"),
        rules={"came": touch(), "left": leave()},
        patience={"default": None},
    )
    tracker = Tracker("sqlite://", funnel, clock=lambda: now)
    for month in range(1, 5):
        for n in range(10):
            at, contact = datetime(2025, month, 15, tzinfo=UTC), f"c{month}-{n}"
            tracker.track(contact, "came", occurred_at=at - DAY, id="1")
            tracker.track(contact, "left", occurred_at=at, id="2")
            if n < 2 * month:
                tracker.track(contact, "came", occurred_at=at + DAY, id="3")
    return tracker


def test_the_change_is_newcombes(tracker: Tracker) -> None:
    """From the month before, with its interval; of the first there is none."""
    answer = tracker.report().recidivism(within="20d", per="month")
    assert isinstance(answer, Trend)
    rows = answer.rows
    assert [row.rate for row in rows] == [0.2, 0.4, 0.6, 0.8, None]
    assert rows[0].change is None and rows[0].change_interval is None
    for before, row in pairwise(rows[:4]):
        p, low, high = wilson(row.numerator, row.denominator)
        q, below, above = wilson(before.numerator, before.denominator)
        assert row.change == pytest.approx(p - q) and row.change_interval is not None
        assert row.change_interval.lower == pytest.approx(p - q - hypot(p - low, above - q))
        assert row.change_interval.upper == pytest.approx(p - q + hypot(high - p, q - below))
    assert rows[4].change is None
    assert [row.unfinished for row in rows] == [False, False, False, False, True]
    later = tracker.report().recidivism(within="30d", per="month")
    assert [row.unfinished for row in later.rows if isinstance(row, TrendRow)] == [
        *([False] * 3),
        True,
        True,
    ]


def test_periods_are_told_in_every_form(tracker: Tracker) -> None:
    """The period stands first; the neighbours are said to be taken as independent."""
    answer = tracker.report().recidivism(within="20d", per="month")
    assert "by month" in answer.title and "takes the two for independent" in str(answer)
    assert "2025-05  so far" in str(answer) and "+20.0" in str(answer)
    header, first, *_ = answer.to_csv().splitlines()
    assert header.startswith("period,starts_on,starts_at,ends_at,unfinished,group,rate,lower,upper")
    assert first.startswith("2025-01,2025-01-01,")
    assert "change_lower" in header and header.count("per") >= 1
    told = answer.to_dict()
    assert [row["period"] for row in told["rows"]][-1] == "2025-05" and told["per"] == "month"
    drawn = picture(answer)
    filled, hollow = drawn.panels[0].marks
    assert [*filled.x][3] == 0.8 and [*hollow.x][:4] == [None] * 4  # type: ignore[union-attr]
    assert "so far" in drawn.told and answer.svg().startswith("<svg")
    nobody = tracker.report(as_of=datetime(2024, 1, 1, tzinfo=UTC))
    assert nobody.recidivism(within="20d", per="week").rows == ()
    assert "look at per=" not in str(answer)


def test_periods_have_an_answer_where_somebody_was_erased() -> None:
    """In every form; how far the erased would move it is said of one row alone."""
    with Tracker(
        "sqlite://", Funnel(stages=("a", "b"), rules={"came": touch(), "quit": leave()})
    ) as tracker:
        for n, contact in enumerate(("ada", "bob", "cyd")):
            for what in ("came", "quit"):
                at = datetime(2025, n + 1, 1 if what == "came" else 5, tzinfo=UTC)
                tracker.track(contact, what, occurred_at=at, id=what)
        tracker.forget("cyd")
        report = tracker.report()
        answer = report.recidivism(within="9d", per="month")
        said = "if the erased were unlike the rest, the rate is biased"
        for written in (answer.to_text(), answer.to_json(), answer.to_csv()):
            assert "2025-01" in written
        assert said in answer.remarks
        assert f"{said}: had all of them" in " ".join(report.recidivism(within="9d").remarks)


@pytest.mark.parametrize(
    ("departed", "changes", "part"),
    [
        (None, 3, None),
        (("2025-02-01", "2025-04-01"), 0, None),
        (("2025-01-15", "2025-05-01"), 3, "2025-01"),
        (("2025-01-01", "2025-03-16"), 2, "2025-03"),
        (("2025-01-15", "2025-04-20"), 3, "2025-01 and 2025-04"),
    ],
)
def test_what_a_series_does_not_say_by_itself(
    tracker: Tracker, departed: tuple[str, str] | None, changes: int, part: str | None
) -> None:
    """How many changes are looked at, where there are several; and what the cohort cuts."""
    report = tracker.report()
    for confidence, of in ((0.95, 20), (0.9, 10)):
        notes = report.recidivism(
            within="20d", per="month", departed=departed, confidence=confidence
        ).notes
        looked = [one for one in notes if "changes are shown" in one]
        assert looked == [
            f"{changes} changes are shown, and each interval stands for itself: of {of}, one "
            "excludes 0 by chance alone"
        ] * (changes > 1)
        cut = [one for one in notes if "only a part is counted" in one]
        assert cut == [
            f"the cohort begins or ends within {part}: only a part is counted"
        ] * (part is not None)  # fmt: skip
    silent = Funnel(
        stages=("visitor", "customer"), rules={"came": touch()}, patience={"default": "3d"}
    )
    with Tracker("sqlite://", silent, clock=lambda: datetime(2025, 5, 10, tzinfo=UTC)) as slow:
        for day in (1, 10, 40):
            slow.track("a", "came", occurred_at=datetime(2025, 1, 1, tzinfo=UTC) + day * DAY)
        assert "at this patience 100" in str(slow.report().recidivism(within="20d"))
        monthly = str(slow.report().recidivism(within="20d", per="month"))
        assert "at this patience of each month's, all" in monthly
        every = str(slow.report().recidivism(within="20d", per="month", unit="episode"))
        assert "all together" not in every
