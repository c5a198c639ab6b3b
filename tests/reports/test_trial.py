"""Trials from the assignment to the effect: kept apart, known after merges, and true."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from attrs import evolve
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, leave, outreach, touch
from motfunnel.batch import classify
from motfunnel.classified import Files
from motfunnel.domain.trial import draw
from motfunnel.errors import QuestionError
from motfunnel.intake import import_file
from motfunnel.reports.measure.rate import Rate
from motfunnel.statistics import Proportion, difference
from motfunnel.testing import START, Clock
from tests.tracking.scene import stored_events

DAY = timedelta(days=1)
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "left": leave(),
        "letter": outreach(),
        "drawn": outreach("arm", holdout="control", trial="trial"),
    },
    patience={"default": None},
)
Make = Callable[[], tuple[Tracker, Clock]]


def day(number: float) -> datetime:
    return START + number * DAY


@pytest.fixture
def make(shared_engine: Engine) -> Make:
    """A tracker of a tenant of its own, and its clock."""

    def made() -> tuple[Tracker, Clock]:
        clock = Clock()
        return Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=clock), clock

    return made


def run_trial(
    tracker: Tracker, clock: Clock, contacts: int, returns: dict[str, float], rng: Random
) -> None:
    """Everybody leaves; each is assigned, and written to or not; some return, by their arm.

    On the eleventh day all are assigned, and on the following ones those return who do.
    """
    clock.advance("11d")
    tracker.track_many(
        {"contact": f"c{n}", "event": event, "occurred_at": day(n % 9 + at)}
        for n in range(contacts)
        for at, event in enumerate(("came", "left"))
    )
    arms = {f"c{n}": tracker.assign(f"c{n}", trial="winback", holdout=0.3) for n in range(contacts)}
    clock.advance("1h")
    tracker.track_many(
        {"contact": who, "event": "letter"} for who, arm in arms.items() if arm == "treatment"
    )
    back = [who for who, arm in arms.items() if rng.random() < returns[arm]]
    clock.advance("20d")
    tracker.track_many(
        {"contact": who, "event": "came", "occurred_at": day(11.5 + 6 * rng.random())}
        for who in back
    )
    clock.advance("20d")


def leave_all(tracker: Tracker, clock: Clock, contacts: int) -> None:
    """All leave on the first day; it is the second."""
    clock.advance("2d")
    tracker.track_many(
        {"contact": n, "event": event, "occurred_at": day(at)}
        for n in range(contacts)
        for at, event in enumerate(("came", "left"))
    )


def effect_of(answer: Rate) -> tuple[float, float, float]:
    """The difference between the arms, in shares, with its interval."""
    [one] = answer.comparisons[0].differences
    assert answer.comparisons[0].against == "control"
    assert one.difference is not None and one.interval is not None
    return one.difference, one.interval.lower, one.interval.upper


def test_a_trial_of_a_thousand_from_end_to_end() -> None:
    """The effect that there is lies within the interval, and the interval excludes 0."""
    clock = Clock()
    with Tracker("sqlite://", FUNNEL, clock=clock) as tracker:
        run_trial(tracker, clock, 1_000, {"treatment": 0.35, "control": 0.2}, Random(5))
        report = tracker.report()
        answer = report.holdout(within="10d", trial="winback", share=0.3)
        assert {row.group for row in answer.rows} == {"control", "treatment"}
        assert sum(row.denominator for row in answer.rows) == 1_000
        difference, low, high = effect_of(answer)
        assert low <= 0.15 <= high and low > 0 and low < difference < high
        assert any("as chance would have it" in note for note in answer.notes)
        looked = report.holdout(within="10d", trial="winback", sequential=True, effect=0.15)
        _, wide_low, wide_high = effect_of(looked)
        assert wide_low < low < high < wide_high and wide_low <= 0.15 <= wide_high
        # The letter is the attempt, and nobody of the control was written to.
        written = report.reengagement(within="10d").rows[0]
        assert written.denominator == answer.rows[1].denominator
        plan = report.plan_holdout(baseline=0.2, effect=0.15, share=0.3)
        assert plan.rows[0].contacts < 1_000


@pytest.mark.parametrize(
    ("baseline", "effect", "power", "said"),
    [
        (0.08, 0.0114, 0.8, ("8.0% against 9.14%", "+1.14", "80.0%")),
        (0.08, 0.00001, 0.8, ("8.0% against 8.001%", "+0.001", "80.0%")),
        (0.0804, 0.1, 0.99999, ("8.04% against 18.04%", "+10.0", ">99.9%")),
        (0.2, 0.7999999, 0.8, ("20.0% against 99.99999%", "+80.0")),
        (1e-300, 0.1, 0.8, ("1e-298% against 10.0%", "+10.0")),
    ],
)
def test_a_plan_is_told_in_full(
    baseline: float, effect: float, power: float, said: tuple[str, ...]
) -> None:
    """With the digits that were asked for, and a power that is never 100%."""
    with Tracker("sqlite://", FUNNEL) as tracker:
        plan = tracker.report().plan_holdout(baseline=baseline, effect=effect, power=power)
    assert all(one in str(plan) for one in said)


def test_a_trial_without_an_effect() -> None:
    """The interval holds 0, and so does the one for many looks."""
    clock = Clock()
    with Tracker("sqlite://", FUNNEL, clock=clock) as tracker:
        run_trial(tracker, clock, 1_000, {"treatment": 0.25, "control": 0.25}, Random(1))
        report = tracker.report()
        for looks, effect in ((False, None), (True, 0.1)):
            answer = report.holdout(within="10d", trial="winback", sequential=looks, effect=effect)
            _, low, high = effect_of(answer)
            assert low < 0 < high


def test_no_effect_is_found_no_more_often_than_said() -> None:
    """Of 1,000 trials in which the letter does nothing some 50 exclude 0; the arms are those drawn.

    Who returns is fixed beforehand: what chance there is, is that of the draw alone.
    """
    rng, contacts, trials = Random(11), 600, 1_000
    back = [f"c{n}" for n in range(contacts) if rng.random() < 0.25]
    kept = {f"c{n}" for n in range(contacts)} - {*back}
    found, sizes = 0, 0
    for trial in range(trials):
        held = [
            sum(draw(f"trial {trial}", who, 0.3) == "control" for who in some)
            for some in (back, kept)
        ]
        control = Proportion(numerator=held[0], denominator=sum(held))
        treatment = Proportion(
            numerator=len(back) - held[0], denominator=contacts - control.denominator
        )
        apart = difference(treatment, control)
        assert apart is not None
        found += 0 not in apart.interval
        sizes += control.denominator
    assert 30 <= found <= 70  # 50 ± 3 standard deviations of such a count
    assert sizes / (contacts * trials) == pytest.approx(0.3, abs=0.002)


@pytest.mark.every_database
def test_a_small_one_on_each_database(make: Make, shared_engine: Engine) -> None:
    """The same arms and counts everywhere, each contact's assignment once."""
    tracker, clock = make()
    run_trial(tracker, clock, 60, {"treatment": 0.6, "control": 0.2}, Random(2))
    answer = tracker.report().holdout(within="10d", trial="winback")
    assert [(row.group, row.numerator, row.denominator) for row in answer.rows] == [
        ("control", 3, 18),
        ("treatment", 23, 42),
    ]
    stored = stored_events(shared_engine, tracker.tenant)
    assert all(sum(e.name == "$assign" for e in events) == 1 for events in stored.values())
    known = tracker.report(known_by=clock.now).holdout(within="10d", trial="winback")
    assert [row.numerator for row in known.rows] == [3, 23]


