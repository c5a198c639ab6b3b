"""A funnel is checked when it is made, reads events, and has one written form."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import (
    OffScaleError,
    Rule,
    advocate,
    complain,
    leave,
    note,
    outreach,
    purchase,
    rating,
    reach,
    refer,
    research,
    resolve,
    touch,
)
from motfunnel.domain.funnel.touchpoint import Touchpoint
from motfunnel.domain.signal import Signal
from motfunnel.errors import FunnelError, UnmappedEventError
from tests.strategies import make_funnel, stories, texts

DAY = timedelta(days=1)


def make(**parts: Any) -> Funnel:
    """A funnel of two stages, with other parts."""
    return Funnel(**{"stages": ("visitor", "customer"), "rules": {"seen": touch()}, **parts})


def written(**parts: Any) -> Funnel:
    """A funnel of two stages, of its written form."""
    return Funnel.from_dict({"stages": ["visitor", "customer"], "rules": {}, **parts})


# Defaults.


def test_defaults() -> None:
    """A funnel that says nothing else waits 30 days, and has the usual thresholds."""
    funnel = make()
    assert funnel.patience_of("visitor") == funnel.patience_of("customer") == 30 * DAY
    assert (funnel.loyal_after, funnel.loyal_apart) == (2, timedelta(0))
    assert (funnel.apostle_after_referrals, funnel.unmapped) == (3, "note")
    assert rating("score").promoter == 9


def test_the_default_patience_is_for_the_stages_not_named() -> None:
    """The patience called `default` is that of every stage which has none of its own."""
    funnel = make(patience={"default": DAY, "customer": None})
    assert (funnel.patience_of("visitor"), funnel.patience_of("customer")) == (DAY, None)
    assert written(patience={"default": False}).patience_of("visitor") is None


# Refusals.


@pytest.mark.parametrize(
    ("parts", "key", "remedy"),
    [
        ({"stages": ()}, "stages", "at least two"),
        ({"stages": ("customer",)}, "stages", "at least two"),
        ({"stages": "visitor"}, "stages", '["visitor", "customer"]'),
        ({"stages": ("visitor", " ")}, "stages", '["visitor", "customer"]'),
        ({"stages": ("visitor", 5)}, "stages", '["visitor", "customer"]'),
        ({"stages": ("visitor", "visitor")}, "stages", "its own name"),
        ({"stages": ("visitor", "default")}, "stages", "another name"),
        ({"rules": []}, "rules", "touch()"),
        ({"rules": {"seen": "touch"}}, "rules.seen", "touch()"),
        ({"rules": {"seen": []}}, "rules.seen", "touch()"),
        ({"rules": {"seen": [touch(), "touch"]}}, "rules.seen", "touch()"),
        ({"rules": {" ": touch()}}, "rules. ", "track()"),
        ({"rules": {5: touch()}}, "rules.5", "track()"),
        ({"rules": {IDENTIFY: touch()}}, f"rules.{IDENTIFY}", "track()"),
        ({"rules": {"seen": reach("custmer")}}, "rules.seen", '"customer"'),
        ({"patience": {"vistor": DAY}}, "patience.vistor", '"visitor"'),
        ({"patience": {"visitor": timedelta(0)}}, "patience.visitor", "30d"),
        ({"patience": {"visitor": -DAY}}, "patience.visitor", "30d"),
        ({"patience": {"visitor": 36_526 * DAY}}, "patience.visitor", "century"),
        ({"patience": {"visitor": 30}}, "patience.visitor", "timedelta"),
        ({"patience": {"default": "30 months"}}, "patience.default", "30d"),
        ({"loyal_apart": "a week"}, "loyal_apart", "30d"),
        ({"loyal_after": 1}, "loyal_after", "2 or more"),
        ({"loyal_after": 2.0}, "loyal_after", "2 or more"),
        ({"loyal_after": True}, "loyal_after", "2 or more"),
        ({"loyal_after": "2"}, "loyal_after", "2 or more"),
        ({"loyal_after": 2**31}, "loyal_after", "2 or more"),
        ({"loyal_apart": -DAY}, "loyal_apart", "7d"),
        ({"loyal_apart": 7}, "loyal_apart", "7d"),
        ({"apostle_after_referrals": 0}, "apostle_after_referrals", "1 or more"),
        ({"apostle_after_referrals": False}, "apostle_after_referrals", "1 or more"),
        ({"unmapped": "notes"}, "unmapped", '"note"'),
        ({"unmapped": None}, "unmapped", "note, touch, refuse"),
        ({"touchpoints": {"checkout": 8}}, "touchpoints.checkout", "Touchpoint("),
    ],
)
def test_what_no_funnel_has(parts: dict[str, Any], key: str, remedy: str) -> None:
    """A part that cannot be used is refused by its key, with what to write instead."""
    with pytest.raises(FunnelError) as refusal:
        make(**parts)
    assert refusal.value.key == key
    assert remedy in refusal.value.remedy
    assert str(refusal.value) == f"{key}: {refusal.value.reason}; {refusal.value.remedy}"
    assert isinstance(refusal.value, ValueError)


@pytest.mark.parametrize(
    "parts",
    [
        {"stages": 5},
        {"stages": None},
        {"rules": {"seen": 5}},
        {"rules": {"seen": None}},
        {"patience": DAY},
        {"touchpoints": []},
    ],
)
def test_a_part_of_another_type(parts: dict[str, Any]) -> None:
    """A part of a type that no funnel has is refused by its key too."""
    with pytest.raises(FunnelError) as refusal:
        make(**parts)
    assert refusal.value.key.startswith(next(iter(parts)))


@pytest.mark.parametrize(
    ("parts", "key", "remedy"),
    [
        ({"stage": []}, "stage", '"stages"'),
        ({"rules": {"seen": "tuch"}}, "rules.seen", '"touch"'),
        ({"rules": {"seen": {"raech": "customer"}}}, "rules.seen", '"reach"'),
        ({"rules": {"seen": {"reach": "custmer"}}}, "rules.seen", '"customer"'),
        ({"rules": {"seen": "reach"}}, "rules.seen", '{ reach = "lead" }'),
        ({"rules": {"seen": {}}}, "rules.seen", "exactly one"),
        ({"rules": {"seen": {"touch": True, "leave": True}}}, "rules.seen", "exactly one"),
        ({"rules": {"seen": {"promoter": 9}}}, "rules.seen", "exactly one"),
        ({"rules": {"seen": {"touch": "page"}}}, "rules.seen", '"touch"'),
        ({"rules": {"seen": {"touch": True, "promoter": 9}}}, "rules.seen", "touch, when"),
        ({"rules": {"seen": 5}}, "rules.seen", '"touch"'),
        ({"rules": {"seen": []}}, "rules.seen", "touch()"),
        ({"rules": {"seen": {"rating": "s", "promoter": "9"}}}, "rules.seen: promoter", "9"),
        ({"rules": {"seen": {"rating": " "}}}, "rules.seen: rating.score", "a text"),
        ({"rules": {"seen": {"leave": 5}}}, "rules.seen: leave.reason", "a text"),
        ({"rules": {"seen": {"touch": True, "when": {"a": [[]]}}}}, "rules.seen: when", "when ="),
        ({"rules": {"seen": {"touch": True, "when": {"a": "> x"}}}}, "rules.seen: when", "when ="),
        ({"rules": {"seen": {"outreach": True, "holdout": "c"}}}, "rules.seen: holdout", "arm ="),
        ({"rules": "touch"}, "rules", "[rules]"),
        ({"patience": "30d"}, "patience", "[patience]"),
        ({"patience": {"visitor": 30}}, "patience.visitor", '"30d"'),
        ({"patience": {"visitor": "30 months"}}, "patience.visitor", '"30d"'),
        ({"patience": {"visitor": True}}, "patience.visitor", "false for never"),
        ({"loyal_apart": 7}, "loyal_apart", '"7d"'),
        ({"loyal_apart": "99999999999d"}, "loyal_apart", '"7d"'),
        ({"apostle_after_referrals": True}, "apostle_after_referrals", "1 or more"),
        ({"touchpoints": {"checkout": 8}}, "touchpoints.checkout", "promise"),
        ({"touchpoints": {"checkout": {"expcted": 8}}}, "touchpoints.checkout", '"expected"'),
        (
            {"touchpoints": {"checkout": {"expected": "8"}}},
            "touchpoints.checkout.expected",
            "a number",
        ),
    ],
)
def test_what_no_funnel_file_has(parts: dict[str, Any], key: str, remedy: str) -> None:
    """What a funnel file cannot say is refused by its key, with what to write instead."""
    with pytest.raises(FunnelError) as refusal:
        written(**parts)
    assert refusal.value.key == key
    assert remedy in refusal.value.remedy


@pytest.mark.parametrize(
    "parts",
    [
        {"stages": 5},
        {"rules": {"seen": {"touch": True, "when": 5}}},
        {"rules": {"seen": {"touch": True, "when": "plan = free"}}},
        {"touchpoints": {"checkout": {"promise": 5}}},
    ],
)
def test_a_written_part_of_another_type(parts: dict[str, Any]) -> None:
    """A part of a type that no funnel file has is refused by its key too."""
    with pytest.raises(FunnelError) as refusal:
        written(**parts)
    assert refusal.value.key.startswith(next(iter(parts)))


def test_a_reach_names_a_stage() -> None:
    """A reach without a stage would never be a conversion, and is refused."""
    with pytest.raises(FunnelError, match="stage"):
        make(rules={"seen": reach(None)})  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["stages", "rules"])
def test_a_funnel_file_needs_stages_and_rules(missing: str) -> None:
    """A funnel file without stages, or without rules, is refused."""
    parts = {"stages": ["visitor", "customer"], "rules": {}}
    del parts[missing]
    with pytest.raises(FunnelError, match=f"{missing}: is missing"):
        Funnel.from_dict(parts)


@pytest.mark.parametrize("promoter", [float("nan"), float("inf"), True, "9", None])
def test_a_promoter_score_is_a_number(promoter: Any) -> None:
    """A promoter score with which no score can be compared is refused."""
    with pytest.raises(FunnelError, match="promoter"):
        rating("score", promoter=promoter)


@pytest.mark.parametrize("expected", [float("nan"), float("inf"), True, "8"])
def test_an_expected_score_is_a_number(expected: Any) -> None:
    """An expected score with which no experience can be compared is refused."""
    with pytest.raises(FunnelError, match="expected"):
        Touchpoint(expected=expected)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing funnel file is refused by its path, and the presets are named."""
    with pytest.raises(FunnelError, match=r"none\.toml.*ecommerce, saas"):
        Funnel.from_toml(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"stages = [", b"\xff\xfe", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    """A file that is no TOML is refused by its path."""
    path = tmp_path / "funnel.toml"
    path.write_bytes(content)
    with pytest.raises(FunnelError, match=r"funnel\.toml.*no TOML"):
        Funnel.from_toml(path)


def test_a_file_with_a_mistake(tmp_path: Path) -> None:
    """A mistake in a funnel file is refused by the path and the key."""
    path = tmp_path / "funnel.toml"
    path.write_text('stages = ["a", "b"]\nrules = { seen = "tuch" }\n', encoding="utf-8")
    with pytest.raises(FunnelError, match=r'funnel\.toml: rules\.seen: .* "touch"'):
        Funnel.from_toml(str(path))


# Reading events.


CONDITIONAL = make(
    rules={
        "plan_changed": [
            leave("reason", when={"plan": "free"}),
            reach("customer", when={"seats": ">= 5"}),
        ],
        "moved": [touch(when={"to": "us"}), note()],
    }
)


@pytest.mark.parametrize(
    ("properties", "signal"),
    [
        ({"plan": "free"}, Signal.LEAVE),
        ({"plan": "free", "seats": 9}, Signal.LEAVE),
        ({"plan": "pro", "seats": 5}, Signal.REACH),
        ({"seats": "5.0"}, Signal.REACH),
        ({"seats": 4}, Signal.NOTE),
        ({"plan": None}, Signal.NOTE),
        ({}, Signal.NOTE),
    ],
)
def test_the_first_rule_whose_condition_holds(properties: dict[str, Any], signal: Signal) -> None:
    """The first rule of a name that applies counts, and where none does, the event is unmapped."""
    assert CONDITIONAL.read("plan_changed", properties).signal is signal


def test_all_conditions_of_a_rule_must_hold() -> None:
    """A rule with several conditions applies where all of them hold."""
    funnel = make(rules={"seen": touch(when={"a": 1, "b": 2})})
    assert funnel.read("seen", {"a": 1, "b": 2}).signal is Signal.TOUCH
    assert funnel.read("seen", {"a": 1}).signal is Signal.NOTE


def test_a_rule_without_a_condition_is_the_last_resort() -> None:
    """A rule that has no condition applies where those before it do not."""
    assert CONDITIONAL.read("moved", {"to": "us"}).signal is Signal.TOUCH
    assert CONDITIONAL.read("moved", {"to": "them"}).signal is Signal.NOTE


@pytest.mark.parametrize(("unmapped", "signal"), [("note", Signal.NOTE), ("touch", Signal.TOUCH)])
def test_unmapped(unmapped: str, signal: Signal) -> None:
    """An event that no rule names is a note, or a touch, as the funnel has it."""
    funnel = make(unmapped=unmapped, rules={"seen": leave(when={"plan": "free"})})
    assert funnel.read("unheard_of", {}).signal is signal
    assert funnel.read("seen", {"plan": "pro"}).signal is signal
    assert (funnel.knows("seen"), funnel.knows("unheard_of")) == (True, False)


def test_unmapped_refused() -> None:
    """A funnel may refuse what no rule names, and what no rule's condition fits; it tells them."""
    funnel = make(unmapped="refuse", rules={"seen": touch(when={"plan": "free"}), "paid": note()})
    for name in ("unheard_of", "seen"):
        with pytest.raises(UnmappedEventError, match="it names: paid, seen") as refusal:
            funnel.read(name, {})
        assert refusal.value.event == name


@pytest.mark.parametrize("unmapped", ["note", "touch", "refuse"])
def test_traits_are_a_note_to_every_funnel(unmapped: str) -> None:
    """The event that carries traits is a note, whatever the funnel makes of unmapped ones."""
    assert make(unmapped=unmapped).read(IDENTIFY, {"plan": "free"}).signal is Signal.NOTE


RATED = make(rules={"rated": rating("score")})


@pytest.mark.parametrize(
    ("score", "read", "promotes"),
    [
        (9, 9, 1),
        (8.5, 8.5, 0),
        ("10", 10, 1),
        (" 9.0 ", 9, 1),
        ("1e1", 10, 1),
        (0, 0, 0),
        ("", None, 0),
        ("  ", None, 0),
        (None, None, 0),
    ],
)
def test_scores(score: object, read: float | None, promotes: int) -> None:
    """A score is a number or a text that writes one; a blank one is none."""
    reading = RATED.read("rated", {"score": score})
    assert (reading.score, reading.argument) == (read, promotes)


@pytest.mark.parametrize("score", [-0.5, 10.01, "11", 1e300, -3])
def test_a_score_outside_the_scale(score: object) -> None:
    """It is refused; one that is stored already counts as absent, and promotes nobody."""
    with pytest.raises(OffScaleError, match=r"'score' is .*outside the scale from 0 to 10"):
        RATED.read("rated", {"score": score})
    reading = RATED.read_stored("rated", {"score": score})
    assert (reading.signal, reading.score, reading.argument) == (Signal.RATING, None, 0)
    assert reading.is_off_scale and not RATED.read("rated", {"score": 10}).is_off_scale
    wide = make(rules={"rated": rating("score", promoter=80, detractor=40)}, scale=[-100, 100])
    assert wide.read("rated", {"score": -100}).score == -100
    assert wide.read("rated", {"score": "80"}).argument == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"scale": [0]}, r"scale: .* is not two numbers"),
        ({"scale": ["0", "10"]}, r"scale: .* is not two numbers"),
        ({"scale": 10}, r"scale: .* is not two numbers"),
        ({"scale": [5, 5]}, "scale: 5 is not above 5"),
        ({"scale": [1, 5], "rules": {"r": rating("s")}}, r"rules.r: .* needs a promoter and"),
        (
            {"scale": [1, 5], "rules": {"r": rating("s", detractor=2)}},
            r"rules.r: promoter: 9 is outside the scale from 1 to 5",
        ),
        (
            {"scale": [1, 5], "rules": {"r": rating("s", promoter=4, detractor=4)}},
            r"rules.r: detractor: 4 is outside .* or not below the promoter",
        ),
        ({"rules": {"r": rating("s", promoter=80)}}, r"promoter: 80 is outside.*scale = .0, 100"),
        ({"rules": {"r": rating("s", detractor=-1)}}, "detractor: -1 is outside"),
        (
            {"touchpoints": {"t": Touchpoint(expected=11)}},
            r"t: expected: 11 is outside",
        ),
    ],
)
def test_scores_lie_on_the_scale(told: dict[str, Any], said: str) -> None:
    """What does not is refused, with what to write; another scale needs both thresholds."""
    with pytest.raises(FunnelError, match=said):
        make(**told)


