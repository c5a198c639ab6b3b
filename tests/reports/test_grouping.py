"""The names of groups: each combination of values has its own, whatever values are called."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from motfunnel import Funnel, Tracker, leave, touch
from motfunnel.reports.measure.grouping import apart, group_named, together

START = datetime(2025, 1, 1, tzinfo=UTC)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "went": leave()},
    patience={"default": "30d"},
)
VALUES = st.lists(st.sampled_from(["a", "b", " · ", "·", '"', '""', " "]), max_size=5).map("".join)
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=12)


@given(values=st.lists(VALUES.map(group_named), min_size=1, max_size=3))
def test_the_values_are_read_back_from_a_name(values: list[str]) -> None:
    """So no two combinations have one name."""
    assert apart(together(values)) == values


@settings(max_examples=settings().max_examples // 4)
@given(pairs=PAIRS)
def test_groups_by_several_things_add_up(pairs: list[tuple[str, str]]) -> None:
    """Everybody is in one group, with those who are alike in all."""
    expected = Counter(tuple(map(group_named, pair)) for pair in pairs)
    with Tracker("sqlite://", FUNNEL, clock=lambda: START + timedelta(days=9)) as tracker:
        for number, (x, y) in enumerate(pairs):
            who = f"contact {number}"
            tracker.track(who, "came", occurred_at=START, id="1")
            said = {"x": x, "y": y}
            tracker.track(
                who, "went", properties=said, occurred_at=START + timedelta(days=1), id="2"
            )
        report = tracker.report()
        rate = report.recidivism(within="1d", by=("property:x", "property:y"))
        touched = report.touchpoints(by=("x", "y"))
    assert {tuple(apart(row.group or "")): row.denominator for row in rate.rows} == expected
    assert len({(row.touchpoint, row.group) for row in touched.rows}) == len(touched.rows)