def test_trials_are_kept_apart(make: Make) -> None:
    """Those that ``assign`` named, that a property names, and that are called as the event is."""
    tracker, clock = make()
    leave_all(tracker, clock, 40)
    for n in range(20):
        tracker.assign(n, trial="winback", holdout=n % 2)
    for n in range(20, 30):
        said = {"arm": ("control", "call")[n % 2], "trial": "calls"}
        tracker.track(n, "drawn", properties=said)
    for n in range(30, 40):
        tracker.track(n, "drawn", properties={"arm": ("control", "letter")[n % 2], "trial": " "})
    clock.advance("9d")
    report = tracker.report()

    def counts(trial: str | None) -> dict[str | None, int]:
        answer = report.holdout(within="5d", trial=trial)
        is_said = any("trials are counted together" in note for note in answer.notes)
        assert is_said is (trial is None)
        return {row.group: row.denominator for row in answer.rows}

    assert counts("winback") == {"control": 10, "treatment": 10}
    assert counts("calls") == {"call": 5, "control": 5}
    assert counts("drawn") == {"control": 5, "letter": 5}
    assert counts(None) == {"call": 5, "control": 20, "letter": 5, "treatment": 10}
    [note] = [n for n in report.holdout(within="5d").notes if "together" in n]
    assert "3 trials are counted together: calls (10), drawn (10), winback (20)" in note
    first = report.holdout(within="5d", assigned=(day(0), day(2.5)), trial="winback")
    assert not [note for note in first.notes if "together" in note]
    with pytest.raises(QuestionError, match="'wine'; there are: calls, drawn, winback"):
        report.holdout(within="5d", trial="wine")


