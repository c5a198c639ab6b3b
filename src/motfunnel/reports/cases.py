"""Questions about cases: how long complaints wait for their resolution, and what came of them.

Recovery is set against departure as competing outcomes; the plain rates are ``complaining``'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from motfunnel.domain.instant import Duration
from motfunnel.reports.clock import ERASED, Cohort, Reading
from motfunnel.reports.complaint_clocks import OUTCOME, RESOLUTION
from motfunnel.reports.complaint_estimate import make_row
from motfunnel.reports.complaint_rows import ComplaintRow, Complaints
from motfunnel.reports.grouping import Grouping, read_property
from motfunnel.reports.question import (
    CONFIDENCE,
    Bounds,
    Groups,
    Question,
    read_cohort,
    read_window,
)
from motfunnel.reports.remarks import impossible, never_resolved, nobody_yet
from motfunnel.reports.windowed import DEPARTURE_AFTER_COMPLAINT

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


class AboutCases(Question):
    """How cases fare, and their contacts."""

    def complaints(
        self,
        *,
        within: Duration = WITHIN,
        complained: Bounds | None = None,
        by: str | None = None,
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
                ``property:NAME``. ``trait:NAME`` is a trait as it held at the complaint.
            confidence: of the intervals.
        """
        window = read_window(within)
        grouping, cohort = read_property(by), read_cohort(complained)
        cases = self._choose(RESOLUTION, cohort, grouping, first_only=False)
        contacts = self._choose(OUTCOME, cohort, grouping, first_only=True)
        firsts = [one for each in contacts.values() for one in each]
        readings = (one for each in (*cases.values(), firsts) for one in each)
        erased = any(one.ending == ERASED for one in readings)
        rows = tuple(self._rows(cases, contacts, window, confidence))
        return Complaints(
            name="complaints",
            definition=DEFINITION,
            rows=rows,
            within=window,
            by=None if grouping is None else grouping.written,
            cohort=cohort,
            notes=self._remarks(rows, grouping, cohort, window, firsts, erased=erased),
            **self._asked(confidence),
        )

    def _remarks(
        self,
        rows: Sequence[ComplaintRow],
        grouping: Grouping | None,
        cohort: Cohort,
        within: timedelta,
        firsts: Sequence[Reading],
        *,
        erased: bool,
    ) -> tuple[str, ...]:
        """What a reader has to know besides."""
        funnel, departed = self._tracker.funnel, any(row.outcomes.departed for row in rows)
        awaited, stages = DEPARTURE_AFTER_COMPLAINT.awaits, {one.clock.stage for one in firsts}
        never = None if departed else impossible(funnel, awaited, within, stages)
        notes = (
            NO_PROMISE,
            CUT_OFF if erased else None,
            never and f"of departures {never}",
            never_resolved(funnel, sum(row.cases for row in rows)),
            nobody_yet(cohort, self.as_of),
            self._unknown(grouping, [row.group for row in rows]),
        )
        return tuple(note for note in notes if note is not None)

    def _rows(
        self, cases: Groups, contacts: Groups, within: timedelta, confidence: float
    ) -> Iterator[ComplaintRow]:
        """A row for each group that a case or a first complaint belongs to, by name."""
        for group in sorted({*cases, *contacts}, key=lambda group: group or ""):
            mine, firsts = cases.get(group, []), contacts.get(group, [])
            yield make_row(group, mine, firsts, within, self.as_of, confidence)
