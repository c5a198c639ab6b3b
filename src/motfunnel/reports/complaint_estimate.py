"""From the clocks of complaints to their row: how long cases take, and what came first.

Takes the readings of a cohort and knows none of the events; the estimators are ``statistics``'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from motfunnel.domain.instant import MICROSECOND
from motfunnel.reports.clock import HAPPENED, Reading
from motfunnel.reports.complaint_clocks import DEPARTURE
from motfunnel.reports.complaint_rows import FEWEST_KNOWN, ComplaintRow, Outcomes
from motfunnel.reports.estimate import TOLERANCE, curve_of
from motfunnel.reports.moment_clocks import ADVOCACY, PURCHASE
from motfunnel.statistics import ClusteredShare, CompetingRisks, Proportion, SurvivalCurve

RECOVERED: Final = "recovered"


def make_row(
    group: str | None,
    cases: Sequence[Reading],
    complaints: Sequence[Reading],
    within: timedelta,
    as_of: datetime,
    confidence: float,
) -> ComplaintRow:
    """Make the row of one group, of its cases and of its contacts' first complaints."""
    resolved = [one for one in cases if one.happened]
    reopened = [one for one in resolved if one.clock.reopened_at is not None]
    left = [one for one in cases if one.clock.departed_at is not None]
    back, gone = _share(reopened, resolved), _share(left, cases)
    km = curve_of(cases, 0, confidence)
    outcomes, parts = _outcomes(complaints, within, as_of, confidence)
    parts |= {"cases": list(cases), "resolved": resolved, "reopened": reopened}
    parts |= {"unresolved": [one for one in cases if not one.happened], "departed_meanwhile": left}
    return ComplaintRow(
        group=group,
        cases=len(cases),
        resolved=len(resolved),
        unresolved=len(cases) - len(resolved),
        lower_quartile=_quantile(km.curve, 0.25),
        median=_quantile(km.curve, 0.5),
        median_interval=km.median_interval,
        upper_quartile=_quantile(km.curve, 0.75),
        reopened=len(reopened),
        reopened_share=back.value,
        reopened_interval=back.interval(confidence),
        departed_meanwhile=len(left),
        departed_meanwhile_share=gone.value,
        departed_meanwhile_interval=gone.interval(confidence),
        outcomes=outcomes,
        names={part: sorted(one.clock.contact for one in who) for part, who in parts.items()},
    )


def _share(counted: Sequence[Reading], of: Sequence[Reading]) -> ClusteredShare:
    """A share of cases, of which one contact may have several."""
    return ClusteredShare.by_name(
        (one.clock.contact for one in counted), (one.clock.contact for one in of)
    )


def _quantile(curve: SurvivalCurve | CompetingRisks, share: float) -> timedelta | None:
    """The first time by which a share is resolved."""
    table = curve.table if isinstance(curve, SurvivalCurve) else curve.curve.table
    resolved: Callable[[int], float | None] = (
        curve.probability
        if isinstance(curve, SurvivalCurve)
        else lambda t: curve.incidence(HAPPENED, t)
    )
    for t in table.durations:
        if (resolved(t) or 0.0) >= share - TOLERANCE:
            return t * MICROSECOND
    return None


def _outcomes(
    complaints: Sequence[Reading], within: timedelta, as_of: datetime, confidence: float
) -> tuple[Outcomes, dict[str, list[Reading]]]:
    window = within // MICROSECOND
    mature = [one for one in complaints if as_of - one.clock.started_at >= within]
    ended = [one for one in mature if one.happened and one.waited <= window]
    by_cause = {
        cause: [one for one in ended if one.clock.cause == cause]
        for cause in (PURCHASE, ADVOCACY, DEPARTURE)
    }
    recovered = [one for one in ended if one.clock.cause != DEPARTURE]
    good = Proportion(numerator=len(recovered), denominator=len(mature))
    bad = Proportion(numerator=len(by_cause[DEPARTURE]), denominator=len(mature))
    early = Proportion(numerator=len(complaints) - len(mature), denominator=len(complaints))
    outcomes = Outcomes(
        contacts=len(complaints),
        mature=len(mature),
        immature=early.value,
        recovered=good.numerator,
        recovered_share=good.value,
        recovered_interval=good.interval(confidence),
        purchase_first=len(by_cause[PURCHASE]),
        advocacy_first=len(by_cause[ADVOCACY]),
        departed=bad.numerator,
        departed_share=bad.value,
        departed_interval=bad.interval(confidence),
        **_incidences(complaints, window, confidence),
    )
    parts = {"mature": mature, RECOVERED: recovered, "departed": by_cause[DEPARTURE]}
    return outcomes, parts


def _incidences(complaints: Sequence[Reading], window: int, confidence: float) -> dict[str, Any]:
    """The probability of each outcome first, with all complaints for as long as observed."""
    risks = CompetingRisks.from_observations(
        ((one.waited, _cause(one)) for one in complaints), causes=(RECOVERED, DEPARTURE)
    )
    known = sum(one.ending is not None or one.waited >= window for one in complaints)
    at = _reach(risks, window) if known >= FEWEST_KNOWN else None
    told: dict[str, Any] = {}
    for name, cause in (("recovery", RECOVERED), ("departure", DEPARTURE)):
        told[name] = None if at is None else risks.incidence(cause, at)
        told[f"{name}_interval"] = None if at is None else risks.interval(cause, at, confidence)
    return told


def _cause(one: Reading) -> str | None:
    if not one.happened:
        return one.ending
    return DEPARTURE if one.clock.cause == DEPARTURE else RECOVERED


def _reach(risks: CompetingRisks, window: int) -> int | None:
    """Where to read the curves: at the window, or where all had ended before it; else nowhere."""
    durations = risks.curve.table.durations
    last = durations[-1] if durations else 0
    if window <= last:
        return window
    return last if risks.survival(last) == 0.0 else None
