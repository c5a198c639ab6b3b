"""Complaints: how long cases take, and what comes first of those who complain.

Recovery is set against departure as competing outcomes; the plain rates are ``recovery`` and
``departure_after_complaint``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row, Table, columns_of
from motfunnel.answers.cells import (
    BY,
    COHORT,
    COUNT,
    DURATION,
    GROUP,
    NAMED,
    SHARE,
    TEXT,
    WAIT,
    WINDOW,
    Cell,
    between,
    cell,
    headed,
    nested,
    percent,
    wait,
)
from motfunnel.answers.members import Members
from motfunnel.charts.dots import scale
from motfunnel.charts.labels import labels
from motfunnel.charts.scene import Dots, Panel, Picture, Rows, Run, Text, quiet, strong
from motfunnel.charts.style import BLUE, ORANGE
from motfunnel.domain.columns import NEVER
from motfunnel.domain.instant import MICROSECOND, Duration, format_duration, to_micros
from motfunnel.reports.experience.cases import DEPARTURE, OUTCOME, RESOLUTION
from motfunnel.reports.experience.departure_after_complaint import DEPARTURE_AFTER_COMPLAINT
from motfunnel.reports.experience.recovery import ADVOCACY, PURCHASE
from motfunnel.reports.inquiry import Groups, Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort, read_window
from motfunnel.reports.measure.clock import (
    ERASED,
    HAPPENED,
    NOBODY,
    Cohort,
    Readings,
    in_period,
)
from motfunnel.reports.measure.estimate import (
    curve_of,
    happened_within,
    part_mature,
)
from motfunnel.reports.measure.grouping import By, Groupings, in_order, read_property
from motfunnel.reports.measure.rate import FEWEST_AT_RISK, Span, is_enough
from motfunnel.reports.remarks import (
    Beside,
    apart_from_the_curve,
    impossible,
    never_resolved,
    nobody_yet,
)
from motfunnel.reports.silence import departures_note
from motfunnel.statistics import (
    ClusteredShare,
    CompetingRisks,
    Curve,
    Interval,
    Proportion,
    SurvivalCurve,
)
from motfunnel.text import counted

_ROW: Final = 44
_MOST: Final = 20
_APART: Final = 0.14
RECOVERED: Final = "recovered"
WITHIN: Final = timedelta(days=90)
DEFINITION: Final = (
    "the cases that complaints opened, with the time to their resolution (open ones are counted "
    "for as long as they were observed); and of the contacts that complained and were observed for "
    "the whole window, the shares that recovered or departed first within it"
)
NO_PROMISE: Final = (
    "Recovery is measured, not promised: those are counted who came round after a complaint. It is "
    "not said why they did, nor that others would"
)
CUT_OFF: Final = (
    "what was erased with its counts kept has lost the names of its cases, and its outcome is cut "
    "off by the erasure, which competes with all others"
)


@frozen(kw_only=True)
class Outcomes:
    """What came first of those who complained: a recovery (a purchase or advocacy), or a departure.

    Contact-based: each contact's first complaint in the cohort.

    Attributes:
        contacts: how many complained.
        mature: those of them that were observed for the whole window.
        immature: the share of them that were not; None where nobody complained.
        recovered: of the mature, those that recovered within it, before any departure.
        recovered_share: of the mature; None where nobody is.
        recovered_interval: Wilson's, around that share.
        purchase_first: of those that recovered, with whom it was a purchase.
        advocacy_first: of those that recovered, with whom it was advocacy.
        departed: of the mature, those that departed within it, before any recovery.
        departed_share: of the mature.
        departed_interval: Wilson's, around that share.
        recovery: the probability of recovery first within the window, by Aalen–Johansen with
            departure (and erasure) as competing outcomes; None below 10 of known outcome.
        recovery_interval: its log(−log) interval.
        departure: the probability of departure first, likewise.
        departure_interval: its interval.
    """

    contacts: int = field(metadata=cell(COUNT))
    mature: int = field(metadata=cell(COUNT))
    immature: float | None = field(metadata=cell(SHARE))
    recovered: int = field(metadata=cell(COUNT))
    recovered_share: float | None = field(metadata=cell(SHARE))
    recovered_interval: Interval | None = field(metadata=cell(between(SHARE)))
    purchase_first: int = field(metadata=cell(COUNT))
    advocacy_first: int = field(metadata=cell(COUNT))
    departed: int = field(metadata=cell(COUNT))
    departed_share: float | None = field(metadata=cell(SHARE))
    departed_interval: Interval | None = field(metadata=cell(between(SHARE)))
    recovery: float | None = field(metadata=cell(SHARE))
    recovery_interval: Interval | None = field(metadata=cell(between(SHARE)))
    departure: float | None = field(metadata=cell(SHARE))
    departure_interval: Interval | None = field(metadata=cell(between(SHARE)))


@frozen(kw_only=True)
class ComplaintRow(Row):
    """The complaints of one group.

    Names stand behind ``cases``, ``resolved``, ``unresolved``, ``reopened``,
    ``departed_meanwhile`` (once for each case), and behind every count of the outcomes. Those
    behind ``unresolved`` are in the order in which their cases were opened, the oldest first.

    Attributes:
        group: the group's value; None where all are one group.
        cases: how often a case was opened in the cohort; one that opened again counts again.
        resolved: those that were resolved.
        unresolved: the others.
        lower_quartile: by when a quarter is resolved, by Kaplan–Meier with open cases censored;
            None where fewer were.
        median: by when half are.
        median_interval: between which times that lies; None where undefined.
        upper_quartile: by when three quarters are.
        reopened: of the resolved, those whose case opened again.
        reopened_share: of the resolved; None where there are none.
        reopened_interval: around that share; Wilson's, or clustered by contact where
            contacts repeat.
        departed_meanwhile: of the cases, those whose contact left while they were open.
        departed_meanwhile_share: of the cases.
        departed_meanwhile_interval: around that share; Wilson's, or clustered by contact where
            contacts repeat.
        outcomes: what came of those who complained.
    """

    group: str | None = field(metadata=cell(GROUP, BY))
    cases: int = field(metadata=cell(COUNT, NAMED))
    resolved: int = field(metadata=cell(COUNT))
    unresolved: int = field(metadata=cell(COUNT, NAMED))
    lower_quartile: timedelta | None = field(metadata=cell(WAIT, NAMED))
    median: timedelta | None = field(metadata=cell(WAIT, NAMED))
    median_interval: Span | None = field(metadata=cell(between(DURATION), NAMED))
    upper_quartile: timedelta | None = field(metadata=cell(WAIT, NAMED))
    reopened: int = field(metadata=cell(COUNT))
    reopened_share: float | None = field(metadata=cell(SHARE))
    reopened_interval: Interval | None = field(metadata=cell(between(SHARE)))
    departed_meanwhile: int = field(metadata=cell(COUNT))
    departed_meanwhile_share: float | None = field(metadata=cell(SHARE))
    departed_meanwhile_interval: Interval | None = field(metadata=cell(between(SHARE)))
    outcomes: Outcomes = field(metadata=cell(nested(Outcomes)))


def picture(answer: Complaints) -> Picture:
    """Draw two dots with intervals for each group: who recovered first, and who left first."""
    rows = sorted(answer.rows, key=lambda row: -row.outcomes.mature)[:_MOST]
    rows = [row for row in answer.rows if row in rows]
    both = [row.outcomes for row in rows]
    names = labels("all" if row.group is None else row.group for row in rows)
    window = format_duration(answer.within)
    fewer = f", the {len(rows)} largest groups" if len(answer.rows) > len(rows) else ""
    cases, observed = sum(row.cases for row in rows), sum(one.mature for one in both)
    recovered = [one.recovered_share for one in both]
    departed = [one.departed_share for one in both]
    ends = [one.recovered_interval for one in both], [one.departed_interval for one in both]
    said = [f"{'all' if row.group is None else row.group}: "
            f"{percent(one.recovered_share)} recovered first, "
            f"{percent(one.departed_share)} left first, of {one.mature:,}"
            for row, one in zip(rows, both, strict=True)]  # fmt: skip
    title = f"of contacts, within {window} of their first complaint"
    return Picture(
        panels=(
            Panel(
                marks=(
                    _dots("recovered first", BLUE, -_APART, recovered, ends[0]),
                    _dots("left first", ORANGE, _APART, departed, ends[1]),
                ),
                y=Rows(names=names, beside=[_beside(one) for one in both], high=_ROW),
            ),
        ),
        x=scale(title, recovered + departed, ends[0] + ends[1], are_shares=True),
        has_legend=True,
        counted=f"{cases:,} cases, n = {observed:,} contacts observed for the whole window{fewer}",
        told=f"Dots. {'; '.join(said)}.",
    )


def _dots(
    name: str,
    colour: str,
    shift: float,
    values: Sequence[float | None],
    ends: Sequence[Interval | None],
) -> Dots:
    return Dots(
        x=values,
        y=[n + shift for n in range(len(values))],
        ends=ends,
        colour=colour,
        size=10,
        name=name,
        is_in_legend=True,
        hovers=["" if value is None else f"{value:.1%} {name}" for value in values],
    )


def _beside(one: Outcomes) -> Text:
    return (
        strong(percent(one.recovered_share)),
        Run("/"),
        strong(percent(one.departed_share)),
        quiet(f"of {one.mature:,}"),
    )


@frozen(kw_only=True, repr=False)
class Complaints(Answer[ComplaintRow]):
    """Cases and what came of them, of all or by groups.

    Attributes:
        within: the window of the outcomes; its edge belongs to it.
        by: what tells the groups apart: a property of the complaint, or ``trait:NAME``; or None.
        cohort: from when to when the complaints were made; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = ComplaintRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"outcomes": picture}

    within: timedelta = field(metadata=cell(WINDOW))
    by: str | None = field(metadata=cell(TEXT))
    cohort: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Complaints" + in_period(self.cohort)

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked differently each time."""
        return super().words() | {"by": self.by or ""}

    def tables(self) -> Iterator[Table]:
        """The cases and what became of them; then who recovered or departed first, two ways."""
        shown = columns_of(ComplaintRow)
        yield self.table(None, shown, self.rows)
        window = format_duration(self.within)
        for caption, columns in _outcome_tables(window):
            yield self.table(caption, shown[:1] + columns, self.rows)


_REOPENED: Final = headed(
    ("reopened_share", SHARE),
    ("reopened_interval", between(SHARE)),
    ("reopened", COUNT),
    ("resolved", COUNT),
)
_LEFT_MEANWHILE: Final = headed(
    ("departed_meanwhile_share", SHARE),
    ("departed_meanwhile_interval", between(SHARE)),
    ("departed_meanwhile", COUNT),
    ("cases", COUNT),
)
_RECOVERED: Final = headed(
    ("outcomes.recovered_share", SHARE),
    ("outcomes.recovered_interval", between(SHARE)),
    ("outcomes.recovered", COUNT),
    ("outcomes.mature", COUNT),
    ("outcomes.immature", SHARE),
    ("outcomes.purchase_first", COUNT),
    ("outcomes.advocacy_first", COUNT),
)
_DEPARTED: Final = headed(
    ("outcomes.departed_share", SHARE),
    ("outcomes.departed_interval", between(SHARE)),
    ("outcomes.departed", COUNT),
    ("outcomes.mature", COUNT),
    ("outcomes.immature", SHARE),
)
_ESTIMATED: Final = headed(
    ("outcomes.contacts", COUNT),
    ("outcomes.recovery", SHARE),
    ("outcomes.recovery_interval", between(SHARE)),
    ("outcomes.departure", SHARE),
    ("outcomes.departure_interval", between(SHARE)),
)


def _outcome_tables(window: str) -> Iterator[tuple[str, list[tuple[str, Cell]]]]:
    yield "By now: of the resolved cases, those that were opened again", _REOPENED
    yield "By now: of all cases, those whose contact left while they were open", _LEFT_MEANWHILE
    yield (
        f"Recovered first, by a purchase or by advocacy within {window} of the contact's first "
        "complaint, before any departure",
        _RECOVERED,
    )
    yield f"Departed first, within {window}, before any recovery", _DEPARTED
    yield (
        "Both by Aalen–Johansen as competing outcomes, with those still under observation counted "
        f"for as long as they were; withheld below {FEWEST_AT_RISK} in effect",
        _ESTIMATED,
    )


def make_row(
    group: str | None,
    cases: Readings,
    complaints: Readings,
    within: timedelta,
    as_of: datetime,
    confidence: float,
) -> ComplaintRow:
    """Make the row of one group, of its cases and of its contacts' first complaints."""
    happened = cases.happened
    resolved = [place for place, came in enumerate(happened) if came]
    reopened = [place for place in resolved if cases.reopened[place] != NEVER]
    left = [place for place, at in enumerate(cases.departed) if at != NEVER]
    everybody = range(len(cases))
    back, gone = _share(cases, reopened, resolved), _share(cases, left, everybody)
    km = curve_of(cases, 0, confidence)
    outcomes, parts = _outcomes(complaints, within, as_of, confidence)
    named = {"cases": everybody, "resolved": resolved, "reopened": reopened}
    named["departed_meanwhile"] = left
    members = {part: cases.members(who) for part, who in named.items()}
    members["unresolved"] = cases.oldest_first(n for n in everybody if not happened[n])
    return ComplaintRow(
        group=group,
        cases=len(cases),
        resolved=len(resolved),
        unresolved=len(cases) - len(resolved),
        lower_quartile=_quantile(km.curve, 0.25),
        median=_quantile(km.curve, 0.5),
        median_interval=km.median_interval,
        upper_quartile=_quantile(km.curve, 0.75),
        reopened=len(reopened),
        reopened_share=back.value,
        reopened_interval=back.interval(confidence),
        departed_meanwhile=len(left),
        departed_meanwhile_share=gone.value,
        departed_meanwhile_interval=gone.interval(confidence),
        outcomes=outcomes,
        names=parts | members,
    )


