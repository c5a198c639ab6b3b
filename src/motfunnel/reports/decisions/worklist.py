"""The worklist: who is away, and how probable it is that each returns soon, the likeliest first.

Reads chances off the curves of return, and promises nothing of anybody.
What each did last is read of no more than those listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from attrs import define, evolve, field, frozen

from motfunnel.answers.answer import Answer, Row, Table, columns_of
from motfunnel.answers.cells import (
    COUNT,
    DATE,
    DURATION,
    FLAG,
    INSTANT,
    LEVEL,
    ROWS,
    SHARE,
    TEXT,
    WINDOW,
    Cell,
    Kind,
    between,
    cell,
)
from motfunnel.domain.columns import NEVER
from motfunnel.domain.instant import (
    MICROSECOND,
    Duration,
    format_duration,
    from_micros,
    to_micros,
)
from motfunnel.domain.moment import SILENCE
from motfunnel.reports.decisions.latest import LastMoment, has_rhythm, read_latest
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, check_count, read_window
from motfunnel.reports.measure.clock import EVERYBODY, Readings, choose
from motfunnel.reports.measure.estimate import curve_by
from motfunnel.reports.measure.rate import COMPETING, FEWEST_AT_RISK
from motfunnel.reports.returns.recidivism import departures
from motfunnel.reports.window import Asked
from motfunnel.statistics import Chance, Curve, Interval

DEFINITION: Final = (
    "of the contacts that had been away for as long as this one and not returned, the share that "
    "did so within the window more: by the contact-based curve of those who left from the same "
    f"stage for the same reason, or of all where fewer than {FEWEST_AT_RISK} of these are at risk"
)
BY_GROUP: Final = "stage and reason"
BY_ALL: Final = "all"
_DONE: Final = (
    ("first_outreach_at", Cell(DATE, "written to")),
    ("held_out", Cell(FLAG, "held out")),
)
_CURVE: Final = Kind("text", lambda basis: "all" if basis == BY_ALL else "group")
MONTH: Final = timedelta(days=30)


@frozen(kw_only=True)
class WorkRow(Row):
    """One contact that is away. Its name stands behind ``contact``.

    Attributes:
        contact: who.
        chance: to return within the window; None past what anybody was observed for.
        interval: around it; None where undefined, or where an erasure competes.
        away: for how long it has been away.
        departed_at: since when.
        stage: the stage that it left from.
        reason: why it left.
        basis: whose curve the chance is from: ``stage and reason``, or ``all``.
        at_risk: on how many that rests: those observed and away for as long as this contact.
        first_outreach_at: when it was first written to since; None where it was not.
        held_out: whether a trial holds it out: its first assignment since was to the control arm.
        silence: what its silence was, where its own rhythm decided; None else.
        last_moments: its latest moments as a text.
        moments: the same as values.
    """

    contact: str = field(metadata=cell(TEXT, "contact"))
    chance: float | None = field(metadata=cell(SHARE, "chance"))
    interval: Interval | None = field(metadata=cell(between(SHARE), LEVEL))
    away: timedelta = field(metadata=cell(DURATION, "away"))
    departed_at: datetime = field(metadata=cell(INSTANT))
    stage: str = field(metadata=cell(TEXT, "left from"))
    reason: str = field(metadata=cell(TEXT, "reason"))
    basis: str = field(metadata=cell(_CURVE, "curve of"))
    at_risk: int = field(metadata=cell(COUNT, "at risk"))
    first_outreach_at: datetime | None = field(metadata=cell(INSTANT))
    held_out: bool = field(default=False, metadata=cell(FLAG))
    silence: str | None = field(default=None, metadata=cell(TEXT))
    last_moments: str = field(default="", metadata=cell(TEXT))
    moments: tuple[LastMoment, ...] = field(default=(), metadata=cell(ROWS))


@frozen(kw_only=True, repr=False)
class Worklist(Answer[WorkRow]):
    """The departed, the likeliest to return first; those of whom nothing can be said come last.

    Attributes:
        within: from the instant of the question on, so much more.
        departed: how many are away in all, on the list or not.
    """

    row_class: ClassVar[type[Row]] = WorkRow

    within: timedelta = field(metadata=cell(WINDOW))
    departed: int = field(metadata=cell(COUNT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        shown = f"{len(self.rows):,} of the {self.departed:,} who are away"
        return f"Worklist, the chance to return within {format_duration(self.within)}, {shown}"

    def tables(self) -> Iterator[Table]:
        """The chances, with what the business did where it did anything; what each did lately."""
        shown = columns_of(WorkRow)
        shown += [
            (name, one) for name, one in _DONE if any(getattr(row, name) for row in self.rows)
        ]
        yield self.table(None, shown, self.rows)
        silent = [(row.contact, row.silence) for row in self.rows if row.silence is not None]
        if silent:
            yield "By its own rhythm", ("contact", "silence"), silent
        if self.rows:
            told = [(row.contact, row.last_moments) for row in self.rows]
            yield "What each did last", ("contact", "moments"), told


@define
class Curves:
    """The curves of return by which chances are read: of all, and of each group.

    Attributes:
        first: of each contact its first departure.
    """

    first: Readings
    _groups: dict[Hashable, list[int]] = field(init=False)
    _made: dict[Hashable, Curve] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._groups = defaultdict(list)
        for place, group in enumerate(zip(self.first.stage, self.first.reason, strict=True)):
            self._groups[group].append(place)

    def basis(self, group: Hashable, waited: int) -> tuple[str, Curve]:
        """Whose curve tells the chance of one of a group who has been away for so long."""
        curve = self._curve(group)
        if curve.at_risk(waited) < FEWEST_AT_RISK:
            return BY_ALL, self._curve(None)
        return BY_GROUP, curve

    def _curve(self, group: Hashable) -> Curve:
        if group not in self._made:
            mine = self.first if group is None else self.first.at(self._groups[group])
            self._made[group] = curve_by(mine)
        return self._made[group]


def work_rows(
    chosen: Readings,
    erased: Container[str],
    within: timedelta,
    limit: int | None,
    confidence: float,
) -> tuple[int, list[WorkRow]]:
    """List those whose latest departure lasts; how many there are, and the likeliest of them.

    The departures come contact by contact, each contact's in order.
    """
    texts, who = chosen.names.people.texts, chosen.contact
    latest = {contact: place for place, contact in enumerate(who)}
    first = {who[place]: place for place in reversed(range(len(who)))}
    curves = Curves(chosen.at(sorted(first.values())))
    away = chosen.at(
        sorted(
            place
            for contact, place in latest.items()
            if not chosen.ending[place] and texts[contact] not in erased
        )
    )
    window = within // MICROSECOND
    likeliest = sorted(_urgencies(away, curves, window))[:limit]
    return len(away), [_row(away, one, curves, window, confidence) for one in likeliest]


def held_out_note(rows: Sequence[WorkRow]) -> str | None:
    """That some of those listed are the controls of a trial."""
    many = sum(row.held_out for row in rows)
    if not many:
        return None
    return (
        f"held out as controls of a trial: {many:,} of those listed; "
        "whoever writes to them spoils the comparison"
    )


class _Urgency(NamedTuple):
    """Where one who is away stands on the list.

    The likeliest come first, then who left last; of whom nothing can be said, at the end.
    """

    is_unknown: bool
    minus_chance: float
    waited: int
    contact: str
    place: int


def _urgencies(away: Readings, curves: Curves, window: int) -> Iterator[_Urgency]:
    texts = away.names.people.texts
    columns = zip(away.contact, away.stage, away.reason, away.waited, strict=True)
    for place, (contact, stage, reason, waited) in enumerate(columns):
        _, curve = curves.basis((stage, reason), waited)
        value = curve.chance(waited, window)
        yield _Urgency(value is None, -(value or 0.0), waited, texts[contact], place)


def _row(away: Readings, one: _Urgency, curves: Curves, window: int, confidence: float) -> WorkRow:
    labels, place = away.names.labels.texts, one.place
    stage, reason, reached = away.stage[place], away.reason[place], away.exposed[place]
    basis, curve = curves.basis((stage, reason), one.waited)
    chance = Chance.of(curve, one.waited, window, confidence)
    return WorkRow(
        contact=one.contact,
        chance=chance.value,
        interval=chance.interval,
        away=one.waited * MICROSECOND,
        departed_at=from_micros(away.started[place]),
        stage=labels[stage],
        reason=labels[reason],
        basis=basis,
        at_risk=curve.at_risk(one.waited),
        first_outreach_at=None if reached == NEVER else from_micros(reached),
        names={"contact": (one.contact,)},
    )


def with_latest(source: Facts, rows: Sequence[WorkRow]) -> list[WorkRow]:
    """Tell of each row what the contact did last, and whether a trial holds it out."""
    funnel = source.funnel
    since = {row.contact: to_micros(row.departed_at) for row in rows}
    silent = {
        row.contact for row in rows if row.reason == SILENCE and has_rhythm(funnel, row.stage)
    }
    latest = read_latest(source, since, silent)
    return [
        evolve(
            row,
            held_out=row.contact in latest.held_out,
            silence=latest.silence(row.contact, row.departed_at, funnel),
            last_moments=", ".join(map(str, moments)),
            moments=moments,
        )
        for row in rows
        for moments in [latest.last(row.contact)]
    ]


def worklist(
    inquiry: Inquiry,
    *,
    within: Duration = MONTH,
    limit: int | None = 100,
    confidence: float = CONFIDENCE,
) -> Worklist:
    """Who is away, and how probable it is that each returns soon; the likeliest first.

    For a contact that has been away for so long, the chance to return within the window more:
    one less S(away + within) over S(away), by the contact-based curve of return S of those who
    left from the same stage for the same reason, or of all where fewer than 10 of these are at
    risk. Past what was observed it is None, and the contact stands at the end.

    Args:
        within: the window, from the instant of the question on.
        limit: list no more than so many; None: all.
        confidence: of the intervals.
    """
    window = read_window(within)
    if limit is not None:
        check_count("limit", limit)
    erased, _ = inquiry.erased()
    with inquiry.reading() as source:
        clocks = departures(source, Asked(), "outreach", "stage", "reason")
        chosen = choose(clocks, EVERYBODY, inquiry.as_of, erased, first_only=False)
        departed, rows = work_rows(chosen, erased, window, limit, confidence)
        rows = with_latest(source, rows)
    competing = COMPETING if chosen.is_anybody_gone else None
    notes = (competing, held_out_note(rows))
    return Worklist(
        name="worklist",
        definition=DEFINITION,
        rows=tuple(rows),
        notes=tuple(note for note in notes if note is not None),
        within=window,
        departed=departed,
        **inquiry.header(confidence),
    )
