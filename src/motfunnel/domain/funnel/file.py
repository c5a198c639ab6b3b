"""The written form of a funnel: what a funnel file holds, and what the database keeps.

Turns it into the arguments of ``Funnel`` and back. Knows the form only; whether the parts fit
together, ``Funnel`` checks.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from motfunnel.domain.funnel import rule as rules
from motfunnel.domain.funnel.rhythm import Rhythm, read_rhythm
from motfunnel.domain.funnel.rule import SCALE, Rule
from motfunnel.domain.funnel.touchpoint import Touchpoint
from motfunnel.domain.instant import format_duration, parse_duration
from motfunnel.errors import FunnelError

Preset: TypeAlias = Literal["ecommerce", "saas"]
"""The name of a funnel that comes with the library."""

PRESETS: Final[tuple[str, ...]] = get_args(Preset)
KEYS: Final = (
    "stages",
    "loyal_after",
    "loyal_apart",
    "apostle_after_referrals",
    "unmapped",
    "currency",
    "scale",
    "patience",
    "rules",
    "touchpoints",
    "words",
)

# Each signal, the function that makes its rule, the one property that it takes under its own
# name ("" for none), and what else may stand beside it.
_FORMS: Final[dict[str, tuple[Callable[..., Rule], str, tuple[str, ...]]]] = {
    "note": (rules.note, "", ()),
    "research": (rules.research, "", ()),
    "outreach": (rules.outreach, "", ("arm", "holdout", "trial")),
    "touch": (rules.touch, "", ()),
    "reach": (rules.reach, "stage", ()),
    "purchase": (rules.purchase, "value", ()),
    "rating": (rules.rating, "score", ("promoter", "detractor")),
    "refer": (rules.refer, "referred", ()),
    "advocate": (rules.advocate, "", ()),
    "complain": (rules.complain, "case", ()),
    "resolve": (rules.resolve, "case", ()),
    "leave": (rules.leave, "reason", ()),
}

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a funnel file into the arguments of ``Funnel``."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not path.suffix:
            raise _neither(path) from None
        remedy = f"write a funnel file, or name a preset: {', '.join(PRESETS)}"
        raise FunnelError(str(path), error.strerror or "cannot be read", remedy) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FunnelError(str(path), f"is no TOML: {error}", "mend that line") from None
    try:
        return read(written)
    except FunnelError as error:
        raise FunnelError(f"{path}: {error.key}", error.reason, error.remedy) from None


def _neither(path: Path) -> FunnelError:
    """The error for a bare name, with which a preset was meant rather than a file."""
    close = get_close_matches(path.name, PRESETS, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else "name a preset, or write a funnel file"
    return FunnelError(str(path), f"is neither a preset ({', '.join(PRESETS)}) nor a file", remedy)


def read_preset(name: str) -> dict[str, Any]:
    """Read a preset, which is a funnel file that comes with the package."""
    file = resources.files("motfunnel.domain.funnel").joinpath("presets", f"{name}.toml")
    return read(tomllib.loads(file.read_text(encoding="utf-8")))


def read(written: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a written funnel into the arguments of ``Funnel``."""
    for key in written:
        check_name(key, KEYS, str(key), "key")
    for key in ("stages", "rules"):
        if key not in written:
            raise FunnelError(key, "is missing", f"a funnel file needs {key}")
    arguments = dict(written)
    if "loyal_apart" in arguments:
        arguments["loyal_apart"] = _duration("loyal_apart", arguments["loyal_apart"])
    if arguments.get("apostle_after_referrals") is False:
        arguments["apostle_after_referrals"] = None
    arguments["patience"] = {
        stage: _read_patience(f"patience.{stage}", patience)
        for stage, patience in _table(written, "patience").items()
    }
    arguments["rules"] = {
        name: _read_rules(f"rules.{name}", rule) for name, rule in _table(written, "rules").items()
    }
    arguments["touchpoints"] = {
        name: _read_touchpoint(f"touchpoints.{name}", touchpoint)
        for name, touchpoint in _table(written, "touchpoints").items()
    }
    arguments["words"] = _table(written, "words")
    return arguments


def write(arguments: Mapping[str, Any], default: timedelta | Rhythm | None) -> dict[str, Any]:
    """Turn the arguments of ``Funnel`` into the written form."""
    patience = {"default": default} | dict(arguments["patience"])
    return {
        "stages": list(arguments["stages"]),
        "loyal_after": arguments["loyal_after"],
        "loyal_apart": format_duration(arguments["loyal_apart"]),
        "apostle_after_referrals": arguments["apostle_after_referrals"] or False,
        "unmapped": arguments["unmapped"],
        **({"currency": arguments["currency"]} if arguments["currency"] else {}),
        **({"scale": [*map(_number, arguments["scale"])]} if arguments["scale"] != SCALE else {}),
        "patience": {stage: write_patience(waited) for stage, waited in patience.items()},
        "rules": {name: [*map(write_rule, rule)] for name, rule in arguments["rules"].items()},
        "touchpoints": {
            name: {"promise": t.promise} | ({} if t.expected is None else {"expected": t.expected})
            for name, t in arguments["touchpoints"].items()
        },
        **({"words": _words(arguments["words"])} if arguments["words"] else {}),
    }