def _share(cases: Readings, counted: Iterable[int], of: Iterable[int]) -> ClusteredShare:
    """A share of cases, of which one contact may have several."""
    whose = cases.contact.__getitem__
    return ClusteredShare.by_name(map(whose, counted), map(whose, of))


def _quantile(curve: Curve, share: float) -> timedelta | None:
    """The first time by which a share is resolved."""
    found = curve.quantile(share)
    return None if found is None else found * MICROSECOND


def _outcomes(
    complaints: Readings, within: timedelta, as_of: datetime, confidence: float
) -> tuple[Outcomes, dict[str, Members]]:
    window = within // MICROSECOND
    mature, _ = part_mature(complaints, window, as_of)
    ended = happened_within(complaints, mature, window)
    causes = complaints.texts("cause")
    by_cause = {
        cause: [n for n in ended if causes[n] == cause] for cause in (PURCHASE, ADVOCACY, DEPARTURE)
    }
    recovered = [n for n in ended if causes[n] != DEPARTURE]
    good = Proportion(numerator=len(recovered), denominator=len(mature))
    bad = Proportion(numerator=len(by_cause[DEPARTURE]), denominator=len(mature))
    early = Proportion(numerator=len(complaints) - len(mature), denominator=len(complaints))
    outcomes = Outcomes(
        contacts=len(complaints),
        mature=len(mature),
        immature=early.value,
        recovered=good.numerator,
        recovered_share=good.value,
        recovered_interval=good.interval(confidence),
        purchase_first=len(by_cause[PURCHASE]),
        advocacy_first=len(by_cause[ADVOCACY]),
        departed=bad.numerator,
        departed_share=bad.value,
        departed_interval=bad.interval(confidence),
        **_incidences(complaints, window, confidence),
    )
    parts = {
        "contacts": range(len(complaints)),
        "mature": mature,
        RECOVERED: recovered,
        "purchase_first": by_cause[PURCHASE],
        "advocacy_first": by_cause[ADVOCACY],
        "departed": by_cause[DEPARTURE],
    }
    return outcomes, {part: complaints.members(who) for part, who in parts.items()}


