"""The stage funnel and the flows, held against counting by hand from the events."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, purchase, reach, touch
from motfunnel.domain.event import Event
from motfunnel.errors import QuestionError
from motfunnel.statistics import ClusteredShare, Proportion
from tests import oracle
from tests.oracle import Story
from tests.reports.brute_force import By, group_of, in_order
from tests.reports.test_outreach import lies_in
from tests.reports.test_windowed import FEW, WINDOWS, bounds, told, track_all
from tests.strategies import NEVER, START, instants
from tests.strategies import make_funnel as funnel_of

MICROSECOND = timedelta(microseconds=1)
BY = (None, "source", "plan", "property:seats", "event", "plan:5,8", ("source", "plan"))
Told = dict[str, Story]


def contacts_by_group(
    story: Story, events: list[Event], as_of: datetime, cohort: Any, by: By | None
) -> dict[str | None, Told]:
    """Those who opened in the cohort, each told by the oracle, in groups by their opening."""
    histories: dict[str, list[Event]] = {}
    for event in events:
        histories.setdefault(event.contact, []).append(event)
    told = {c: oracle.tell(mine, story, as_of) for c, mine in sorted(histories.items())}
    groups: dict[str | None, Told] = {} if by else {None: {}}
    for contact, it in told.items():
        opening = it["moments"][0] if it["moments"] else None
        if opening is None or not lies_in(opening["at"], cohort):
            continue
        group = None
        if by == "reason":
            left = [m["reason"] for m in it["moments"] if m["kind"] == "depart"]
            group = left[0] if left else "never departed"
        elif by:
            clock = opening | {"by": opening["event_id"]}
            group = group_of(by, contact, clock, histories, told)
        groups.setdefault(group, {})[contact] = it
    return groups


def stages_of(told: Story, stages: list[str]) -> tuple[list[datetime | None], list[Any]]:
    """When each stage was reached, and from which one it departed, with when it came back."""
    reached: list[datetime | None] = [None] * len(stages)
    for moment in told["moments"]:
        if moment["kind"] in ("opening", "conversion"):
            top = stages.index(moment["to_stage"]) if moment["to_stage"] else 0
            for n in range(top + 1):
                if reached[n] is None:
                    reached[n] = moment["at"]
    left = [(stages.index(e["stage"]), e["returned_at"]) for e in told["episodes"]]
    return reached, left


@FEW
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(START + NEVER)),
    cohort=bounds(),
    by=st.sampled_from([*BY, "reason"]),
    within=st.sampled_from([None, *WINDOWS]),
)
def test_stages_are_counted_as_one_counts_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    cohort: Any,
    by: By | None,
    within: timedelta | None,
) -> None:
    """Who reached, made the step in time, dropped off, departed and returned, by name."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    groups = contacts_by_group(story, events, as_of, cohort, by)
    for known_by in (None, now):
        report = tracker.report(as_of=as_of, known_by=known_by)
        answer = report.funnel(within=within, opened=cohort, by=by)
        assert [(row.group, row.stage) for row in answer.rows] == [
            (group, stage) for group in in_order(by, groups) for stage in story["stages"]
        ]
        for row in answer.rows:
            n, names = story["stages"].index(row.stage), {k: list(v) for k, v in row.names.items()}
            ways = {c: stages_of(it, story["stages"]) for c, it in groups[row.group].items()}
            here = [c for c, (at, _) in ways.items() if at[n]]
            assert names["contacts"] == here
            assert row.from_first == (len(here) / len(ways) if ways else None)
            from_here = {c: [back for m, back in ways[c][1] if m == n] for c in here}
            assert names["departed"] == [c for c in here if from_here[c]]
            assert names["returned"] == [c for c in here if from_here[c] and from_here[c][0]]
            if n + 1 < len(story["stages"]):
                assert names["dropped"] == [c for c in here if not ways[c][0][n + 1]]
            if n:
                check_step(row, names, {c: at[n - 1 : n + 1] for c, (at, _) in ways.items()},
                           within, as_of)  # fmt: skip


def check_step(
    row: Any, names: dict[str, list[str]], times: Any, within: timedelta | None, as_of: datetime
) -> None:
    """The step from the stage before: who could make it, who did, and how long that took."""
    before = [c for c, (since, _) in times.items() if since]
    mature = [c for c in before if within is None or times[c][0] + within <= as_of]
    spans = {c: times[c][1] - times[c][0] for c in before if times[c][1]}
    made = [c for c in mature if c in spans and (within is None or spans[c] <= within)]
    assert names["numerator"] == made and names["denominator"] == mature
    assert row.immature == len(before) - len(mature)
    assert row.from_previous == (len(made) / len(mature) if mature else None)
    ordered = sorted(spans.values())
    if ordered:
        low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        assert abs(row.median - (low + high) / 2) <= MICROSECOND
        assert ordered[0] <= row.lower_quartile <= row.median <= row.upper_quartile <= ordered[-1]
    else:
        assert row.median is None


