"""The rates of return: recidivism, and re-engagement after an outreach.

Both take episodes as of an instant, choose a cohort by their own start event, and ask what share
returned within the window. They differ in when the clock starts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve, frozen

from motfunnel.domain.instant import MICROSECOND
from motfunnel.domain.moment import Episode
from motfunnel.reports.rate import FEWEST_AT_RISK, KaplanMeier, RateRow
from motfunnel.statistics import (
    ClusteredCurve,
    CompetingRisks,
    Interval,
    Proportion,
    SurvivalCurve,
)

Cohort = tuple[datetime | None, datetime | None]
RETURNED: Final = "returned"
ERASED: Final = "erased"
TOLERANCE: Final = 1e-9


@frozen(kw_only=True)
class ReturnRate:
    """A kind of return rate.

    Attributes:
        name: what it is called.
        start: the start event of an episode, at which its clock begins; None if it has none.
        definition: numerator and denominator in words.
    """

    name: str
    start: Callable[[Episode], datetime | None]
    definition: str


RECIDIVISM = ReturnRate(
    name="recidivism",
    start=lambda episode: episode.departed_at,
    definition=(
        "of the departures in the cohort that were observed for the whole window, "
        "the share that returned within it"
    ),
)
REENGAGEMENT = ReturnRate(
    name="re-engagement",
    start=lambda episode: episode.first_outreach_at,
    definition=(
        "of the departed whose first outreach lies in the cohort and was observed for the whole "
        "window, the share that returned within it after that outreach; it describes, and says "
        "nothing about whether the outreach had any effect"
    ),
)


@frozen(kw_only=True)
class Clocked:
    """An episode in a cohort, with its clock read at the instant of the question.

    Attributes:
        episode: the episode.
        group: its group's value.
        started_at: when the clock started.
        waited: until the return, or else the erasure or the question, in microseconds.
        returned: whether it returned by then.
        erased: whether it was erased by then, so that it cannot return any more.
    """

    episode: Episode
    group: str | None
    started_at: datetime
    waited: int
    returned: bool
    erased: bool = False


def choose(
    kind: ReturnRate,
    episodes: Iterable[tuple[Episode, str | None]],
    cohort: Cohort,
    as_of: datetime,
    erased: Mapping[str, datetime],
    *,
    first_only: bool,
) -> list[Clocked]:
    """Choose the cohort: episodes whose start event lies in it, of each contact the first or all.

    The episodes come contact by contact, each contact's in order. Of contacts that were erased with
    their counts kept, ``erased`` says when: their observation ends there.
    """
    start, end = cohort
    chosen: list[Clocked] = []
    latest: str | None = None
    for episode, group in episodes:
        at = kind.start(episode)
        if at is None or at > as_of or (start and at < start) or (end and at >= end):
            continue
        if first_only and episode.contact == latest:
            continue
        latest = episode.contact
        gone = erased.get(episode.contact)
        is_gone = gone is not None and gone <= as_of
        until = episode.returned_at or (gone if gone is not None and is_gone else as_of)
        chosen.append(
            Clocked(
                episode=episode,
                group=group,
                started_at=at,
                waited=(until - at) // MICROSECOND,
                returned=episode.returned_at is not None,
                erased=episode.returned_at is None and is_gone,
            )
        )
    return chosen


def by_group(chosen: Sequence[Clocked]) -> dict[str, list[Clocked]]:
    """Part a cohort by its groups, in the order of their values."""
    groups: defaultdict[str, list[Clocked]] = defaultdict(list)
    for one in chosen:
        groups[one.group or ""].append(one)
    return dict(sorted(groups.items()))


def make_row(
    group: str | None,
    chosen: Sequence[Clocked],
    within: timedelta,
    as_of: datetime,
    confidence: float,
) -> RateRow:
    """Estimate the rate of one group."""
    window = within // MICROSECOND
    mature = [one for one in chosen if as_of - one.started_at >= within]
    returned = [one for one in mature if one.returned and one.waited <= window]
    immature = [one for one in chosen if as_of - one.started_at < within]
    share = Proportion(numerator=len(returned), denominator=len(mature))
    return RateRow(
        group=group,
        numerator=share.numerator,
        denominator=share.denominator,
        rate=share.value,
        interval=_interval(share, mature, window, confidence),
        immature=len(immature) / len(chosen) if chosen else None,
        immature_count=len(immature),
        erased_count=sum(one.erased for one in chosen),
        km=_kaplan_meier(chosen, window, confidence),
        names={
            "numerator": tuple(one.episode.contact for one in returned),
            "denominator": tuple(one.episode.contact for one in mature),
            "immature": tuple(one.episode.contact for one in immature),
        },
    )


def _interval(
    share: Proportion, mature: Sequence[Clocked], window: int, confidence: float
) -> Interval | None:
    """Wilson's; where contacts repeat their episodes are not independent, and it is clustered."""
    if not _repeats(mature):
        return share.interval(confidence)
    # Who was erased is known not to have returned within the window.
    watched = [evolve(one, waited=max(one.waited, window)) if one.erased else one for one in mature]
    return _clustered(watched).probability_interval(window, confidence)


def _kaplan_meier(chosen: Sequence[Clocked], window: int, confidence: float) -> KaplanMeier:
    if any(one.erased for one in chosen):
        return _aalen_johansen(chosen, window, confidence)
    curve = SurvivalCurve.from_observations((one.waited, one.returned) for one in chosen)
    at_risk = curve.at_risk(window)
    probability = interval = None
    if at_risk >= FEWEST_AT_RISK:
        probability = curve.probability(window)
        interval = curve.probability_interval(window, confidence)
        if _repeats(chosen):
            interval = _clustered(chosen).probability_interval(window, confidence)
    return _curve_answer(curve, curve.median(), probability, interval, at_risk)


def _aalen_johansen(chosen: Sequence[Clocked], window: int, confidence: float) -> KaplanMeier:
    """The same where some cannot return any more; no interval where contacts repeat."""
    endings = ((one.waited, _ending(one)) for one in chosen)
    risks = CompetingRisks.from_observations(endings, causes=[RETURNED])
    at_risk = risks.at_risk(window)
    probability = interval = None
    if at_risk >= FEWEST_AT_RISK:
        probability = risks.incidence(RETURNED, window)
        if not _repeats(chosen):
            interval = risks.interval(RETURNED, window, confidence)
    return _curve_answer(risks, _median(risks), probability, interval, at_risk)


def _curve_answer(
    curve: SurvivalCurve | CompetingRisks,
    median: int | None,
    probability: float | None,
    interval: Interval | None,
    at_risk: int,
) -> KaplanMeier:
    return KaplanMeier(
        probability=probability,
        interval=interval,
        at_risk=at_risk,
        median=None if median is None else median * MICROSECOND,
        curve=curve,
    )


def _ending(one: Clocked) -> str | None:
    return RETURNED if one.returned else ERASED if one.erased else None


def _median(risks: CompetingRisks) -> int | None:
    """The first time by which half have returned."""
    for t in risks.curve.table.durations:
        if (risks.incidence(RETURNED, t) or 0.0) >= 0.5 - TOLERANCE:
            return t
    return None


def _repeats(chosen: Sequence[Clocked]) -> bool:
    return len({one.episode.contact for one in chosen}) < len(chosen)


def _clustered(chosen: Sequence[Clocked]) -> ClusteredCurve:
    return ClusteredCurve.from_observations(
        (one.episode.contact, one.waited, one.returned) for one in chosen
    )
