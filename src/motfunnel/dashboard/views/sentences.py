"""Sentences: what an answer says first, in a line of words with the number and its interval.

One function for each question that has one; each gives parts, of which some are numbers of people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import evolve, frozen

from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import MONEY, POINTS, percent, span, wait
from motfunnel.answers.words import in_clauses
from motfunnel.dashboard.words import days, own, told, typeset
from motfunnel.domain.calendar import stretch_named
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.funnel.words import USUAL
from motfunnel.domain.instant import format_duration
from motfunnel.reports.decisions.patience import Patience
from motfunnel.reports.decisions.simulate import Simulation
from motfunnel.reports.decisions.worklist import Worklist
from motfunnel.reports.experience.complaints import Complaints
from motfunnel.reports.experience.journey_map import JourneyMap
from motfunnel.reports.experience.nps import Nps
from motfunnel.reports.experience.touchpoints import Touchpoints
from motfunnel.reports.measure.rate import Rate, RateRow
from motfunnel.reports.measure.trend import Trend
from motfunnel.reports.periods.growth import Growth
from motfunnel.reports.periods.lifecycle import Lifecycle
from motfunnel.reports.periods.retention import IN_OR_AFTER, NEARLY_ALL, WITH_US, Retention
from motfunnel.reports.periods.value import Value
from motfunnel.reports.progress.flows import Flows, largest_of
from motfunnel.reports.progress.funnel import StageFunnel
from motfunnel.reports.progress.lens import LensAnswer
from motfunnel.reports.progress.referrals import ReferralYield
from motfunnel.reports.returns.holdout import RUNNING
from motfunnel.reports.returns.mantel_byar import PaceComparison
from motfunnel.statistics import Interval
from motfunnel.text import counted


@frozen
class Part:
    """A part of a sentence.

    Attributes:
        text: what is read.
        is_strong: whether it is read first.
        row: of a number of people, in which row of the answer it stands; None: it is none.
        column: and the name of the count.
        is_name: whether somebody gave it as a name: its letters may run the other way.
    """

    text: str
    is_strong: bool = False
    row: int | None = None
    column: str = ""
    is_name: bool = False


Sentence = Sequence[Part]


def sentence(answer: Answer[Any]) -> Sentence:
    """What an answer says first; nothing where it has nobody to tell of."""
    said = next((tell for kind, tell in _TELLS if isinstance(answer, kind)), None)
    if said is None or not answer.rows:
        return []
    names = answer.given_names()
    return [
        evolve(one, text=own(one.text, answer.spoken, names)) if not one.column else one
        for one in said(answer)
    ]


def text(said: str) -> Part:
    """Words."""
    return Part(typeset(said))


def name(said: object) -> Part:
    """What somebody called a group, a stage, a touchpoint."""
    return Part(f"{said}", is_name=True)


def strong(said: str) -> Part:
    """What is read first."""
    return Part(typeset(said), is_strong=True)


def people(answer: Answer[Any], row: int, column: str) -> Part:
    """A number of people, with who they are."""
    names = answer.rows[row].names.get(column, ())
    number = f"{len(names):,}"
    return Part(number, row=row, column=column) if names else Part(number)


def _be(number: int, many: str = "are") -> str:
    """The verb after a number."""
    return many if number != 1 else {"are": "is", "were": "was"}[many]


def between(interval: Interval | None) -> str:
    """An interval in brackets; nothing where there is none."""
    return "" if interval is None else f" ({span(interval)})"


_RATES: Final[Mapping[str, tuple[str, str]]] = {
    "recidivism": ("of those who {depart} {recidivism}", ""),
    "re-engagement": ("of those you wrote to {recidivism}", ""),
    "outreach coverage": ("of those who {depart} were written to", ""),
    "reactivation": ("of those who were {departed} {recidivism} {period}", "none"),
    "relapse": ("of those who {recidivism} {depart} again", ""),
    "conversion": ("went all the way", ""),
    "loyalty": ("of those who bought {loyalist}", ""),
    "recovery": ("of those who {complaint} came round", ""),
    "hold-out trial": ("{recidivism}", ""),
    "landmark comparison": ("{recidivism}", ""),
    "departure after complaint": ("of those who {complaint} {depart}", ""),
}


_NO_LOTS: Final = " It was not drawn by lot who got one, so that it need not be the letter."
_CAVEATS: Final[Mapping[str, str]] = {
    "re-engagement": " How many would have come without a letter, this does not say.",
    "landmark comparison": _NO_LOTS,
}
"""What is easily taken for an effect, by the names of the rates; said at once, not in details."""


def _rate(answer: Rate) -> Iterator[Part]:
    yield from _said_of(answer)
    if answer.name in _CAVEATS:
        yield text(_CAVEATS[answer.name])
    if running := next((one for one in answer.notes if one.startswith(RUNNING)), ""):
        yield text(f" {running[:1].upper()}{running.partition(':')[0][1:]}.")


def _what(answer: Rate) -> str:
    """What those did who are counted, and within what."""
    said, windowless = _RATES.get(answer.name, (answer.event, ""))
    stretch = "" if not windowless else stretch_named(answer.cohort, ZoneInfo(answer.timezone))
    said = said.format_map({**in_clauses(answer.spoken), "period": stretch})
    return said if windowless else f"{said} within {days(format_duration(answer.within))}"


def _said_of(answer: Rate) -> Iterator[Part]:
    said = _what(answer)
    if answer.by is None:
        row = answer.rows[0]
        if row.rate is None:
            yield text("Nobody was followed for long enough yet")
        else:
            yield strong(percent(row.rate))
            yield text(f" {said}{between(row.interval)}: ")
            yield from counts(answer, 0)
        yield from _recent(answer)
        return
    known = [(n, row) for n, row in enumerate(answer.rows) if row.rate is not None]
    if not known:
        yield text("Nobody was followed for long enough yet.")
        return
    n, most = max(known, key=lambda one: one[1].rate or 0)
    yield name(most.group)
    yield text(": ")
    yield strong(percent(most.rate))
    yield text(f" {said}{between(most.interval)}, ")
    yield from counts(answer, n)
    m, least = min(known, key=lambda one: one[1].rate or 0)
    if m != n:
        yield text("; ")
        yield name(least.group)
        yield text(": ")
        yield strong(percent(least.rate))
        yield text(f"{between(least.interval)}, ")
        yield from counts(answer, m)
    yield text(".")


def counts(answer: Rate, n: int) -> Iterator[Part]:
    """How many of how many, with who they are."""
    yield people(answer, n, "numerator")
    yield text(" of ")
    yield people(answer, n, "denominator")


def _recent(answer: Rate) -> Iterator[Part]:
    row: RateRow = answer.rows[0]
    if row.immature_count:
        yield text("; ")
        yield people(answer, 0, "immature")
        yield text(f" {_be(row.immature_count)} too recent to count.")
    else:
        yield text(".")


def newest(answer: Trend) -> int | None:
    """The newest period of which all were followed for the whole window, and anybody was.

    The one that a page tells of, wherever it tells of one.
    """
    told = [n for n, row in enumerate(answer.rows) if row.denominator and not row.unfinished]
    return told[-1] if told else None


def _trend(answer: Trend) -> Iterator[Part]:
    """The newest period that can be told of, and whether it differs from the one before."""
    n = newest(answer)
    if n is None:
        yield text("Nobody was followed for long enough yet.")
        return
    row = answer.rows[n]
    yield text(f"{row.period}: ")
    yield strong(percent(row.rate))
    yield text(f" {_what(answer)}{between(row.interval)}: ")
    yield from counts(answer, n)
    if row.change is not None and row.change_interval is not None:
        low, high = row.change_interval.lower, row.change_interval.upper
        apart = POINTS.show(row.change)
        chance = "may be chance" if low <= 0 <= high else "more than chance"
        yield text(f"; {apart} points on {answer.rows[n - 1].period}, {chance}: ")
        yield text(f"{POINTS.show(low)} to {POINTS.show(high)}")
    yield text(".")


def _latest(answer: Any) -> int | None:
    """The latest period that is over; of one that is not, no more is said than that."""
    over = [n for n, row in enumerate(answer.rows) if not row.unfinished]
    return over[-1] if over else None


def _growth(answer: Growth) -> Iterator[Part]:
    if answer.by is not None:
        yield from _moved(answer)
        return
    n = _latest(answer)
    at = len(answer.rows) - 1 if n is None else n
    row = answer.rows[at]
    so_far = " so far" if row.unfinished else ""
    yield text(f"In {row.period}{so_far} ")
    yield people(answer, at, "openings")
    said = answer.spoken
    yield text(f" {_opened(row.openings, said)}, ")
    yield people(answer, at, "returns")
    yield text(f" {said['recidivism']} and ")
    yield people(answer, at, "departures")
    yield text(f" {said['depart']}; ")
    yield strong(f"{row.present_at_end:,}")
    yield text(f" {_be(row.present_at_end, 'were')} {said['active']} at its end")
    ratio = row.quick_ratio
    yield text("." if ratio is None else f": {ratio:.2f} gained per lost.")


def _opened(number: int, spoken: Mapping[str, str]) -> str:
    """What so many did who came for the first time."""
    usual = spoken["opening"] == USUAL["opening"]
    return f"{_be(number, 'were')} {USUAL['opening']}" if usual else spoken["opening"]


def _value(answer: Value) -> Iterator[Part]:
    """What was bought in the latest period that is over, and what those who left had spent."""
    if answer.by is not None:
        return
    latest = _latest(answer)
    n = len(answer.rows) - 1 if latest is None else latest
    row, unit = answer.rows[n], "" if answer.currency is None else f" {answer.currency}"
    yield text(f"In {row.period}{' so far' if latest is None else ''} ")
    yield people(answer, n, "purchases")
    clauses = in_clauses(answer.spoken)
    word = clauses["purchase" if row.purchases == 1 else "purchases"]
    yield text(f" {word}, less refunds, {_be(row.purchases, 'were')} worth ")
    yield strong(f"{MONEY.show(row.value)}{unit}")
    yield text(
        f": {MONEY.show(row.first)} of first ones, {MONEY.show(row.repeated)} of repeated ones, "
        f"{MONEY.show(row.returned)} of those who {clauses['recidivism']} within "
        f"{days(format_duration(answer.within))} before"
    )
    if row.departed_worth is not None:
        yield text(f". Who {clauses['depart']} in it, ")
        yield people(answer, n, "departed")
        yield text(", had spent ")
        yield strong(f"{MONEY.show(row.departed_worth)}{unit}")
        around = row.departed_worth_interval
        if around is None:
            yield text(" each")
        else:
            yield text(f" each ({MONEY.show(around.lower)} to {MONEY.show(around.upper)})")
    yield text(".")


def _moved(answer: Growth) -> Iterator[Part]:
    """Which group grew most in the latest period, and which shrank most."""
    over = [row for row in answer.rows if not row.unfinished]
    if not over:
        return
    last = over[-1].period
    rows = [row for row in over if row.period == last]
    most, least = (
        pick(rows, key=lambda row: row.present_at_end - row.present_at_start) for pick in (max, min)
    )
    yield text(f"In {last}, ")
    yield name(most.group)
    yield text(": ")
    yield strong(f"{most.present_at_end - most.present_at_start:+,}")
    if least is not most:
        yield text("; ")
        yield name(least.group)
        yield text(": ")
        yield strong(f"{least.present_at_end - least.present_at_start:+,}")
    yield text(".")


def _lifecycle(answer: Lifecycle) -> Iterator[Part]:
    if answer.by is not None:
        return
    latest = _latest(answer)
    n = len(answer.rows) - 1 if latest is None else latest
    row = answer.rows[n]
    so_far = " so far" if latest is None else ""
    yield text(f"In {row.period}{so_far} ")
    yield people(answer, n, "seen")
    yield text(f" {_be(row.seen, 'were')} seen: ")
    yield people(answer, n, "new")
    yield text(" new, ")
    yield people(answer, n, "returning")
    yield text(f" seen the {answer.period} before too, and ")
    yield people(answer, n, "resurrecting")
    yield text(" again after a pause")
    if latest is None:
        yield text(".")
        return
    yield text("; ")
    yield people(answer, n, "dormant")
    yield text(f" of the {answer.period} before were not.")


def _retention(answer: Retention) -> Iterator[Part]:
    """Of all cohorts together, how many were seen again in the next period."""
    cells = [(row.contacts, row.cells[1]) for row in answer.rows if len(row.cells) > 1]
    known = [(contacts, one.retained) for contacts, one in cells if one.retained is not None]
    of, back = sum(one for one, _ in known), sum(one for _, one in known)
    if of:
        first = next(row.period for row in answer.rows if row.contacts)
        yield text(
            f"Of {of:,} who {_opened(2, in_clauses(answer.spoken))} since {first}, {back:,} "
        )
        yield strong(f"({percent(back / of)})")
        if answer.how == WITH_US:
            said = answer.spoken["active"]
            yield text(f" were {said} at the end of the next {answer.period}.")
            if NEARLY_ALL in answer.notes:
                yield text(" Whoever falls silent is missed only after the patience: until then ")
                yield text("nearly all count.")
            return
        later = " or later" if answer.how == IN_OR_AFTER else ""
        yield text(f" were seen again in the next {answer.period}{later}.")


def _funnel(answer: StageFunnel) -> Iterator[Part]:
    if answer.by is not None:
        last = answer.rows[-1].stage
        rows = [row for row in answer.rows if row.stage == last and row.from_first is not None]
        if rows:
            most = max(rows, key=lambda row: row.from_first or 0)
            yield text("Most reach ")
            yield name(last)
            yield text(" of ")
            yield name(most.group)
            yield text(": ")
            yield strong(percent(most.from_first))
            yield text(f"{between(most.from_first_interval)}.")
        return
    yield text("Of ")
    yield people(answer, 0, "contacts")
    for n, row in enumerate(answer.rows[1:], start=1):
        yield text(", " if n > 1 else " who came, ")
        yield people(answer, n, "contacts")
        yield text(" reached ")
        yield name(row.stage)
        yield text(", ")
        yield strong(percent(row.from_previous))
        yield text(f" of the stage before{between(row.interval)}")
    yield text(".")


def _flows(answer: Flows) -> Iterator[Part]:
    row = max(answer.rows, key=lambda row: row.transitions)
    yield text(f"{answer.said(counted(answer.contacts, 'contact'))}; what happens most: ")
    yield strong(f"{told(row.source, answer.spoken)}, then {told(row.target, answer.spoken)}")
    yield text(", ")
    yield people(answer, answer.rows.index(row), "transitions")
    yield text(f" {'time' if row.transitions == 1 else 'times'} ({percent(row.share)}).")
    few, many, share = largest_of(answer)
    if few < many:
        yield text(f" The {few} largest of {many:,} ways are drawn, with {percent(share)} of all ")
        yield text("steps; the table below has the others, with who went so.")


def _lens(answer: LensAnswer) -> Iterator[Part]:
    row = max(answer.rows, key=lambda row: row.events)
    n = answer.rows.index(row)
    yield text("Most often ")
    yield strong(told(row.of_class, answer.spoken))
    yield text(f": {counted(row.events, 'time')}, of ")
    yield people(answer, n, "contacts")
    yield text(" people." if len(row.names["contacts"]) != 1 else " person.")


def _touchpoints(answer: Touchpoints) -> Iterator[Part]:
    rows = [row for row in answer.rows if row.experienced is not None]
    if rows:
        worst = min(rows, key=lambda row: row.experienced or 0)
        yield text("Worst at ")
        yield name(worst.touchpoint)
        if worst.group:
            yield text(", ")
            yield name(worst.group)
        yield text(": ")
        yield strong(f"{worst.experienced:.1f} of 10")
        yield text(" on average, of ")
        yield people(answer, answer.rows.index(worst), "experiences")
        yield text(" experiences.")


def _map(answer: JourneyMap) -> Iterator[Part]:
    rows = [row for row in answer.rows if row.kept is not None]
    if rows:
        worst = min(rows, key=lambda row: row.kept or 0)
        yield text("Least kept at ")
        yield name(worst.touchpoint)
        yield text(": ")
        yield strong(percent(worst.kept))
        yield text(f" as good as expected, or better{between(worst.interval)}.")


def _nps(answer: Nps) -> Iterator[Part]:
    row = answer.rows[0]
    if row.nps is None:
        return
    yield text("Net promoter score ")
    yield strong(f"{row.nps:+z.0f}")
    if row.interval is not None:
        yield text(f" ({row.interval.lower:+z.0f} to {row.interval.upper:+z.0f})")
    yield text(": ")
    yield people(answer, 0, "promoters")
    yield text(" would recommend us, ")
    yield people(answer, 0, "detractors")
    yield text(" would not, of ")
    yield people(answer, 0, "contacts")
    yield text(".")


def _complaints(answer: Complaints) -> Iterator[Part]:
    row = answer.rows[0]
    if answer.by is not None or not row.cases:
        return
    yield people(answer, 0, "cases")
    yield text(" case, " if row.cases == 1 else " cases, ")
    yield people(answer, 0, "unresolved")
    yield text(" of them open")
    if row.median is not None:
        yield text(f"; half were resolved within {wait(row.median)}")
    first = row.outcomes
    if first.recovered_share is not None:
        yield text(f". Of those who {in_clauses(answer.spoken)['complaint']} ")
        yield strong(percent(first.recovered_share))
        yield text(f" came round first{between(first.recovered_interval)} and ")
        yield strong(percent(first.departed_share))
        yield text(f" {answer.spoken['depart']} first{between(first.departed_interval)}")
        yield text(f", within {days(format_duration(answer.within))}")
    yield text(".")


def _worklist(answer: Worklist) -> Iterator[Part]:
    row = answer.rows[0]
    else_only = (answer.stage, answer.reason, answer.away_at_least, answer.not_written_to)
    if answer.away_at_most is not None and not any((*else_only, answer.without_held_out)):
        last = days(format_duration(answer.away_at_most))
        yield strong(f"{answer.meant:,}")
        yield text(f" {answer.spoken['depart']} in the last {last} and {_be(answer.meant)} still ")
        is_valued = row.chance_value is not None
        first = "whose return is worth most" if is_valued else "the likeliest to return"
        yield text(f"{answer.spoken['departed']}, {first} first.")
        return
    yield strong(f"{answer.meant:,}")
    said = answer.spoken["departed"]
    if answer.meant < answer.departed:
        yield text(f" of the {answer.departed:,} who are {said} {_be(answer.meant)} meant. ")
    else:
        yield text(f" {_be(answer.departed)} {said}. ")
    if row.chance_value is not None:
        unit = "" if answer.currency is None else f" {answer.currency}"
        yield text("Those come first whose return would be worth most")
        yield text(f" times its chance: {MONEY.show(row.chance_value)}{unit} for the first")
    else:
        yield text("The likeliest to return come first")
    if row.chance is not None and row.chance_value is None:
        yield text(f": {percent(row.chance)}{between(row.interval)}")
        yield text(f" within {days(format_duration(answer.within))} for the first")
    yield text(".")
    if row.alike > 1 and row.chance is not None and row.chance_value is None:
        yield text(
            f" {row.alike:,} are as likely as each other: among them the order says nothing."
        )


def _patience(answer: Patience) -> Iterator[Part]:
    known = [row for row in answer.rows if row.patience is not None and row.share is not None]
    if not known:
        yield text("Nobody leaves by silence here, or no silence was followed for long enough.")
        return
    row = max(known, key=lambda one: one.share or 0)
    n = answer.rows.index(row)
    assert row.patience is not None
    yield strong(percent(row.share))
    horizon = days(format_duration(answer.horizon))
    yield text(" of those at ")
    yield name(row.stage)
    yield text(f" whom you call gone after {_waited(row.patience)} ")
    yield text(f"are back within {horizon} more{between(row.interval)}: ")
    yield people(answer, n, "numerator")
    yield text(" of ")
    yield people(answer, n, "denominator")
    if row.suggested is not None:
        yield text(f". The data suggest {days(format_duration(row.suggested))}")
    if row.rhythm is not None:
        yield text(f". By each one's own rhythm, they suggest {_waited(row.rhythm)}")
    yield text(".")


def _waited(patience: timedelta | Rhythm) -> str:
    if isinstance(patience, Rhythm):
        return f"{patience.times:g} times their usual pause"
    return days(format_duration(patience))


def _simulation(answer: Simulation) -> Iterator[Part]:
    yield strong(f"{answer.changed:,}")
    yield text(f" of {answer.folded:,} would have another story.")
    rates = [one for one in answer.recidivism if one.rate is not None]
    if len(rates) > 1:
        window = days(format_duration(answer.within))
        clauses = in_clauses(answer.spoken)
        left, back = clauses["depart"], clauses["recidivism"]
        yield text(f" Of those who {left}, {percent(rates[0].rate)} {back} within {window} now")
        yield text(f"{between(rates[0].interval)}, then {percent(rates[1].rate)}")
        yield text(f"{between(rates[1].interval)}.")


def _referrals(answer: ReferralYield) -> Iterator[Part]:
    n = len(answer.rows) - 1
    row = answer.rows[n]
    yield people(answer, n, "contacts")
    yield text(f" {answer.spoken['referral']}, and ")
    yield people(answer, n, "openings")
    yield text(" came of it")
    if row.k is not None:
        yield text(": ")
        yield strong(f"{row.k:.2f}")
        yield text(" new for each who referred")
        if row.interval is not None:
            yield text(f" ({row.interval.lower:.2f}–{row.interval.upper:.2f})")
    yield text(".")


def _pace(answer: PaceComparison) -> Iterator[Part]:
    if answer.p_value is None:
        yield text("The two paces cannot be compared yet.")
        return
    apart = "differs by more than chance" if answer.p_value < 0.05 else "may differ by chance alone"  # noqa: PLR2004 - as is the custom
    yield text("The pace of coming back before a letter and after one ")
    yield strong(apart)
    yield text(f" ({answer.verdict()}).{_NO_LOTS}")


_TELLS: Final[Sequence[tuple[type, Callable[[Any], Iterator[Part]]]]] = (
    (Trend, _trend),
    (Rate, _rate),
    (Growth, _growth),
    (Lifecycle, _lifecycle),
    (Value, _value),
    (Retention, _retention),
    (StageFunnel, _funnel),
    (Flows, _flows),
    (LensAnswer, _lens),
    (Touchpoints, _touchpoints),
    (JourneyMap, _map),
    (Nps, _nps),
    (Complaints, _complaints),
    (Worklist, _worklist),
    (Patience, _patience),
    (Simulation, _simulation),
    (ReferralYield, _referrals),
    (PaceComparison, _pace),
)
