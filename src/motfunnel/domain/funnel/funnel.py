"""The funnel: the definition by which events become moments.

Ordered stages, a rule for each event name, patience, and the thresholds of loyalty and advocacy.
Checked when made, so that a funnel that exists can be used. ``file`` reads and writes the
form of a funnel file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Final, Literal, Self

from attrs import field, frozen

from motfunnel.domain import machine
from motfunnel.domain.event import ASSIGN, IDENTIFY
from motfunnel.domain.funnel import checks, file, value
from motfunnel.domain.funnel.condition import VERSION
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.funnel.rule import (
    SCALE,
    SCORES,
    OffScaleError,
    Reading,
    Rule,
    Scale,
)
from motfunnel.domain.funnel.touchpoint import Touchpoint
from motfunnel.domain.funnel.words import Words, as_words, check_words, spoken
from motfunnel.domain.instant import duration_micros
from motfunnel.domain.signal import Signal
from motfunnel.errors import FunnelError, UnmappedEventError

PATIENCE: Final = timedelta(days=30)
"""How long a contact may be silent at a stage for which the funnel says nothing."""

_OWN: Final = {IDENTIFY: Reading(Signal.NOTE), ASSIGN: Reading(Signal.OUTREACH)}
"""What events of our own names mean, whatever the rules say."""
_NO_PART: Final = ("touchpoints", "words")
_UNMAPPED: Final = {"note": Reading(Signal.NOTE), "touch": Reading(Signal.TOUCH), "refuse": None}


def _count(given: Mapping[str, object]) -> str:
    return f"<{len(given)}>"


@frozen(kw_only=True, eq=False)
class Funnel:
    """A definition of stages, rules and thresholds.

    Attributes:
        stages: the names of the stages in order; the first is where an opening puts a contact,
            the last is the transaction.
        rules: for each event name one rule, or several of which the first that applies counts.
        patience: how long a contact at a stage may be silent, as a timedelta or a text such as
            ``30d``, or by each contact's own ``rhythm``; None for a stage that nobody departs from
            by silence. The key ``default`` stands for the stages not named.
        loyal_after: the number of purchases that makes a loyalist, at least 2.
        loyal_apart: how far apart purchases must lie to count.
        apostle_after_referrals: the number of referrals that makes an apostle, or None.
        unmapped: what an event is that no rule names: ``note``, ``touch``, or ``refuse``.
        currency: in which values are; a word that is printed beside them.
        scale: the lowest and the highest score; what lies outside is refused.
        touchpoints: the journey map.
        words: the funnel's own words for what answers and pages tell of, such as
            ``{"contact": "subscriber", "depart": "cancelled"}``; they change no number.

    Raises:
        FunnelError: a part cannot be used; it names the key and what to write instead.
    """

    stages: tuple[str, ...] = field(converter=checks.as_stages)
    rules: Mapping[str, tuple[Rule, ...]] = field(converter=checks.as_rules, repr=_count)
    patience: Mapping[str, timedelta | Rhythm | None] = field(
        factory=dict, converter=checks.as_patience, repr=False
    )
    loyal_after: int = 2
    loyal_apart: timedelta = field(default=timedelta(), converter=checks.as_apart)
    apostle_after_referrals: int | None = 3
    unmapped: Literal["note", "touch", "refuse"] = "note"
    currency: str | None = None
    scale: Scale = field(default=SCALE, converter=checks.as_scale)
    touchpoints: Mapping[str, Touchpoint] = field(
        factory=dict, converter=checks.as_touchpoints, repr=_count
    )
    words: Words = field(factory=dict, converter=as_words, repr=False)
    terms: tuple[int, ...] = field(init=False, repr=False)
    fingerprint: str = field(init=False)
    _constant: dict[str, Reading] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        checks.check_stages(self.stages)
        checks.check_rules(self.rules, self.stages)
        checks.check_patience(self.patience, self.stages)
        checks.check_count("loyal_after", self.loyal_after, 2)
        checks.check_apart(self.loyal_apart)
        if self.apostle_after_referrals is not None:
            checks.check_count("apostle_after_referrals", self.apostle_after_referrals, 1)
        file.check_name(self.unmapped, checks.UNMAPPED, "unmapped", "choice")
        checks.check_currency(self.currency)
        checks.check_touchpoints(self.touchpoints)
        check_words(self.words)
        checks.check_scores(self.scale, self.rules, self.touchpoints)
        object.__setattr__(self, "terms", self._make_terms())
        object.__setattr__(self, "fingerprint", self._make_fingerprint())
        object.__setattr__(self, "_constant", self._make_constant())

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read a funnel file.

        Raises:
            FunnelError: the file is missing, is no TOML, or defines no usable funnel.
        """
        return cls(**file.read_toml(Path(path)))

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Self:
        """Make a funnel of the form that a funnel file has (see ``to_dict``)."""
        return cls(**file.read(written))

    @classmethod
    def ecommerce(cls) -> Self:
        """A web shop, on the event names of Segment's e-commerce specification."""
        return cls(**file.read_preset("ecommerce"))

    @classmethod
    def saas(cls) -> Self:
        """Software sold to businesses, on the event names of Segment's B2B SaaS specification."""
        return cls(**file.read_preset("saas"))

    def __eq__(self, other: object) -> bool:
        """Whether the two classify alike, and have the same journey map and the same words."""
        return (
            isinstance(other, Funnel)
            and self.fingerprint == other.fingerprint
            and self.touchpoints == other.touchpoints
            and self._detractors == other._detractors
            and self.words == other.words
        )

    def __hash__(self) -> int:
        """By what classifies."""
        return hash(self.fingerprint)

    def to_dict(self) -> dict[str, Any]:
        """Give the definition in the form of a funnel file, ready for JSON or TOML."""
        return file.write({name: getattr(self, name) for name in file.KEYS}, self.patience_of(None))

    def patience_of(self, stage: str | None) -> timedelta | Rhythm | None:
        """How long a contact at the stage may be silent, or by which rhythm; None: for ever."""
        default = self.patience.get("default", PATIENCE)
        return default if stage is None else self.patience.get(stage, default)

    @property
    def has_values(self) -> bool:
        """Whether a rule says what purchases are worth."""
        return any(rule.value is not None for rules in self.rules.values() for rule in rules)

    @property
    def _detractors(self) -> list[float | None]:
        return [one.detractor for _, rules in sorted(self.rules.items()) for one in rules]

    @property
    def spoken(self) -> dict[str, str]:
        """The word for all that has one: the funnel's own before the usual one."""
        return spoken(self.words)

    def knows(self, name: str) -> bool:
        """Whether a rule names this event."""
        return name in self.rules or name in _OWN

    def constant(self, name: str) -> Reading | None:
        """What every event of this name means; None where it depends on its properties."""
        constant = self._constant.get(name)
        return constant if constant or name in self.rules else _UNMAPPED[self.unmapped]

    def read(self, name: str, properties: Mapping[str, Any]) -> Reading:
        """Say what an event means.

        Raises:
            UnmappedEventError: no rule applies, and the funnel refuses such events.
            OffScaleError: a rule reads a score outside the scale.
            ValueError: a rule reads a score or a value that is not a number.
        """
        constant = self._constant.get(name)
        if constant is not None:
            return constant
        rule = self.rule_of(name, properties)
        if rule is None:
            return self._read_unmapped(name)
        return rule.read(properties, self.stages, self.scale)

    def rule_of(self, name: str, properties: Mapping[str, Any]) -> Rule | None:
        """The first rule of an event's name whose conditions hold; None where there is none."""
        for rule in self.rules.get(name, ()):
            if rule.applies(properties):
                return rule
        return None

    def read_stored(self, name: str, properties: Mapping[str, Any]) -> Reading:
        """Say what an event means that was recorded under another funnel.

        One that this funnel would refuse is a note: it cannot be refused any more. A score outside
        the scale counts as absent.
        """
        try:
            return self.read(name, properties)
        except OffScaleError:
            return self._read_off_scale(name, properties)
        except ValueError:
            return Reading(Signal.NOTE)

    def _read_off_scale(self, name: str, properties: Mapping[str, Any]) -> Reading:
        rule = self.rule_of(name, properties)
        if rule is None:
            return Reading(Signal.NOTE)
        return rule.read(properties, self.stages, self.scale, is_stored=True)

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
        silences = [self.patience_of(stage) for stage in self.stages]
        return (
            len(self.stages) - 1,
            self.loyal_after,
            duration_micros(self.loyal_apart),
            self.apostle_after_referrals or machine.NEVER,
            *map(_patience_term, silences),
            *(term for rhythm in _rhythms(silences) for term in rhythm),
        )

    def _make_fingerprint(self) -> str:
        """Tell funnels apart that may classify differently; map and words play no part."""
        written = {key: one for key, one in self.to_dict().items() if key not in _NO_PART}
        written["patience"] = self.terms[machine.PATIENCE :]
        for rule in (one for rules in written["rules"].values() for one in rules):
            rule.pop("detractor", None)  # it says how bad a score is, and makes no moment
        if any(rule.when or rule.is_nested for rules in self.rules.values() for rule in rules):
            written["conditions"] = VERSION
        if any(rule.score is not None for rules in self.rules.values() for rule in rules):
            written["scores"] = SCORES
        if self.has_values:
            written["values"] = value.VERSION
        canonical = json.dumps(written, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def _make_constant(self) -> dict[str, Reading]:
        """Read once what reads the same in every event: most rules look at no property."""
        first = {name: rules[0] for name, rules in self.rules.items() if rules[0].is_constant}
        constant = {name: rule.read({}, self.stages) for name, rule in first.items()}
        return constant | _OWN


def _patience_term(patience: timedelta | Rhythm | None) -> int:
    if isinstance(patience, Rhythm):
        return machine.BY_RHYTHM
    return machine.NEVER if patience is None else duration_micros(patience)


def _rhythms(silences: Sequence[timedelta | Rhythm | None]) -> Iterator[tuple[int, ...]]:
    """The terms of the rhythm at each stage; nothing where no stage has one."""
    if any(isinstance(one, Rhythm) for one in silences):
        for one in silences:
            yield one.terms if isinstance(one, Rhythm) else machine.NO_RHYTHM


def preset(name: str) -> Funnel:
    """The funnel that comes with the library under this name.

    Raises:
        FunnelError: there is none.
    """
    if name not in file.PRESETS:
        close = get_close_matches(name.lower(), file.PRESETS, n=1)
        meant = f'did you mean "{close[0]}"? A' if close else "a"
        raise FunnelError(
            "funnel",
            f"{name!r} is none of the presets ({', '.join(file.PRESETS)})",
            f"{meant} funnel file is read by Funnel.from_toml({name!r})",
        )
    return Funnel(**file.read_preset(name))


def read_funnel(given: object) -> Funnel | None:
    """A funnel as a tracker is given it: itself, the name of a preset, or None.

    Raises:
        FunnelError: it is something else; the error says what to write.
    """
    if given is None or isinstance(given, Funnel):
        return given
    if isinstance(given, str):
        return preset(given)
    if isinstance(given, PathLike):
        remedy = f"read the file with Funnel.from_toml({fspath(given)!r})"
    elif isinstance(given, Mapping):
        remedy = "make a funnel of it with Funnel.from_dict(…)"
    elif callable(given):
        remedy = "call it, such as Funnel.ecommerce()"
    else:
        remedy = f"give a Funnel, or the name of a preset ({', '.join(file.PRESETS)})"
    raise FunnelError("funnel", f"a {type(given).__name__} is no Funnel", remedy)