def test_another_scale_reads_back_and_classifies_anew() -> None:
    """It is part of the fingerprint; who is a detractor makes no moment, and is none of it."""
    five = {"rules": {"r": rating("s", promoter=5, detractor=3)}}
    stars, ten = make(scale=[1, 5], **five), make(**five)
    assert stars.scale == (1, 5) and stars.to_dict()["scale"] == [1, 5]
    assert "scale" not in ten.to_dict() and ten.scale == (0, 10)
    again = Funnel.from_dict(json.loads(json.dumps(stars.to_dict())))
    assert again == stars and again.scale == stars.scale and again.rules == stars.rules
    assert stars.fingerprint != ten.fingerprint
    other = make(rules={"r": rating("s", promoter=5, detractor=2)})
    assert other.fingerprint == ten.fingerprint and other != ten
    plain = make(rules={"r": rating()}, scale=[1, 5])
    assert plain.read("r", {}).score is None


def test_a_score_that_is_absent() -> None:
    """A rating without its score is a rating, without an experience."""
    assert RATED.read("rated", {}) == make(rules={"rated": rating()}).read("rated", {"score": 10})
    assert RATED.read("rated", {}).score is None


@pytest.mark.parametrize("score", ["nine", True, [], {}, "9/10", "nan", "inf", "1e999", "1_0", "٩"])
def test_a_score_that_is_no_number(score: object) -> None:
    """A score that is there but is not a number is refused, with its property."""
    with pytest.raises(ValueError, match=r"'score'.*no number"):
        RATED.read("rated", {"score": score})


