"""The worklist: who is away, and how probable it is that each returns soon, the likeliest first.

Reads chances off the curves of those alike, and promises nothing of anybody. What each did last is
read of no more than those listed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from motfunnel.answers.answer import Grouped, GroupedRow, Row, Table, columns_of
from motfunnel.answers.cells import (
    COUNT,
    DATE,
    DURATION,
    FLAG,
    INSTANT,
    KEY,
    MONEY,
    NAMED,
    OURS,
    ROWS,
    SHARE,
    TEXT,
    WINDOW,
    between,
    cell,
    headed,
)
from motfunnel.answers.table import csv_table
from motfunnel.answers.words import own_moments
from motfunnel.domain.columns import NEVER, Codes
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.value import to_decimal
from motfunnel.domain.instant import (
    MICROSECOND,
    Duration,
    format_duration,
    from_micros,
    to_micros,
)
from motfunnel.domain.moment import SILENCE
from motfunnel.domain.signal import Signal
from motfunnel.reports.decisions.away import LEFT, Away, Only
from motfunnel.reports.decisions.chances import (
    BASES,
    Curves,
    Pasts,
    Ranked,
    by_chance,
    likes,
    rank,
)
from motfunnel.reports.decisions.latest import LastMoment, has_rhythm, read_latest
from motfunnel.reports.decisions.worth import Worths
from motfunnel.reports.facts.facts import Facts, Keep
from motfunnel.reports.inquiry import Inquiry, told_apart
from motfunnel.reports.measure.arguments import CONFIDENCE, check_count, read_window
from motfunnel.reports.measure.clock import EVERYBODY, Readings, choose
from motfunnel.reports.measure.grouping import By, Groupings, in_order, read_grouping
from motfunnel.reports.measure.rate import COMPETING, FEWEST_AT_RISK
from motfunnel.reports.returns.recidivism import departures
from motfunnel.reports.silence import silences_note
from motfunnel.reports.window import Asked
from motfunnel.statistics import Interval
from motfunnel.store.queries.happenings import Wanted
from motfunnel.text import counted

DEFINITION: Final = (
    "of the departures after which contacts had been away for as long as this one and not "
    "returned, the share of returns within the window more: by the curve of all departures from "
    "the same stage for the same reason, of contacts that had come back as often before (0, 1, "
    f"more) and bought as often (0, 1, more); where fewer than {FEWEST_AT_RISK} of these are at "
    "risk, purchases are left aside, then returns, and then it is the curve of all"
)
WORTH: Final = (
    "chance × value: that times what a purchase of the contact is worth on average, refunds taken "
    "off: of its own purchases, else of all that contacts alike have made"
)
MONTH: Final = timedelta(days=30)


@frozen(kw_only=True)
class WorkRow(GroupedRow):
    """One contact that is away. Names stand behind ``contact`` and ``alike``.

    Attributes:
        contact: who.
        chance: to return within the window; None past what anybody was observed for.
        interval: around it; clustered where contacts repeat; None where undefined, or where an
            erasure competes.
        alike: how many of those who are away, and meant, have this same chance, this one included.
        away: for how long it has been away.
        departed_at: since when.
        stage: the stage that it left from.
        reason: why it left.
        returns: how often it had come back before.
        purchases: how often it had bought.
        basis: whose curve the chance is from: of those alike in ``stage, reason, returns and
            purchases``, in fewer of these, or ``all``.
        at_risk: on how many departures that rests: those observed and away for as long as this.
        per_purchase: what a purchase of the contact is worth on average, refunds taken off: its
            own, else of those alike in as much as it takes; None where no values are known.
        chance_value: the chance times that.
        first_outreach_at: when it was first written to since; None where it was not.
        held_out: whether a trial holds it out: its first assignment since was to the control arm.
        arm: the arm of that assignment; None where there was none.
        silence: what its silence was, where its own rhythm decided; None else.
        last_moments: its latest moments as a text.
        moments: the same as values.
    """

    contact: str = field(metadata=cell(KEY, NAMED))
    chance: float | None = field(metadata=cell(SHARE, NAMED))
    interval: Interval | None = field(metadata=cell(between(SHARE), NAMED))
    alike: int = field(metadata=cell(COUNT))
    away: timedelta = field(metadata=cell(DURATION, NAMED))
    departed_at: datetime = field(metadata=cell(INSTANT))
    stage: str = field(metadata=cell(TEXT, NAMED))
    reason: str = field(metadata=cell(TEXT, NAMED))
    returns: int = field(metadata=cell(COUNT, NAMED))
    purchases: int = field(metadata=cell(COUNT, NAMED))
    basis: str = field(metadata=cell(OURS))
    at_risk: int = field(metadata=cell(COUNT, NAMED))
    per_purchase: Decimal | None = field(default=None, metadata=cell(MONEY))
    chance_value: Decimal | None = field(default=None, metadata=cell(MONEY))
    first_outreach_at: datetime | None = field(metadata=cell(INSTANT))
    held_out: bool = field(default=False, metadata=cell(FLAG))
    arm: str | None = field(default=None, metadata=cell(TEXT))
    silence: str | None = field(default=None, metadata=cell(TEXT))
    last_moments: str = field(default="", metadata=cell(TEXT))
    moments: tuple[LastMoment, ...] = field(default=(), metadata=cell(ROWS))


_WORTH: Final = headed(("chance_value", MONEY), ("per_purchase", MONEY))
"""What is shown where values are known: after the contact and its chance."""
_SOMETIMES: Final = headed(("first_outreach_at", DATE), ("held_out", FLAG))
"""What is shown where it says anything of any of those listed."""
MAILING: Final = (
    *("contact", "chance", "away_days", "stage", "reason", "departed_on", "written_on"),
    *("arm", "chance_value"),
)
"""The columns of a mailing, whoever is in it; behind them the group, where it was asked for."""


@frozen(kw_only=True, repr=False)
class Worklist(Grouped[WorkRow]):
    """The departed, the likeliest to return first; those of whom nothing can be said come last.

    Attributes:
        within: from the instant of the question on, so much more.
        departed: how many are away in all, meant or not.
        meant: how many of them are meant, on the list or not.
        stage: only those who left from it; None: from any.
        reason: only those who left for it; None: for any.
        away_at_least: only those who are away for so long.
        away_at_most: only those who are away for no longer.
        not_written_to: only those who were not written to since they left.
        without_held_out: only those whom no trial holds out.
        currency: of all values, where the funnel says it.
    """

    row_class: ClassVar[type[Row]] = WorkRow

    unnamed: ClassVar[Mapping[str, str]] = {
        "at_risk": "it is on how many departures of contacts alike a chance rests",
        "returns": "these are moments of the one contact in the row; its story tells them",
        "purchases": "these are purchases of the one contact in the row; its story tells them",
    }

    within: timedelta = field(metadata=cell(WINDOW))
    departed: int = field(metadata=cell(COUNT))
    meant: int = field(metadata=cell(COUNT))
    stage: str | None = field(default=None, metadata=cell(TEXT))
    reason: str | None = field(default=None, metadata=cell(TEXT))
    away_at_least: timedelta | None = field(default=None, metadata=cell(WINDOW))
    away_at_most: timedelta | None = field(default=None, metadata=cell(WINDOW))
    not_written_to: bool = field(default=False, metadata=cell(FLAG))
    without_held_out: bool = field(default=False, metadata=cell(FLAG))
    currency: str | None = field(default=None, metadata=cell(TEXT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        of = f"{self.departed:,} who are away"
        only = [*self._only()]
        if only:
            of = f"{self.meant:,} meant ({', '.join(only)}) of the {of}"
        within = format_duration(self.within)
        if any(row.chance_value is not None for row in self.rows):
            unit = "" if self.currency is None else f" in {self.currency}"
            within += f" × value per purchase{unit}"
        return f"Worklist, the chance to return within {within}, {len(self.rows):,} of the {of}"

    def tables(self) -> Iterator[Table]:
        """The chances, with what the business did where it did anything; what each did lately."""
        if self.by is not None:
            yield from super().tables()
            return
        shown = columns_of(WorkRow)
        if any(row.chance_value is not None for row in self.rows):
            shown[3:3] = _WORTH
        shown += [
            (name, one) for name, one in _SOMETIMES if any(getattr(row, name) for row in self.rows)
        ]
        yield self.table(None, shown, self.rows)
        silent = [(row.contact, row.silence) for row in self.rows if row.silence is not None]
        if silent:
            yield "By its own rhythm", (self.word("contact"), "silence"), silent
        if self.rows:
            told = [(row.contact, self._lately(row)) for row in self.rows]
            yield "What each did last", (self.word("contact"), "moments"), told

    def _lately(self, row: WorkRow) -> str:
        """What a contact did last, in the funnel's words."""
        return ", ".join(
            f"{own_moments(one.moment, self.spoken, (one.moment,))} {one.occurred_at:%Y-%m-%d}"
            for one in row.moments
        )

    def to_mailing_csv(self) -> str:
        """A line for each whom one may write to, for a mailing tool: no header but of columns.

        The columns are the same whoever is listed; ``group`` is one where ``by`` was given. Whom a
        trial holds out is left out, always. Chances are shares from 0 to 1, days are whole.
        A text that a spreadsheet would run as a formula gets an apostrophe before it.
        """
        more = () if self.by is None else ("group",)
        lines = [self._mailed(row) for row in self.rows if not row.held_out]
        return csv_table((*MAILING, *more), [line[: len(MAILING) + len(more)] for line in lines])

    @property
    def empty_mailing(self) -> str:
        """Why a mailing has no line; nothing where it has one."""
        if not all(row.held_out for row in self.rows):
            return ""
        if not self.departed:
            return self.said("there is nobody to write to: no contact is away")
        return self.said(
            f"there is nobody to write to: of {counted(self.departed, 'contact')} away none is "
            "meant whom no trial holds out"
        )

    def _mailed(self, row: WorkRow) -> tuple[object, ...]:
        written, left = row.first_outreach_at, row.departed_at.date()
        chance = None if row.chance is None else round(row.chance, 4)
        value = None if row.chance_value is None else round(row.chance_value, 2)
        on = None if written is None else written.date()
        told = (row.contact, chance, row.away.days, row.stage, row.reason, left, on)
        return (*told, row.arm, value, row.group)

    def _only(self) -> Iterator[str]:
        """Who is meant, in words; nothing where all are."""
        if self.stage is not None:
            yield f"left from {self.stage}"
        if self.reason is not None:
            yield f"reason {self.reason}"
        if self.away_at_least is not None:
            yield f"away for {format_duration(self.away_at_least)} at least"
        if self.away_at_most is not None:
            yield f"away for {format_duration(self.away_at_most)} at most"
        if self.not_written_to:
            yield "not written to"
        if self.without_held_out:
            yield "not held out"


