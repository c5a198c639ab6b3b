"""Patience as the data have it: after how long a silence hardly anybody is heard of again.

Says what a silence is, and counts silences in no more room than there are steps. Changes no funnel.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import ClassVar, Final, NamedTuple

from attrs import define, evolve, field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import COUNT, LEVEL, ROWS, SHARE, TEXT, WINDOW, between, cell
from motfunnel.charts.labels import fewer, label
from motfunnel.charts.scene import Axis, Band, Line, Mark, Panel, Picture, Rule, Tick, shares
from motfunnel.charts.style import PALETTE
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import MICROSECOND, Duration, format_duration, to_micros
from motfunnel.domain.journey import PlainEntry
from motfunnel.domain.machine import ACTIVE, ALIVE, LAST_TOUCH, NEW_CONTACT, PRESENCE, STAGE, step
from motfunnel.domain.signal import KEEPS_ALIVE, Signal
from motfunnel.errors import QuestionError
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, check_count, read_window
from motfunnel.reports.measure.rate import FEWEST_AT_RISK
from motfunnel.statistics import ClusteredShare, Interval
from motfunnel.statistics.ratio import IN_WORDS
from motfunnel.text import counted
from motfunnel.tracking.recording.fold import read_in_order

TOUCHED: Final = "touched"
LEFT: Final = "left"
HEARD: Final = (*(signal for signal in Signal if KEEPS_ALIVE[signal]), Signal.LEAVE)
"""The signals that begin or end a silence."""
QUARTER: Final = timedelta(days=90)
DAY: Final = timedelta(days=1)
DEFINITION: Final = (
    "of the silences at a stage that lasted at least so long and were observed for the horizon "
    "more, the share that ended by a touch of the contact within it; the suggested patience is the "
    "shortest at which that share falls below the one asked for; intervals are "
    f"{IN_WORDS}"
)
NOTES: Final = (
    "a silence is counted from one touch to the next as if nobody lost patience; one that ends "
    "because the contact says that it leaves did not end by a touch",
)
_HIGH: Final = 360
FEWEST_DRAWN: Final = 10
"""A share of fewer silences is not drawn: one of one would be all."""
_DAYS: Final = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 540, 730)


class Silence(NamedTuple):
    """One silence.

    Attributes:
        stage: the place of the stage at which the contact was.
        started_at: when, in microseconds since 1970.
        length: until it ended, or until now, in microseconds.
        ending: ``touched``, ``left``; None where it still lasts.
    """

    stage: int
    started_at: int
    length: int
    ending: str | None


def without_patience(funnel: Funnel) -> Funnel:
    """Give the same funnel, in which nobody ever departs by silence."""
    return evolve(funnel, patience={"default": None})


def silences(patient: Funnel, ordered: Iterable[PlainEntry], until: int) -> Iterator[Silence]:
    """Give the silences of a contact up to an instant, in order.

    Args:
        patient: the funnel, without patience.
        ordered: the contact's events, in order, none of which is later than the instant.
        until: the instant, in microseconds since 1970.
    """
    state, terms = list(NEW_CONTACT), patient.terms
    for at, signal, _, _, _, reading in ordered:
        was_here, stage, since = state[PRESENCE] == ACTIVE, state[STAGE], state[LAST_TOUCH]
        made = step(state, terms, signal, at, reading.argument)
        ending = _ending(state, made)
        if was_here and ending is not None:
            yield Silence(stage, since, at - since, ending)
    if state[PRESENCE] == ACTIVE:
        yield Silence(state[STAGE], state[LAST_TOUCH], until - state[LAST_TOUCH], None)


def _ending(state: Sequence[int], made: int) -> str | None:
    """How an event ends the silence of a contact that was here before it."""
    if state[PRESENCE] != ACTIVE:
        return LEFT
    return TOUCHED if made & ALIVE else None


@frozen(kw_only=True)
class Asked:
    """What is asked of silences; all in microseconds.

    Attributes:
        as_of: the instant of the question, since 1970.
        horizon: within how much more a touch is to come.
        step: how far apart the lengths lie that are looked at.
    """

    as_of: int
    horizon: int
    step: int

    def longest(self, silence: Silence) -> int:
        """The longest length that the silence had and was observed for the horizon after."""
        return min(silence.length, self.as_of - self.horizon - silence.started_at)

    def shortest(self, silence: Silence) -> int | None:
        """The shortest length after which a touch came within the horizon; None: none came."""
        return max(0, silence.length - self.horizon) if silence.ending == TOUCHED else None


@define
class StageCounts:
    """The silences at one stage.

    Attributes:
        marks: lengths at which more is kept than counts, in order.
        silences: how many there were.
        sums: at each mark.
    """

    marks: Sequence[int]
    silences: int = 0
    sums: list[ClusteredShare] = field(init=False)
    _of: Counter[int] = field(factory=Counter, init=False)
    _came: Counter[int] = field(factory=Counter, init=False)

    def __attrs_post_init__(self) -> None:
        self.sums = [ClusteredShare() for _ in self.marks]

    def add(self, asked: Asked, silences: Sequence[Silence]) -> None:
        """Add the silences of one contact."""
        self.silences += len(silences)
        came, of = [0] * (len(self.marks) + 1), [0] * (len(self.marks) + 1)
        for one in silences:
            longest, shortest = asked.longest(one), asked.shortest(one)
            self._count(asked.step, longest, shortest)
            end = bisect_right(self.marks, longest)
            of[0] += 1
            of[end] -= 1
            if shortest is not None and (begin := bisect_left(self.marks, shortest)) < end:
                came[begin] += 1
                came[end] -= 1
        for sums, touched, seen in zip(self.sums, accumulate(came), accumulate(of), strict=False):
            if not seen:  # nor at any longer length
                break
            sums.add(touched, seen)

    def by_step(self) -> Iterator[tuple[int, int]]:
        """At each step from none on: how many ended by a touch, and of how many."""
        last = max(self._of, default=0)
        came = accumulate(self._came[n] for n in range(last))
        of = accumulate(self._of[n] for n in range(last))
        return zip(came, of, strict=True)

    def first_below(self, share: float, fewest: int) -> int | None:
        """The first step at which fewer than the share end by a touch; of so many, at least."""
        for n, (came, of) in enumerate(self.by_step()):
            if of >= max(fewest, 1) and came / of < share:
                return n
        return None

    def _count(self, step: int, longest: int, shortest: int | None) -> None:
        """A silence counts at a run of steps: what changes at the run's ends is kept."""
        if longest < 0:
            return
        end = longest // step + 1
        self._of[0] += 1
        self._of[end] -= 1
        if shortest is not None and (begin := -(-shortest // step)) < end:
            self._came[begin] += 1
            self._came[end] -= 1


@frozen(kw_only=True)
class PatienceStep(Row):
    """Silences at a stage that had lasted for some length.

    Attributes:
        stage: the stage.
        silent_for: the length.
        share: of them, those that ended by a touch within the horizon more; None where there
            are none.
        interval: around it; Wilson's, or clustered by contact where contacts repeat; None where
            these do not differ in their shares.
        numerator: those that ended so.
        denominator: those that lasted at least as long and were observed for the horizon more.
    """

    caption: ClassVar[str] = "By how long they had been silent"

    stage: str = field(metadata=cell(TEXT, "stage"))
    silent_for: timedelta = field(metadata=cell(WINDOW, "silent for"))
    share: float | None = field(metadata=cell(SHARE, "came"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    numerator: int = field(metadata=cell(COUNT, "counted"))
    denominator: int = field(metadata=cell(COUNT, "observed"))


@frozen(kw_only=True)
class PatienceRow(Row):
    """The silences at one stage, at the patience in force and at the one suggested.

    Behind ``numerator`` and ``denominator`` stand names, a contact's once for each silence.

    Attributes:
        stage: the stage.
        patience: the one in force; None where nobody departs by silence.
        share: of the silences that lasted as long, those that ended by a touch within the
            horizon more; None where there are none, or no patience is in force.
        interval: around it; Wilson's, or clustered by contact where contacts repeat; None where
            these do not differ in their shares.
        numerator: those that ended so.
        denominator: those that lasted at least as long and were observed for the horizon more.
        suggested: the shortest length at which that share falls below the one asked for; None
            where it does not as far as there are enough silences.
        suggested_numerator: the same counts there.
        suggested_denominator: likewise.
        silences: all that there were.
        steps: the share after other lengths.
    """

    stage: str = field(metadata=cell(TEXT, "stage"))
    patience: timedelta | None = field(metadata=cell(WINDOW, "patience"))
    share: float | None = field(metadata=cell(SHARE, "came"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    numerator: int = field(metadata=cell(COUNT, "counted"))
    denominator: int = field(metadata=cell(COUNT, "observed"))
    suggested: timedelta | None = field(metadata=cell(WINDOW, "suggested"))
    suggested_numerator: int | None = field(metadata=cell(COUNT))
    suggested_denominator: int | None = field(metadata=cell(COUNT))
    silences: int = field(metadata=cell(COUNT))
    steps: tuple[PatienceStep, ...] = field(metadata=cell(ROWS))


def picture(answer: Patience) -> Picture:
    """A line with its band for each stage, and the share asked for as a level beside it."""
    known = [row for row in answer.rows if _enough(row)]
    rows = known[: len(PALETTE)]
    marks = [one for row, colour in zip(rows, PALETTE, strict=False) for one in _line(row, colour)]
    level = Rule(
        at=answer.below, is_upright=False, text=(f"{answer.below * 100:.4g}%", "asked for")
    )
    horizon = format_duration(answer.horizon)
    cut = any(len(_enough(row)) < len(row.steps) for row in answer.rows)
    ends = f"; each line ends where fewer than {FEWEST_DRAWN} were observed" if cut else ""
    drawn = [end for row in rows for step in _enough(row) for end in _ends(step)]
    return Picture(
        panels=(
            Panel(
                marks=[level, *marks],
                y=shares(f"came back within {horizon} more", [answer.below, *drawn]),
                high=_HIGH,
            ),
        ),
        x=_days(sorted({step.silent_for for row in rows for step in _enough(row)})),
        has_legend=True,
        counted=f"n = {sum(row.silences for row in answer.rows):,} silences"
        f"{fewer(len(rows), len(known), 'stages')}{ends}",
        told=f"Lines by the length of silence. {'; '.join(map(_spoken, answer.rows))}.",
    )


@frozen(kw_only=True)
class Patience(Answer[PatienceRow]):
    """What the data say about patience: a row for each stage, in their order.

    Attributes:
        horizon: within how much more a touch is to come.
        below: the share below which a silence is to mean a departure.
        step: how far apart the lengths lie that are looked at for a suggestion.
        fewest: on how many silences a suggestion rests, at least.
    """

    row_class: ClassVar[type[Row]] = PatienceRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"lines": picture}

    horizon: timedelta = field(metadata=cell(WINDOW))
    below: float = field(metadata=cell(SHARE))
    step: timedelta = field(metadata=cell(WINDOW))
    fewest: int = field(metadata=cell(COUNT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        horizon = format_duration(self.horizon)
        return f"Patience, after which fewer than {self.below * 100:.4g}% are back within {horizon}"

    def tables(self) -> Iterator[Table]:
        """What is printed below the definition; last, the share after other lengths."""
        yield from super().tables()
        steps = [step for row in self.rows for step in row.steps]
        if steps:
            yield self.table(PatienceStep.caption, columns_of(PatienceStep), steps)


@define
class Gathered:
    """The silences of all contacts, counted stage by stage.

    Attributes:
        funnel: the one in force.
        asked: what is asked of them.
    """

    funnel: Funnel
    asked: Asked
    _counts: list[StageCounts] = field(init=False)
    _patience: list[timedelta | None] = field(init=False)
    _names: list[tuple[list[str], list[str]]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._patience = [self.funnel.patience_of(stage) for stage in self.funnel.stages]
        self._counts = [StageCounts(_marks(patience)) for patience in self._patience]
        self._names = [([], []) for _ in self._patience]

    def add(self, contact: str, silences: Iterable[Silence]) -> None:
        """Add a contact."""
        by_stage: dict[int, list[Silence]] = {}
        for one in silences:
            by_stage.setdefault(one.stage, []).append(one)
        for stage, mine in by_stage.items():
            self._counts[stage].add(self.asked, mine)
            patience = self._patience[stage]
            if patience is not None:
                self._name(contact, mine, stage, patience // MICROSECOND)

    def rows(self, below: float, fewest: int, confidence: float) -> tuple[PatienceRow, ...]:
        """Make a row of each stage."""
        return tuple(self._row(n, below, fewest, confidence) for n in range(len(self._counts)))

    def _name(self, contact: str, silences: Sequence[Silence], stage: int, patience: int) -> None:
        came, of = self._names[stage]
        for one in silences:
            if self.asked.longest(one) >= patience:
                of.append(contact)
                if one.ending == TOUCHED and one.length <= patience + self.asked.horizon:
                    came.append(contact)

    def _row(self, n: int, below: float, fewest: int, confidence: float) -> PatienceRow:
        counts, patience, stage = self._counts[n], self._patience[n], self.funnel.stages[n]
        steps = [
            _step(stage, mark, sums, confidence)
            for mark, sums in zip(counts.marks, counts.sums, strict=True)
        ]
        here = next((step for step in steps if step.silent_for == patience), None)
        first = counts.first_below(below, fewest)
        at_first = (None, None) if first is None else list(counts.by_step())[first]
        came, of = self._names[n]
        return PatienceRow(
            stage=stage,
            patience=patience,
            share=here.share if here else None,
            interval=here.interval if here else None,
            numerator=here.numerator if here else 0,
            denominator=here.denominator if here else 0,
            suggested=None if first is None else first * self.asked.step * MICROSECOND,
            suggested_numerator=at_first[0],
            suggested_denominator=at_first[1],
            silences=counts.silences,
            steps=tuple(step for step in steps if step.denominator),
            names={"numerator": tuple(came), "denominator": tuple(of)},
        )


def _marks(patience: timedelta | None) -> list[int]:
    """The lengths that are shown, with the patience in force among them."""
    lengths = {timedelta(days=n) for n in _DAYS} | ({patience} if patience is not None else set())
    return sorted(length // MICROSECOND for length in lengths)


def _step(stage: str, mark: int, sums: ClusteredShare, confidence: float) -> PatienceStep:
    return PatienceStep(
        stage=stage,
        silent_for=mark * MICROSECOND,
        share=sums.value,
        interval=sums.interval(confidence),
        numerator=sums.numerator,
        denominator=sums.denominator,
    )


def _line(row: PatienceRow, colour: str) -> Iterator[Mark]:
    """The line of a stage above its band; the legend says what is suggested."""
    suggested = "none" if row.suggested is None else format_duration(row.suggested)
    steps = _enough(row)
    known = [(step.silent_for / DAY, step.interval) for step in steps if step.interval is not None]
    yield Band(
        x=[at for at, _ in known],
        lower=[interval.lower for _, interval in known],
        upper=[interval.upper for _, interval in known],
        colour=colour,
    )
    yield Line(
        x=[step.silent_for / DAY for step in steps],
        y=[step.share or 0 for step in steps],
        colour=colour,
        name=f"{label(row.stage)}: suggested {suggested}",
        has_dots=True,
        hovers=[
            f"{(step.share or 0):.1%} after {step.silent_for / DAY:,.3g} days: "
            f"{step.numerator:,} of {step.denominator:,}"
            for step in steps
        ],
    )


def _enough(row: PatienceRow) -> list[PatienceStep]:
    """The lengths of silence that are drawn: those that rest on enough of them."""
    return [step for step in row.steps if step.denominator >= FEWEST_DRAWN]


def _ends(step: PatienceStep) -> tuple[float | None, float | None]:
    return step.share, None if step.interval is None else step.interval.upper


def _days(lengths: Sequence[timedelta]) -> Axis:
    """The lengths of silence, in days, of which some are lettered."""
    days = [one / DAY for one in lengths] or [1.0]
    each = -(-len(days) // 12)
    return Axis(
        title="silent for, in days",
        lower=days[0] / 1.1,
        upper=days[-1] * 1.1,
        ticks=[Tick(one, f"{one:,.3g}") for one in days[::each]],
        is_log=True,
    )


def _spoken(row: PatienceRow) -> str:
    suggested = "none" if row.suggested is None else format_duration(row.suggested)
    return f"{row.stage}: suggested patience {suggested}, {row.silences:,} silences"


def patience(
    inquiry: Inquiry,
    *,
    share: float = 0.10,
    horizon: Duration = QUARTER,
    step: Duration = DAY,
    fewest: int = FEWEST_AT_RISK,
    confidence: float = CONFIDENCE,
) -> Patience:
    """How long a silence has to last until hardly anybody is heard of again.

    Numerator: silences that ended by a touch of the contact within the horizon more.
    Denominator: silences that lasted at least so long and were observed for the horizon more.
    An empty denominator gives None.

    Args:
        share: the patience suggested is the shortest at which fewer than this share are back.
        horizon: within how much more; its edge belongs to it.
        step: the lengths looked at are its multiples, from none on.
        fewest: a suggestion rests on at least so many silences.
        confidence: of the intervals.
    """
    more, every = read_window(horizon, "horizon"), read_window(step, "step")
    _check_patience(share, every, fewest)
    erased, _ = inquiry.erased()
    gathered = _gather_silences(inquiry, more, every)
    left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
    return Patience(
        name="patience",
        definition=DEFINITION,
        rows=gathered.rows(share, fewest, confidence),
        notes=(*NOTES, *([left_out] if erased else [])),
        horizon=more,
        below=share,
        step=every,
        fewest=fewest,
        **inquiry.header(confidence),
    )


def _gather_silences(inquiry: Inquiry, horizon: timedelta, step: timedelta) -> Gathered:
    """Count the silences of all contacts but those of whom only counts are left."""
    asked = Asked(
        as_of=to_micros(inquiry.as_of),
        horizon=horizon // MICROSECOND,
        step=step // MICROSECOND,
    )
    funnel = inquiry.funnel
    patient, gathered = without_patience(funnel), Gathered(funnel, asked)
    with inquiry.reading() as source:
        for contact, events in source.unread(HEARD):
            ordered = read_in_order(events, patient)
            gathered.add(contact, silences(patient, ordered, asked.as_of))
    return gathered


def _check_patience(share: float, step: timedelta, fewest: int) -> None:
    check_count("fewest", fewest)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise QuestionError(f"share is {share!r}; it must lie above 0, and be 1 at most")
    if not step:
        raise QuestionError("step is nothing; write e.g. '1d'")