@pytest.mark.parametrize(
    ("arm", "argument"), [("control", 0), ("treated", 1), (None, 1), ("", 1), ("Control", 1)]
)
def test_the_arm_that_is_held_out(arm: str | None, argument: int) -> None:
    """An outreach is an attempt, unless its arm is the one held out."""
    funnel = make(rules={"mailed": outreach("arm", holdout="control")})
    assert funnel.read("mailed", {"arm": arm}).argument == argument


def test_an_outreach_without_a_trial() -> None:
    """Without an arm held out, every outreach is an attempt."""
    funnel = make(rules={"mailed": outreach(), "called": outreach("arm")})
    assert funnel.read("mailed", {"arm": "control"}).argument == 1
    assert funnel.read("called", {"arm": "control"}).argument == 1


@pytest.mark.parametrize(
    ("rule", "attribute"),
    [
        (complain("p"), "case"),
        (resolve("p"), "case"),
        (leave("p"), "reason"),
        (refer("p"), "referred"),
    ],
)
@pytest.mark.parametrize(
    ("value", "read"), [("t 1", "t 1"), (7, "7"), ("", None), (" ", None), (None, None)]
)
def test_texts(rule: Rule, attribute: str, value: object, read: str | None) -> None:
    """A property that names something is read as a text; a blank one names nothing."""
    assert getattr(make(rules={"seen": rule}).read("seen", {"p": value}), attribute) == read


