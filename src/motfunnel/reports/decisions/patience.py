"""Patience as the data have it: after how long a silence hardly anybody is heard of again.

Makes shares of silences, by their length, and suggests a patience from them. Changes no funnel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Final

from attrs import define, field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import (
    COUNT,
    LEVEL,
    ROWS,
    SHARE,
    TEXT,
    WINDOW,
    between,
    cell,
    headed,
    percent,
)
from motfunnel.charts.labels import fewer, label
from motfunnel.charts.scene import Axis, Band, Line, Mark, Panel, Picture, Rule, Tick, shares
from motfunnel.charts.style import PALETTE
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.instant import MICROSECOND, Duration, format_duration, to_micros
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.silences import (
    HEARD,
    TOUCHED,
    Asked,
    Silence,
    StageCounts,
    silences,
    without_patience,
)
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, check_count, read_window
from motfunnel.reports.measure.rate import FEWEST_AT_RISK
from motfunnel.statistics import ClusteredShare, Interval
from motfunnel.statistics.ratio import IN_WORDS
from motfunnel.text import counted
from motfunnel.tracking.recording.fold import read_in_order

QUARTER: Final = timedelta(days=90)
DAY: Final = timedelta(days=1)
DEFINITION: Final = (
    "of the silences at a stage that lasted at least so long and were observed for the horizon "
    "more, the share that ended by a touch of the contact within it; the suggested patience is the "
    "shortest from which on that share stays below the one asked for at every length that enough "
    "silences reached, and the upper end of its own interval too; intervals are "
    f"{IN_WORDS}"
)
NOTES: Final = (
    "a silence is counted from one touch to the next as if nobody lost patience; one that ends "
    "because the contact says that it leaves did not end by a touch",
)
_HIGH: Final = 360
_SUGGESTED_CAPTION: Final = (
    "The suggested patience, and how many came after it; a dash: not within what was observed"
)
_SUGGESTED: Final = headed(
    ("stage", TEXT, "stage"),
    ("suggested", WINDOW, "suggested"),
    ("suggested_share", SHARE, "came"),
    ("suggested_interval", between(SHARE), LEVEL),
    ("suggested_numerator", COUNT, "counted"),
    ("suggested_denominator", COUNT, "observed"),
)
FEWEST_DRAWN: Final = 10
"""A share of fewer silences is not drawn: one of one would be all."""
_DAYS: Final = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 540, 730)


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
        suggested: the shortest length from which on that share stays below the one asked for, at
            every longer one that enough silences reached, and where the upper end of its interval
            does; None where that is not within what was observed.
        suggested_share: the share there.
        suggested_interval: its interval.
        suggested_numerator: the same counts there.
        suggested_denominator: likewise.
        suggested_ever: how many of these ended by a touch at all so far, however late.
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
    suggested_share: float | None = field(metadata=cell(SHARE))
    suggested_interval: Interval | None = field(metadata=cell(between(SHARE)))
    suggested_numerator: int | None = field(metadata=cell(COUNT))
    suggested_denominator: int | None = field(metadata=cell(COUNT))
    suggested_ever: int | None = field(metadata=cell(COUNT))
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
        yield self.table(_SUGGESTED_CAPTION, _SUGGESTED, self.rows)
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
        silences = [self.funnel.patience_of(stage) for stage in self.funnel.stages]
        self._patience = [None if isinstance(one, Rhythm) else one for one in silences]
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
        found = counts.suggestion(below, fewest, confidence)
        came, of = self._names[n]
        return PatienceRow(
            stage=stage,
            patience=patience,
            share=here.share if here else None,
            interval=here.interval if here else None,
            numerator=here.numerator if here else 0,
            denominator=here.denominator if here else 0,
            suggested=None if found is None else found.step * self.asked.step * MICROSECOND,
            suggested_share=None if found is None else found.share,
            suggested_interval=None if found is None else found.interval,
            suggested_numerator=None if found is None else found.came,
            suggested_denominator=None if found is None else found.of,
            suggested_ever=None if found is None else found.ever,
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
    rows = _gather_silences(inquiry, more, every).rows(share, fewest, confidence)
    left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
    return Patience(
        name="patience",
        definition=DEFINITION,
        rows=rows,
        notes=(*NOTES, *_merely_slow(rows, more), *([left_out] if erased else [])),
        horizon=more,
        below=share,
        step=every,
        fewest=fewest,
        **inquiry.header(confidence),
    )


def _merely_slow(rows: Sequence[PatienceRow], horizon: timedelta) -> Iterator[str]:
    """What those come to who would be called departed by the patience that is suggested."""
    within = format_duration(horizon)
    for row in rows:
        if row.suggested is not None and row.suggested_denominator:
            so_far = (row.suggested_ever or 0) / row.suggested_denominator
            yield (
                f"of those at {row.stage} who would be called departed after "
                f"{format_duration(row.suggested)}, {percent(row.suggested_share)} are heard of "
                f"within {within}; more come later ({percent(so_far)} so far), and who is merely "
                "slow is among them"
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
