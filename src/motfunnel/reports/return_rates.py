"""The rates of return: recidivism, and re-engagement after an outreach.

Both take episodes as of an instant, choose a cohort by their own start event, and ask what share
returned within the window. They differ in when the clock starts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from attrs import frozen

from motfunnel.domain.instant import MICROSECOND
from motfunnel.domain.moment import Episode
from motfunnel.reports.rate import FEWEST_AT_RISK, KaplanMeier, RateRow
from motfunnel.statistics import ClusteredCurve, Interval, Proportion, SurvivalCurve

Cohort = tuple[datetime | None, datetime | None]


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
        waited: until the return, or else until the question, in microseconds.
        returned: whether it returned by then.
    """

    episode: Episode
    group: str | None
    started_at: datetime
    waited: int
    returned: bool


def choose(
    kind: ReturnRate,
    episodes: Iterable[tuple[Episode, str | None]],
    cohort: Cohort,
    as_of: datetime,
    *,
    first_only: bool,
) -> list[Clocked]:
    """Choose the cohort: episodes whose start event lies in it, of each contact the first or all.

    The episodes come contact by contact, each contact's in order.
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
        until = episode.returned_at or as_of
        chosen.append(
            Clocked(
                episode=episode,
                group=group,
                started_at=at,
                waited=(until - at) // MICROSECOND,
                returned=episode.returned_at is not None,
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
        km=_kaplan_meier(chosen, window, confidence),
        parts={
            "numerator": tuple(one.episode for one in returned),
            "denominator": tuple(one.episode for one in mature),
            "immature": tuple(one.episode for one in immature),
        },
    )


def _interval(
    share: Proportion, mature: Sequence[Clocked], window: int, confidence: float
) -> Interval | None:
    """Wilson's; where contacts repeat their episodes are not independent, and it is clustered."""
    if not _repeats(mature):
        return share.interval(confidence)
    return _clustered(mature).probability_interval(window, confidence)


def _kaplan_meier(chosen: Sequence[Clocked], window: int, confidence: float) -> KaplanMeier:
    curve = SurvivalCurve.from_observations((one.waited, one.returned) for one in chosen)
    at_risk = curve.at_risk(window)
    probability = interval = None
    if at_risk >= FEWEST_AT_RISK:
        probability = curve.probability(window)
        interval = curve.probability_interval(window, confidence)
        if _repeats(chosen):
            interval = _clustered(chosen).probability_interval(window, confidence)
    median = curve.median()
    return KaplanMeier(
        probability=probability,
        interval=interval,
        at_risk=at_risk,
        median=None if median is None else median * MICROSECOND,
        curve=curve,
    )


def _repeats(chosen: Sequence[Clocked]) -> bool:
    return len({one.episode.contact for one in chosen}) < len(chosen)


def _clustered(chosen: Sequence[Clocked]) -> ClusteredCurve:
    return ClusteredCurve.from_observations(
        (one.episode.contact, one.waited, one.returned) for one in chosen
    )
