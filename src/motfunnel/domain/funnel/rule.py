"""Rules: what an event of some name means, and which of its properties say more.

``touch() … note()`` make them; a funnel maps event names to them. ``Rule.read`` applies one to an
event's properties. Knows no stages beyond their names, and no other rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import frozen

from motfunnel.domain.event import to_json
from motfunnel.domain.funnel.condition import (
    Condition,
    find,
    is_blank,
    is_finite,
    make_condition,
    number,
)
from motfunnel.domain.funnel.value import read_value, refusal
from motfunnel.domain.moment import SAID_SILENCE, SILENCE
from motfunnel.domain.signal import Signal
from motfunnel.errors import FunnelError

PROMOTER = 9
"""The score from which a rating is advocacy, unless the rule says otherwise."""

DETRACTOR = 6
"""The score up to which an experience is bad, likewise."""

Scale = tuple[float, float]
"""The lowest and the highest score that there is."""

SCALE: Scale = (0, 10)
"""The scale of a funnel that names no other; the one on which net promoter scores exist."""

SCORES = 1
"""How scores are read: part of a funnel's fingerprint, so that contacts are folded anew."""


class OffScaleError(ValueError):
    """A score lies outside the funnel's scale."""


class Reading(NamedTuple):
    """What one event means to a funnel.

    Attributes:
        signal: its rank in the table of signals.
        argument: what ``machine.step`` takes beside it.
        case: the complaint that is opened or closed, where it is named.
        reason: why the contact left, where that is said.
        referred: who was referred, where that is said.
        score: the experience that was rated.
        detractor: the score up to which such a rating is bad, where its rule says so.
        is_off_scale: whether a score is stored that the scale does not hold; it counts as absent.
        value: what a purchase was worth, or, of a note, what a refund gives back (less than 0); in
            millionths of the funnel's currency.
    """

    signal: Signal
    argument: int = 0
    case: str | None = None
    reason: str | None = None
    referred: str | None = None
    score: float | None = None
    value: int | None = None
    detractor: float | None = None
    is_off_scale: bool = False


@frozen(kw_only=True)
class Rule:
    """What an event of some name means.

    The attributes but ``signal``, ``stage``, ``promoter``, ``detractor``, ``holdout`` and ``when``
    name properties of the event, None where the rule reads none.

    Attributes:
        signal: the meaning.
        stage: of ``reach``, the stage's name.
        value: of ``purchase``, the property that says what it was worth.
        score: of ``rating``, the property with the score.
        promoter: of ``rating``, the score from which it is advocacy.
        detractor: of ``rating``, the score up to which it is bad; None: 6, on a scale to 10.
        referred: of ``refer``, the property that names the referred contact.
        case: of ``complain`` and ``resolve``, the property that names the case.
        reason: of ``leave``, the property with the reason.
        arm: of ``outreach``, the property that names the arm of a trial.
        holdout: of ``outreach``, the arm that is held out: assigned, never attempted.
        trial: of ``outreach``, the property that names the trial.
        when: the conditions, all of which must hold for the rule to apply.
    """

    signal: Signal
    stage: str | None = None
    value: str | None = None
    score: str | None = None
    promoter: float = PROMOTER
    detractor: float | None = None
    referred: str | None = None
    case: str | None = None
    reason: str | None = None
    arm: str | None = None
    holdout: str | None = None
    trial: str | None = None
    when: tuple[Condition, ...] = ()

    def applies(self, properties: Mapping[str, Any]) -> bool:
        """Whether all conditions hold."""
        return all(condition.holds(properties) for condition in self.when)

    @property
    def is_constant(self) -> bool:
        """Whether the rule reads the same in every event: it looks at no property."""
        return not self.when and not self.looks

    @property
    def is_nested(self) -> bool:
        """Whether it reads what lies within a property."""
        return any("." in look for look in self.looks)

    @property
    def looks(self) -> list[str]:
        """The properties that it reads, beside those of its conditions."""
        looks = (self.value, self.score, self.referred, self.case, self.reason, self.arm)
        return [look for look in (*looks, self.trial) if look is not None]

    def read(
        self,
        properties: Mapping[str, Any],
        stages: tuple[str, ...],
        scale: Scale = SCALE,
        *,
        is_stored: bool = False,
    ) -> Reading:
        """Apply the rule to an event's properties.

        A purchase that was worth less than nothing is a refund, and a note.

        Args:
            properties: of the event.
            stages: of the funnel.
            scale: of its scores.
            is_stored: whether a score outside the scale counts as absent, and is not refused.

        Raises:
            OffScaleError: the score lies outside the scale.
            ValueError: the score or the value is there but is not a number.
        """
        score = _score(properties, self.score)
        is_off = score is not None and not scale[0] <= score <= scale[1]
        if is_off and not is_stored:
            raise OffScaleError(_off_scale(self.score, score, scale))
        score = None if is_off else score
        value = _value(properties, self.value)
        is_refund = value is not None and value < 0
        return Reading(
            signal=Signal.NOTE if is_refund else self.signal,
            argument=self._argument(properties, stages, score),
            case=_text(properties, self.case),
            reason=_reason(properties, self.reason),
            referred=_text(properties, self.referred),
            score=score,
            value=value,
            detractor=self.detractor,
            is_off_scale=is_off,
        )

    def arm_of(self, properties: Mapping[str, Any]) -> str | None:
        """Which arm an event's properties name; None where they name none."""
        return _text(properties, self.arm)

    def trial_of(self, properties: Mapping[str, Any]) -> str | None:
        """Which trial an event's properties name; None where they name none."""
        return _text(properties, self.trial)

    def _argument(
        self, properties: Mapping[str, Any], stages: tuple[str, ...], score: float | None
    ) -> int:
        if self.signal is Signal.REACH and self.stage is not None:
            return stages.index(self.stage)
        if self.signal is Signal.RATING:
            return int(score is not None and score >= self.promoter)
        if self.signal is Signal.OUTREACH:
            return int(self.holdout is None or _text(properties, self.arm) != self.holdout)
        return 0


