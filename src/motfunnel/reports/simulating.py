"""The question what another funnel would change; never writes, and holds one contact at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.wording import counted
from motfunnel.errors import QuestionError
from motfunnel.reports.differences import Differences
from motfunnel.reports.question import CONFIDENCE, Question, check_window
from motfunnel.reports.simulation import DEFINITION, Simulation
from motfunnel.reports.two_walks import walk_keyed
from motfunnel.tracking.meaning import read_in_order

QUARTER: Final = timedelta(days=90)


class AboutChange(Question):
    """What would be different."""

    def simulate(
        self,
        other_funnel: Funnel,
        *,
        within: timedelta = QUARTER,
        confidence: float = CONFIDENCE,
    ) -> Simulation:
        """What would change, had another funnel read the same events; changes nothing.

        Walks every contact's events through both funnels, one contact at a time, and holds the
        names of those who differ. Of each kind of moment: how many are the same, moved, gained or
        lost; of each stage, how many would have reached it; and recidivism by both. An empty
        denominator gives None.

        Args:
            other_funnel: the other one.
            within: the window of the return rate; its edge belongs to it.
            confidence: of the intervals.
        """
        if not isinstance(other_funnel, Funnel):
            kind = type(other_funnel).__name__
            raise QuestionError(f"a simulation needs another Funnel, not a {kind}")
        check_window(within)
        erased, _ = self._erased()
        found = Differences(self._tracker.funnel, other_funnel, self.as_of, within)
        self._walk(found)
        left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
        return Simulation(
            name="simulation",
            definition=DEFINITION,
            rows=found.moments(),
            notes=(left_out,) if erased else (),
            other_funnel=other_funnel.fingerprint,
            within=within,
            folded=found.folded,
            changed=found.changed,
            contacts=found.contacts(),
            recidivism=found.recidivism(confidence),
            **self._asked(confidence),
        )

    def _walk(self, found: Differences) -> None:
        """Walk each contact through both funnels; of whom only counts are left, nobody can."""
        until = to_micros(self.as_of)
        with self._reading() as source:
            for contact, events in source.unread():
                before, after = (
                    walk_keyed(contact, funnel, read_in_order(events, funnel), until)
                    for funnel in (found.funnel, found.other)
                )
                found.add(before, after)
