"""Questions about whole journeys: how far they go through the stages, and from moment to moment.

States each report in full; ``stage_funnel`` and ``flows`` count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from motfunnel.domain.instant import Duration, format_duration
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import QuestionError
from motfunnel.reports.cohort import AboutOpened, Opened
from motfunnel.reports.facts.stories import stories
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort, read_window
from motfunnel.reports.progress import flows
from motfunnel.reports.progress import funnel as stage_funnel
from motfunnel.reports.progress.flows import Flows, count_flows, flow_rows
from motfunnel.reports.progress.funnel import StageFunnel, Way, Windows, make_way, stage_rows
from motfunnel.text import counted as counted_in_words

REASON: Final = "reason"
STEPS: Final = 5
"""How many steps of each contact are told, unless more are asked for."""


class AboutJourneys(AboutOpened):
    """The reports that follow each contact from its opening on."""

    def funnel(
        self,
        *,
        within: Duration | Mapping[str, Duration] | None = None,
        opened: Bounds | None = None,
        by: str | None = None,
        confidence: float = CONFIDENCE,
    ) -> StageFunnel:
        """How many contacts reached each stage, how long each step took, and who was lost.

        Numerator: contacts that reached the stage or a higher one, within the window of reaching
        the stage before. Denominator: those that reached the stage before or a higher one, and
        were observed for the whole window. Without a window: by now, and all. An empty denominator
        gives None.

        Args:
            within: the window of each step, or of each step by the stage that it leads to; its
                edge belongs to it.
            opened: the cohort: who opened from the first instant on, before the second.
            by: ``source``, a trait as it held at the opening, ``property:NAME`` of the event that
                opened, or ``reason``: why the contact first departed, which is known in hindsight.
            confidence: of the intervals.
        """
        stages, cohort = self._tracker.funnel.stages, read_cohort(opened)
        windows = _read_windows(within, stages)
        told = self._asked(confidence)
        with self._opened("funnel", None if by == REASON else by, cohort) as found:
            ways, notes = _ways_by_group(found, stages, by), found.notes
        rows = (stage_rows(ways[group], stages, windows, self.as_of, confidence, group)
                for group in sorted(ways, key=str))  # fmt: skip
        return StageFunnel(
            name="funnel",
            definition=stage_funnel.WITHIN if windows else stage_funnel.DEFINITION,
            rows=tuple(row for of_group in rows for row in of_group),
            notes=(*_notes(within, windows, stages, by), *notes),
            **told | {"by": by, "cohort": cohort},
        )

    def flows(
        self,
        *,
        steps: int | None = STEPS,
        stepwise: bool = True,
        opened: Bounds | None = None,
        by: str | None = None,
        confidence: float = CONFIDENCE,
    ) -> Flows:
        """From which moment to which contacts go, and where they are now.

        Numerator of a share: transitions from one moment to another at a step. Denominator: all
        transitions that leave that moment at that step, those to where the contact is now among
        them. Every contact has a first step, which leaves its opening.

        Args:
            steps: tell no more than so many steps of each contact; None: all.
            stepwise: whether steps are told apart by their number, or counted together.
            opened: the cohort: who opened from the first instant on, before the second.
            by: ``source``, a trait as it held at the opening, or ``property:NAME`` of the event
                that opened.
            confidence: of the intervals.
        """
        if steps is not None and (not isinstance(steps, int) or steps < 1):
            raise QuestionError(f"steps is {steps!r}; it must be a number, 1 or more")
        cohort, told = read_cohort(opened), self._asked(confidence)
        with self._opened("flows", by, cohort) as found:
            told |= {"by": by, "cohort": cohort, "steps": steps, "contacts": len(found.groups)}
            all_moments = stories(found.source, tuple(MomentKind))
            asked: dict[str, Any] = {"steps": steps, "stepwise": stepwise}
            counted, beyond = count_flows(all_moments, found, self.as_of, **asked)
        rows = tuple(flow_rows(counted, confidence))
        go = "goes" if beyond == 1 else "go"
        further = f"{counted_in_words(beyond, 'contact')} {go} on beyond step {steps}"
        told["notes"] = (*([further] if beyond else []), *found.notes)
        return Flows(name="flows", definition=flows.DEFINITION, rows=rows, **told)


def _ways_by_group(
    found: Opened, stages: tuple[str, ...], by: str | None
) -> Mapping[str | None, list[Way]]:
    ways: dict[str | None, list[Way]] = defaultdict(list)
    if by is None:
        ways[None] = []
    for contact, moments in stories(found.source, stage_funnel.KINDS):
        if contact in found.groups:
            gone = found.erased.get(contact)
            past = [one for one in moments if gone is None or one.occurred_at <= gone]
            way = make_way(contact, past, stages)
            ways[way.reason if by == REASON else found.groups[contact]].append(way)
    return ways


def _read_windows(within: Any, stages: tuple[str, ...]) -> Windows:
    """Read the windows of steps.

    Raises:
        QuestionError: one is no duration, or of what is no stage that a step leads to.
    """
    if within is None:
        return {}
    if not isinstance(within, Mapping):
        return dict.fromkeys(range(1, len(stages)), read_window(within))
    for stage in within:
        if stage not in stages[1:]:
            known = ", ".join(stages[1:])
            raise QuestionError(f"no step leads to a stage {stage!r}; there are: {known}")
    return {
        stages.index(stage): read_window(window, f"within[{stage!r}]")
        for stage, window in within.items()
    }


def _notes(
    within: Any, windows: Windows, stages: tuple[str, ...], by: str | None
) -> tuple[str, ...]:
    notes = []
    if isinstance(within, Mapping):
        told = (f"{stages[n]} {format_duration(window)}" for n, window in windows.items())
        notes.append(f"windows: {', '.join(told)}; other steps by now")
    if by == REASON:
        notes.append("groups by the reason of the first departure, which is known in hindsight")
    return tuple(notes)
