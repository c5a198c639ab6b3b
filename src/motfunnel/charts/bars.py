"""Bars by period, and shares of a whole side by side in one bar for each row.

By period, who came stands above the line and who left below it; what is not over is hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from motfunnel.charts.labels import label, labels
from motfunnel.charts.scene import (
    Axis,
    Bars,
    Line,
    Picture,
    Rows,
    Tick,
    numbers,
    plain,
    shares,
)
from motfunnel.charts.scene import (
    Panel as Pane,
)
from motfunnel.charts.style import INK, nice

_LABELS: Final = {"year": 18, "quarter": 12, "month": 12, "week": 8, "day": 8}
"""So many periods are named below the bars; a day is the longest name."""

_PANELS: Final = 6
_ROW: Final = 34
_HIGH: Final = 330
_LOW: Final = 130
_DOTTED: Final = 40  # points of a line; of more none is drawn


@frozen
class Part:
    """A part of each bar.

    Attributes:
        name: what it is called.
        colour: its colour.
        counts: its count in each bar; None: there is none yet.
        is_below: whether it stands below the line.
    """

    name: str
    colour: str
    counts: Sequence[int | None]
    is_below: bool = False


@frozen
class Panel:
    """Bars by period, of all or of one group.

    Attributes:
        heading: of which group; None: of all.
        periods: the names of the periods.
        unfinished: of each, whether it is not over.
        parts: the parts of the bars.
    """

    heading: str | None
    periods: Sequence[str]
    unfinished: Sequence[bool]
    parts: Sequence[Part]


def calendar(
    panels: Sequence[Panel],
    period: str,
    counted: str,
    line: Sequence[int] = (),
    line_name: str = "with us",
    title: str = "contacts",
) -> Picture:
    """Draw a panel for each group, one below the other, on one axis of periods.

    Args:
        panels: the groups; only the first ones are drawn, which is said.
        period: of which length the periods are.
        counted: how many they rest on.
        line: how many are present at the end of each period, drawn above the bars.
        line_name: what these are called.
        title: what the bars count.
    """
    shown, first = panels[:_PANELS], panels[0]
    high = _HIGH if len(panels) == 1 else _LOW
    panes = [_pane(panel, title, high, has_x=panel is shown[-1]) for panel in shown]
    if line:
        axis = numbers(line_name, line)
        above = Pane(marks=(_line(line, first, line_name),), y=axis, high=_LOW, has_x=False)
        panes = [above, evolve(panes[0], high=220), *panes[1:]]
    fewer = f"; the first {_PANELS} of {len(panels)} groups" if len(panels) > _PANELS else ""
    return Picture(
        panels=panes,
        x=_periods(first.periods, period),
        note=_note(first),
        has_legend=True,
        counted=counted + fewer,
        told=_told(first, period),
    )


def _pane(panel: Panel, title: str, high: int, *, has_x: bool) -> Pane:
    """The bars of one group."""
    return Pane(
        marks=_upright(panel.parts, panel),
        y=_counts(panel.parts, title),
        heading="" if panel.heading is None else label(panel.heading, 100),
        high=high,
        has_x=has_x,
    )


def stacked(
    rows: Sequence[str], parts: Sequence[Part], counted: str, *, whole: bool = True
) -> Picture:
    """Draw a bar for each row, made of its parts: as shares of the whole, or as they are."""
    totals = [sum(filter(None, each)) for each in zip(*(one.counts for one in parts), strict=True)]
    told = [
        f"{name}: " + ", ".join(f"{part.counts[n]:,} {part.name}" for part in parts)
        for n, name in enumerate(rows)
    ]
    alone = len(parts) == 1
    bars, starts = [], [0.0] * len(rows)
    for part in parts:
        one = _level(part, starts, totals, whole=whole, alone=alone)
        bars.append(one)
        starts = [start + (size or 0) for start, size in zip(starts, one.sizes, strict=True)]
    return Picture(
        panels=(Pane(marks=bars, y=Rows(names=labels(rows), high=_ROW)),),
        x=shares("", (), 1) if whole else numbers("", totals),
        has_legend=not alone,
        counted=counted,
        told=f"Bars of shares. {'; '.join(told)}.",
    )


def _upright(parts: Sequence[Part], panel: Panel) -> list[Bars]:
    """The parts, each beginning where the one before it on its side of the line ends."""
    found = []
    ends = {False: [0.0] * len(panel.periods), True: [0.0] * len(panel.periods)}
    for part in parts:
        sign = -1 if part.is_below else 1
        sizes = [None if count is None else sign * count for count in part.counts]
        starts = ends[part.is_below]
        ends[part.is_below] = [a + (b or 0) for a, b in zip(starts, sizes, strict=True)]
        found.append(
            Bars(
                name=part.name,
                colour=part.colour,
                sizes=sizes,
                starts=starts,
                is_upright=True,
                hatched=panel.unfinished,
                hovers=[
                    f"{period}: {'–' if count is None else f'{count:,}'} {part.name}"
                    for period, count in zip(panel.periods, part.counts, strict=True)
                ],
            )
        )
    return found


def _counts(parts: Sequence[Part], title: str) -> Axis:
    """Ticks that say how many, below the line too."""
    up, down = (_most([part for part in parts if part.is_below is way]) for way in (False, True))
    step = nice((up + down) / 6)
    lower, upper = -(down * 1.04), up * 1.04 or (0 if down else 1)
    at = [n * step for n in range(-(down // step), up // step + 1)]
    ticks = [Tick(one, f"{abs(one):,}") for one in at]
    return Axis(title=title, lower=lower, upper=upper, ticks=ticks, zero=True)


def _most(parts: Sequence[Part]) -> int:
    bars = zip(*(part.counts for part in parts), strict=True)
    return max((sum(filter(None, each)) for each in bars), default=0)


def _note(panel: Panel) -> str:
    """What the hatching means, and what is not drawn there."""
    if not any(panel.unfinished):
        return ""
    late = [f"; {one.name}: cannot be told yet" for one in panel.parts if None in one.counts]
    return f"hatched: not over yet{''.join(late)}"


def _line(counts: Sequence[int], panel: Panel, name: str) -> Line:
    return Line(
        x=range(len(counts)),
        y=counts,
        colour=INK,
        name=f"{name} at the end",
        has_dots=len(counts) <= _DOTTED,
        hollow=panel.unfinished,
        width=2,
        hovers=[f"{period}: {n:,} {name}" for period, n in zip(panel.periods, counts, strict=True)],
    )


def _periods(periods: Sequence[str], period: str) -> Axis:
    each = max(1, -(-len(periods) // _LABELS[period]))
    return Axis(
        lower=-0.6,
        upper=max(len(periods), 1) - 0.4,
        ticks=[Tick(n, periods[n]) for n in range(0, len(periods), each)],
        has_grid=False,
    )


def _level(
    part: Part, starts: Sequence[float], totals: Sequence[int], *, whole: bool, alone: bool
) -> Bars:
    """One part in each row; what is too narrow for its number says it when pointed at."""
    counts = [count or 0 for count in part.counts]
    of = [count / total if total else None for count, total in zip(counts, totals, strict=True)]
    return Bars(
        name=part.name,
        colour=part.colour,
        sizes=of if whole else counts,
        starts=starts,
        texts=[plain(f"{count:,}") for count in counts],
        are_outside=alone,
        is_in_legend=not alone,
        hovers=[f"{count:,} {part.name}" for count in counts],
    )


def _told(panel: Panel, period: str) -> str:
    said = [
        f"{name}: "
        + ", ".join(
            f"{count:,} {part.name}"
            for part in panel.parts
            if (count := part.counts[n]) is not None
        )
        for n, name in enumerate(panel.periods)
    ]
    return f"Bars by {period}; the last ones: {'; '.join(said[-12:])}."