def _words(words: Mapping[str, str | tuple[str, str]]) -> dict[str, Any]:
    """Write a funnel's own words; a plural only where it is not that of most nouns."""
    return {
        key: word if isinstance(word, str) else word[0] if word[1] == f"{word[0]}s" else [*word]
        for key, word in words.items()
    }


def check_name(name: object, choices: Collection[str], key: str, what: str) -> None:
    """Refuse a name that is none of the choices, and say which was probably meant."""
    if isinstance(name, str) and name in choices:
        return
    close = get_close_matches(str(name), choices, n=1)
    remedy = f'did you mean "{close[0]}"?' if close else f"write one of: {', '.join(choices)}"
    raise FunnelError(key, f'no {what} is called "{name}"', remedy)


def _table(written: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = written.get(key, {})
    if not isinstance(table, Mapping):
        raise FunnelError(key, "is not a table", f"write its lines under [{key}]")
    return table


def _read_patience(key: str, written: object) -> timedelta | Rhythm | None:
    if written is False:
        return None
    if not isinstance(written, Mapping):
        return _duration(key, written)
    try:
        return read_rhythm(written)
    except FunnelError as error:
        raise FunnelError(f"{key}.{error.key}", error.reason, error.remedy) from None


def write_patience(patience: timedelta | Rhythm | None) -> Any:
    """Turn a patience into the written form: a duration, the table of a rhythm, or false."""
    if isinstance(patience, Rhythm):
        return patience.to_dict()
    return False if patience is None else format_duration(patience)


def _duration(key: str, text: object) -> timedelta:
    try:
        return parse_duration(text if isinstance(text, str) else repr(text))
    except ValueError as error:
        remedy = 'write e.g. "30d", or false for never' if "patience" in key else 'write e.g. "7d"'
        raise FunnelError(key, str(error).split(";")[0], remedy) from None


def _read_rules(key: str, written: object) -> tuple[Rule, ...]:
    several = written if isinstance(written, list) else [written]
    return tuple(_read_rule(key, one) for one in several)


def _read_rule(key: str, written: object) -> Rule:
    if isinstance(written, str):
        written = {written: True}
    if not isinstance(written, Mapping):
        raise FunnelError(key, "is no rule", 'write e.g. "touch", or { reach = "lead" }')
    signal = _only_signal(key, written)
    make, argument, more = _FORMS[signal]
    for name in written:
        check_name(name, (signal, "when", *more), key, f"part of {signal}")
    keywords = {name: value for name, value in written.items() if name != signal}
    given = written[signal]
    if given is not True:
        if not argument:
            raise FunnelError(key, f"{signal} takes no {given!r}", f'write "{signal}"')
        keywords[argument] = given
    elif signal == "reach":
        raise FunnelError(key, "reach names no stage", 'write { reach = "lead" }')
    try:
        return make(**keywords)
    except FunnelError as error:
        raise FunnelError(f"{key}: {error.key}", error.reason, error.remedy) from None


def _only_signal(key: str, written: Mapping[str, Any]) -> str:
    signals = [name for name in written if name in _FORMS]
    if len(signals) == 1:
        return signals[0]
    for name in written if not signals else ():
        if name not in {"when", "arm", "holdout", "trial", "promoter", "detractor"}:
            check_name(name, tuple(_FORMS), key, "signal")
    raise FunnelError(key, f"{len(signals)} signals", "a rule has exactly one")


def write_rule(rule: Rule) -> dict[str, Any]:
    """Turn a rule into the written form: a table with its signal."""
    signal = rule.signal.label
    _, argument, more = _FORMS[signal]
    given = getattr(rule, argument) if argument else None
    written: dict[str, Any] = {signal: True if given is None else given}
    others = {name: getattr(rule, name) for name in more}
    written |= {name: _number(value) for name, value in others.items() if value is not None}
    if rule.when:
        written["when"] = {c.property: _number(c.expected) for c in rule.when}
    return written


def _number(value: Any) -> Any:
    """Write 9.0 as 9, which means the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_touchpoint(key: str, written: object) -> Touchpoint:
    if not isinstance(written, Mapping):
        raise FunnelError(key, "is not a table", 'write promise = "…" and expected = 8 below it')
    for name in written:
        check_name(name, ("promise", "expected"), key, "part of a touchpoint")
    try:
        return Touchpoint(**written)
    except FunnelError as error:
        raise FunnelError(f"{key}.{error.key}", error.reason, error.remedy) from None


def rule_text(name: str, rule: Rule) -> str:
    """Write the rule of an event name.

    >>> from motfunnel.domain.funnel.rule import leave, touch
    >>> print(rule_text("page_viewed", touch()))
    page_viewed = "touch"
    >>> print(rule_text("Plan Changed", leave("reason", when={"plan": "free"})))
    "Plan Changed" = { leave = "reason", when = { plan = "free" } }
    """
    written = write_rule(rule)
    if [*written.values()] == [True]:
        return line(name, next(iter(written)))
    return line(name, written)


def line(key: str, value: object) -> str:
    """Write one key of a funnel file with its value.

    >>> line("loyal_after", 2), line("lead", "14d")
    ('loyal_after = 2', 'lead = "14d"')
    """
    return f"{_key(key)} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(line(key, one) for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
