"""Questions whose answers say what to do: whom to write to first, and how long to wait.

States each in full; ``worklist`` and ``patience`` compute the answers.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from motfunnel.domain.instant import MICROSECOND, Duration, to_micros
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions import patience as by_silence
from motfunnel.reports.decisions import worklist as by_chance
from motfunnel.reports.decisions.patience import HEARD, Asked, silences, without_patience
from motfunnel.reports.decisions.worklist import lately
from motfunnel.reports.measure.arguments import CONFIDENCE, read_window
from motfunnel.reports.measure.clock import choose
from motfunnel.reports.measure.rate import COMPETING, FEWEST_AT_RISK
from motfunnel.reports.measure.window import RECIDIVISM
from motfunnel.reports.question import Question
from motfunnel.text import counted
from motfunnel.tracking.meaning import read_in_order

MONTH: Final = timedelta(days=30)
QUARTER: Final = timedelta(days=90)
DAY: Final = timedelta(days=1)


class AboutTheNextStep(Question):
    """What to do next about those who are silent or away."""

    def worklist(
        self,
        *,
        within: Duration = MONTH,
        limit: int | None = 100,
        confidence: float = CONFIDENCE,
    ) -> by_chance.Worklist:
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
            _check_count("limit", limit)
        erased, _ = self._erased()
        with self._reading() as source:
            clocks = source.clocks(RECIDIVISM)
            chosen = choose(clocks, (None, None), self.as_of, erased, first_only=False)
            departed, rows = by_chance.work_rows(chosen, erased, window, limit, confidence)
            rows = lately(source, rows)
        competing = COMPETING if any(one.is_gone for one in chosen) else None
        notes = (competing, by_chance.held_out_note(rows))
        return by_chance.Worklist(
            name="worklist",
            definition=by_chance.DEFINITION,
            rows=tuple(rows),
            notes=tuple(note for note in notes if note is not None),
            within=window,
            departed=departed,
            **self._asked(confidence),
        )

    def patience(
        self,
        *,
        share: float = 0.10,
        horizon: Duration = QUARTER,
        step: Duration = DAY,
        fewest: int = FEWEST_AT_RISK,
        confidence: float = CONFIDENCE,
    ) -> by_silence.Patience:
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
        erased, _ = self._erased()
        gathered = self._gather_silences(more, every)
        left_out = f"without {counted(len(erased), 'contact')} erased, of whom only counts are left"
        return by_silence.Patience(
            name="patience",
            definition=by_silence.DEFINITION,
            rows=gathered.rows(share, fewest, confidence),
            notes=(*by_silence.NOTES, *([left_out] if erased else [])),
            horizon=more,
            below=share,
            step=every,
            fewest=fewest,
            **self._asked(confidence),
        )

    def _gather_silences(self, horizon: timedelta, step: timedelta) -> by_silence.Gathered:
        """Count the silences of all contacts but those of whom only counts are left."""
        asked = Asked(
            as_of=to_micros(self.as_of),
            horizon=horizon // MICROSECOND,
            step=step // MICROSECOND,
        )
        funnel = self._tracker.funnel
        patient, gathered = without_patience(funnel), by_silence.Gathered(funnel, asked)
        with self._reading() as source:
            for contact, events in source.unread(HEARD):
                ordered = read_in_order(events, patient)
                gathered.add(contact, silences(patient, ordered, asked.as_of))
        return gathered


def _check_patience(share: float, step: timedelta, fewest: int) -> None:
    _check_count("fewest", fewest)
    if not isinstance(share, int | float) or not 0 < share <= 1:
        raise QuestionError(f"share is {share!r}; it must lie above 0, and be 1 at most")
    if not step:
        raise QuestionError("step is nothing; write e.g. '1d'")


def _check_count(what: str, count: int) -> None:
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise QuestionError(f"{what} is {count!r}; it must be a whole number, at least 1")
