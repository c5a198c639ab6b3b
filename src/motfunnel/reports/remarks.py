"""Remarks: what a reader has to know of an answer that its numbers do not say.

That something cannot happen at all, that nobody is counted yet, that a name is perhaps mistyped.
Each is a sentence, or None where there is nothing to say. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import format_duration, iso
from motfunnel.domain.signal import Signal
from motfunnel.reports.clock import Cohort
from motfunnel.reports.estimate import MOST_COMPARED
from motfunnel.reports.grouping import Grouping
from motfunnel.store.departures import UNKNOWN

_WHAT: Final = {
    frozenset({Signal.LEAVE}): "says that a contact leaves",
    frozenset({Signal.OUTREACH}): "is an outreach",
}


def impossible(funnel: Funnel, awaited: Collection[Signal], within: timedelta) -> str | None:
    """Why what is waited for cannot come within a window, by the rules of the funnel.

    Args:
        funnel: the one in use.
        awaited: the signals that bring it; a departure comes by silence too.
        within: the window.
    """
    signals = {rule.signal for rules in funnel.rules.values() for rule in rules}
    if not awaited or signals & {*awaited}:
        return None
    lacking = f"no event of the funnel {_what(awaited)}"
    if Signal.LEAVE not in awaited:
        return f"the rate is 0 by construction: {lacking}"
    silences = (funnel.patience_of(stage) for stage in funnel.stages)
    shortest = min((one for one in silences if one is not None), default=None)
    if shortest is None:
        return f"the rate is 0 by construction: {lacking}, and no silence means a departure"
    if within < shortest:
        return (
            f"the rate is 0 by construction: {lacking}, and the shortest patience, "
            f"{format_duration(shortest)}, is longer than the window"
        )
    return None


def nobody_yet(cohort: Cohort, as_of: datetime) -> str | None:
    """That a cohort, or a period, begins after the instant of the question."""
    start, _ = cohort
    if start is None or start <= as_of:
        return None
    return f"nobody is counted yet: {iso(start)} comes after the instant of the question"


def not_compared(groups: int) -> str | None:
    """That there are too many groups to compare each with another."""
    if groups <= MOST_COMPARED:
        return None
    most = f"{MOST_COMPARED} at most are"
    return f"the {groups} groups are not compared with each other; {most}"


def all_unknown(
    grouping: Grouping | None, groups: Iterable[str | None], traits: Sequence[str]
) -> str | None:
    """That nobody has the trait or the property by which all are told apart.

    Args:
        grouping: what they are told apart by.
        groups: the groups that there are.
        traits: the traits that anybody has.
    """
    if grouping is None or grouping.kind not in ("trait", "property") or {*groups} != {UNKNOWN}:
        return None
    if grouping.kind == "property":
        return f"nothing that is counted has the property {grouping.name!r} with a value"
    if grouping.name in traits:
        return f"the trait {grouping.name!r} was known of none of those counted at their start"
    known = f"known traits: {', '.join(traits)}" if traits else "no traits are known"
    return f"no contact has the trait {grouping.name!r}; {known}"


def _what(awaited: Collection[Signal]) -> str:
    names = " or ".join(signal.label for signal in sorted(awaited))
    return _WHAT.get(frozenset(awaited), f"means {names}")
