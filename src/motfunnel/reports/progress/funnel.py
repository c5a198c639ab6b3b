"""The stage funnel: how many contacts reached each stage, in what time, and what became of them.

Counts reaching, not being there: a contact that skipped a stage has reached it too, at the instant
of the leap. Time is described among those who made the step; who did not yet, is not in it.
"""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Draw, Grouped, GroupedRow, Row, Table, columns_of, grouped
from motfunnel.answers.cells import (
    COHORT,
    COUNT,
    NAMED,
    SHARE,
    TEXT,
    WAIT,
    WINDOW,
    between,
    cell,
    headed,
    nested,
    percent,
    span,
    wait,
)
from motfunnel.answers.members import Members
from motfunnel.charts.labels import label, labels
from motfunnel.charts.scene import (
    Axis,
    Bars,
    Panel,
    Picture,
    Rows,
    Run,
    Text,
    quiet,
    shares,
    strong,
)
from motfunnel.charts.style import BLUE, PALETTE
from motfunnel.domain.columns import NEVER
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import MICROSECOND, Duration, format_duration, to_micros
from motfunnel.errors import QuestionError
from motfunnel.reports.cohort import Opened, began, read_opened
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort, read_window
from motfunnel.reports.measure.clock import EVERYBODY, Cohort
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.progress.ways import (
    KINDS,
    REASON,
    RETURNED,
    STAYED,
    Ways,
    each,
    spans,
    ways_by_group,
)
from motfunnel.reports.silence import departures_note
from motfunnel.statistics import Interval, Proportion

DEFINITION: Final = (
    "of the contacts that reached the stage before (or a higher one), the share that reached this "
    "one by now; the first stage is reached by the opening; of first: the share of all contacts "
    "that opened"
)
WITHIN: Final = (
    "of the contacts that reached the stage before (or a higher one) and were observed for the "
    "whole window after it, the share that reached this one within it; the first stage is reached "
    "by the opening; of first: the share of all contacts that opened; it, the contacts and the "
    "times are those by now, whatever the window"
)

_STEP: Final = 96  # pixels for a stage


@frozen(kw_only=True)
class Losses:
    """What became of those who reached a stage and went no further from it.

    Attributes:
        dropped: contacts that reached this stage and no higher one; None for the last stage.
        drop_off: their share of all that reached it; None likewise, and where nobody did.
        drop_off_interval: Wilson's, around that share.
        departed: contacts that departed from it, that is while it was the highest they had
            reached: at least once.
        returned: those of them that came back after the first such departure.
        return_rate: their share; None where nobody departed.
        return_interval: Wilson's, around that share.
    """

    dropped: int | None = field(metadata=cell(COUNT))
    drop_off: float | None = field(metadata=cell(SHARE))
    drop_off_interval: Interval | None = field(metadata=cell(between(SHARE)))
    departed: int = field(metadata=cell(COUNT))
    returned: int = field(metadata=cell(COUNT))
    return_rate: float | None = field(metadata=cell(SHARE))
    return_interval: Interval | None = field(metadata=cell(between(SHARE)))


@frozen(kw_only=True)
class StageRow(GroupedRow):
    """One stage.

    Attributes:
        stage: its name.
        contacts: how many reached it or a higher one.
        within: the window of the step to it; None: by now.
        from_previous: the share of those of the stage before; None for the first stage, and
            where nobody reached the stage before.
        interval: Wilson's, around that share.
        numerator: of that share: who made the step, in the window if there is one; None for the
            first stage.
        denominator: of that share: who reached the stage before, and was observed for the whole
            window if there is one; None for the first stage.
        immature: how many reached the stage before and were not observed for the whole window.
        from_first: the share of all that opened, which is how many reached the first stage; None
            where nobody did.
        from_first_interval: Wilson's, around that share; None for the first stage, all of it.
        lower_quartile: of the time from reaching the stage before; None where nobody made it.
        median: of the same.
        upper_quartile: of the same.
        losses: who went no further, who departed from the stage, and who of them returned.
    """

    stage: str = field(metadata=cell(TEXT, NAMED))
    contacts: int = field(metadata=cell(COUNT, NAMED))
    within: timedelta | None = field(metadata=cell(WINDOW))
    from_previous: float | None = field(metadata=cell(SHARE))
    interval: Interval | None = field(metadata=cell(between(SHARE)))
    numerator: int | None = field(metadata=cell(COUNT))
    denominator: int | None = field(metadata=cell(COUNT))
    immature: int | None = field(metadata=cell(COUNT))
    from_first: float | None = field(metadata=cell(SHARE, NAMED))
    from_first_interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    lower_quartile: timedelta | None = field(metadata=cell(WAIT, NAMED))
    median: timedelta | None = field(metadata=cell(WAIT, NAMED))
    upper_quartile: timedelta | None = field(metadata=cell(WAIT, NAMED))
    losses: Losses = field(metadata=cell(nested(Losses)))


