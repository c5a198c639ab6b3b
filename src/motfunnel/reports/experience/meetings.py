"""Questions about touchpoints: what was promised where the business is met, and what was lived.

Divides last, and names whoever is counted; what an experience is, ``domain.experience`` says.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Any, Final

from motfunnel.domain.experience import BAD, DELIGHT, DISAPPOINTMENT, GOOD, IN_BETWEEN, MET
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import QuestionError
from motfunnel.reports.experience.journey_map import (
    MAP_DEFINITION,
    JourneyMap,
    map_rows,
    promise_of,
)
from motfunnel.reports.experience.scores import (
    Lived,
    Tally,
    badness,
    in_map_order,
    read_lived,
    read_traits,
)
from motfunnel.reports.experience.touchpoints import (
    AgainstExpectation,
    Apart,
    TouchpointRow,
    Touchpoints,
    Verdicts,
    WorstRow,
)
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort
from motfunnel.reports.measure.grouping import Grouping, property_text, read_property, trait_at
from motfunnel.reports.question import Question
from motfunnel.reports.remarks import NO_SCORES
from motfunnel.statistics import ClusteredShare, Sample, intraclass_correlation, mean_range
from motfunnel.statistics.ratio import IN_WORDS

WORST: Final = 10
_SORTED_AT_ONCE: Final = 1_000
Key = tuple[str, str | None]

TOUCHPOINTS_DEFINITION: Final = (
    "of every event with a score of what was experienced, the mean, and where something was "
    "expected (by the event, or else by the journey map) the mean gap: experienced less expected; "
    "shares are of experiences, of which one contact may have several; their intervals are "
    f"{IN_WORDS}"
)


class AboutTouchpoints(Question):
    """What contacts expected and experienced where they meet the business."""

    def touchpoints(
        self,
        *,
        by: str | None = None,
        period: Bounds | None = None,
        worst: int = WORST,
        confidence: float = CONFIDENCE,
    ) -> Touchpoints:
        """What was expected and experienced at each touchpoint, how evenly, and who fared worst.

        Denominator of the means, and of good, bad and in between: experiences (events with a
        score). Of gap, delight, met and disappointment: those of them with an expected score.
        Empty denominators give None. Where contacts repeat, intervals are clustered by contact.

        Args:
            by: a property of the event (also written ``property:NAME``), or ``trait:NAME`` as it
                held then; the range of their means, and ICC(1), tell how far groups lie apart.
            period: experiences from the first instant on, before the second.
            worst: how many of the worst experiences to name.
            confidence: of the intervals.

        Raises:
            QuestionError: ``by`` names no property, or ``worst`` is no count.
        """
        if not isinstance(worst, int) or isinstance(worst, bool) or worst < 0:
            raise QuestionError(f"worst is {worst!r}; it must be a count, 0 or more")
        grouping, cohort, funnel = read_property(by), read_cohort(period), self._tracker.funnel
        tallies, least = self._tally(cohort, grouping, worst)
        ordered = _in_order(tallies, funnel)
        return Touchpoints(
            name="touchpoints",
            definition=TOUCHPOINTS_DEFINITION,
            rows=tuple(_row(key, tallies[key], funnel, confidence) for key in ordered),
            apart=() if grouping is None else tuple(_apart(ordered, tallies)),
            worst=tuple(map(_worst, least)),
            by=None if grouping is None else grouping.written,
            period=cohort,
            notes=self._of_groups(grouping, {group for _, group in tallies}),
            **self._asked(confidence),
        )

    def _of_groups(self, grouping: Grouping | None, groups: set[str | None]) -> tuple[str, ...]:
        """That nothing has a score, or nothing with one has the property or the trait."""
        unknown = self._unknown(grouping, groups)
        return (*(() if groups else (NO_SCORES,)), *((unknown,) if unknown else ()))

    def journey_map(
        self, *, period: Bounds | None = None, confidence: float = CONFIDENCE
    ) -> JourneyMap:
        """The journey map written out: target and actual of each touchpoint, stage by stage.

        Numerator of ``kept``: experiences that met or surpassed what was expected. Denominator:
        those with an expected score. An empty denominator gives None.

        Args:
            period: experiences from the first instant on, before the second.
            confidence: of the intervals.
        """
        cohort, funnel = read_cohort(period), self._tracker.funnel
        tallies: dict[tuple[str, str], Tally] = {}
        for lived in self._lived(cohort, staged=True):
            key = (lived.stage, lived.experience.touchpoint)
            tallies.setdefault(key, Tally()).add(lived)
        return JourneyMap(
            name="journey map",
            definition=MAP_DEFINITION,
            rows=tuple(map_rows(tallies, funnel, confidence)),
            period=cohort,
            notes=() if tallies else (NO_SCORES,),
            **self._asked(confidence),
        )

    def _tally(
        self, period: Cohort, grouping: Grouping | None, worst: int
    ) -> tuple[dict[Key, Tally], list[Lived]]:
        """Tally all experiences by touchpoint and group; keep the worst of them."""
        tallies: dict[Key, Tally] = {}
        least: list[Lived] = []
        group_of = self._grouping_of(grouping)
        for lived in self._lived(period):
            group = group_of(lived)
            tallies.setdefault((lived.experience.touchpoint, group), Tally()).add(lived)
            least.append(lived)
            if len(least) > 2 * worst + _SORTED_AT_ONCE:
                least = heapq.nsmallest(worst, least, key=badness)
        return tallies, heapq.nsmallest(worst, least, key=badness)

    def _grouping_of(self, grouping: Grouping | None) -> Callable[[Lived], str | None]:
        """How to find the group of an experience."""
        if grouping is None:
            return lambda _: None
        name = grouping.name
        if grouping.kind == "property":
            return lambda lived: property_text(lived.event.properties, name)
        with self._reading() as source:
            said = read_traits(source, name)
        return lambda lived: trait_at(said.get(lived.contact, ()), lived.event.occurred_at)

    def _lived(self, period: Cohort, **asked: Any) -> Iterator[Lived]:
        with self._reading() as source:
            yield from read_lived(source, period, **asked)


def _in_order(tallies: dict[Key, Tally], funnel: Funnel) -> list[Key]:
    places = in_map_order({touchpoint for touchpoint, _ in tallies}, funnel)
    return sorted(tallies, key=lambda key: (places.index(key[0]), key[1] or ""))


def _row(key: Key, tally: Tally, funnel: Funnel, confidence: float) -> TouchpointRow:
    touchpoint, group = key
    all_of_them = tally.experienced
    expected = Sample.of(tally.expected)
    parts = {
        "experiences": tally.who(GOOD, IN_BETWEEN, BAD),
        **{part: tally.who(part) for part in (DELIGHT, MET, DISAPPOINTMENT, GOOD)},
        "in_between": tally.who(IN_BETWEEN),
        BAD: tally.who(BAD),
    }
    return TouchpointRow(
        touchpoint=touchpoint,
        group=group,
        promise=promise_of(touchpoint, funnel),
        experiences=all_of_them.size,
        experienced=all_of_them.mean,
        deviation=all_of_them.deviation,
        with_expectation=expected.size,
        expected=expected.mean,
        gap=Sample.of(tally.gaps).mean,
        against_expectation=AgainstExpectation(
            **_shares(parts, AgainstExpectation.parts, confidence)
        ),
        verdicts=Verdicts(**_shares(parts, Verdicts.parts, confidence)),
        names=parts,
    )


def _shares(
    parts: dict[str, tuple[str, ...]], names: tuple[str, ...], confidence: float
) -> dict[str, Any]:
    """The counts of some parts, their shares of all these, and the intervals around the shares."""
    told: dict[str, Any] = {}
    of = [contact for name in names for contact in parts[name]]
    for name in names:
        share = ClusteredShare.by_name(parts[name], of)
        told[name] = share.numerator
        told[f"{name}_share"] = share.value
        told[f"{name}_interval"] = share.interval(confidence)
    return told


def _apart(ordered: list[Key], tallies: dict[Key, Tally]) -> Iterator[Apart]:
    """How far the groups of each touchpoint lie apart, in the order of the touchpoints."""
    groups: dict[str, dict[str, Sample]] = {}
    for touchpoint, group in ordered:
        sample = tallies[touchpoint, group].experienced
        groups.setdefault(touchpoint, {})[group or ""] = sample
    for touchpoint, samples in groups.items():
        means = {group: sample.mean or 0.0 for group, sample in samples.items()}
        yield Apart(
            touchpoint=touchpoint,
            groups=len(samples),
            lowest=min(means, key=means.__getitem__),
            highest=max(means, key=means.__getitem__),
            range=mean_range(samples.values()),
            between=intraclass_correlation([*samples.values()]),
        )


def _worst(lived: Lived) -> WorstRow:
    event, one = lived.event, lived.experience
    return WorstRow(
        contact=lived.contact,
        event=event.name,
        event_id=event.id,
        occurred_at=event.occurred_at,
        touchpoint=one.touchpoint,
        experienced=one.score,
        expected=one.expected,
        gap=one.gap,
    )
