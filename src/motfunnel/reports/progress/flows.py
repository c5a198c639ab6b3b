"""Flows: from which moment to which contacts go, step by step, as a Sankey diagram draws it.

A contact's n-th step leads from its n-th moment to the next one, or to where it ends: as nothing
is left out on the way, as many leave a node as came to it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise, repeat
from operator import itemgetter
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Draw, Grouped, GroupedRow, Row, Table, columns_of
from motfunnel.answers.cells import COHORT, COUNT, NAMED, OURS, SHARE, Kind, between, cell
from motfunnel.answers.members import Members
from motfunnel.charts.labels import label
from motfunnel.charts.sankey import Node, sankey
from motfunnel.charts.scene import Panel, Picture
from motfunnel.charts.style import AMBER, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY
from motfunnel.domain.columns import NEVER, Column
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import QuestionError
from motfunnel.reports.cohort import Opened, began, read_opened
from motfunnel.reports.facts.moments import Moments, stories_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import EVERYBODY, Cohort
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.silence import departures_note
from motfunnel.statistics import ClusteredShare, Interval
from motfunnel.statistics.ratio import IN_WORDS
from motfunnel.text import counted as in_words

DEFINITION: Final = (
    "from each moment of a contact to its next one, or to where it is now: still active, away, or "
    "erased; step 1 leads from the opening; transitions are counted, each with its contact; the "
    "share is of all transitions that leave the same moment at the same step, its interval "
    f"{IN_WORDS}"
)
STILL_ACTIVE: Final = "still active"
AWAY: Final = "away"
ERASED: Final = "erased"
ENDS: Final = (STILL_ACTIVE, AWAY, ERASED)

STEPS: Final = 5
"""So many steps fit beside each other in a picture."""

_NODES: Final = (*(kind.value for kind in MomentKind), *ENDS)
"""The moments and the ends, by the places that stand for them in a story."""
_STILL_ACTIVE, _AWAY, _ERASED, _DEPART, _RECIDIVISM = (
    bytes([_NODES.index(one)])
    for one in (*ENDS, MomentKind.DEPART.value, MomentKind.RECIDIVISM.value)
)

_HIGH: Final = 460
_ON: Final = "→"
_COLOURS: Final = {
    "opening": BLUE,
    "conversion": SKY,
    "loyalist": GREEN,
    "apostle": GREEN,
    "referral": PURPLE,
    "complaint": AMBER,
    "depart": ORANGE,
    "recidivism": BLUE,
    STILL_ACTIVE: BLUE,
    AWAY: ORANGE,
    ERASED: GREY,
}

Flowing = Counter[tuple[Node, Node]]
"""How many go from one place to another."""

LARGEST: Final = 12
"""So many flows are told apart at a glance."""

OTHER: Final = "other"
_STEP: Final = Kind("count", str, missing="any")


@frozen(kw_only=True)
class FlowRow(GroupedRow):
    """One flow: from one moment to the next, at one step or at any.

    Attributes:
        step: the number of the step, from 1; None: of all steps together.
        source: the moment that it leaves, by its kind.
        target: the moment that it leads to, or where the contact is now.
        transitions: how many there are.
        leaving: how many transitions leave this source at this step.
        contacts: how many contacts made those that lead to this target; at one step each makes
            one.
        share: of the transitions that leave this source at this step.
        interval: around it; Wilson's, or clustered by contact where contacts repeat.
    """

    step: int | None = field(metadata=cell(_STEP, NAMED))
    source: str = field(metadata=cell(OURS, "from"))
    target: str = field(metadata=cell(OURS, "to"))
    share: float = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    transitions: int = field(metadata=cell(COUNT, NAMED))
    leaving: int = field(metadata=cell(COUNT, NAMED))
    contacts: int = field(metadata=cell(COUNT, NAMED))


def picture(answer: Flows) -> Picture:
    """Draw the flows of the first steps; those of groups all together, which is said."""
    return _scene(answer, _drawn(answer)[0], "")


def largest(answer: Flows) -> Picture:
    """Draw the twelve largest of these; what else leaves their moments is grey, and one."""
    flows, few = _drawn(answer)
    many = len(flows) - len(few)
    if not many:
        return picture(answer)
    said = f"; grey: all but the {len(few)} largest of {len(flows):,}"
    return _scene(answer, few + _others(flows, few), said)


def largest_of(answer: Flows) -> tuple[int, int, float]:
    """How many flows are drawn as the largest, of how many, and what share of all they are."""
    flows, few = _drawn(answer)
    return len(few), len(flows), sum(few.values()) / max(1, sum(flows.values()))


def _drawn(answer: Flows) -> tuple[Flowing, Flowing]:
    """The flows of the first steps, and the largest of them."""
    flows: Flowing = Counter()
    last = _last(answer)
    for row in _first(answer):
        is_end = row.target in ENDS or row.step is None
        then = None if is_end or row.step is None else row.step + 1
        ends = _node(row.step or 0, row.source, last), _node(then, row.target, last)
        flows[ends] += row.transitions
    return flows, Counter(dict(flows.most_common(LARGEST)))


def _others(flows: Flowing, few: Flowing) -> Flowing:
    """What leaves the moments of the largest flows otherwise, all that leads to a step as one."""
    drawn = {node for flow in few for node in flow}
    others: Flowing = Counter()
    for (source, target), count in flows.items():
        if source in drawn and (source, target) not in few:
            there = Node(column=target.column, name=OTHER, lettered=OTHER, colour=GREY)
            others[source, there] += count
    return others


def _first(answer: Flows) -> list[FlowRow]:
    return [row for row in answer.rows if row.step is None or row.step <= STEPS]


def _last(answer: Flows) -> int:
    return max((row.step for row in _first(answer) if row.step is not None), default=STEPS)


def _scene(answer: Flows, flows: Flowing, more: str) -> Picture:
    rows, last = _first(answer), _last(answer)
    cut = any(row.step == last and row.target not in ENDS for row in rows)
    first = f", the first {last} steps" if cut else ""
    said = "each step a moment of the contact; colour: where it leads"
    said += f"; {_ON}: goes on" if cut else ""
    pooled = "" if answer.by is None else f", all groups by {label(answer.by)} together"
    return Picture(
        panels=(Panel(marks=(sankey(flows),), high=_HIGH, has_x=False),),
        note=said + more,
        counted=f"n = {answer.contacts:,} contacts{pooled}{first}",
        told=_told(rows),
    )


def _node(step: int | None, kind: str, last: int) -> Node:
    """A moment's name; of what comes after the last step that is drawn, that it is no end.

    Beside the node that is said by a sign, short enough for its place.
    """
    name, goes_on = label(kind), step is not None and step > last
    return Node(
        column=step,
        name=f"{name}, goes on" if goes_on else name,
        lettered=f"{name} {_ON}" if goes_on else name,
        colour=_COLOURS.get(kind, GREY),
    )


def _told(rows: Iterable[FlowRow]) -> str:
    largest = sorted(rows, key=lambda row: -row.transitions)[:10]
    said = [
        f"{row.source} to {row.target}{'' if row.step is None else f' at step {row.step}'}: "
        f"{row.transitions:,}"
        for row in largest
    ]
    return f"Sankey diagram; the greatest flows: {'; '.join(said)}."


@frozen(kw_only=True, repr=False)
class Flows(Grouped[FlowRow]):
    """How contacts go from moment to moment.

    Names stand behind ``transitions``, a contact's once for each, and ``contacts``.

    Attributes:
        cohort: contacts that opened from the first instant on, before the second.
        steps: up to which step flows are told; None: to the last.
        contacts: how many contacts there are, each of which has a first step.
    """

    row_class: ClassVar[type[Row]] = FlowRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"sankey": picture, "largest": largest}

    cohort: Cohort = field(default=EVERYBODY, metadata=cell(COHORT))
    steps: int | None = field(default=None, metadata=cell(COUNT))
    contacts: int = field(metadata=cell(COUNT))

    def tables(self) -> Iterator[Table]:
        """The flows; how many contacts made them, where a contact can have made several."""
        if self.by is not None:
            yield from super().tables()
            return
        together = any(row.step is None for row in self.rows)
        shown = [one for one in columns_of(FlowRow) if together or one[0] != "contacts"]
        yield self.table(None, shown, self.rows)


Flow = tuple[str, str]
Counted = Mapping[tuple[str | None, int | None], Mapping[Flow, Column]]
"""Of each group and step, who made which transition, by number, once for each."""


def count_flows(
    moments: Moments, opened: Opened, as_of: datetime, *, steps: int | None, stepwise: bool
) -> tuple[Counted, int, int]:
    """Count the transitions of each group and step, those of a contact one after another.

    Returns:
        The transitions, how many contacts have more steps than are told, and how many there are.
    """
    counted: defaultdict[tuple[str | None, int | None], defaultdict[Flow, Column]]
    counted = defaultdict(lambda: defaultdict(lambda: array("q")))
    beyond = contacts = 0
    for group, told, alike, longer in _stories(moments, opened, to_micros(as_of), steps):
        contacts, beyond = contacts + len(alike), beyond + longer
        for number, (source, target) in enumerate(pairwise(told), start=1):
            step = number if stepwise else None
            counted[group, step][_NODES[source], _NODES[target]].extend(alike)
    return counted, beyond, contacts


def _stories(
    moments: Moments, opened: Opened, as_of: int, steps: int | None
) -> Iterator[tuple[str | None, bytes, Column, int]]:
    """What is told of contacts, by the places of nodes; who they are; of how many there is more."""
    kinds, stories = bytes(iter(moments.kinds)), stories_of(moments)
    for group, places in opened.parts(stories.contacts).items():
        alike, longer = defaultdict[bytes, Column](lambda: array("q")), Counter[bytes]()
        for one in places:
            contact, start, end = stories.contacts[one], *stories.ends[one : one + 2]
            gone = opened.gone.get(contact, NEVER)
            past = kinds[
                start : end if gone > as_of else bisect_right(moments.at, gone, start, end)
            ]
            nodes = past + _end(past, is_erased=gone <= as_of)
            if past:
                told = nodes if steps is None else nodes[: steps + 1]
                alike[told].append(contact)
                longer[told] += len(told) < len(nodes)
        yield from ((group, told, who, longer[told]) for told, who in alike.items())


def _end(past: bytes, *, is_erased: bool) -> bytes:
    """Where a contact is after its moments."""
    if is_erased:
        return _ERASED
    return _AWAY if past.rfind(_DEPART) > past.rfind(_RECIDIVISM) else _STILL_ACTIVE


def flow_rows(counted: Counted, people: Sequence[str], confidence: float) -> Iterator[FlowRow]:
    """Give the flows of each group and step, by what they leave, the greatest first."""
    groups = [*dict.fromkeys(group for group, _ in counted)]
    for group, step in sorted(counted, key=lambda key: (groups.index(key[0]), key[1] or 0)):
        flows = counted[group, step]
        leaving: defaultdict[str, Counter[int]] = defaultdict(Counter)
        left: defaultdict[str, array[int]] = defaultdict(lambda: array("q"))
        for (source, _), contacts in flows.items():
            leaving[source].update(contacts)
            left[source].extend(contacts)
        order = ((-leaving[source].total(), source, -len(contacts), target, contacts)
                 for (source, target), contacts in flows.items())  # fmt: skip
        for _, source, _, target, contacts in sorted(order, key=itemgetter(0, 1, 2, 3)):
            mine = Counter(contacts)
            of = leaving[source]
            each = zip(map(mine.get, of, repeat(0)), of.values(), strict=True)
            share = ClusteredShare.of(each)
            yield FlowRow(
                group=group,
                step=step,
                source=source,
                target=target,
                share=share.numerator / share.denominator,
                interval=share.interval(confidence),
                transitions=share.numerator,
                leaving=share.denominator,
                contacts=len(mine),
                names={
                    "transitions": Members(people, contacts),
                    "leaving": Members(people, left[source]),
                    "contacts": Members(people, mine),
                },
            )


def _is_left(rows: Iterable[FlowRow]) -> bool:
    """Whether anybody departed."""
    return any(MomentKind.DEPART in (row.source, row.target) for row in rows)


def flows(
    inquiry: Inquiry,
    *,
    steps: int | None = STEPS,
    stepwise: bool = True,
    opened: Bounds | None = None,
    by: By = None,
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
        by: ``source``, a trait as it held at the opening, or ``event`` or ``property:NAME`` of
            the event that opened; in bands, and several at once, as in ``recidivism``.
        confidence: of the intervals.
    """
    if steps is not None and (not isinstance(steps, int) or steps < 1):
        raise QuestionError(f"steps is {steps!r}; it must be a number, 1 or more")
    cohort, told = read_cohort(opened, inquiry.instant), inquiry.header(confidence)
    with read_opened(inquiry, "flows", by, cohort, keeps=MomentKind) as found:
        moments = found.source.moments(tuple(MomentKind), *(["at"] if found.gone else []))
        asked: dict[str, Any] = {"steps": steps, "stepwise": stepwise}
        counted, beyond, contacts = count_flows(moments, found, inquiry.as_of, **asked)
        told |= {"by": found.by, "cohort": cohort, "steps": steps, "contacts": contacts}
        rows = tuple(flow_rows(counted, found.source.names.people.texts, confidence))
        notes = [*found.notes, *began(inquiry.funnel, found, cohort[0])] if rows else found.notes
    go = "goes" if beyond == 1 else "go"
    further = f"{in_words(beyond, 'contact')} {go} on beyond step {steps}"
    silence = departures_note(inquiry.funnel) if _is_left(rows) else None
    told["notes"] = (*([further] if beyond else []), *notes, *([silence] if silence else []))
    return Flows(name="flows", definition=DEFINITION, rows=rows, **told)