def test_nobody_is_assigned_yet(make: Make) -> None:
    """The day before a trial begins there is an answer, of nobody."""
    tracker, _ = make()
    tracker.track("ada", "came")
    assert not tracker.report().holdout(within="5d", trial="winback").rows


def test_who_was_assigned_to_both_arms_is_said(make: Make) -> None:
    """After a merge each counts in the arm of the earliest; after an unmerge in its own."""
    tracker, clock = make()
    leave_all(tracker, clock, 12)
    for n in range(12):
        tracker.assign(n, trial="winback", holdout=n % 2)
        clock.advance("1h")
    clock.advance("20d")

    def asked() -> tuple[dict[str | None, int], list[str]]:
        answer = tracker.report().holdout(within="5d", trial="winback")
        counts = {row.group: row.denominator for row in answer.rows}
        return counts, [note for note in answer.notes if "more than one arm" in note]

    assert asked() == ({"control": 6, "treatment": 6}, [])
    tracker.merge(0, into=1)  # a treatment that came first
    tracker.merge(3, into=4)  # a control that came first
    tracker.merge(5, into=7)  # of one arm
    counts, [note] = asked()
    assert counts == {"control": 4, "treatment": 5}
    assert "more than one arm, by keys that were merged since or a later draw: 2 of 9" in note
    tracker.unmerge(0)
    counts, [note] = asked()
    assert counts == {"control": 5, "treatment": 5} and "1 of 10" in note


def test_a_share_that_changed_is_said(make: Make) -> None:
    """Who is assigned when then differs between the arms; of two trials two shares are none."""
    tracker, clock = make()
    leave_all(tracker, clock, 30)
    for n in range(10):
        tracker.assign(n, trial="winback", holdout=0.5)
    for n in range(10, 20):
        tracker.assign(n, trial="calls", holdout=0.2)
    asked = tracker.report(as_of=clock.now)
    assert not [n for n in asked.holdout(within="5d").notes if "changed" in n]
    clock.advance("1d")
    for n in range(20, 30):
        tracker.assign(n, trial="winback", holdout=0.1)
    [note] = [n for n in tracker.report().holdout(within="5d").notes if "changed" in n]
    assert "held out in winback changed while it ran (10.0%, 50.0%)" in note


