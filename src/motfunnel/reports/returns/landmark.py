"""A landmark comparison: how many return after a stated day, by whether one had written to them.

There is none of the ever with the never contacted: one has to be still away to be written to, and
so the quick returns all fall to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration, format_duration
from motfunnel.domain.signal import Signal
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort, read_window
from motfunnel.reports.measure.clock import Clock, Cohort, Told, lies_in
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trial import CONTACTED, NOT_CONTACTED
from motfunnel.reports.measure.window import Windowed
from motfunnel.reports.windowed import compare_arms

_LATEST: Final = datetime.max.replace(tzinfo=UTC)
LANDMARK: Final = (
    "who was written to before the landmark, somebody chose: what they looked at may also say who "
    "returns, and an outreach after it counts for neither side; this is a difference, no effect"
)


def landmark_clocks(after: timedelta, cohort: Cohort) -> Callable[[Told, Funnel], Iterator[Clock]]:
    """From the landmark of a contact's first departure in the cohort, if it is away by then."""

    def clocks(told: Told, _: Funnel) -> Iterator[Clock]:
        first = next((one for one in told.episodes if lies_in(cohort, one.departed_at)), None)
        if first is None or after > _LATEST - first.departed_at:  # no such day comes
            return
        landmark = first.departed_at + after
        if first.returned_at is None or first.returned_at >= landmark:
            reached = first.first_outreach_at
            before = reached is not None and reached < landmark
            yield Clock(
                contact=told.contact,
                key=first.number,
                started_at=landmark,
                ended_at=first.returned_at,
                arm=CONTACTED if before else NOT_CONTACTED,
            )

    return clocks


def landmark(
    inquiry: Inquiry,
    *,
    after: Duration,
    within: Duration,
    departed: Bounds | None = None,
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many return after a stated day, by whether one had written to them; contact-based.

    Numerator: mature contacts that returned within the window of the landmark. Denominator:
    contacts whose first departure in the cohort lasted to the landmark under observation, and
    that were observed for the whole window after it. An empty denominator gives None.

    Args:
        after: the landmark: how long after the departure. Who returned before it is left out.
        within: the window after the landmark; its edge belongs to it.
        departed: the cohort: departures from the first instant on, before the second.
        confidence: of the intervals.
    """
    window, gap = read_window(within), read_window(after, "after")
    rate = Windowed(
        name="landmark comparison",
        definition=(
            f"of the departures in the cohort that were still away {format_duration(gap)} "
            "later, at the landmark, and were observed for the whole window after it, the "
            "share that returned within it, by whether an outreach had come before the landmark"
        ),
        since="the landmark",
        event="returned",
        clocks=landmark_clocks(gap, read_cohort(departed)),
        start=Signal.OUTREACH,
        note=LANDMARK,
    )
    return compare_arms(
        inquiry, rate, window, departed, confidence, "landmark", {NOT_CONTACTED}, gap
    )