def worklist(
    inquiry: Inquiry,
    *,
    within: Duration = MONTH,
    by: By = None,
    stage: str | None = None,
    reason: str | None = None,
    away_at_least: Duration | None = None,
    away_at_most: Duration | None = None,
    not_written_to: bool = False,
    without_held_out: bool = False,
    limit: int | None = 100,
    confidence: float = CONFIDENCE,
) -> Worklist:
    """Who is away, and how probable it is that each returns soon; the likeliest first.

    With S the share still away after so long, of those with a like history, the chance is one less
    S(away + within) over S(away). Past what was observed it is None, and the contact comes last.
    Where the funnel has values, those come first whose chance times the value per purchase is
    largest: of the contact's own purchases, else of those of contacts alike.

    Args:
        within: the window, from the instant of the question on.
        by: a list for each group, as a recidivism has groups; chances are as without.
        stage: only those who left from it.
        reason: only those who left for it, e.g. ``silence``.
        away_at_least: only those who are away for so long.
        away_at_most: only those who are away for no longer.
        not_written_to: only those who were not written to since they left.
        without_held_out: only those whom no trial holds out.
        limit: list no more than so many, of each group; None: all.
        confidence: of the intervals.
    """
    if limit is not None:
        check_count("limit", limit)
    flags = {"not_written_to": not_written_to, "without_held_out": without_held_out}
    named = {"stage": stage, "reason": reason}
    only = Only.read(inquiry.funnel, named, away_at_least, away_at_most, flags)
    return _answer(inquiry, only, read_window(within), by, limit, confidence)


