"""The funnel: the definition by which events become moments.

Ordered stages, a rule for each event name, patience, and the thresholds of loyalty and advocacy.
Checked when made, so that a funnel that exists can be used. ``definition`` reads and writes the
form of a funnel file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self

from attrs import field, frozen

from motfunnel.domain import definition, machine
from motfunnel.domain.event import IDENTIFY
from motfunnel.domain.instant import LONGEST, duration_micros
from motfunnel.domain.rule import Reading, Rule
from motfunnel.domain.signal import Signal
from motfunnel.domain.touchpoint import Touchpoint
from motfunnel.errors import FunnelError, UnmappedEventError

PATIENCE: Final = timedelta(days=30)
"""How long a contact may be silent at a stage for which the funnel says nothing."""

_FEWEST_STAGES: Final = 2
_UNMAPPED: Final = {"note": Reading(Signal.NOTE), "touch": Reading(Signal.TOUCH), "refuse": None}

Rules = Mapping[str, Rule | Sequence[Rule]]


def _as_rules(rules: Rules) -> dict[str, tuple[Rule, ...]]:
    if not isinstance(rules, Mapping):
        raise FunnelError("rules", "no mapping", 'write {"event name": touch(), …}')
    return {
        name: (rule,) if isinstance(rule, Rule) else tuple(rule) for name, rule in rules.items()
    }


def _as_stages(stages: Sequence[str]) -> tuple[str, ...]:
    if isinstance(stages, str) or not all(isinstance(s, str) and s.strip() for s in stages):
        raise FunnelError("stages", "not a list of names", 'write ["visitor", "customer"]')
    return tuple(stages)


def _count(given: Mapping[str, object]) -> str:
    return f"<{len(given)}>"


@frozen(kw_only=True, eq=False)
class Funnel:
    """A definition of stages, rules and thresholds.

    Attributes:
        stages: the names of the stages in order; the first is where an opening puts a contact,
            the last is the transaction.
        rules: for each event name one rule, or several of which the first that applies counts.
        patience: how long a contact at a stage may be silent; None for a stage that nobody
            departs from by silence. The key ``default`` stands for the stages not named.
        loyal_after: the number of purchases that makes a loyalist, at least 2.
        loyal_apart: how far apart purchases must lie to count.
        apostle_after_referrals: the number of referrals that makes an apostle, or None.
        unmapped: what an event is that no rule names: ``note``, ``touch``, or ``refuse``.
        touchpoints: the journey map.

    Raises:
        FunnelError: a part cannot be used; it names the key and what to write instead.
    """

    stages: tuple[str, ...] = field(converter=_as_stages)
    rules: Mapping[str, tuple[Rule, ...]] = field(converter=_as_rules, repr=_count)
    patience: Mapping[str, timedelta | None] = field(factory=dict, repr=False)
    loyal_after: int = 2
    loyal_apart: timedelta = timedelta()
    apostle_after_referrals: int | None = 3
    unmapped: str = "note"
    touchpoints: Mapping[str, Touchpoint] = field(factory=dict, repr=_count)
    terms: tuple[int, ...] = field(init=False, repr=False)
    fingerprint: str = field(init=False)
    _constant: dict[str, Reading] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for check in (_check_stages, _check_rules, _check_patience, _check_thresholds):
            check(self)
        object.__setattr__(self, "terms", self._make_terms())
        object.__setattr__(self, "fingerprint", self._make_fingerprint())
        object.__setattr__(self, "_constant", self._make_constant())

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a funnel file.

        Raises:
            FunnelError: the file is missing, is no TOML, or defines no usable funnel.
        """
        return cls(**definition.read_toml(Path(path)))

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Self:
        """Make a funnel of the form that a funnel file has (see ``to_dict``)."""
        return cls(**definition.read(written))

    @classmethod
    def ecommerce(cls) -> Self:
        """A web shop, on the event names of Segment's e-commerce specification."""
        return cls(**definition.read_preset("ecommerce"))

    @classmethod
    def saas(cls) -> Self:
        """Software sold to businesses, on the event names of Segment's B2B SaaS specification."""
        return cls(**definition.read_preset("saas"))

    def to_dict(self) -> dict[str, Any]:
        """Give the definition in the form of a funnel file, ready for JSON or TOML."""
        return definition.write(
            {name: getattr(self, name) for name in definition.KEYS}, self.patience_of(None)
        )

    def patience_of(self, stage: str | None) -> timedelta | None:
        """How long a contact at the stage may be silent; None: for ever."""
        default = self.patience.get("default", PATIENCE)
        return default if stage is None else self.patience.get(stage, default)

    def knows(self, name: str) -> bool:
        """Whether a rule names this event."""
        return name in self.rules or name == IDENTIFY

    def read(self, name: str, properties: Mapping[str, Any]) -> Reading:
        """Say what an event means.

        Raises:
            UnmappedEventError: no rule applies, and the funnel refuses such events.
            ValueError: a rule reads a score that is no number.
        """
        constant = self._constant.get(name)
        if constant is not None:
            return constant
        for rule in self.rules.get(name, ()):
            if rule.applies(properties):
                return rule.read(properties, self.stages)
        return self._read_unmapped(name)

    def read_stored(self, name: str, properties: Mapping[str, Any]) -> Reading:
        """Say what an event means that was recorded under another funnel.

        One that this funnel would refuse is a note: it cannot be refused any more.
        """
        try:
            return self.read(name, properties)
        except ValueError:
            return Reading(Signal.NOTE)

    def _read_unmapped(self, name: str) -> Reading:
        reading = _UNMAPPED[self.unmapped]
        if reading is None:
            known = ", ".join(sorted(self.rules)) or "(none)"
            raise UnmappedEventError(
                f"no rule of the funnel applies, and it refuses such events; it names: {known}",
                event=name,
            )
        return reading

    def _make_terms(self) -> tuple[int, ...]:
        silences = (self.patience_of(stage) for stage in self.stages)
        return (
            len(self.stages) - 1,
            self.loyal_after,
            duration_micros(self.loyal_apart),
            self.apostle_after_referrals or machine.NEVER,
            *(machine.NEVER if p is None else duration_micros(p) for p in silences),
        )

    def _make_fingerprint(self) -> str:
        """Tell funnels apart that may classify differently; the journey map plays no part."""
        written = {key: value for key, value in self.to_dict().items() if key != "touchpoints"}
        canonical = json.dumps(written, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def _make_constant(self) -> dict[str, Reading]:
        """Read once what reads the same in every event: most rules look at no property."""
        first = {name: rules[0] for name, rules in self.rules.items() if rules[0].is_constant}
        constant = {name: rule.read({}, self.stages) for name, rule in first.items()}
        return constant | {IDENTIFY: Reading(Signal.NOTE)}


def _check_stages(funnel: Funnel) -> None:
    stages = funnel.stages
    if len(stages) < _FEWEST_STAGES:
        raise FunnelError("stages", f"only {len(stages)}", "a funnel has at least two stages")
    if len(set(stages)) < len(stages):
        raise FunnelError("stages", "a name stands twice", "give every stage its own name")
    if "default" in stages:
        raise FunnelError("stages", '"default" is taken by patience', "choose another name")


def _check_rules(funnel: Funnel) -> None:
    for name, rules in funnel.rules.items():
        key = f"rules.{name}"
        if not isinstance(name, str) or not name.strip() or name == IDENTIFY:
            raise FunnelError(key, "cannot name an event", "write the name that track() is given")
        if not rules or not all(isinstance(rule, Rule) for rule in rules):
            raise FunnelError(key, "no rule", "write touch(), purchase(), or a list of rules")
        for rule in rules:
            if rule.stage is not None:
                definition.check_name(rule.stage, funnel.stages, key, "stage")


def _check_patience(funnel: Funnel) -> None:
    for stage, patience in funnel.patience.items():
        key = f"patience.{stage}"
        definition.check_name(stage, ("default", *funnel.stages), key, "stage")
        if patience is not None and not (
            isinstance(patience, timedelta) and timedelta() < patience <= LONGEST
        ):
            raise FunnelError(
                key,
                f"{patience!r} is no time to wait",
                'write a duration such as "30d" (a timedelta in Python), at most a century, '
                "or false (None) for never",
            )


def _check_thresholds(funnel: Funnel) -> None:
    _check_count("loyal_after", funnel.loyal_after, 2)
    if funnel.apostle_after_referrals is not None:
        _check_count("apostle_after_referrals", funnel.apostle_after_referrals, 1)
    apart = funnel.loyal_apart
    if not isinstance(apart, timedelta) or not timedelta() <= apart <= LONGEST:
        raise FunnelError("loyal_apart", f"{apart!r} is no distance", 'write e.g. "7d", or "0d"')
    definition.check_name(funnel.unmapped, tuple(_UNMAPPED), "unmapped", "choice")
    if not all(isinstance(t, Touchpoint) for t in funnel.touchpoints.values()):
        raise FunnelError("touchpoints", "not a Touchpoint", "write Touchpoint(promise=…)")


def _check_count(key: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**31:
        raise FunnelError(key, f"{value!r} is no usable number", f"write {least} or more")