# The fingerprint.

PARTS: tuple[dict[str, Any], ...] = (
    {},
    {"stages": ("customer", "visitor")},
    {"stages": ("visitor", "lead", "customer")},
    {"rules": {}},
    {"rules": {"Seen": touch()}},
    {"rules": {"seen": note()}},
    {"rules": {"seen": touch(when={"a": 1})}},
    {"rules": {"seen": touch(when={"a": True})}},
    {"rules": {"seen": touch(when={"a": "1"})}},
    {"rules": {"seen": [touch(when={"a": 1}), note()]}},
    {"rules": {"seen": [note(), touch(when={"a": 1})]}},
    {"rules": {"seen": rating("score")}},
    {"rules": {"seen": rating("score", promoter=8)}},
    {"rules": {"seen": outreach("arm")}},
    {"rules": {"seen": outreach("arm", holdout="control")}},
    {"patience": {"visitor": DAY}},
    {"patience": {"visitor": DAY + timedelta(microseconds=1)}},
    {"patience": {"visitor": None}},
    {"patience": {"default": None}},
    {"loyal_after": 3},
    {"loyal_apart": DAY},
    {"apostle_after_referrals": 4},
    {"apostle_after_referrals": None},
    {"unmapped": "touch"},
    {"unmapped": "refuse"},
)


