"""A landmark comparison: how many return after a stated day, by whether one had written to them.

There is none of the ever with the never contacted: one has to be still away to be written to, and
so the quick returns all fall to the others.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from motfunnel.domain.columns import NEVER, column
from motfunnel.domain.instant import MICROSECOND, Duration, format_duration
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort, read_window
from motfunnel.reports.measure.clock import Clocks, Cohort, bounds_of
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trial import BY_TRIAL, CONTACTED, NOT_CONTACTED
from motfunnel.reports.window import Asked, MakeClocks, Windowed
from motfunnel.reports.windowed import compare_arms

LANDMARK: Final = (
    "who was written to before the landmark, somebody chose: what they looked at may also say who "
    "returns, and an outreach after it counts for neither side; this is a difference, no effect; "
    f"{BY_TRIAL}"
)


def landmark_clocks(after: timedelta, cohort: Cohort) -> MakeClocks:
    """From the landmark of a contact's first departure in the cohort, if it is away by then."""
    gap = after // MICROSECOND

    def clocks(facts: Facts, asked: Asked) -> Clocks:
        told = asked.columns("departed", "returned", "outreach")
        found = facts.episodes(*told, departed=cohort)
        low, high = bounds_of(cohort)
        arms = [facts.names.labels[arm] for arm in (NOT_CONTACTED, CONTACTED)]
        latest, places = -1, []
        for place, (contact, at) in enumerate(zip(found.contact, found.departed, strict=True)):
            if contact != latest and low <= at < high:
                latest = contact
                if found.returned[place] >= at + gap:
                    places.append(place)
        landmarks = column(min(at + gap, NEVER) for at in found.departed)
        return Clocks(
            names=facts.names,
            contact=found.contact,
            started=landmarks,
            ended=found.returned,
            stage=found.stage,
            reason=found.reason,
            arm=column(
                arms[reached < at] for reached, at in zip(found.outreach, landmarks, strict=True)
            ),
        ).at(places)

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
    window, gap = read_window(within), read_window(after, "after", longest=timedelta.max)
    rate = Windowed(
        name="landmark comparison",
        definition=(
            f"of the departures in the cohort that were still away {format_duration(gap)} "
            "later, at the landmark, and were observed for the whole window after it, the "
            "share that returned within it, by whether an outreach had come before the landmark"
        ),
        since="the landmark",
        event="returned",
        clocks=landmark_clocks(gap, read_cohort(departed, inquiry.instant)),
        start=Signal.OUTREACH,
        departures="started",
        note=LANDMARK,
        has_periods=False,
    )
    return compare_arms(
        inquiry, rate, window, departed, confidence, "landmark", {NOT_CONTACTED}, gap
    )
