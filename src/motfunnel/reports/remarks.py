"""Remarks: what a reader has to know of an answer that its numbers do not say.

That something cannot happen at all, that nobody is counted yet, that a name is perhaps mistyped.
Each is a sentence, or None where there is nothing to say. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from motfunnel.answers.cells import percent
from motfunnel.domain.funnel.file import rule_text
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.funnel.rule import purchase
from motfunnel.domain.instant import format_duration, iso
from motfunnel.domain.moment import UNKNOWN
from motfunnel.domain.signal import Signal
from motfunnel.reports.measure.clock import Cohort
from motfunnel.reports.measure.estimate import MOST_COMPARED
from motfunnel.reports.measure.grouping import Grouping
from motfunnel.statistics import Interval
from motfunnel.text import counted

NO_SCORES: Final = (
    "no event here carries a score: a rating's, or as the property experienced of any event"
)
RULES: Final[Mapping[Signal, str]] = {
    Signal.OUTREACH: 'winback_sent = { outreach = true, arm = "arm", holdout = "control" }',
    Signal.PURCHASE: 'order_placed = "purchase"',
    Signal.COMPLAIN: 'ticket_opened = { complain = "ticket" }',
    Signal.RESOLVE: 'ticket_closed = { resolve = "ticket" }',
    Signal.REFER: 'invited = { refer = "friend" }',
    Signal.RATING: 'rated = { rating = "score" }',
}
"""What to write into a funnel where it has no rule of a signal, with a name of one's own."""
_WHAT: Final = {
    frozenset({Signal.LEAVE}): "says that a contact leaves",
    frozenset({Signal.OUTREACH}): "is an outreach",
    frozenset({Signal.REFER}): "is a referral",
}


def impossible(
    funnel: Funnel,
    awaited: Collection[Signal],
    within: timedelta,
    stages: Collection[str | None] = (),
) -> str | None:
    """Why what is waited for cannot come within a window, by the rules of the funnel.

    Args:
        funnel: the one in use.
        awaited: the signals that bring it; a departure comes by silence too.
        within: the window.
        stages: those at which the ones counted were when their clocks started: at these and at
            higher ones a silence can come. Without any, or with an unknown one, at all stages.
    """
    if not awaited or can(funnel, awaited):
        return None
    lacking = f"no event of the funnel {_what(awaited)}"
    if Signal.LEAVE not in awaited:
        return f"the rate is 0 by construction: {lacking}"
    lowest = _lowest(funnel, stages)
    silences = (funnel.patience_of(stage) for stage in funnel.stages[lowest:])
    least = (one.at_least if isinstance(one, Rhythm) else one for one in silences)
    shortest = min((one for one in least if one is not None), default=None)
    where = f" from {funnel.stages[lowest]} on" if lowest else ""
    if shortest is None:
        return f"the rate is 0 by construction: {lacking}, and no silence{where} means a departure"
    if within < shortest:
        return (
            f"the rate is 0 by construction: {lacking}, and the shortest patience{where}, "
            f"{format_duration(shortest)}, is longer than the window"
        )
    return None


def can(funnel: Funnel, signals: Collection[Signal]) -> bool:
    """Whether any event of the funnel means one of some signals."""
    known = {rule.signal for rules in funnel.rules.values() for rule in rules}
    return bool(known & {*signals})


def not_set_up(funnel: Funnel, needs: Collection[Signal]) -> str:
    """That the funnel has no rule for what a question asks about, and which to add; else nothing.

    Args:
        funnel: the one in use.
        needs: the signals, each of which the question needs.
    """
    for signal in needs:
        if not can(funnel, {signal}):
            return no_rule(f"means {signal.label}", RULES[signal])
    return ""


def no_rule(does: str, rule: str) -> str:
    """That no event of the funnel does what a question asks about, and which rule to add."""
    return (
        f"the funnel has no rule for this: of its events none {does}; add one, by the name of "
        f"yours, such as {rule}"
    )


def no_scores(funnel: Funnel, *, is_any: bool) -> str:
    """The same of scores, which any event may carry; nothing where one did."""
    if is_any or can(funnel, {Signal.RATING}):
        return ""
    does = "is a rating, and none here came with a score as its property experienced"
    return no_rule(does, RULES[Signal.RATING])


def not_reached(funnel: Funnel, stage: str) -> str:
    """The same of a stage that no event leads to, nor to a higher one."""
    higher = funnel.stages[funnel.stages.index(stage) :]
    rules = [rule for several in funnel.rules.values() for rule in several]
    if can(funnel, {Signal.PURCHASE}) or any(rule.stage in higher for rule in rules):
        return ""
    return no_rule(f"reaches {stage}", f'signed_up = {{ reach = "{stage}" }}')


def never_resolved(funnel: Funnel, cases: int) -> str | None:
    """That no case can be closed, by the rules of the funnel."""
    if not cases or can(funnel, {Signal.RESOLVE}):
        return None
    return (
        "every case is open by construction: no event of the funnel resolves one; so whoever left "
        "after its complaint left meanwhile"
    )