def test_the_fingerprint_differs_with_the_rules() -> None:
    """Funnels that may classify differently have different fingerprints."""
    assert len({make(**parts).fingerprint for parts in PARTS}) == len(PARTS)


def test_the_fingerprint_is_the_same_for_the_same_rules() -> None:
    """The fingerprint depends on what the funnel says, not on how often or in what order."""
    rules = {"seen": touch(when={"a": 1, "b": 2}), "paid": purchase()}
    swapped = {"paid": [purchase()], "seen": touch(when={"b": 2, "a": 1})}
    assert make(rules=rules).fingerprint == make(rules=swapped).fingerprint
    assert make(rules={"r": rating(promoter=9)}).fingerprint == (
        make(rules={"r": rating(promoter=9.0)}).fingerprint
    )


def test_the_fingerprint_is_stable() -> None:
    """The fingerprint is stored with the data, so this one stays what it is from now on."""
    assert make().fingerprint == make(touchpoints={}).fingerprint == "0bdd5195a0a100b7"


def test_the_fingerprint_ignores_the_journey_map() -> None:
    """Touchpoints classify nothing, so a change of them calls for no rebuild."""
    mapped = make(touchpoints={"checkout": Touchpoint(promise="quick", expected=8)})
    assert mapped.fingerprint == make().fingerprint