def picture(answer: StageFunnel) -> Picture:
    """A bar for each stage, from the first to the last; of groups one beside the other."""
    return _funnel(answer) if answer.by is None else _groups(answer)


@frozen(kw_only=True, repr=False)
class StageFunnel(Grouped[StageRow]):
    """How contacts go through the stages: a row for each, in their order.

    Names stand behind ``contacts``, ``numerator``, ``denominator``, ``immature``, ``dropped``,
    ``departed`` and ``returned``.

    Attributes:
        cohort: contacts that opened from the first instant on, before the second.
    """

    row_class: ClassVar[type[Row]] = StageRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"funnel": picture}

    cohort: Cohort = field(default=EVERYBODY, metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        windows = {row.within for row in self.rows if row.denominator is not None}
        if len(windows) == 1 and (within := windows.pop()) is not None:
            return f"Stages, each step within {WINDOW.show(within)}"
        return "Stages"

    def tables(self) -> Iterator[Table]:
        """The stages; then the steps, who went no further, and who departed and returned."""
        if self.by is not None:
            yield from super().tables()
            return
        shown = columns_of(StageRow)
        yield self.table(None, shown, self.rows)
        for caption, columns in _SHARES.items():
            yield self.table(caption, shown[:1] + columns, self.rows)


_SHARES: Final = {
    "From the stage before": headed(
        ("from_previous", SHARE),
        ("interval", between(SHARE)),
        ("numerator", COUNT),
        ("denominator", COUNT),
        ("immature", COUNT),
    ),
    "By now: who reached the stage and went no further": headed(
        ("losses.drop_off", SHARE),
        ("losses.drop_off_interval", between(SHARE)),
        ("losses.dropped", COUNT),
        ("contacts", COUNT),
    ),
    "By now: who departed from the stage, and who of them returned": headed(
        ("losses.return_rate", SHARE),
        ("losses.return_interval", between(SHARE)),
        ("losses.returned", COUNT),
        ("losses.departed", COUNT),
    ),
}
"""The tables of shares, each share with its interval and its counts, by what is said above it."""

Windows = Mapping[int, timedelta]
"""For a step that has a window, by the number of the stage that it leads to, how long it is."""


def stage_rows(
    ways: Ways,
    stages: Sequence[str],
    windows: Windows,
    as_of: datetime,
    confidence: float,
    group: str | None = None,
) -> tuple[StageRow, ...]:
    """Count who reached which stage, who departed from it and who returned, of one group."""
    return tuple(
        _row(ways, stages, n, windows.get(n), as_of, confidence, group) for n in range(len(stages))
    )


def _row(
    ways: Ways,
    stages: Sequence[str],
    n: int,
    window: timedelta | None,
    as_of: datetime,
    confidence: float,
    group: str | None,
) -> StageRow:
    here = [contact for contact, at in each(ways, n) if at < NEVER]
    who, step = {"contacts": here}, None
    if n > 0:
        who |= _step(ways, n, window, as_of)
        step = Proportion(numerator=len(who["numerator"]), denominator=len(who["denominator"]))
    losses, lost = _losses(ways, here, n, confidence)
    reached = Proportion(numerator=len(here), denominator=len(ways.contacts))
    quartiles = _quartiles(spans(ways, n))
    return StageRow(
        group=group,
        stage=stages[n],
        contacts=len(here),
        within=window,
        from_previous=None if step is None else step.value,
        interval=None if step is None else step.interval(confidence),
        numerator=None if step is None else step.numerator,
        denominator=None if step is None else step.denominator,
        immature=len(who["immature"]) if n > 0 else None,
        from_first=reached.value,
        from_first_interval=reached.interval(confidence) if n > 0 else None,
        lower_quartile=quartiles[0],
        median=quartiles[1],
        upper_quartile=quartiles[2],
        losses=losses,
        names={part: Members(ways.people, numbers) for part, numbers in (who | lost).items()},
    )


def _step(ways: Ways, n: int, window: timedelta | None, as_of: datetime) -> dict[str, list[int]]:
    """Who could have made a step, who made it, and for whom it is too early to tell."""
    within = None if window is None else window // MICROSECOND
    latest = NEVER - 1 if within is None else to_micros(as_of) - within
    able = [who for who, since in each(ways, n - 1) if since <= latest]
    early = [who for who, since in each(ways, n - 1) if latest < since < NEVER]
    steps = zip(each(ways, n), ways.reached[n - 1], strict=True)
    made = [
        who
        for (who, at), since in steps
        if since <= latest and at < NEVER and (within is None or at - since <= within)
    ]
    return {"numerator": made, "denominator": able, "immature": early}


def _losses(
    ways: Ways, here: Sequence[int], n: int, confidence: float
) -> tuple[Losses, dict[str, list[int]]]:
    is_last = n == len(ways.reached) - 1
    dropped: list[int] = []
    if not is_last:
        both = zip(each(ways, n), ways.reached[n + 1], strict=True)
        dropped = [who for (who, at), then in both if at < NEVER == then]
    went = [*zip(ways.contacts, ways.departures[n], strict=True)]
    departed = [who for who, how in went if how != STAYED]
    returned = [who for who, how in went if how == RETURNED]
    lost = Proportion(numerator=len(dropped), denominator=len(here))
    back = Proportion(numerator=len(returned), denominator=len(departed))
    return Losses(
        dropped=None if is_last else len(dropped),
        drop_off=None if is_last else lost.value,
        drop_off_interval=None if is_last else lost.interval(confidence),
        departed=len(departed),
        returned=len(returned),
        return_rate=back.value,
        return_interval=back.interval(confidence),
    ), {"dropped": dropped, "departed": departed, "returned": returned}


def _quartiles(spans: Sequence[int]) -> tuple[timedelta | None, ...]:
    """The quartiles, between neighbours where they fall between."""
    if not spans:
        return (None, None, None)
    if len(spans) == 1:
        return (spans[0] * MICROSECOND,) * 3
    cuts = statistics.quantiles(spans, n=4, method="inclusive")
    return tuple(round(cut) * MICROSECOND for cut in cuts)


def _funnel(answer: StageFunnel) -> Picture:
    rows = answer.rows
    first = rows[0].contacts if rows else 0
    bars = Bars(
        name="contacts",
        colour=BLUE,
        sizes=[row.contacts for row in rows],
        are_steps=True,
        is_in_legend=False,
        texts=[_said(row) for row in rows],
        hovers=[f"{row.contacts:,} contacts reached {label(row.stage)}" for row in rows],
    )
    stages = Rows(
        names=labels(row.stage for row in rows),
        below=[_beside(row) for row in rows],
        high=_STEP,
    )
    return Picture(
        panels=(Panel(marks=(bars,), y=stages),),
        x=Axis(lower=0, upper=first or 1, is_shown=False, has_grid=False),
        counted=f"n = {first:,} contacts that opened",
        told=f"Funnel. {'; '.join(f'{r.stage}: {r.contacts:,} contacts' for r in rows)}.",
    )


def _groups(answer: StageFunnel) -> Picture:
    """For each stage, a bar of each group: the share of all in it that opened.

    Beside it stands the share of the stage before, which is the one that the definition tells.
    """
    groups = grouped(answer.rows)
    shown = list(groups.items())[: len(PALETTE)]
    set_names = labels(group for group, _ in shown)
    stages = labels(dict.fromkeys(row.stage for row in answer.rows))
    opened = sum(rows[0].contacts for _, rows in shown)
    fewer = f", the first {len(shown)} of {len(groups)} groups" if len(groups) > len(shown) else ""
    said = [f"{row.group}, {row.stage}: {row.contacts:,}" for row in answer.rows]
    bars = [
        Bars(
            name=f"{name} (n = {rows[0].contacts:,})",
            colour=colour,
            sizes=[row.from_first for row in rows],
            lane=lane,
            lanes=len(shown),
            texts=[_beside_bar(row) for row in rows],
            are_outside=True,
        )
        for lane, (name, (_, rows), colour) in enumerate(
            zip(set_names, shown, PALETTE, strict=False)
        )
    ]
    title = "bars: share of all in the group that opened; beside them, of the stage before"
    return Picture(
        panels=(Panel(marks=bars, y=Rows(names=stages, high=26 * (len(shown) + 1))),),
        x=shares(title, (), 1),
        has_legend=True,
        counted=f"n = {opened:,} contacts that opened{fewer}",
        told=f"Bars by stage. {'; '.join(said)}.",
    )


def _beside_bar(row: StageRow) -> Text:
    """Beside a bar: its share with its count, and the share of the stage before."""
    share = strong(percent(row.from_first)), Run(f"({row.contacts:,})")
    if row.from_previous is None:
        return share
    sure = "" if row.interval is None else f" ({span(row.interval)})"
    return *share, quiet(f"{percent(row.from_previous)}{sure} of previous")


def _said(row: StageRow) -> Text:
    count = strong(f"{row.contacts:,}")
    if row.from_previous is None:
        return (count,)
    return count, Run("·"), strong(percent(row.from_previous)), Run("of the stage before")


def _beside(row: StageRow) -> tuple[str, ...]:
    """Below the name: how sure its share is, its counts, the median time, the share of all."""
    if row.from_previous is None:
        return ()
    sure = "" if row.interval is None else f"{span(row.interval)} "
    counts = f"{row.numerator:,} of {row.denominator:,}"
    if row.median is not None:
        waited = wait(row.median)
        counts += f", {'' if waited == 'at once' else 'in '}{waited} at the median"
    return f"{sure}of the stage before", counts, f"{percent(row.from_first)} of the first stage"


def funnel(
    inquiry: Inquiry,
    *,
    within: Duration | Mapping[str, Duration] | None = None,
    opened: Bounds | None = None,
    by: By = None,
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
        by: as in ``flows``; or ``reason``, alone: why the contact first departed, which is known
            in hindsight.
        confidence: of the intervals.
    """
    stages, cohort = inquiry.funnel.stages, read_cohort(opened, inquiry.instant)
    windows = _read_windows(within, stages)
    own, told = None if by == REASON else by, inquiry.header(confidence)
    with read_opened(inquiry, "funnel", own, cohort, keeps=KINDS) as found:
        written = REASON if by == REASON else found.by
        ways = ways_by_group(found, stages, written)
        notes = [*found.notes, *_remarks(inquiry.funnel, found, ways.values(), cohort)]
    groups = sorted(ways, key=str) if written == REASON else [g for g in found.names if g in ways]
    rows = (stage_rows(ways[group], stages, windows, inquiry.as_of, confidence, group)
            for group in groups)  # fmt: skip
    return StageFunnel(
        name="funnel",
        definition=WITHIN if windows else DEFINITION,
        rows=tuple(row for of_group in rows for row in of_group),
        notes=(*_notes(within, windows, stages, written), *notes),
        **told | {"by": written, "cohort": cohort},
    )


def _remarks(
    funnel: Funnel, found: Opened, ways: Collection[Ways], cohort: Cohort
) -> Iterator[str]:
    """What a reader has to know of who is counted, and of who left."""
    if any(one.contacts for one in ways):
        yield from began(funnel, found, cohort[0])
    left = any(any(of) for one in ways for of in one.departures)  # all but STAYED, which is 0
    said = departures_note(funnel) if left else None
    if said is not None:
        yield said
    erased = sum(who in found.gone for one in ways for who in one.contacts) if found.gone else 0
    if erased:
        yield f"the {erased:,} erased with counts kept count as having gone no further"


def _read_windows(within: Any, stages: tuple[str, ...]) -> Windows:
    """Read the windows of steps.

    Raises:
        QuestionError: one is not a duration, or of what is not a stage that a step leads to.
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
