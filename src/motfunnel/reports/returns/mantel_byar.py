"""The pace of return before and after an outreach, by the time-dependent log-rank test.

Counts, at each return, who was away by then and who of them had been written to. Knows nothing of
how that came about.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import compress
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Draw, Row
from motfunnel.answers.cells import COHORT, COUNT, NAMED, NUMBER, P_VALUE, TEXT, cell
from motfunnel.answers.table import wrapped
from motfunnel.charts.labels import label
from motfunnel.charts.scene import Bars, Panel, Picture, Rows, numbers, plain
from motfunnel.charts.style import BLUE, GREY
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import ERASED, Readings, choose
from motfunnel.reports.measure.comparison import describe
from motfunnel.reports.measure.trial import BY_TRIAL, CONTACTED, NOT_CONTACTED
from motfunnel.reports.returns.recidivism import departures
from motfunnel.reports.silence import silences_note
from motfunnel.reports.window import Asked
from motfunnel.statistics import LogRank, log_rank_of_risk_sets

TIMED: Final = (
    "a contact counts as not contacted until its first outreach and as contacted from then on; but "
    "who was written to, and when, somebody chose, and what they looked at may also say who "
    f"returns; this is a difference, no effect; {BY_TRIAL}"
)


@frozen(kw_only=True)
class PaceRow(Row):
    """The returns before any outreach, or after the first one.

    Names stand behind ``contacts`` and ``observed``.

    Attributes:
        group: ``not contacted`` or ``contacted``.
        contacts: who was away and under observation in that state at all.
        observed: how many returned in it.
        expected: how many would have, had the pace been the same in both.
        ratio: the first over the second; None where that is 0.
    """

    group: str = field(metadata=cell(TEXT, "state"))
    contacts: int = field(metadata=cell(COUNT, NAMED))
    observed: int = field(metadata=cell(COUNT, NAMED))
    expected: float | None = field(metadata=cell(NUMBER, NAMED))
    ratio: float | None = field(metadata=cell(NUMBER, NAMED))


def picture(answer: PaceComparison) -> Picture:
    """Draw two bars for each state: how many returned, and how many a common pace would give."""
    rows = answer.rows
    names = [f"{label(row.group)} (n = {row.contacts:,})" for row in rows]
    returned = [row.observed for row in rows]
    expected = [row.expected for row in rows]
    said = [
        f"{row.group}: {row.observed:,} returned, "
        f"{'–' if row.expected is None else f'{row.expected:.1f}'} expected"
        for row in rows
    ]
    bars = (
        Bars(
            name="returned",
            colour=BLUE,
            sizes=returned,
            lane=0,
            lanes=2,
            texts=[plain(f"{count:,}") for count in returned],
            are_outside=True,
        ),
        Bars(
            name="expected of a common pace",
            colour=GREY,
            sizes=expected,
            lane=1,
            lanes=2,
            texts=[plain("" if one is None else f"{one:,.1f}") for one in expected],
            are_outside=True,
        ),
    )
    return Picture(
        panels=(Panel(marks=bars, y=Rows(names=names, high=76)),),
        x=numbers("contacts", [*returned, *expected]),
        has_legend=True,
        counted=label(answer.verdict(), 120),
        told=f"Bars. {'; '.join(said)}.",
    )


@frozen(kw_only=True, repr=False)
class PaceComparison(Answer[PaceRow]):
    """The pace of return before and after an outreach.

    Attributes:
        cohort: the departures in question; half-open, None: no bound.
        chi_square: how far the two lie from a common pace; None where they cannot be compared.
        degrees_of_freedom: 1; None likewise.
        p_value: how probable it is to be so far, were the pace the same; None likewise.
    """

    row_class: ClassVar[type[Row]] = PaceRow
    _pictures: ClassVar[Mapping[str, Draw]] = {"pace": picture}

    cohort: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))
    chi_square: float | None = field(metadata=cell(NUMBER))
    degrees_of_freedom: int | None = field(metadata=cell(COUNT))
    p_value: float | None = field(metadata=cell(P_VALUE))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "The pace of return before and after an outreach, contact-based"

    def verdict(self) -> str:
        """What the test says, in words."""
        if self.chi_square is None or self.degrees_of_freedom is None or self.p_value is None:
            return describe(None)
        return describe(
            LogRank(
                chi_square=self.chi_square,
                degrees_of_freedom=self.degrees_of_freedom,
                p_value=self.p_value,
                observed=(),
                expected=(),
            )
        )

    def to_text(self, width: int | None = None, *, detail: bool = False) -> str:
        """The answer with its definition and the test, as one reads it."""
        told = super().to_text(width, detail=detail)
        return told if self.lacking else f"{told}\n\n{wrapped(self.verdict(), width)}"


def pace_rows(chosen: Readings) -> tuple[tuple[PaceRow, ...], LogRank | None]:
    """Count the returns of each state, and compare the two."""
    exposed, happened = _exposed(chosen), chosen.happened
    test = log_rank_of_risk_sets(2, _risk_sets(chosen, exposed))
    written = [n for n, after in enumerate(exposed) if after is not None]
    never = [n for n, after in enumerate(exposed) if after != 0]  # away for a while without
    rows = []
    for place, (group, who) in enumerate(((NOT_CONTACTED, never), (CONTACTED, written))):
        back = [n for n in who if happened[n] and (exposed[n] is not None) == bool(place)]
        expected = None if test is None else test.expected[place]
        rows.append(
            PaceRow(
                group=group,
                contacts=len(who),
                observed=len(back),
                expected=expected,
                ratio=len(back) / expected if expected else None,
                names={"contacts": chosen.members(who), "observed": chosen.members(back)},
            )
        )
    return tuple(rows), test


def _risk_sets(
    chosen: Readings, exposed: Sequence[int | None]
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Count, at each return, those away before and after an outreach, and the returns of each.

    Of everybody alike it is asked how things stood just before the return, the returning
    included: an outreach at that very instant does not count yet.
    """
    waited = sorted(chosen.waited)
    left = sorted(t for t, at in zip(chosen.waited, exposed, strict=True) if at is not None)
    reached = sorted(at for at in exposed if at is not None)
    returns = compress(zip(chosen.waited, exposed, strict=True), chosen.happened)
    back = Counter((t, at is not None) for t, at in returns)
    for t in sorted({time for time, _ in back}):
        away = len(waited) - bisect_left(waited, t)
        written = bisect_left(reached, t) - bisect_left(left, t)
        yield (away - written, written), (back[t, False], back[t, True])