# The written form.


@st.composite
def funnels(draw: st.DrawFn) -> Funnel:
    """A funnel of any durations and thresholds, some with a journey map."""
    story = draw(stories())
    waits = st.none() | st.timedeltas(timedelta(microseconds=1), timedelta(days=36_525))
    scores = st.none() | st.integers(0, 10) | st.floats(0, 10)
    points = st.builds(
        lambda said, score: Touchpoint(promise=said, expected=score), texts(5), scores
    )
    story["patience"] = draw(st.dictionaries(st.sampled_from(["default", *story["stages"]]), waits))
    story["loyal_apart"] = draw(st.timedeltas(timedelta(0), timedelta(days=36_525)))
    story["unmapped"] = draw(st.sampled_from(["note", "touch", "refuse"]))
    plain = make_funnel(story)
    return Funnel(
        stages=plain.stages,
        rules={**plain.rules, **draw(st.dictionaries(texts(5), st.just(touch()), max_size=2))},
        patience=plain.patience,
        loyal_after=draw(st.integers(2, 9)),
        loyal_apart=plain.loyal_apart,
        apostle_after_referrals=plain.apostle_after_referrals,
        unmapped=plain.unmapped,
        touchpoints=draw(st.dictionaries(texts(5), points, max_size=2)),
    )


@given(funnels())
def test_the_written_form_reads_back(funnel: Funnel) -> None:
    """Written as a dict, and as JSON, a funnel reads back as it was."""
    through_json = json.loads(json.dumps(funnel.to_dict()))
    for form in (funnel.to_dict(), through_json):
        again = Funnel.from_dict(form)
        assert again.to_dict() == funnel.to_dict()
        assert again.fingerprint == funnel.fingerprint
        assert again.terms == funnel.terms
        assert (again.stages, again.rules) == (funnel.stages, funnel.rules)
        assert again.touchpoints == funnel.touchpoints


FILE = """\
stages = ["visitor", "lead", "prospect", "customer"]
loyal_after = 2
loyal_apart = "0d"
apostle_after_referrals = 3        # false: never by referrals
unmapped = "note"                  # or "touch", or "refuse"

[patience]
default = "30d"                    # false: never departs by silence
visitor = "14d"

[rules]
page_viewed = "touch"
signed_up = { reach = "lead" }
order_placed = "purchase"
invited_friend = { refer = "friend" }
nps_answered = { rating = "score", promoter = 9 }
ticket_opened = { complain = "ticket" }
ticket_closed = { resolve = "ticket" }
unsubscribed = { leave = "reason" }
winback_sent = { outreach = true, arm = "arm", holdout = "control" }     # or simply "outreach"
plan_changed = [ { leave = "reason", when = { plan = "free" } }, \
{ reach = "customer", when = { seats = ">= 5" } } ]

[touchpoints.checkout]
promise = "paid in a minute"
expected = 8
"""