def test_an_erased_contact_is_in_no_named_trial(make: Make) -> None:
    """What it was assigned to is erased with its words; without a trial it counts as unknown."""
    tracker, clock = make()
    leave_all(tracker, clock, 4)
    for n in range(4):
        tracker.assign(n, trial="winback", holdout=n % 2)
    clock.advance("9d")
    tracker.forget(3, keep_counts=True)
    tracker.forget(2)
    report = tracker.report()
    groups = {row.group: row.denominator for row in report.holdout(within="5d").rows}
    assert groups == {"control": 1, "treatment": 1, "unknown": 1}
    named = {row.group for row in report.holdout(within="5d", trial="winback").rows}
    assert named == {"control", "treatment"}


def test_the_worklist_says_the_arm(make: Make) -> None:
    """In all of its forms, and leaves the control out of what a mailing tool gets."""
    tracker, clock = make()
    leave_all(tracker, clock, 6)
    for n in range(4):
        tracker.assign(n, trial="winback", holdout=n % 2)
    for known_by in (None, clock.now):
        answer = tracker.report(known_by=known_by).worklist()
        told = {row.contact: (row.arm, row.held_out) for row in answer.rows}
        assert told == {
            "0": ("treatment", False),
            "1": ("control", True),
            "2": ("treatment", False),
            "3": ("control", True),
            "4": (None, False),
            "5": (None, False),
        }
        lines = [line.split(",") for line in answer.to_mailing_csv().splitlines()]
        assert lines[0][-2] == "arm"
        assert {line[0]: line[-2] for line in lines[1:]} == {
            "0": "treatment",
            "2": "treatment",
            "4": "",
            "5": "",
        }
        assert {row["arm"] for row in answer.to_dict()["rows"]} == {"treatment", "control", None}
        only = tracker.report(known_by=known_by).worklist(without_held_out=True)
        assert {row.contact for row in only.rows} == {"0", "2", "4", "5"}


@pytest.fixture
def exported(tmp_path: Path) -> Iterator[tuple[Tracker, Path]]:
    """A trial, and its events in a file as they are stored."""
    clock = Clock()
    with Tracker("sqlite://", FUNNEL, clock=clock) as tracker:
        run_trial(tracker, clock, 80, {"treatment": 0.5, "control": 0.3}, Random(8))
        for n in range(80):
            for event in tracker.export(f"c{n}")["events"]:
                row = {"contact": f"c{n}", "event": event["event"], "id": event["id"]}
                row |= {"at": event["occurred_at"], **event["properties"]}
                with (tmp_path / "rows.jsonl").open("a") as file:
                    file.write(json.dumps(row) + "\n")
        yield tracker, tmp_path / "rows.jsonl"


def test_files_answer_as_the_store_does(exported: tuple[Tracker, Path]) -> None:
    """Classified, and imported into another store."""
    tracker, file = exported
    as_of = day(45)
    classify(file, file.parent / "out", FUNNEL)
    clock = Clock(tracker.clock())
    with (
        Files(file.parent / "out", clock=clock) as files,
        Tracker("sqlite://", FUNNEL, clock=clock) as other,
    ):
        imported = import_file(other, file)
        unmapped = other.health().unmapped
        assert imported.rejected == 0 and unmapped is not None and not unmapped.names
        for name, options in (
            ("holdout", {"within": "10d", "trial": "winback"}),
            ("holdout", {"within": "10d"}),
            ("reengagement", {"within": "10d"}),
            ("plan_holdout", {"baseline": 0.3, "effect": 0.2}),
            ("worklist", {}),
        ):
            stored = getattr(tracker.report(as_of=as_of), name)(**options).to_dict()
            answer = getattr(other.report(as_of=as_of), name)(**options)
            assert answer.observed_until < as_of  # an imported history says where it ends
            assert evolve(answer, observed_until=None).to_dict() == stored
            filed = getattr(files.report(as_of=files.report().as_of), name)(**options).to_dict()
            newest = tracker.report(as_of=files.report().as_of)
            assert filed == getattr(newest, name)(**options).to_dict()