def _incidences(complaints: Readings, window: int, confidence: float) -> dict[str, Any]:
    """The probability of each outcome first, with all complaints for as long as observed."""
    endings = [*complaints.endings()]
    outcomes = (
        (waited, _outcome(how, cause))
        for (waited, how), cause in zip(endings, complaints.texts("cause"), strict=True)
    )
    risks = CompetingRisks.from_observations(outcomes, causes=(RECOVERED, DEPARTURE))
    enough = is_enough(risks.curve.effective_number(window))
    told: dict[str, Any] = {}
    for name, cause in (("recovery", RECOVERED), ("departure", DEPARTURE)):
        told[name] = risks.incidence(cause, window) if enough else None
        told[f"{name}_interval"] = risks.interval(cause, window, confidence) if enough else None
    return told


def _outcome(how: str | None, cause: str | None) -> str | None:
    if how != HAPPENED:
        return how
    return DEPARTURE if cause == DEPARTURE else RECOVERED


def complaints(
    inquiry: Inquiry,
    *,
    within: Duration = WITHIN,
    complained: Bounds | None = None,
    by: By = None,
    confidence: float = CONFIDENCE,
) -> Complaints:
    """How long cases take, how many open again, and whether contacts recover or depart first.

    Time to resolution: from each opening of a case, by Kaplan–Meier with open cases censored.
    Reopened: of the resolved. Left meanwhile: of the cases. Recovered (by a purchase or
    advocacy) or departed first: of contacts whose first complaint in the cohort was observed
    for the whole window, and beside it by Aalen–Johansen. Empty denominators give None.

    Args:
        within: the window of the outcomes after the complaint; its edge belongs to it.
        complained: the cohort: complaints from the first instant on, before the second.
        by: a property of the complaint, such as ``reason`` or ``branch``; also written
            ``property:NAME``. ``trait:NAME`` is a trait as it held at the complaint, ``event``
            the name of the complaint; in bands, and several at once, as in ``recidivism``.
        confidence: of the intervals.
    """
    window = read_window(within)
    groupings, cohort = read_property(by), read_cohort(complained, inquiry.instant)
    cases = inquiry.choose(RESOLUTION, cohort, groupings, first_only=False)
    contacts = inquiry.choose(OUTCOME, cohort, groupings, first_only=True)
    erased = any(each.count(ERASED) for each in (*cases.values(), *contacts.values()))
    groups = in_order(groupings, {*cases, *contacts})
    rows = tuple(_rows(inquiry, groups, cases, contacts, window, confidence))
    return Complaints(
        name="complaints",
        definition=DEFINITION,
        rows=rows,
        within=window,
        by=None if groupings is None else groupings.written,
        cohort=cohort,
        notes=_remarks(inquiry, rows, groupings, cohort, window, cases, contacts, erased=erased),
        **inquiry.header(confidence),
    )