def test_a_funnel_file(tmp_path: Path) -> None:
    """A funnel file says what the same funnel in Python says."""
    path = tmp_path / "funnel.toml"
    path.write_text(FILE, encoding="utf-8")
    python = Funnel(
        stages=("visitor", "lead", "prospect", "customer"),
        rules={
            "page_viewed": touch(),
            "signed_up": reach("lead"),
            "order_placed": purchase(),
            "invited_friend": refer(referred="friend"),
            "nps_answered": rating(score="score", promoter=9),
            "ticket_opened": complain(case="ticket"),
            "ticket_closed": resolve(case="ticket"),
            "unsubscribed": leave(reason="reason"),
            "winback_sent": outreach(arm="arm", holdout="control"),
            "plan_changed": [
                leave(reason="reason", when={"plan": "free"}),
                reach("customer", when={"seats": ">= 5"}),
            ],
        },
        patience={"visitor": timedelta(days=14)},
        touchpoints={"checkout": Touchpoint(promise="paid in a minute", expected=8)},
    )
    file = Funnel.from_toml(path)
    assert file.to_dict() == python.to_dict() == Funnel.from_dict(tomllib.loads(FILE)).to_dict()
    assert file.fingerprint == python.fingerprint
    assert file.rules == python.rules
    assert file.touchpoints == python.touchpoints
    assert file.terms == python.terms


@pytest.mark.parametrize(
    ("form", "rule"),
    [
        ("note", note()),
        ("research", research()),
        ("outreach", outreach()),
        ("touch", touch()),
        ("purchase", purchase()),
        ("rating", rating()),
        ("refer", refer()),
        ("advocate", advocate()),
        ("complain", complain()),
        ("resolve", resolve()),
        ("leave", leave()),
        ({"leave": True}, leave()),
        ({"outreach": True, "arm": "arm"}, outreach("arm")),
        ({"rating": True, "promoter": 8}, rating(promoter=8)),
        ({"touch": True, "when": {"plan": ["a", "b"]}}, touch(when={"plan": ["a", "b"]})),
        ([{"reach": "customer"}], reach("customer")),
    ],
)
def test_written_rules(form: Any, rule: Rule) -> None:
    """A bare name is the signal without its property; a table says more; a list is several."""
    assert written(rules={"seen": form}).rules == {"seen": (rule,)}


def test_false_is_never() -> None:
    """In a file, false stands for a patience and for an apostle by referrals that never come."""
    funnel = written(apostle_after_referrals=False, patience={"default": False, "visitor": "36h"})
    assert funnel.apostle_after_referrals is None
    assert funnel.patience == {"default": None, "visitor": timedelta(hours=36)}


# Presets.

ECOMMERCE = """
Products Searched; Product List Viewed; Product List Filtered; Promotion Viewed; Promotion Clicked;
Product Clicked; Product Viewed; Product Added; Product Removed; Cart Viewed; Checkout Started;
Checkout Step Viewed; Checkout Step Completed; Payment Info Entered; Order Completed;
Order Updated; Order Refunded; Order Cancelled; Coupon Entered; Coupon Applied; Coupon Denied;
Coupon Removed; Product Added to Wishlist; Product Removed from Wishlist;
Wishlist Product Added to Cart; Product Shared; Cart Shared; Product Reviewed
"""
SAAS = """
Account Created; Account Deleted; Account Added User; Account Removed User; Trial Started;
Trial Ended; Signed Up; Signed In; Signed Out; Invite Sent
"""


@pytest.mark.parametrize(
    ("preset", "specified"), [(Funnel.ecommerce, ECOMMERCE), (Funnel.saas, SAAS)]
)
def test_presets(preset: Any, specified: str) -> None:
    """A preset has a rule for every event of the specification that it is named after."""
    funnel = preset()
    assert {name.strip() for name in specified.split(";")} <= funnel.rules.keys()
    assert funnel.read("Order Completed", {}).signal is Signal.PURCHASE
    assert Funnel.from_dict(funnel.to_dict()).fingerprint == funnel.fingerprint