def _exposed(chosen: Readings) -> list[int | None]:
    """After how many microseconds the first outreach came; None where none did before the end."""
    columns = zip(chosen.exposed, chosen.started, chosen.waited, strict=True)
    return [at - start if at - start < waited else None for at, start, waited in columns]


def _cut_off(erased: int) -> str | None:
    """Until when those were watched who were erased."""
    if not erased:
        return None
    return f"the {erased:,} erased with counts kept count as away until then, and not after it"


def mantel_byar(
    inquiry: Inquiry, *, departed: Bounds | None = None, confidence: float = CONFIDENCE
) -> PaceComparison:
    """At what pace contacts return before an outreach and after one; contact-based.

    At each return, those still away are shared out by whether they had been written to before
    it: the time-dependent log-rank test (Mantel & Byar 1974). A letter at that very instant does
    not count yet, be it to one who returns at it or to another. Ratio: returns observed over
    those that one common pace would have given; None where it would have given none.

    Args:
        departed: the cohort: departures from the first instant on, before the second.
        confidence: printed with the answer; the test needs none.
    """
    cohort = read_cohort(departed, inquiry.instant)
    erased, _ = inquiry.erased()
    with inquiry.reading() as source:
        clocks = departures(source, Asked(cohort=cohort, first_only=True), "outreach")
        chosen = choose(clocks, cohort, inquiry.as_of, erased, first_only=True)
    rows, test = pace_rows(chosen)
    remarks = silences_note(chosen, inquiry.funnel), _cut_off(chosen.count(ERASED))
    return PaceComparison(
        name="Mantel–Byar",
        definition=(
            "the returns of the departed in the cohort, before and after their first outreach, "
            "and how many a common pace would have given"
        ),
        notes=(TIMED, *(one for one in remarks if one is not None)),
        rows=rows,
        cohort=cohort,
        chi_square=None if test is None else test.chi_square,
        degrees_of_freedom=None if test is None else test.degrees_of_freedom,
        p_value=None if test is None else test.p_value,
        **inquiry.header(confidence),
    )
