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
    DURATION,
    NAMED,
    ROWS,
    SHARE,
    TEXT,
    WINDOW,
    Kind,
    between,
    cell,
    headed,
    percent,
)
from motfunnel.charts.labels import fewer, label
from motfunnel.charts.scene import Axis, Band, Line, Mark, Panel, Picture, Rule, Tick, shares
from motfunnel.charts.style import PALETTE
from motfunnel.domain.funnel.file import line
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.instant import MICROSECOND, Duration, format_duration, to_micros
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.rhythms import Said, StageSilences, Waits, Wanted
from motfunnel.reports.decisions.silences import (
    HEARD,
    TOUCHED,
    Asked,
    Silence,
    StageCounts,
    Suggestion,
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
FEW: Final = 0.10
"""So few are to be back within it: of a patience at which more are, most had not left."""
IN_FORCE: Final = "in force"
PLAIN: Final = "duration"
BY_RHYTHM: Final = "rhythm"
_RULE: Final = Kind(
    "text",
    lambda rule: rule.short if isinstance(rule, Rhythm) else format_duration(rule),
    lambda rule: str(rule) if isinstance(rule, Rhythm) else format_duration(rule),
)
DAY: Final = timedelta(days=1)
DEFINITION: Final = (
    "of the silences at a stage that lasted at least so long and were observed for the horizon "
    "more, the share that ended by a touch of the contact within it; the suggested patience is the "
    "shortest from which on that share stays below the one asked for at every length that enough "
    "silences reached, and the upper end of its own interval too; the suggested rhythm is the "
    "smallest, in tenths, of whose departures at the stage fewer are back within the horizon, with "
    f"the same interval; intervals are {IN_WORDS}"
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
    ("stage", TEXT),
    ("suggested", WINDOW),
    ("suggested_share", SHARE),
    ("suggested_interval", between(SHARE)),
    ("suggested_numerator", COUNT),
    ("suggested_denominator", COUNT),
    ("rhythm", _RULE),
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

    stage: str = field(metadata=cell(TEXT, NAMED))
    silent_for: timedelta = field(metadata=cell(WINDOW, NAMED))
    share: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    numerator: int = field(metadata=cell(COUNT, NAMED))
    denominator: int = field(metadata=cell(COUNT, NAMED))


@frozen(kw_only=True)
class PatienceOutcome(Row):
    """What a rule would have said of the silences at a stage.

    Attributes:
        stage: the stage.
        by: ``in force``, ``duration`` (the one suggested) or ``rhythm`` (likewise).
        patience: the rule.
        departures: how many silences it would have called departures so far.
        share: of those observed for the horizon more, the share that ended by a touch within it.
        interval: around it; Wilson's, or clustered by contact where contacts repeat.
        numerator: those that ended so.
        denominator: those observed for the horizon more.
        known_after: half of the departures were known after so long a silence, or sooner.
    """

    caption: ClassVar[str] = (
        "What the patience in force, and those suggested, would have said; after: half of the "
        "departures were known after so long a silence, or sooner"
    )

    stage: str = field(metadata=cell(TEXT, NAMED))
    by: str = field(metadata=cell(TEXT, NAMED))
    patience: timedelta | Rhythm = field(metadata=cell(_RULE))
    departures: int = field(metadata=cell(COUNT, NAMED))
    share: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    numerator: int = field(metadata=cell(COUNT, NAMED))
    denominator: int = field(metadata=cell(COUNT, NAMED))
    known_after: timedelta | None = field(metadata=cell(DURATION, NAMED))


@frozen(kw_only=True)
class PatienceRow(Row):
    """The silences at one stage, at the patience in force and at the one suggested.

    Behind the counts stand names, a contact's once for each silence.

    Attributes:
        stage: the stage.
        patience: the one in force, or the rhythm; None where nobody departs by silence.
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
        rhythm: the smallest rhythm, in tenths, of whose departures fewer than the share asked for
            are back within the horizon, the upper end of the interval included; None where none is.
        silences: all that there were.
        outcomes: what the rule in force, the patience and the rhythm suggested would have said.
        steps: the share after other lengths.
    """

    stage: str = field(metadata=cell(TEXT, NAMED))
    patience: timedelta | Rhythm | None = field(metadata=cell(_RULE, NAMED))
    share: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    numerator: int = field(metadata=cell(COUNT, NAMED))
    denominator: int = field(metadata=cell(COUNT, NAMED))
    suggested: timedelta | None = field(metadata=cell(WINDOW, NAMED))
    suggested_share: float | None = field(metadata=cell(SHARE))
    suggested_interval: Interval | None = field(metadata=cell(between(SHARE)))
    suggested_numerator: int | None = field(metadata=cell(COUNT))
    suggested_denominator: int | None = field(metadata=cell(COUNT))
    suggested_ever: int | None = field(metadata=cell(COUNT))
    rhythm: Rhythm | None = field(metadata=cell(_RULE))
    silences: int = field(metadata=cell(COUNT))
    outcomes: tuple[PatienceOutcome, ...] = field(metadata=cell(ROWS))
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


@frozen(kw_only=True, repr=False)
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

    unnamed: ClassVar[Mapping[str, str]] = {
        f"steps.{part}": "these are other lengths of silence; put one in force, and ask again"
        for part in ("numerator", "denominator")
    }

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
        outcomes = [one for row in self.rows for one in row.outcomes]
        if outcomes:
            yield self.table(PatienceOutcome.caption, columns_of(PatienceOutcome), outcomes)
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
    _patience: list[Waits | None] = field(init=False)
    _names: list[tuple[list[str], list[str]]] = field(init=False)
    _kept: list[StageSilences] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._patience = [self.funnel.patience_of(stage) for stage in self.funnel.stages]
        self._counts = [StageCounts(_marks(patience)) for patience in self._patience]
        self._names = [([], []) for _ in self._patience]
        self._kept = [StageSilences() for _ in self._patience]

    def add(self, contact: str, silences: Iterable[Silence]) -> None:
        """Add a contact."""
        by_stage: dict[int, list[Silence]] = {}
        for one in silences:
            by_stage.setdefault(one.stage, []).append(one)
        earlier: list[Silence] = []
        for stage, mine in by_stage.items():  # a stage that was left is never come back to
            self._counts[stage].add(self.asked, mine)
            self._kept[stage].add(contact, mine, earlier)
            earlier += mine
            patience = self._patience[stage]
            if isinstance(patience, timedelta):
                self._name(contact, mine, stage, patience // MICROSECOND)

    def rows(self, wanted: Wanted) -> tuple[PatienceRow, ...]:
        """Make a row of each stage."""
        return tuple(self._row(n, wanted) for n in range(len(self._counts)))

    def _name(self, contact: str, silences: Sequence[Silence], stage: int, patience: int) -> None:
        came, of = self._names[stage]
        for one in silences:
            if self.asked.longest(one) >= patience:
                of.append(contact)
                if one.ending == TOUCHED and one.length <= patience + self.asked.horizon:
                    came.append(contact)

    def _row(self, n: int, wanted: Wanted) -> PatienceRow:
        counts, patience, stage = self._counts[n], self._patience[n], self.funnel.stages[n]
        confidence = wanted.confidence
        steps = [
            _step(stage, mark, sums, confidence)
            for mark, sums in zip(counts.marks, counts.sums, strict=True)
        ]
        here = next((step for step in steps if step.silent_for == patience), None)
        found = counts.suggestion(wanted.below, wanted.fewest, confidence)
        suggested = None if found is None else found.step * self.asked.step * MICROSECOND
        rhythm = self._kept[n].suggested(self.asked, wanted)
        came, of = self._names[n]
        if isinstance(patience, Rhythm):
            said = self._kept[n].said_by(patience, self.asked, named=True)
            came, of, here = said.came, said.of, _at_rhythm(stage, said, confidence)
        return PatienceRow(
            stage=stage,
            patience=patience,
            share=here.share if here else None,
            interval=here.interval if here else None,
            numerator=here.numerator if here else 0,
            denominator=here.denominator if here else 0,
            suggested=suggested,
            suggested_share=None if found is None else found.share,
            suggested_interval=None if found is None else found.interval,
            suggested_numerator=None if found is None else found.came,
            suggested_denominator=None if found is None else found.of,
            suggested_ever=None if found is None else found.ever,
            rhythm=rhythm,
            silences=counts.silences,
            outcomes=tuple(self._outcomes(n, (patience, suggested, rhythm), confidence)),
            steps=tuple(step for step in steps if step.denominator),
            names={
                "numerator": tuple(came),
                "denominator": tuple(of),
                "silences": self._kept[n].names(),
                **self._named(n, found),
            },
        )

    def _named(self, n: int, found: Suggestion | None) -> dict[str, list[str]]:
        """Whose silences the patience suggested rests on."""
        if found is None:
            return {}
        names = self._kept[n].names_at(found.step * self.asked.step, self.asked)
        parts = ("suggested_denominator", "suggested_numerator", "suggested_ever")
        return dict(zip(parts, names, strict=True))

    def _outcomes(
        self, n: int, rules: tuple[Waits | None, ...], confidence: float
    ) -> Iterator[PatienceOutcome]:
        """What rules would have said of a stage's silences; nothing where it had none."""
        for by, rule in zip((IN_FORCE, PLAIN, BY_RHYTHM), rules, strict=True):
            if not rule or not self._counts[n].silences:
                continue
            said = self._kept[n].said_by(rule, self.asked)
            yield PatienceOutcome(
                stage=self.funnel.stages[n],
                by=by,
                patience=rule,
                departures=len(said.waits),
                share=said.share.value,
                interval=said.share.interval(confidence),
                numerator=said.share.numerator,
                denominator=said.share.denominator,
                known_after=said.known_after,
            )


def _at_rhythm(stage: str, said: Said, confidence: float) -> PatienceStep | None:
    """The share at a rhythm that is in force; no one length stands for it."""
    if not said.of:
        return None
    return _step(stage, 0, said.share, confidence)


def _marks(patience: Waits | None) -> list[int]:
    """The lengths that are shown, with the patience in force among them."""
    plain = {patience} if isinstance(patience, timedelta) else set()
    lengths = {timedelta(days=n) for n in _DAYS} | plain
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
    share: float = FEW,
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
    wanted = Wanted(below=share, fewest=fewest, confidence=confidence, step=every // MICROSECOND)
    rows = _gather_silences(inquiry, more, every).rows(wanted)
    left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
    return Patience(
        name="patience",
        definition=DEFINITION,
        rows=rows,
        notes=(*NOTES, *_notes(rows, more), *([left_out] if erased else [])),
        horizon=more,
        below=share,
        step=every,
        fewest=fewest,
        **inquiry.header(confidence),
    )


def _notes(rows: Sequence[PatienceRow], horizon: timedelta) -> Iterator[str]:
    """What is suggested, as one would write it; and what those come to who are called departed."""
    written = [line(row.stage, row.rhythm.to_dict()) for row in rows if row.rhythm is not None]
    if written:
        yield f"a rhythm as it stands in a funnel file, under [patience]: {'; '.join(written)}"
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
