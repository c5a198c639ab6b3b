"""The question what another funnel would change; never writes, and holds one contact at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel, read_funnel
from motfunnel.domain.instant import Duration, to_micros
from motfunnel.errors import QuestionError
from motfunnel.reports.differences import Differences
from motfunnel.reports.question import CONFIDENCE, Question, read_window
from motfunnel.reports.simulation import DEFINITION, Simulation
from motfunnel.reports.two_walks import walk_keyed
from motfunnel.text import counted
from motfunnel.tracking.meaning import read_in_order

QUARTER: Final = timedelta(days=90)


class AboutChange(Question):
    """What would be different."""

    def simulate(
        self,
        other_funnel: Funnel | Preset,
        *,
        within: Duration = QUARTER,
        confidence: float = CONFIDENCE,
    ) -> Simulation:
        """What would change, had another funnel read the same events; changes nothing.

        Walks every contact's events through both funnels, one contact at a time, and holds the
        names of those who differ. Of each kind of moment: how many are the same, moved, gained or
        lost; of each stage, how many would have reached it; and recidivism by both. An empty
        denominator gives None.

        Args:
            other_funnel: the other one, or the name of a preset.
            within: the window of the return rate; its edge belongs to it.
            confidence: of the intervals.
        """
        other = read_funnel(other_funnel)
        if other is None:
            raise QuestionError("a simulation needs another Funnel, and was given None")
        window = read_window(within)
        erased, _ = self._erased()
        found = Differences(self._tracker.funnel, other, self.as_of, window)
        self._walk(found)
        left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
        return Simulation(
            name="simulation",
            definition=DEFINITION,
            rows=found.moments(),
            notes=(left_out,) if erased else (),
            other_funnel=other.fingerprint,
            within=window,
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