def _reason(properties: Mapping[str, Any], name: str | None) -> str | None:
    """Why a contact says that it leaves, which is never the name of a silence."""
    said = _text(properties, name)
    return SAID_SILENCE if said == SILENCE else said


When = Mapping[str, Any] | None


def touch(*, when: When = None) -> Rule:
    """Any contact with us: it opens, keeps alive and returns."""
    return _rule(Signal.TOUCH, when)


def reach(stage: str, *, when: When = None) -> Rule:
    """The contact reaches a stage: a conversion when that is higher than ever before."""
    if not isinstance(stage, str):
        raise FunnelError("stage", f"{stage!r} is not a name", 'write reach("lead")')
    return _rule(Signal.REACH, when, stage=stage)


def purchase(value: str | None = None, *, when: When = None) -> Rule:
    """The transaction: a conversion to the last stage, and later the loyalist's return.

    The property ``value`` says what it was worth; one below 0 makes it a refund, which is a note.
    """
    return _rule(Signal.PURCHASE, when, value=value)


def rating(
    score: str | None = None,
    *,
    promoter: float = PROMOTER,
    detractor: float | None = None,
    when: When = None,
) -> Rule:
    """An experience score, in the property ``score``; from ``promoter`` on it is advocacy.

    Up to ``detractor`` it is bad. On another scale than 0 to 10 both are to be given.
    """
    for key, one in {"promoter": promoter, "detractor": detractor}.items():
        is_absent = one is None and key == "detractor"
        if not is_absent and (isinstance(one, str) or not is_finite(one)):
            raise FunnelError(key, f"{one!r} is not a number", "write a score, such as 9")
    return _rule(Signal.RATING, when, score=score, promoter=promoter, detractor=detractor)


def refer(referred: str | None = None, *, when: When = None) -> Rule:
    """The contact refers somebody, whom the property ``referred`` names."""
    return _rule(Signal.REFER, when, referred=referred)


def advocate(*, when: When = None) -> Rule:
    """A testimonial, a public review, a case study."""
    return _rule(Signal.ADVOCATE, when)


def complain(case: str | None = None, *, when: When = None) -> Rule:
    """The contact complains; the property ``case`` names the case that this opens."""
    return _rule(Signal.COMPLAIN, when, case=case)


def resolve(case: str | None = None, *, when: When = None) -> Rule:
    """The business closes the case in the property ``case``, or else the one open longest."""
    return _rule(Signal.RESOLVE, when, case=case)


def leave(reason: str | None = None, *, when: When = None) -> Rule:
    """The contact says that it leaves, for the reason in the property ``reason``."""
    return _rule(Signal.LEAVE, when, reason=reason)


def outreach(
    arm: str | None = None,
    *,
    holdout: str | None = None,
    trial: str | None = None,
    when: When = None,
) -> Rule:
    """An attempt to bring a departed contact back.

    In a trial the property ``arm`` names the arm; in the arm ``holdout`` nothing is sent: the
    event is an assignment, never an attempt. Of several trials the property ``trial`` says which;
    where it is not named, or absent, the trial is called as the event is.
    """
    for key, name in (("holdout", holdout), ("trial", trial)):
        if name is not None and arm is None:
            raise FunnelError(key, "no arm is named", 'name its property too: arm = "arm"')
    return _rule(Signal.OUTREACH, when, arm=arm, holdout=holdout, trial=trial)


def research(*, when: When = None) -> Rule:
    """The zero moment: the contact read a review, searched, saw us before any contact."""
    return _rule(Signal.RESEARCH, when)


def note(*, when: When = None) -> Rule:
    """Recorded, nothing else: what the business sends, what a machine does."""
    return _rule(Signal.NOTE, when)


def _rule(signal: Signal, when: When, **names: Any) -> Rule:
    for key, name in names.items():
        is_name = isinstance(name, str) and bool(name.strip())
        if key not in ("promoter", "detractor") and name is not None and not is_name:
            raise FunnelError(f"{signal.label}.{key}", f"{name!r} is not a name", "write a text")
    if when is not None and not isinstance(when, Mapping):
        raise FunnelError("when", f"{when!r} is not a table", 'write e.g. when = { plan = "free" }')
    try:
        conditions = tuple(make_condition(key, value) for key, value in (when or {}).items())
    except ValueError as error:
        raise FunnelError("when", str(error), 'write e.g. when = { plan = "free" }') from None
    return Rule(signal=signal, when=conditions, **names)


def _text(properties: Mapping[str, Any], name: str | None) -> str | None:
    """Read a property as a text; None where it is absent or blank."""
    value = None if name is None else find(properties, name)
    if is_blank(value):
        return None
    return value if isinstance(value, str) else to_json(value)


def _score(properties: Mapping[str, Any], name: str | None) -> float | None:
    value = None if name is None else find(properties, name)
    if is_blank(value):
        return None
    score = number(value)
    if score is None:
        raise ValueError(f"the score in property {name!r} is {str(value)[:40]!r}: no number")
    return score


def _off_scale(name: str | None, score: float | None, scale: Scale) -> str:
    return (
        f"the score in property {name!r} is {score:.6g}: it lies outside the scale from "
        f"{scale[0]:g} to {scale[1]:g}"
    )


def _value(properties: Mapping[str, Any], name: str | None) -> int | None:
    given = None if name is None else find(properties, name)
    if is_blank(given):
        return None
    value = read_value(given)
    if value is None:
        raise ValueError(refusal(given, name))
    return value
