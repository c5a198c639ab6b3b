"""Trials in a funnel: what names one, whom chance assigns where, and what an event says."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, leave, note, outreach, touch
from motfunnel.domain.event import ASSIGN
from motfunnel.domain.funnel.file import rule_text
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.signal import Signal
from motfunnel.domain.trial import arm_in, assigning, control_of, draw, is_held_out, trial_of
from motfunnel.errors import FunnelError

NAMES = st.text(min_size=1, max_size=20)


def make(**rules: Any) -> Funnel:
    return Funnel(stages=("visitor", "customer"), rules={"seen": touch(), **rules})


def test_the_property_that_names_the_trial() -> None:
    """In Python and in a funnel file, there and back."""
    rule = outreach("arm", holdout="control", trial="trial")
    text = 'mailed = { outreach = true, arm = "arm", holdout = "control", trial = "trial" }'
    assert rule_text("mailed", rule) == text
    funnel = make(mailed=rule)
    assert Funnel.from_dict(funnel.to_dict()) == funnel
    assert funnel.to_dict()["rules"]["mailed"] == [
        {"outreach": True, "arm": "arm", "holdout": "control", "trial": "trial"}
    ]
    assert rule.looks == ["arm", "trial"]
    # What the event means it does not change.
    for arm, argument in (("control", 0), ("letter", 1)):
        said = {"arm": arm, "trial": "spring"}
        assert funnel.read("mailed", said).argument == argument


def test_a_funnel_without_it_is_the_same() -> None:
    """Its written form, and so its fingerprint, knows nothing of trials: no rebuild is due."""
    funnel = make(mailed=outreach("arm", holdout="control"), left=leave("why"))
    assert "trial" not in str(funnel.to_dict())
    assert funnel.fingerprint == "4b6296a938957e7e"
    named = make(mailed=outreach("arm", holdout="control", trial="trial"), left=leave("why"))
    assert named.fingerprint != funnel.fingerprint


@pytest.mark.parametrize(
    ("write", "key"),
    [
        (lambda: outreach(trial="trial"), "trial: no arm is named"),
        (lambda: outreach("arm", holdout="c", trial=" "), "outreach.trial"),
        (lambda: make(**{ASSIGN: note()}), "a name of our own"),
        (
            lambda: Funnel.from_dict(
                {"stages": ["a", "b"], "rules": {"x": {"touch": True, "trial": "trial"}}}
            ),
            'no part of touch is called "trial"',
        ),
        (
            lambda: Funnel.from_dict({"stages": ["a", "b"], "rules": {"x": {"trial": "trial"}}}),
            "0 signals",
        ),
    ],
)
def test_what_is_no_trial_is_refused(write: Any, key: str) -> None:
    """By the key where it stands."""
    with pytest.raises(FunnelError, match=key):
        write()


@given(trial=NAMES, contact=NAMES, one=st.floats(0, 1), other=st.floats(0, 1))
def test_chance_can_be_repeated(trial: str, contact: str, one: float, other: float) -> None:
    """By whoever knows HMAC; none and all are what they say; more takes nobody out."""
    digest = hmac.new(trial.encode(), contact.encode(), hashlib.sha256).digest()
    is_held = int.from_bytes(digest[:8], "big") / 2**64 < one
    assert draw(trial, contact, one) == ("control" if is_held else "treatment")
    assert (draw(trial, contact, 0), draw(trial, contact, 1)) == ("treatment", "control")
    low, high = sorted([one, other])
    assert draw(trial, contact, low) == "treatment" or draw(trial, contact, high) == "control"


def test_shares_are_kept_and_trials_are_independent() -> None:
    """Of many, as many as was said; who is held out by one trial is no more so by another."""
    people = [f"contact {n}" for n in range(20_000)]
    held = {
        trial: {one for one in people if draw(trial, one, 0.3) == "control"}
        for trial in ("spring", "summer")
    }
    assert all(abs(len(some) / 20_000 - 0.3) < 0.01 for some in held.values())
    assert abs(len(held["spring"] & held["summer"]) / 20_000 - 0.09) < 0.007


FUNNEL = make(
    mailed=outreach("arm", holdout="control"),
    drawn=[
        outreach("group", holdout="none", trial="test", when={"kind": "draw"}),
        outreach(when={"kind": "letter"}),
    ],
    called=outreach("arm"),
)


@pytest.mark.parametrize(
    ("name", "properties", "trial", "arm"),
    [
        ("mailed", {"arm": "control"}, "mailed", "control"),
        ("mailed", {"arm": "red", "trial": "spring"}, "mailed", "treatment"),
        ("mailed", {}, "mailed", None),
        ("drawn", {"kind": "draw", "group": "none", "test": "spring"}, "spring", "control"),
        ("drawn", {"kind": "draw", "group": "all", "test": 7}, "7", "treatment"),
        ("drawn", {"kind": "draw", "group": "all", "test": ""}, "drawn", "treatment"),
        ("drawn", {"kind": "letter", "group": "none"}, None, None),
        ("called", {"arm": "control"}, None, None),
        ("seen", {"arm": "control"}, None, None),
        ("unheard of", {}, None, None),
        (ASSIGN, {"arm": "control", "trial": "winback"}, "winback", "control"),
        (ASSIGN, {"arm": "treatment", "trial": "winback"}, "winback", "treatment"),
        (ASSIGN, {}, "unknown", "treatment"),
    ],
)
def test_what_an_event_assigns_to(
    name: str, properties: dict[str, Any], trial: str | None, arm: str | None
) -> None:
    """To the trial that it names, or is called as; a letter assigns to nothing."""
    assert trial_of(FUNNEL, name, properties) == trial
    assert trial is None or arm_in(FUNNEL, trial, name, properties) == arm
    assert arm_in(FUNNEL, "another", name, properties) is None
    assert is_held_out(FUNNEL, name, properties) is (arm == "control")


def test_what_assigns() -> None:
    """Every rule that holds an arm out, and then what ``assign`` records too."""
    assert assigning(FUNNEL) == ["mailed", "drawn", ASSIGN]
    assert assigning(make(called=outreach("arm"))) == []
    assert (control_of(FUNNEL), control_of(make())) == ("control", "control")
    assert control_of(make(drawn=outreach("a", holdout="none"))) == "none"


@pytest.mark.parametrize("unmapped", ["note", "touch", "refuse"])
def test_an_assignment_means_the_same_to_every_funnel(unmapped: Any) -> None:
    """An outreach that is no attempt, whatever its rules say of names that they do not know."""
    funnel = Funnel(stages=("a", "b"), rules={}, unmapped=unmapped)
    for reading in (funnel.read(ASSIGN, {"arm": "treatment"}), funnel.constant(ASSIGN)):
        assert reading is not None
        assert (reading.signal, reading.argument) == (Signal.OUTREACH, 0)
    assert funnel.knows(ASSIGN)


def test_a_rule_knows_its_trial() -> None:
    """A plain one has none."""
    assert Rule(signal=Signal.OUTREACH).trial is None