@FEW
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(START + NEVER)),
    cohort=bounds(),
    by=st.sampled_from(BY),
    steps=st.sampled_from([None, 1, 3]),
)
def test_flows_are_counted_as_one_counts_by_hand(
    shared_engine: Engine,
    told: tuple[Story, list[Event]],
    as_of: datetime,
    cohort: Any,
    by: By | None,
    steps: int | None,
) -> None:
    """Each step of each contact is one transition; together and one by one they are the same."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    hand: Counter[Any] = Counter()
    for group, mine in contacts_by_group(story, events, as_of, cohort, by).items():
        for contact, it in mine.items():
            nodes = [moment["kind"] for moment in it["moments"]]
            nodes.append({"active": "still active", "departed": "away"}[it["presence"]])
            for step in range(1, len(nodes)):
                if steps is None or step <= steps:
                    hand[group, step, nodes[step - 1], nodes[step], contact] += 1
    for known_by in (None, now):
        report = tracker.report(as_of=as_of, known_by=known_by)
        answer = report.flows(steps=steps, opened=cohort, by=by)
        found = Counter(
            (row.group, row.step, row.source, row.target, contact)
            for row in answer.rows
            for contact in answer.members(row)
        )
        assert found == hand
        check_conserved(answer, steps)
        total = report.flows(steps=steps, opened=cohort, by=by, stepwise=False)
        together: Counter[Any] = Counter()
        for row in answer.rows:
            together[row.group, row.source, row.target] += row.transitions
        assert {(r.group, r.source, r.target): r.transitions for r in total.rows} == together
        assert all(r.contacts == len(set(total.members(r))) for r in total.rows)
        check_clustered(total)


def check_clustered(total: Any) -> None:
    """Where steps are counted together, each contact has its own share of what leaves."""
    leaving: dict[Any, list[str]] = {}
    for row in total.rows:
        leaving.setdefault((row.group, row.source), []).extend(total.members(row))
    for row in total.rows:
        mine, of = total.members(row), leaving[row.group, row.source]
        each = ((mine.count(one), of.count(one)) for one in dict.fromkeys(of))
        assert row.interval == ClusteredShare.of(each).interval()


def check_conserved(answer: Any, steps: int | None) -> None:
    """As many leave a moment at a step as came to it by the step before; shares add up to 1."""
    came: Counter[Any] = Counter()
    left: Counter[Any] = Counter()
    shares: Counter[Any] = Counter()
    for row in answer.rows:
        came[row.group, row.step + 1, row.target] += row.transitions
        left[row.group, row.step, row.source] += row.transitions
        shares[row.group, row.step, row.source] += row.share
        assert row.transitions == row.contacts
    assert all(abs(share - 1) < 1e-9 for share in shares.values())
    for row in answer.rows:
        assert row.leaving == left[row.group, row.step, row.source]
        plain = Proportion(numerator=row.transitions, denominator=row.leaving)
        assert row.interval == plain.interval()
    for (group, step, node), count in came.items():
        if node not in ("still active", "away") and (steps is None or step <= steps):
            assert left[group, step, node] == count
    assert sum(n for (_, step, _), n in left.items() if step == 1) == answer.contacts


FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={"came": touch(), "asked": reach("lead"), "bought": purchase(), "left": leave()},
    patience={"default": timedelta(days=10)},
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return NOON + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    """A tracker of a new tenant, a hundred days on."""
    return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))


def test_each_step_may_have_a_window_of_its_own(tracker: Tracker) -> None:
    """A window's edge belongs to it; a step without one is counted by now."""
    tracker.track("ada", "came", occurred_at=day(0))
    tracker.track("ada", "asked", occurred_at=day(5))
    tracker.track("ada", "bought", occurred_at=day(50))
    _, lead, customer = tracker.report().funnel(within={"lead": timedelta(days=5)}).rows
    assert (lead.from_previous, customer.from_previous) == (1.0, 1.0)
    assert (lead.within, customer.within) == (timedelta(days=5), None)
    _, lead, _ = tracker.report().funnel(within=timedelta(days=5) - MICROSECOND).rows
    assert (lead.numerator, lead.denominator, lead.contacts) == (0, 1, 1)
    early = tracker.report(as_of=day(5) - MICROSECOND).funnel(within=timedelta(days=5)).rows[1]
    assert (early.from_previous, early.denominator, early.immature) == (None, 0, 1)


def test_the_erased_are_counted_without_names(tracker: Tracker) -> None:
    """Whoever was erased with the counts kept stays in them, and ends as erased."""
    tracker.track("ada", "came", occurred_at=day(90))
    tracker.track("ada", "asked", occurred_at=day(95))
    before = [row.contacts for row in tracker.report().funnel().rows]
    tracker.forget("ada", keep_counts=True)
    report = tracker.report()
    assert [row.contacts for row in report.funnel().rows] == before == [1, 1, 0]
    assert [row.target for row in report.flows().rows] == ["conversion", "erased"]
    assert report.flows().members(report.flows().rows[0]) != ["ada"]


@pytest.mark.parametrize(
    "asked",
    [
        {"within": {"visitor": timedelta(1)}},
        {"within": {"lead": 3}},
        {"within": timedelta(-1)},
        {"by": "stage"},
        {"opened": (day(2), day(1))},
    ],
)
def test_stages_without_an_answer(tracker: Tracker, asked: dict[str, Any]) -> None:
    """What the stages cannot be asked is refused."""
    with pytest.raises(QuestionError):
        tracker.report().funnel(**asked)


@pytest.mark.parametrize("asked", [{"steps": 0}, {"steps": 1.5}, {"by": "reason"}])
def test_flows_without_an_answer(tracker: Tracker, asked: dict[str, Any]) -> None:
    """What the flows cannot be asked is refused."""
    with pytest.raises(QuestionError):
        tracker.report().flows(**asked)
