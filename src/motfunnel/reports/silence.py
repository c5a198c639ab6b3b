"""Silences among the departures that a rate counts: what they mean, and what may be compared.

A departure by silence is made by the patience in force, a goodbye is not. Says so beside the rate,
and holds apart what differs by the patience alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import repeat
from typing import Final

from motfunnel.answers.cells import percent
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import MICROSECOND, format_duration
from motfunnel.domain.moment import SILENCE
from motfunnel.reports.inquiry import Groups
from motfunnel.reports.measure.clock import Readings
from motfunnel.reports.measure.estimate import happened_within, part_mature
from motfunnel.reports.measure.grouping import TOGETHER, Groupings
from motfunnel.reports.window import Windowed
from motfunnel.text import counted

SAID: Final = "said"
"""In place of a patience: the departure was no silence."""
NOT_ALIKE: Final = (
    "groups are compared only where all of their silences had one patience, and silence never with "
    "what was said: such a difference would be the patience's"
)
_SUGGESTED: Final = "the report patience says what the data suggest"
_SHORTER: Final = f"a shorter patience means a higher rate; {_SUGGESTED}"

Patiences = frozenset[object]
"""Of which patience silences were; ``SAID`` stands for departures that were none."""


def patiences(rate: Windowed, chosen: Readings, funnel: Funnel) -> Patiences:
    """Of which patience the departures are that a rate counts, or can count."""
    return frozenset(patience for _, patience in _kinds(rate, chosen, funnel))


def classes(groups: Mapping[str | None, Patiences]) -> dict[str | None, Patiences | None]:
    """Give of each group among which groups it may be compared; None: with none.

    With those whose silences all had the same one patience, goodbyes among them or not; and those
    that hold goodbyes alone with one another.
    """
    return {group: _class(kinds) for group, kinds in groups.items()}


def are_alike(rate: Windowed, one: Readings, other: Readings, funnel: Funnel) -> bool:
    """Whether two groups may be compared stage by stage: at each, by one patience, or as said."""
    kinds = [_by_stage(rate, chosen, funnel) for chosen in (one, other)]
    both = kinds[0].keys() & kinds[1].keys()
    found = [[_class(frozenset(kind[stage])) for kind in kinds] for stage in both]
    return all(first == second and first is not None for first, second in found)


def _by_stage(rate: Windowed, chosen: Readings, funnel: Funnel) -> dict[str, set[object]]:
    found: dict[str, set[object]] = {}
    for stage, patience in _kinds(rate, chosen, funnel):
        found.setdefault(stage, set()).add(patience)
    return found


def _class(kinds: Patiences) -> Patiences | None:
    silent = kinds - {SAID}
    if len(silent) > 1 or not all(isinstance(one, timedelta) for one in silent):
        return None
    return silent or frozenset({SAID})


def mixed_note(groups: Mapping[str | None, Patiences], by: str) -> str | None:
    """By what to group as well, where all groups mix the same patiences of several stages."""
    kinds = {*groups.values()}
    silent = next(iter(kinds), frozenset()) - {SAID}
    mixed = len(silent) > 1 and all(isinstance(one, timedelta) for one in silent)
    if len(kinds) != 1 or not mixed:
        return None
    names = ", ".join(f'"{name}"' for name in ("stage", *by.split(TOGETHER)))
    return f"all groups mix the patiences of several stages; by=({names}) holds these apart"


def silence_note(
    rate: Windowed,
    groups: Groups,
    window: timedelta,
    as_of: datetime,
    funnel: Funnel,
    each: str = "",
) -> str | None:
    """What a silence is, where a rate counts departures by silence, and how many are heard of.

    Args:
        rate: the rate.
        groups: those counted.
        window: within which they are heard of.
        as_of: the instant of the question.
        funnel: the one in use.
        each: how a contact can be counted several times; empty where it is not.
    """
    kinds = {one for chosen in groups.values() for one in _kinds(rate, chosen, funnel)}
    waits = {stage: patience for stage, patience in kinds if patience != SAID}
    if not waits:
        return None
    what = f"a silence of {_in_words(waits, funnel)}, not a goodbye"
    if rate.departures == "awaited":
        return f"a departure may be {what}: who is merely slow counts as departed; {_SHORTER}"
    if rate.event != "returned" or rate.since != "the departure":
        return f"{what}: who is merely slow counts as departed; {_SUGGESTED}"
    heard = [_heard(chosen, window, as_of) for chosen in groups.values()]
    came, of = (sum(one[n] for one in heard) for n in (0, 1))
    if not came:
        return f"{what}: {_SHORTER}"
    return (
        f"{what}: at this patience {each}{percent(came / of)} are heard of within "
        f"{format_duration(window)}; most of these need never have left; {_SHORTER}"
    )


def no_event_note(rate: Windowed, groups: Groups, groupings: Groupings | None) -> str | None:
    """That a silence has no event with a property to group by, and what there is in its place."""
    each = () if groupings is None else groupings.each
    names = [one.name for one in each if one.kind == "property"]
    if rate.departures != "started" or not names:
        return None
    silent = sum(
        chosen.reason.count(chosen.names.labels[SILENCE]) for chosen in groups.values() if chosen
    )
    if not silent:
        return None
    return (
        f"no event says a silence, so {names[0]} is unknown of the {counted(silent, 'departure')} "
        f'by silence; what was known of a contact by then is a trait: by="{names[0]}"'
    )


def departures_note(funnel: Funnel) -> str | None:
    """What a silence is, where departures are counted and some are silences."""
    waits = {stage: one for stage in funnel.stages if (one := funnel.patience_of(stage))}
    return _departures(waits, funnel) if waits else None


def silences_note(chosen: Readings, funnel: Funnel) -> str | None:
    """The same, of some departures: nothing where none of them is a silence."""
    kinds = _of_patience(chosen, chosen.reason, funnel)
    waits = {stage: patience for stage, patience in kinds if patience != SAID}
    return _departures(waits, funnel) if waits else None


def _departures(waits: Mapping[str, object], funnel: Funnel) -> str:
    return (
        f"a departure may be a silence of {_in_words(waits, funnel)}, not a goodbye: who is merely "
        f"slow counts as departed, and as returned later; {_SUGGESTED}"
    )


def _kinds(rate: Windowed, chosen: Readings, funnel: Funnel) -> set[tuple[str, object]]:
    """At which stages departures are that a rate counts, or can count, and of which patience."""
    if not rate.departures or not chosen.stage:
        return set()
    silence = chosen.names.labels[SILENCE]
    reasons = chosen.reason if rate.departures == "started" else repeat(silence)
    return _of_patience(chosen, reasons, funnel)


def _of_patience(
    chosen: Readings, reasons: Iterable[int], funnel: Funnel
) -> set[tuple[str, object]]:
    """At which stages departures for some reasons are, and of which patience."""
    texts, silence = chosen.names.labels.texts, chosen.names.labels[SILENCE]
    found = set[tuple[str, object]]()
    for stage, reason in {*zip(chosen.stage, reasons, strict=False)}:
        patience = funnel.patience_of(texts[stage]) if reason == silence else None
        found.add((texts[stage] or "", SAID if patience is None else patience))
    return found


def _heard(chosen: Readings, window: timedelta, as_of: datetime) -> tuple[int, int]:
    """Of the silences that were observed for the whole window, how many ended within it."""
    silence, length = chosen.names.labels[SILENCE], window // MICROSECOND
    mature, _ = part_mature(chosen, length, as_of)
    silent = [place for place in mature if chosen.reason[place] == silence]
    return len(happened_within(chosen, silent, length)), len(silent)


def _in_words(waits: Mapping[str, object], funnel: Funnel) -> str:
    """One patience, or each with its stage, in the order of the stages."""
    order = [stage for stage in funnel.stages if stage in waits]
    order += sorted(waits.keys() - {*order})
    alike: dict[str, list[str]] = {}
    for stage in order:
        alike.setdefault(_written(waits[stage]), []).append(stage)
    if len(alike) == 1:
        return next(iter(alike))
    return " or ".join(f"{patience} ({', '.join(stages)})" for patience, stages in alike.items())


def _written(patience: object) -> str:
    return format_duration(patience) if isinstance(patience, timedelta) else str(patience)
