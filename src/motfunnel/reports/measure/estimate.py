"""From clocks to estimates: one group's rate, the curve beside it, and how groups compare.

Takes the readings of a cohort and knows none of the events; the estimators are ``statistics``'.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from motfunnel.domain.instant import MICROSECOND, to_micros
from motfunnel.reports.measure.clock import ENDINGS, ERASED, HAPPENED, Readings
from motfunnel.reports.measure.comparison import Comparison, DifferenceRow
from motfunnel.reports.measure.rate import CausedRow, KaplanMeier, RateRow, Span, is_enough
from motfunnel.statistics import (
    ClusteredCurve,
    ClusteredShare,
    CompetingRisks,
    Curve,
    Interval,
    LogRank,
    Proportion,
    RestrictedMean,
    SurvivalCurve,
    difference,
    holm,
    log_rank,
)

MOST_COMPARED: Final = 12
"""Beyond so many groups, comparing each with another says little and takes long."""


def make_row(
    group: str | None,
    chosen: Readings,
    within: timedelta,
    as_of: datetime,
    confidence: float,
    causes: Sequence[str] = (),
) -> RateRow:
    """Estimate the rate of one group; where its event has causes, say which came first."""
    window = within // MICROSECOND
    mature, immature = part_mature(chosen, window, as_of)
    counted = happened_within(chosen, mature, window)
    share = Proportion(numerator=len(counted), denominator=len(mature))
    erased = ENDINGS.index(ERASED)
    parts = {
        "numerator": counted,
        "denominator": mature,
        "immature": immature,
        "erased": [place for place, how in enumerate(chosen.ending) if how == erased],
        "at_risk": [place for place, waited in enumerate(chosen.waited) if waited >= window],
    }
    which = chosen.texts("cause") if causes else []
    for cause in causes:
        parts[f"{cause}_first"] = [place for place in counted if which[place] == cause]
    return (CausedRow if causes else RateRow)(
        group=group,
        numerator=share.numerator,
        denominator=share.denominator,
        rate=share.value,
        interval=_interval(share, chosen, mature, counted, confidence),
        immature=len(immature) / len(chosen) if len(chosen) else None,
        immature_count=len(immature),
        erased_count=chosen.count(ERASED),
        km=curve_of(chosen, window, confidence),
        names={part: chosen.members(who) for part, who in parts.items()},
        **{f"{cause}_first": len(parts[f"{cause}_first"]) for cause in causes},
    )


def part_mature(chosen: Readings, window: int, as_of: datetime) -> tuple[list[int], list[int]]:
    """The places of those that were observed for the whole window, and of the others."""
    latest = to_micros(as_of) - window
    mature = [place for place, at in enumerate(chosen.started) if at <= latest]
    return mature, [place for place, at in enumerate(chosen.started) if at > latest]


def happened_within(chosen: Readings, places: Iterable[int], window: int) -> list[int]:
    """Of some places, those to which the event came within the window."""
    waited, happened = chosen.waited, chosen.happened
    return [place for place in places if happened[place] and waited[place] <= window]


def compare_classes(
    groups: Mapping[str | None, Readings],
    rows: Sequence[RateRow],
    confidence: float,
    classes: Mapping[str | None, object],
    against: Collection[str] = (),
) -> tuple[Comparison, ...]:
    """Compare the groups of each class with one another, those of a class of None with nobody."""
    found = []
    for one in dict.fromkeys(one for one in classes.values() if one is not None):
        alike = {group: groups[group] for group in groups if classes[group] == one}
        mine = [row for row in rows if row.group in alike]
        compared = compare(alike, mine, confidence, against)
        found += [] if compared is None else [compared]
    return tuple(found)


def compare(
    groups: Mapping[str | None, Readings],
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
    curves = {group: _kaplan_meier(one) for group, one in groups.items()}
    others = [row for row in rows if row is not largest]
    tests = [log_rank([curves[row.group], curves[largest.group]]) for row in others]
    known = [test.p_value for test in tests if test is not None]
    adjusted = iter(holm(known))
    return Comparison(
        against=largest.group or "",
        differences=tuple(
            _difference(row, largest, confidence, test, None if test is None else next(adjusted))
            for row, test in zip(others, tests, strict=True)
        ),
        log_rank=log_rank(curves.values()),
    )


def _difference(
    row: RateRow,
    base: RateRow,
    confidence: float,
    test: LogRank | None,
    adjusted: float | None,
) -> DifferenceRow:
    apart = difference(_proportion(row), _proportion(base), confidence)
    return DifferenceRow(
        group=row.group or "",
        difference=None if apart is None else apart.value,
        interval=None if apart is None else apart.interval,
        p_value=None if test is None else test.p_value,
        adjusted=adjusted,
    )


def _proportion(row: RateRow) -> Proportion:
    return Proportion(numerator=row.numerator, denominator=row.denominator)


def _kaplan_meier(chosen: Readings) -> SurvivalCurve:
    return SurvivalCurve.from_columns(chosen.waited, chosen.happened)


def _interval(
    share: Proportion,
    chosen: Readings,
    mature: Sequence[int],
    counted: Sequence[int],
    confidence: float,
) -> Interval | None:
    """Wilson's; where contacts repeat their episodes are not independent, and it is clustered.

    It is then that of the share without the event, as the curve has it, taken from 1.
    """
    of, came = (Counter(map(chosen.contact.__getitem__, some)) for some in (mature, counted))
    if len(of) == len(mature):
        return share.interval(confidence)
    without = ClusteredShare.of((number - came[who], number) for who, number in of.items())
    interval = without.interval(confidence)
    return None if interval is None else interval.complement()


def curve_by(chosen: Readings) -> Curve:
    """The curve by Kaplan and Meier; where the event is ruled out of some, Aalen and Johansen's."""
    if chosen.is_anybody_gone:
        return CompetingRisks.from_observations(chosen.endings(), causes=[HAPPENED]).of(HAPPENED)
    return _kaplan_meier(chosen)


def curve_of(chosen: Readings, window: int, confidence: float) -> KaplanMeier:
    """Estimate the curve of some readings, and what it says of a window (in microseconds).

    Where contacts repeat its intervals are clustered; by Aalen–Johansen there are then none.
    """
    drawn = curve = curve_by(chosen)
    is_sure = not chosen.repeats
    if chosen.repeats and not chosen.is_anybody_gone:
        clustered = ClusteredCurve.from_columns(chosen.contact, chosen.waited, chosen.happened)
        drawn, curve, is_sure = clustered.curve, clustered, True
    enough = is_enough(curve.effective_number(window))
    mean = curve.restricted_mean(window) if enough else None
    median, ends = curve.quantile(0.5), curve.median_interval(confidence)
    return KaplanMeier(
        probability=curve.probability(window) if enough else None,
        interval=curve.probability_interval(window, confidence) if enough and is_sure else None,
        at_risk=curve.at_risk(window),
        median=None if median is None else median * MICROSECOND,
        median_interval=None if ends is None else Span.of(ends.lower, ends.upper),
        mean=None if mean is None else mean.value * MICROSECOND,
        mean_interval=_mean_interval(mean, confidence),
        curve=drawn,
    )


def _mean_interval(mean: RestrictedMean | None, confidence: float) -> Span | None:
    interval = None if mean is None else mean.interval(confidence)
    return None if interval is None else Span.of(interval.lower, interval.upper)
