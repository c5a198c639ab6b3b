"""The plan of a trial, held against what came: sizes of the arms, early looks, intervals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from scipy import stats

from motfunnel import Funnel, Tracker, leave, outreach, touch
from motfunnel.dashboard.views.sentences import sentence
from motfunnel.errors import QuestionError
from motfunnel.reports.measure.rate import Rate
from motfunnel.statistics import Proportion, always_valid, goodness_of_fit

FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "left": leave(),
        "mailed": outreach("arm", holdout="control"),
        "called": outreach("arm", holdout="silent"),
    },
    patience={"default": None},
)


def day(number: float) -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture(scope="module")
def trial() -> Iterator[Tracker]:
    """200 who left, of whom 60 were held out; 20 more in another trial. Half of each returned."""
    with Tracker("sqlite://", funnel=FUNNEL) as tracker:
        said: list[dict[str, Any]] = []
        for n in range(220):
            event, arm = "mailed", "control" if n < 60 else "letter"
            if n >= 200:
                event, arm = "called", "silent" if n % 2 else "call"
            acts = [("came", 0), ("left", 1), (event, 2), *([("came", 5)] if n % 2 else [])]
            said += (
                {"contact": f"c{n:03}", "event": name, "occurred_at": day(at), "id": f"{at}",
                 "properties": {"arm": arm}}
                for name, at in acts
            )  # fmt: skip
        tracker.track_many(said)
        yield tracker


def asked(tracker: Tracker, **plan: Any) -> Rate:
    answer: Rate = tracker.report(as_of=day(40)).holdout(within="9d", **plan)
    return answer


def test_sizes_are_tested_where_they_were_planned(trial: Tracker) -> None:
    """As scipy tests them; a mismatch is said, and so is that there is none."""
    assert not [note for note in asked(trial).notes if "held out" in note]
    for share, is_said in (0.3, "as chance would have it"), (0.5, "chance alone did not assign"):
        [note] = [n for n in asked(trial, trial="mailed", share=share).notes if "held out" in n]
        theirs = stats.chisquare([60, 140], [200 * share, 200 * (1 - share)])
        p = "p < 0.001" if theirs.pvalue < 0.001 else f"p = {theirs.pvalue:.3f}"
        assert f"60 of 200 assigned were held out, 30.0% where {share:.1%} were planned" in note
        assert f"(χ² = {theirs.statistic:.2f}, {p})" in note
        assert is_said in note


def test_whose_arm_is_not_known_is_in_no_size() -> None:
    """Of the erased the counts alone are left, and a letter may say nothing of an arm."""
    with Tracker("sqlite://", funnel=FUNNEL) as tracker:
        for n in range(60):
            arm = {"arm": ("control", "letter")[n % 2]} if n < 40 else {}
            for at, name in enumerate(("came", "left", "mailed")):
                tracker.track(f"c{n}", name, occurred_at=day(at), id=f"{at}", properties=arm)
        for n in range(0, 20):
            tracker.forget(f"c{n}", keep_counts=True)
        [note] = [one for one in asked(tracker, share=0.5).notes if "assigned were held out" in one]
        assert note.startswith("10 of 20 assigned were held out, 50.0%")


def test_one_of_several_trials(trial: Tracker) -> None:
    """By the event that assigns; another name is refused, with those that there are."""
    assert {row.group for row in asked(trial).rows} == {"control", "letter", "silent", "call"}
    assert {row.group for row in asked(trial, trial="called").rows} == {"silent", "call"}
    with pytest.raises(QuestionError, match="'mail'; there are: mailed, called"):
        asked(trial, trial="mail")


def test_an_early_look_is_said(trial: Tracker) -> None:
    """Until the planned end, and not from it on."""
    early = asked(trial, planned=day(41)).notes[-1]
    assert early.startswith("the trial runs until 2025-02-11, and is looked at before: whoever")
    assert not [note for note in asked(trial, planned=day(40)).notes if "runs until" in note]
    assert asked(trial, planned="2025-02-11").notes[-1] == early
    allowed = asked(trial, planned=day(41), sequential=True, effect=0.1).notes[-1]
    assert allowed.endswith("looked at before: the interval allows for it")


def test_a_running_trial_is_said_without_a_plan(trial: Tracker) -> None:
    """While the window of the newest assignment lasts, its edge included; and not from then on."""

    def said(number: float, **more: Any) -> list[str]:
        answer = trial.report(as_of=day(number)).holdout(within="9d", **more)
        return [note for note in answer.notes if note.startswith("the trial")]

    (note,) = said(10.9)
    assert note.startswith(
        "the trial still runs, and is looked at meanwhile: the window of its newest assignment is "
        "over on 2025-01-12: whoever stops"
    )
    lead = sentence(trial.report(as_of=day(10.9)).holdout(within="9d"))
    assert lead[-1].text == " The trial still runs, and is looked at meanwhile."
    assert "runs" not in sentence(trial.report(as_of=day(11)).holdout(within="9d"))[-1].text
    (note,) = said(10.9, sequential=True, effect=0.1)
    assert note.endswith("over on 2025-01-12: the interval allows for it")
    assert not said(11) and not said(1.5)
    assert not said(10.9, planned=day(10.5)) and not said(10.9, assigned=(day(3), day(9)))
    with Tracker("sqlite://", funnel=FUNNEL) as late:
        for contact, at in (("ada", 2), ("bob", 20)):
            for name, on in (("came", 0), ("left", 1), ("mailed", at)):
                late.track(contact, name, occurred_at=day(on), id=name, properties={"arm": "x"})
        report = late.report(as_of=day(25))
        assert "the trial still runs" in " ".join(report.holdout(within="9d").notes)
        early = report.holdout(within="9d", assigned=(None, day(10)))
        assert "the trial still runs" not in " ".join(early.notes)


def test_without_a_hold_out_there_is_the_rule_to_add() -> None:
    """As of all that a funnel does not set up: one line in place of empty figures."""
    bare = Funnel(stages=("visitor", "customer"), rules={"came": touch(), "mailed": outreach()})
    with Tracker("sqlite://", funnel=bare) as tracker:
        tracker.track("ada", "came")
        answer = tracker.report().holdout(within="9d")
    assert "none holds an arm out; add one" in answer.lacking and 'holdout = "control"' in str(
        answer
    )
    assert answer.rows == () and "points" not in str(answer)


def test_an_interval_for_every_look(trial: Tracker) -> None:
    """Wider than that of one look, without a p, and with a caption of its own."""
    once = asked(trial, trial="mailed").comparisons[0]
    always = asked(trial, trial="mailed", sequential=True, effect=0.1).comparisons[0]
    [one], [at_every_look] = once.differences, always.differences
    assert one.difference == at_every_look.difference
    assert one.interval is not None and at_every_look.interval is not None
    assert at_every_look.interval.lower < one.interval.lower
    assert (at_every_look.p_value, at_every_look.adjusted, always.log_rank) == (None, None, None)
    assert "however often one looks, for a planned effect of 10 points" in always.caption
    assert once.to_dict()["planned"] is None


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        ({"share": 1.0}, "share is 1.0; it lies between 0 and 1"),
        ({"sequential": True}, "needs the effect that was planned"),
        ({"effect": 0}, "effect is 0"),
        ({"planned": datetime(2025, 1, 1)}, "planned"),
    ],
)
def test_no_plan(trial: Tracker, plan: dict[str, Any], why: str) -> None:
    """It is refused."""
    with pytest.raises(QuestionError, match=why):
        asked(trial, **plan)


def test_looking_after_every_outcome() -> None:
    """Raises at most 5% false alarms, by simulation; a real effect is found."""
    random, alarms, found, trials = np.random.default_rng(3), 0, 0, 300
    for is_real in (False, True):
        for _ in range(trials):
            arms = random.random((2, 600)) < np.array([[0.3], [0.45 if is_real else 0.3]])
            sums = arms.cumsum(axis=1)
            for n in range(10, 600):
                one, other = (Proportion(numerator=int(s[n - 1]), denominator=n) for s in sums)
                around = always_valid(one, other, effect=0.1)
                if around is not None and not around.interval.lower <= 0 <= around.interval.upper:
                    alarms, found = alarms + (not is_real), found + is_real
                    break
    assert alarms / trials <= 0.05
    assert found / trials >= 0.9


def test_none_until_there_is_enough() -> None:
    """Five of each in each arm; of nobody there is no test of sizes."""
    few, many = Proportion(numerator=4, denominator=90), Proportion(numerator=40, denominator=90)
    assert always_valid(few, many, effect=0.1) is None
    assert always_valid(many, Proportion(numerator=86, denominator=90), effect=0.1) is None
    assert goodness_of_fit([0, 0], [0.5, 0.5]) is None
    with pytest.raises(ValueError, match="effect of 0"):
        always_valid(many, many, effect=0)
