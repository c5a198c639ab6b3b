"""The lifecycle: of those seen in each period which are new, and which came back; who fell off.

Counts from the stretches of time in which each contact was seen, which are bits of a number.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Draw, Row
from motfunnel.answers.cells import COUNT, NAMED, cell
from motfunnel.answers.members import Members
from motfunnel.charts.bars import Part
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import AMBER, BLUE, ORANGE, SKY
from motfunnel.reports.cohort import Opened, Places, read_opened
from motfunnel.reports.facts.moments import Activity
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.timeline import FIRST, Periodic, PeriodRow, Timeline, bars
from motfunnel.reports.periods.period import (
    Day,
    Unit,
    notes_of,
    read_active,
    stretches_of,
    timeline_of,
    told_of,
)

DEFINITION: Final = (
    "contacts seen in the period, that is with an event in it that kept them alive, "
    "however many: new opened in it, returning were seen in the period just before too, "
    "resurrecting, that is seen again, are neither; dormant, that is not seen, were seen in the "
    "period just before and are not in this one; seen = seen before + new + resurrecting − dormant"
)
NOT_OVER: Final = "of the period that is not over, dormant are those not seen in it yet"
PARTS: Final[Mapping[str, Callable[[int], int]]] = {
    "seen": lambda bits: bits,
    "new": lambda bits: bits & -bits,
    "returning": lambda bits: bits & bits << 1,
    "resurrecting": lambda bits: _but_first(bits & ~(bits << 1)),
    "dormant": lambda bits: bits << 1 & ~bits,
}
"""As what a contact counts in which stretches, of the bits of those in which it was seen."""


@frozen(kw_only=True)
class LifecycleRow(PeriodRow):
    """One period.

    Attributes:
        seen: contacts seen in it, that is with an event in it that kept them alive.
        new: those of them that opened in it, by the earliest event of all history.
        returning: those that were seen in the period just before too.
        resurrecting: those that had opened earlier, and were not.
        dormant: contacts seen in the period just before and not in this one.
    """

    seen: int = field(metadata=cell(COUNT, NAMED))
    new: int = field(metadata=cell(COUNT, NAMED))
    returning: int = field(metadata=cell(COUNT, NAMED))
    resurrecting: int = field(metadata=cell(COUNT, NAMED))
    dormant: int = field(metadata=cell(COUNT, NAMED))


def _but_first(bits: int) -> int:
    return bits & bits - 1


def picture(answer: Lifecycle) -> Picture:
    """Draw the seen by where they come from, and below the line those that fell off."""
    seen: Counter[date] = Counter()
    for row in answer.rows:
        seen[row.starts_on] += row.seen
    pooled = "" if answer.by is None else ", all groups together"
    most = max(seen.values(), default=0)
    counted = f"at most {most:,} contacts seen in a {answer.period}{pooled}"

    def parts(rows: Sequence[LifecycleRow]) -> list[Part]:
        """Nobody can be dormant before a period is over."""
        dormant = [None if row.unfinished else row.dormant for row in rows]
        return [
            Part(answer.word("new"), BLUE, [row.new for row in rows]),
            Part(answer.word("returning"), SKY, [row.returning for row in rows]),
            Part(answer.word("resurrecting"), AMBER, [row.resurrecting for row in rows]),
            Part(answer.word("dormant"), ORANGE, dormant, is_below=True),
        ]

    return bars(answer, parts, counted)


@frozen(kw_only=True, repr=False)
class Lifecycle(Periodic[LifecycleRow]):
    """How many contacts are seen in each period, and where they come from.

    Names stand behind every count.
    """

    row_class: ClassVar[type[Row]] = LifecycleRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"bars": picture}


def lifecycle_rows(opened: Opened, timeline: Timeline) -> tuple[LifecycleRow, ...]:
    """Count each period of each group."""
    activity = read_active(opened, timeline)
    return tuple(
        row
        for group, places in opened.parts(activity.contacts).items()
        for row in _rows(group, activity, places, opened.source.names.people.texts, timeline)
    )


def _rows(
    group: str | None,
    activity: Activity,
    places: Places,
    people: Sequence[str],
    timeline: Timeline,
) -> Iterator[LifecycleRow]:
    counted = {part: [array("q") for _ in range(timeline.shown)] for part in PARTS}
    for place in places:
        contact, seen = activity.contacts[place], activity.stretches[place]
        for part, who in counted.items():
            for number in stretches_of(PARTS[part](seen) >> FIRST):
                if number < timeline.shown:
                    who[number].append(contact)
    for number in range(timeline.shown):
        names = {part: Members(people, who[number]) for part, who in counted.items()}
        counts: dict[str, Any] = {part: len(names[part]) for part in PARTS}
        yield LifecycleRow(group=group, names=names, **timeline.told(number), **counts)


def lifecycle(
    inquiry: Inquiry,
    period: Unit = "month",
    *,
    since: Day = None,
    until: Day = None,
    week_start: int | str = 0,
    by: By = None,
) -> Lifecycle:
    """How many contacts are seen in each period, and where they come from.

    Counted are contacts with an event in the period that kept them alive, each once. New:
    opened in it, by the earliest event of all history. Returning: seen in the period just
    before too. Resurrecting: neither. Dormant: seen just before, and not now. Always
    ``seen = seen before + new + resurrecting − dormant``.

    Args:
        period: ``day``, ``week``, ``month``, ``quarter`` or ``year``.
        since: the first row is the period that this local date, or instant, lies in; by
            default that of the earliest opening. What happened earlier still decides.
        until: the rows end with the last period that begins before it; by default with the
            one that is not over.
        week_start: the day on which weeks begin: 0 is Monday, or its name.
        by: ``source``, a trait as it held at the opening (``trait:NAME`` where it is called
            source, stage, reason or event), or ``event`` or ``property:NAME`` of the event that
            opened; in bands, and several at once, as in ``recidivism``.
    """
    told = told_of(inquiry, period, week_start, by)
    with read_opened(inquiry, "lifecycle", by, keeps=["activity"]) as opened:
        line = timeline_of(inquiry, period, week_start, since, until, opened)
        told["notes"] = notes_of(inquiry, opened, line)
        rows = () if line is None else lifecycle_rows(opened, line)
    if any(row.unfinished and row.dormant for row in rows):
        told["notes"] = (*told["notes"], NOT_OVER)
    return Lifecycle(name="lifecycle", definition=DEFINITION, rows=rows, **told)