def nobody_named(funnel: Funnel, referrals: int, named: int) -> str | None:
    """Why no opening can be credited to a referral.

    Args:
        funnel: the one in use.
        referrals: how many there are, by the instant of the question.
        named: how many of them name another contact.
    """
    if named:
        return None
    if referrals:
        none = f"none of {counted(referrals, 'referral')} names another contact"
        return f"K is 0 by construction: {none}, so no opening can be credited"
    if can(funnel, {Signal.REFER}):
        return None
    return f"K is 0 by construction: no event of the funnel {_what({Signal.REFER})}"


def scores_gone(erased: int) -> str | None:
    """That those who were erased left no scores behind."""
    if not erased:
        return None
    return f"of {counted(erased, 'contact')} erased with counts kept no score is left"


def promoters_gone(erased: int, ratings: int) -> str | None:
    """That the ratings of those who were erased do not say any more who promotes.

    Args:
        erased: how many were erased with their counts kept.
        ratings: how many ratings of theirs there are.
    """
    if not ratings:
        return None
    who = counted(erased, "contact")
    return (
        f"of {who} erased with counts kept, {counted(ratings, 'rating')} say no score any more: "
        "they count by when they came, and no promoter among them as telling others"
    )


def names_gone(erased: int, referrals: int) -> str | None:
    """That referrals of those who were erased may name nobody any more.

    Args:
        erased: how many were erased with their counts kept.
        referrals: how many referrals of theirs name nobody.
    """
    if not referrals:
        return None
    who = counted(erased, "contact")
    return (
        f"of {who} erased with counts kept, {counted(referrals, 'referral')} name nobody, or "
        "nobody known by the erasure: these lead to no zero moment and to no opening any more"
    )


def nobody_yet(cohort: Cohort, as_of: datetime) -> str | None:
    """That a cohort, or a period, begins after the instant of the question."""
    start, _ = cohort
    if start is None or start <= as_of:
        return None
    return f"nobody is counted yet: {iso(start)} comes after the instant of the question"


class Beside(NamedTuple):
    """A rate of some group, and what the curve says beside it.

    Attributes:
        group: of whom; None: of all.
        rate: of those who were observed for the whole window.
        curve: of all.
        ends: the interval around the curve.
    """

    group: str | None
    rate: float | None
    curve: float | None
    ends: Interval | None

    @property
    def differs(self) -> bool:
        """Whether the two differ as they are printed."""
        known = self.rate is not None and self.curve is not None
        return known and percent(self.rate) != percent(self.curve)

    @property
    def is_outside(self) -> bool:
        """Whether the rate lies outside the interval of the curve."""
        if self.rate is None or self.ends is None:
            return False
        return not self.ends.lower <= self.rate <= self.ends.upper


def apart_from_the_curve(
    shown: Sequence[Beside], since: str, by: datetime, *, has_periods: bool
) -> str | None:
    """That rates differ from their curves, of whom each is, and where one lies outside the other.

    Args:
        shown: the rates of which some are too recent to count, each with its curve.
        since: at what the clocks start, in words.
        by: by when those started who were observed for the whole window.
        has_periods: whether one can look at each period by itself.
    """
    if not any(one.differs for one in shown):
        return None
    said = (
        f"the rate is that of those who started ({since}) by {by:%Y-%m-%d}; the curve takes the "
        "newer ones to be like them; where the two differ, neither is the rate of the newest"
        f"{': look at per=' if has_periods else ''}"
    )
    outside = [one for one in shown if one.is_outside]
    if not outside:
        return said
    where = dict.fromkeys(one.group for one in outside if one.group is not None)
    named = f" of {', '.join(where)}" if where else ""
    return (
        f"the rate{named} lies outside the interval of the curve: the older ones and the newer are "
        f"not alike, or some are missing because of how they ended; {said}"
    )


def no_values(funnel: Funnel) -> str:
    """That the funnel says of no purchase what it was worth, and how it would; else nothing."""
    if funnel.has_values:
        return ""
    bought = [n for n, rules in funnel.rules.items() if rules[0].signal is Signal.PURCHASE]
    return (
        "the funnel says of no purchase what it was worth; name the property that does: "
        f"{rule_text(bought[0] if bought else 'order_placed', purchase('total'))}"
    )


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
        grouping: what they are grouped by.
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
    of_event = f"a property of the event is asked for as property:{grouping.plainly}"
    return f"no contact has the trait {grouping.name!r}; {known}; {of_event}"


def _what(awaited: Collection[Signal]) -> str:
    names = " or ".join(signal.label for signal in sorted(awaited))
    return _WHAT.get(frozenset(awaited), f"means {names}")


def _lowest(funnel: Funnel, stages: Collection[str | None]) -> int:
    """The number of the lowest of some stages; 0 where one is unknown, or there are none."""
    places = {stage: n for n, stage in enumerate(funnel.stages)}
    return min((places.get(stage or "", 0) for stage in stages), default=0)
