"""From clocks to estimates: one group's rate, the curve beside it, and how groups compare.

Takes the readings of a cohort and knows none of the events; the estimators are ``statistics``'.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from attrs import evolve

from motfunnel.domain.instant import MICROSECOND
from motfunnel.reports.measure.clock import ERASED, HAPPENED, Reading
from motfunnel.reports.measure.comparison import Comparison, DifferenceRow
from motfunnel.reports.measure.rate import FEWEST_AT_RISK, CausedRow, KaplanMeier, RateRow, Span
from motfunnel.statistics import (
    ClusteredCurve,
    CompetingRisks,
    Interval,
    Proportion,
    RestrictedMean,
    SurvivalCurve,
    difference,
    log_rank,
)

TOLERANCE: Final = 1e-9
MOST_COMPARED: Final = 12
"""Beyond so many groups, comparing each with another says little and takes long."""


def make_row(
    group: str | None,
    chosen: Sequence[Reading],
    within: timedelta,
    as_of: datetime,
    confidence: float,
    causes: Sequence[str] = (),
) -> RateRow:
    """Estimate the rate of one group; where its event has causes, say which came first."""
    window = within // MICROSECOND
    mature = [one for one in chosen if as_of - one.clock.started_at >= within]
    counted = [one for one in mature if one.happened and one.waited <= window]
    immature = [one for one in chosen if as_of - one.clock.started_at < within]
    share = Proportion(numerator=len(counted), denominator=len(mature))
    parts = {"numerator": counted, "denominator": mature, "immature": immature}
    for cause in causes:
        parts[f"{cause}_first"] = [one for one in counted if one.clock.cause == cause]
    return (CausedRow if causes else RateRow)(
        group=group,
        numerator=share.numerator,
        denominator=share.denominator,
        rate=share.value,
        interval=_interval(share, mature, window, confidence),
        immature=len(immature) / len(chosen) if chosen else None,
        immature_count=len(immature),
        erased_count=sum(one.ending == ERASED for one in chosen),
        km=curve_of(chosen, window, confidence),
        names={part: _names(who) for part, who in parts.items()},
        **{f"{cause}_first": len(parts[f"{cause}_first"]) for cause in causes},
    )


def compare(
    groups: Mapping[str | None, Sequence[Reading]],
    rows: Sequence[RateRow],
    confidence: float,
    against: Collection[str] = (),
) -> Comparison | None:
    """Compare the groups of a contact-based rate, each with the largest; None where there is one.

    Where ``against`` names groups, it is the largest of these with which the others are compared.

    What rules the event out is taken as the end of observation: the log-rank test asks at what
    pace it comes to those for whom it still can.
    """
    if not 1 < len(groups) <= MOST_COMPARED:
        return None
    named = [row for row in rows if row.group in against] or rows
    largest = max(named, key=lambda row: row.denominator)  # of several the first
    base = _proportion(largest)
    differences = []
    for row in rows:
        apart = None if row is largest else difference(_proportion(row), base, confidence)
        if row is not largest:
            differences.append(
                DifferenceRow(
                    group=row.group or "",
                    difference=None if apart is None else apart.value,
                    interval=None if apart is None else apart.interval,
                )
            )
    return Comparison(
        against=largest.group or "",
        differences=tuple(differences),
        log_rank=log_rank(map(_kaplan_meier, groups.values())),
    )


def _names(who: Sequence[Reading]) -> tuple[str, ...]:
    return tuple(sorted(one.clock.contact for one in who))


def _proportion(row: RateRow) -> Proportion:
    return Proportion(numerator=row.numerator, denominator=row.denominator)


def _kaplan_meier(chosen: Sequence[Reading]) -> SurvivalCurve:
    return SurvivalCurve.from_observations((one.waited, one.happened) for one in chosen)


def _interval(
    share: Proportion, mature: Sequence[Reading], window: int, confidence: float
) -> Interval | None:
    """Wilson's; where contacts repeat their episodes are not independent, and it is clustered."""
    if not _repeats(mature):
        return share.interval(confidence)
    # Of whom the event cannot come to any more, it is known not to have come within the window.
    watched = [
        evolve(one, waited=max(one.waited, window)) if one.is_gone else one for one in mature
    ]
    return _clustered(watched).probability_interval(window, confidence)


def curve_of(chosen: Sequence[Reading], window: int, confidence: float) -> KaplanMeier:
    """Estimate the curve of some readings, and what it says of a window (in microseconds)."""
    if any(one.is_gone for one in chosen):
        return _aalen_johansen(chosen, window, confidence)
    plain = _kaplan_meier(chosen)
    curve = _clustered(chosen) if _repeats(chosen) else plain
    at_risk = plain.at_risk(window)
    enough = at_risk >= FEWEST_AT_RISK
    mean = curve.restricted_mean(window) if enough else None
    median, ends = plain.median(), curve.median_interval(confidence)
    return KaplanMeier(
        probability=plain.probability(window) if enough else None,
        interval=curve.probability_interval(window, confidence) if enough else None,
        at_risk=at_risk,
        median=_duration(median),
        median_interval=None if ends is None else Span.of(ends.lower, ends.upper),
        mean=None if mean is None else mean.value * MICROSECOND,
        mean_interval=_mean_interval(mean, confidence),
        curve=plain,
    )


def _aalen_johansen(chosen: Sequence[Reading], window: int, confidence: float) -> KaplanMeier:
    """The same where the event may be ruled out; no interval where contacts repeat."""
    endings = ((one.waited, one.ending) for one in chosen)
    risks = CompetingRisks.from_observations(endings, causes=[HAPPENED])
    at_risk = risks.at_risk(window)
    enough = at_risk >= FEWEST_AT_RISK
    sure = enough and not _repeats(chosen)
    return KaplanMeier(
        probability=risks.incidence(HAPPENED, window) if enough else None,
        interval=risks.interval(HAPPENED, window, confidence) if sure else None,
        at_risk=at_risk,
        median=_duration(_median(risks)),
        median_interval=None,
        mean=None,
        mean_interval=None,
        curve=risks,
    )


def _mean_interval(mean: RestrictedMean | None, confidence: float) -> Span | None:
    interval = None if mean is None else mean.interval(confidence)
    return None if interval is None else Span.of(interval.lower, interval.upper)


def _duration(micros: int | None) -> timedelta | None:
    return None if micros is None else micros * MICROSECOND


def _median(risks: CompetingRisks) -> int | None:
    """The first time by which the event has come to half."""
    for t in risks.curve.table.durations:
        if (risks.incidence(HAPPENED, t) or 0.0) >= 0.5 - TOLERANCE:
            return t
    return None


def _repeats(chosen: Sequence[Reading]) -> bool:
    return len({one.clock.contact for one in chosen}) < len(chosen)


def _clustered(chosen: Sequence[Reading]) -> ClusteredCurve:
    return ClusteredCurve.from_observations(
        (one.clock.contact, one.waited, one.happened) for one in chosen
    )