def _answer(
    inquiry: Inquiry, only: Only, within: timedelta, by: By, limit: int | None, confidence: float
) -> Worklist:
    groupings, funnel = read_grouping(by, "a worklist", ("stage", "reason")), inquiry.funnel
    erased, _ = inquiry.erased()
    with inquiry.reading(groupings, LEFT, _keeps(funnel)) as source:
        bought = source.happenings(Wanted(reads={Signal.PURCHASE: None}))
        clocks = departures(source, Asked(), "number", "outreach", "stage", "reason")
        chosen = choose(clocks, EVERYBODY, inquiry.as_of, erased, first_only=False)
        pasts = Pasts.of(chosen, bought, funnel.loyal_apart // MICROSECOND)
        curves = Curves(chosen, likes(chosen, pasts), within // MICROSECOND)
        worths = _worths(source, curves)
        away = Away.of(chosen, erased)
        meant = away.only(only, source)
        ranked = rank(meant, curves, _worth_by(worths, curves))
        alike = by_chance(ranked)
        parted = _parted(source, groupings, chosen, ranked)
        found = [
            _row(group, one, curves, pasts, worths, alike, confidence)
            for group, mine in parted.items()
            for one in mine[:limit]
        ]
        rows = with_latest(source, found)
        unknown = inquiry.unknown(groupings, parted, source)
    reasons = away.reasons_note() if only.reason is not None and not meant else None
    strangers = None if worths is None else _worth_note(rows, worths, chosen.names.people)
    notes = unknown, reasons, *_said(chosen, meant, funnel), *_notes(rows), strangers
    return Worklist(
        name="worklist",
        definition=DEFINITION if worths is None else f"{DEFINITION}; {WORTH}",
        rows=tuple(rows),
        notes=tuple(note for note in notes if note is not None),
        by=None if groupings is None else groupings.written,
        within=within,
        departed=len(away.places),
        meant=len(meant),
        currency=funnel.currency,
        **only.told(),
        **inquiry.header(confidence),
    )


def _said(chosen: Readings, meant: Sequence[int], funnel: Funnel) -> Iterator[str | None]:
    """What the departures of those who are meant are, and what competes with a return."""
    yield silences_note(chosen.at(sorted(meant)), funnel)
    yield COMPETING if chosen.is_anybody_gone else None


def _notes(rows: Sequence[WorkRow]) -> Iterator[str | None]:
    """What the chances of those listed rest on."""
    yield _basis_note(rows)
    yield _alike_note(rows)
    yield held_out_note(rows)


def _parted(
    source: Facts, groupings: Groupings | None, chosen: Readings, ranked: Sequence[Ranked]
) -> dict[str | None, list[Ranked]]:
    """Those of each group, in their order."""
    if groupings is None:
        return {None: [*ranked]} if ranked else {}
    places = sorted(one.place for one in ranked)
    names = told_apart(source, groupings, LEFT, chosen.at(places)).names
    group_of = dict(zip(places, names, strict=True))
    found: defaultdict[str | None, list[Ranked]] = defaultdict(list)
    for one in ranked:
        found[group_of[one.place]].append(one)
    return {group: found[group] for group in in_order(groupings, found)}


def _row(
    group: str | None,
    one: Ranked,
    curves: Curves,
    pasts: Pasts,
    worths: Worths | None,
    alike: Mapping[float | None, Sequence[str]],
    confidence: float,
) -> WorkRow:
    away, place = curves.departures, one.place
    worth = _worth_by(worths, curves)
    each = None if worth is None else worth(place)
    value = None if each is None or one.chance is None else round(-one.minus_worth)
    labels, reached = away.names.labels.texts, away.exposed[place]
    read = curves.read(curves.likes[place], one.waited, confidence)
    return WorkRow(
        group=group,
        contact=one.contact,
        chance=read.chance.value,
        interval=read.chance.interval,
        per_purchase=None if each is None else to_decimal(each),
        chance_value=None if value is None else to_decimal(value),
        alike=len(alike[one.chance]),
        away=one.waited * MICROSECOND,
        departed_at=from_micros(away.started[place]),
        stage=labels[away.stage[place]],
        reason=labels[away.reason[place]],
        returns=pasts.returns[place],
        purchases=pasts.purchases[place],
        basis=read.basis,
        at_risk=read.curve.at_risk(one.waited),
        first_outreach_at=None if reached == NEVER else from_micros(reached),
        names={"contact": (one.contact,), "alike": alike[one.chance]},
    )


def _keeps(funnel: Funnel) -> frozenset[Keep]:
    """What will be read beside departures."""
    return frozenset({"episodes", "purchases"} if funnel.has_values else {"episodes"})


def _worths(source: Facts, curves: Curves) -> Worths | None:
    """What purchases are worth; None where the funnel names no values."""
    if not source.funnel.has_values:
        return None
    return Worths.of(curves.departures.contact, curves.likes, source.purchases())


def _worth_by(worths: Worths | None, curves: Curves) -> Callable[[int], int | None] | None:
    """What tells what a purchase of the one at a place is worth."""
    if worths is None:
        return None
    contacts = curves.departures.contact
    return lambda place: worths.of_one(contacts[place], curves.likes[place])


def _worth_note(rows: Sequence[WorkRow], worths: Worths, people: Codes) -> str | None:
    """Of whom the value is not the contact's own."""
    others = sum(
        row.per_purchase is not None and worths.own(people[row.contact]) is None for row in rows
    )
    if not others:
        return None
    return (
        f"of {others:,} of those listed no purchase of a known worth is known: their value is that "
        "of contacts alike"
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
            held_out=is_held_out,
            arm=arm,
            silence=latest.silence(row.contact, row.departed_at, funnel),
            last_moments=", ".join(map(str, moments)),
            moments=moments,
        )
        for row in rows
        for moments in [latest.last(row.contact)]
        for arm, is_held_out in [latest.arms.get(row.contact, (None, False))]
    ]


def held_out_note(rows: Sequence[WorkRow]) -> str | None:
    """That some of those listed are the controls of a trial."""
    many = sum(row.held_out for row in rows)
    if not many:
        return None
    return (
        f"held out as controls of a trial: {many:,} of those listed; "
        "whoever writes to them spoils the comparison"
    )


def _basis_note(rows: Sequence[WorkRow]) -> str | None:
    """Whose chances rest on less than the whole history, for too few have one like it."""
    found = Counter(row.basis for row in rows)
    fewer = [f"of {found[one]:,} listed by {one}" for one in BASES[1:] if found[one]]
    if not fewer:
        return None
    return (
        f"the chance is {', '.join(fewer)}, since fewer than {FEWEST_AT_RISK} have a like history"
    )


def _alike_note(rows: Sequence[WorkRow]) -> str | None:
    """That several have one chance, and that the list may end among them."""
    several = [row for row in rows if row.alike > 1 and row.chance is not None]
    if not several:
        return None
    listed = Counter(row.chance for row in several)
    unlisted = sum(
        row.alike - listed[row.chance] for row in {r.chance: r for r in several}.values()
    )
    is_valued = any(row.chance_value is not None for row in rows)
    first = "whose purchases are worth more" if is_valued else "whoever left last"
    more = f"; {unlisted:,} more who are as likely are not listed" if unlisted else ""
    return (
        f"those with one chance are alike: among them {first} comes first, which says nothing of "
        f"who returns{more}"
    )