def _remarks(
    inquiry: Inquiry,
    rows: Sequence[ComplaintRow],
    groupings: Groupings | None,
    cohort: Cohort,
    within: timedelta,
    cases: Groups,
    contacts: Groups,
    *,
    erased: bool,
) -> tuple[str, ...]:
    """What a reader has to know besides."""
    funnel, departed = inquiry.funnel, any(row.outcomes.departed for row in rows)
    left = any(row.departed_meanwhile for row in rows)
    awaited = DEPARTURE_AFTER_COMPLAINT.awaits
    stages = {stage for each in contacts.values() for stage in each.texts("stage")}
    never = None if departed else impossible(funnel, awaited, within, stages)
    notes = (
        NO_PROMISE,
        CUT_OFF if erased else None,
        never and f"of departures {never}",
        never_resolved(funnel, sum(row.cases for row in rows)),
        _whole([*cases.values()], inquiry.as_of),
        departures_note(funnel) if departed or left else None,
        _apart(rows, inquiry.as_of - within),
        nobody_yet(cohort, inquiry.as_of),
        inquiry.unknown(groupings, [row.group for row in rows]),
    )
    return tuple(note for note in notes if note is not None)


def _whole(cases: Sequence[Readings], as_of: datetime) -> str | None:
    """How long cases took that were opened again, of which each opening counts by itself."""
    now = to_micros(as_of)
    spans = [
        (min(settled, now) - started, settled <= now)
        for each in cases
        for started, settled in zip(each.started, each.settled, strict=True)
        if settled
    ]
    if not spans:
        return None
    many, median = len(spans), SurvivalCurve.from_observations(spans).quantile(0.5)
    took = "not reached" if median is None else wait(median * MICROSECOND)
    return (
        f"each opening of a case counts by itself: of the {counted(many, 'case')} opened again, "
        f"from first opening to last resolution: median {took}"
    )


def _apart(rows: Sequence[ComplaintRow], by: datetime) -> str | None:
    """That the shares of those who were observed differ from the estimates beside them."""
    shown = [
        Beside(row.group, rate, curve, ends)
        for row in rows
        for one in [row.outcomes]
        if one.immature
        for rate, curve, ends in (
            (one.recovered_share, one.recovery, one.recovery_interval),
            (one.departed_share, one.departure, one.departure_interval),
        )
    ]
    return apart_from_the_curve(shown, "the first complaint", by, has_periods=False)


def _rows(
    inquiry: Inquiry,
    groups: Iterable[str | None],
    cases: Groups,
    contacts: Groups,
    within: timedelta,
    confidence: float,
) -> Iterator[ComplaintRow]:
    """A row for each group that a case or a first complaint belongs to."""
    for group in groups:
        mine, firsts = cases.get(group, NOBODY), contacts.get(group, NOBODY)
        yield make_row(group, mine, firsts, within, inquiry.as_of, confidence)
