"""What a funnel's parts must be: the converters and checks that ``Funnel`` runs when it is made.

Each refuses what it cannot use with an error that names the key and what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from motfunnel.domain.event import ASSIGN, IDENTIFY, check_text
from motfunnel.domain.funnel.condition import is_finite
from motfunnel.domain.funnel.file import check_name
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.funnel.rule import SCALE, Rule, Scale
from motfunnel.domain.funnel.touchpoint import Touchpoint
from motfunnel.domain.instant import LONGEST, Duration, read_duration
from motfunnel.errors import FunnelError

UNMAPPED: Final = ("note", "touch", "refuse")
_FEWEST_STAGES: Final = 2
_LONGEST_CURRENCY: Final = 12

Rules = Mapping[str, Rule | Sequence[Rule]]


def as_rules(rules: Rules) -> dict[str, tuple[Rule, ...]]:
    """Take one rule or several for each event name."""
    if not isinstance(rules, Mapping):
        raise FunnelError("rules", "no mapping", 'write {"event name": touch(), …}')
    several = {name: [rule] if isinstance(rule, Rule) else rule for name, rule in rules.items()}
    for name, listed in several.items():
        if not isinstance(listed, list | tuple) or not all(isinstance(r, Rule) for r in listed):
            raise FunnelError(f"rules.{name}", "no rule", "write touch(), or a list of rules")
    return {name: tuple(listed) for name, listed in several.items()}


def as_stages(stages: Sequence[str]) -> tuple[str, ...]:
    """Take the names of the stages."""
    if not isinstance(stages, list | tuple):
        raise FunnelError("stages", "not a list of names", 'write ["visitor", "customer"]')
    try:
        return tuple(check_text(stage, "stage") for stage in stages)
    except ValueError as error:
        raise FunnelError("stages", str(error), 'write ["visitor", "customer"]') from None


def as_patience(
    patience: Mapping[str, Duration | Rhythm | None],
) -> dict[str, timedelta | Rhythm | None]:
    """Take how long one may be silent at a stage."""
    given = _as_mapping("patience", patience, 'write {"visitor": "14d"}')
    return {stage: _as_duration(f"patience.{stage}", silence) for stage, silence in given.items()}


def as_scale(scale: Sequence[float]) -> Scale:
    """Take the lowest and the highest score."""
    remedy = "write scale = [0, 10]"
    ends = tuple(scale) if isinstance(scale, list | tuple) else ()
    if len(ends) != len(SCALE) or any(isinstance(e, str) or not is_finite(e) for e in ends):
        raise FunnelError("scale", f"{scale!r} is not two numbers", remedy)
    lowest, highest = ends
    if not lowest < highest:
        raise FunnelError("scale", f"{highest:g} is not above {lowest:g}", remedy)
    return lowest, highest


def check_scores(
    scale: Scale, rules: Mapping[str, Sequence[Rule]], touchpoints: Mapping[str, Touchpoint]
) -> None:
    """Scores that the scale holds; another than 0 to 10 needs to be told who is a detractor."""
    lowest, highest = scale
    words = f"the scale from {lowest:g} to {highest:g}"
    rated = [(name, one) for name, rules in rules.items() for one in rules if one.score is not None]
    for name, rule in rated:
        key = f"rules.{name}"
        if rule.detractor is None and scale != SCALE:
            remedy = f"write promoter = {highest:g}, detractor = {lowest:g}, or what else they are"
            raise FunnelError(key, f"{words} needs a promoter and a detractor", remedy)
        if not lowest <= rule.promoter <= highest:
            remedy = "write a score of the scale, or the scale of the scores: scale = [0, 100]"
            raise FunnelError(f"{key}: promoter", f"{rule.promoter:g} is outside {words}", remedy)
        if rule.detractor is not None and not lowest <= rule.detractor < rule.promoter:
            said = f"{rule.detractor:g} is outside {words}, or not below the promoter"
            raise FunnelError(f"{key}: detractor", said, "write a lower score than promoter")
    for name, touchpoint in touchpoints.items():
        expected = touchpoint.expected
        if expected is not None and not lowest <= expected <= highest:
            key = f"touchpoints.{name}: expected"
            raise FunnelError(key, f"{expected:g} is outside {words}", "write a score of the scale")


def as_apart(apart: Duration) -> timedelta:
    """Take how far apart purchases must lie."""
    duration: timedelta = _as_duration("loyal_apart", apart)
    return duration


def as_touchpoints(touchpoints: Mapping[str, Touchpoint]) -> dict[str, Touchpoint]:
    """Take the journey map."""
    return _as_mapping("touchpoints", touchpoints, 'write {"checkout": Touchpoint(promise=…)}')


def check_stages(stages: Sequence[str]) -> None:
    """Two stages or more, of different names."""
    if len(stages) < _FEWEST_STAGES:
        raise FunnelError("stages", f"only {len(stages)}", "a funnel has at least two stages")
    if len(set(stages)) < len(stages):
        raise FunnelError("stages", "a name stands twice", "give every stage its own name")
    if "default" in stages:
        raise FunnelError("stages", '"default" is taken by patience', "choose another name")


def check_rules(rules: Mapping[str, Sequence[Rule]], stages: Sequence[str]) -> None:
    """Names that an event can have, and stages that there are."""
    for name, several in rules.items():
        key = f"rules.{name}"
        try:
            check_text(name, "event")
        except ValueError as error:
            remedy = "write the name that track() is given"
            raise FunnelError(key[:80], str(error), remedy) from None
        if name in (IDENTIFY, ASSIGN):
            raise FunnelError(key, "is a name of our own", "write the name that track() is given")
        if not several:
            raise FunnelError(key, "no rule", "write touch(), or a list of rules")
        for rule in several:
            if rule.stage is not None:
                check_name(rule.stage, stages, key, "stage")


def check_patience(patience: Mapping[str, object], stages: Sequence[str]) -> None:
    """Stages that there are, and durations that end, or rhythms, which have checked themselves."""
    for stage, silence in patience.items():
        key = f"patience.{stage}"
        check_name(stage, ("default", *stages), key, "stage")
        if silence is None or isinstance(silence, Rhythm):
            continue
        if not isinstance(silence, timedelta) or not timedelta() < silence <= LONGEST:
            raise FunnelError(
                key,
                f"{silence!r} is not a time to wait",
                'write a duration such as "30d" (a timedelta in Python), at most a century, '
                "a rhythm, or false (None) for never",
            )


def check_apart(apart: object) -> None:
    """A duration, zero included."""
    if not isinstance(apart, timedelta) or not timedelta() <= apart <= LONGEST:
        raise FunnelError("loyal_apart", f"{apart!r} is no distance", 'write e.g. "7d", or "0d"')


def check_count(key: str, value: object, least: int) -> None:
    """A whole number, at least so large."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
        raise FunnelError(key, f"{value!r} is not a usable number", f"write {least} or more")


def check_currency(currency: object) -> None:
    """A short word, where there is one."""
    if currency is None:
        return
    try:
        word = check_text(currency, "currency")
    except ValueError as error:
        raise FunnelError("currency", str(error), 'write currency = "EUR"') from None
    if len(word) > _LONGEST_CURRENCY or word != word.strip():
        raise FunnelError("currency", f"{word[:40]!r} is too long", 'write currency = "EUR"')


def check_touchpoints(touchpoints: Mapping[str, object]) -> None:
    """Nothing but touchpoints."""
    for name, touchpoint in touchpoints.items():
        if not isinstance(touchpoint, Touchpoint):
            raise FunnelError(f"touchpoints.{name}", "no Touchpoint", "write Touchpoint(promise=…)")


def _as_duration(key: str, given: Any) -> Any:
    """Read a text; what is not text is checked later."""
    if not isinstance(given, str):
        return given
    try:
        return read_duration(given)
    except ValueError as error:
        raise FunnelError(key, str(error).split(";")[0], 'write e.g. "30d"') from None


def _as_mapping(key: str, given: Mapping[str, Any], remedy: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise FunnelError(key, "no mapping", remedy)
    return dict(given)
