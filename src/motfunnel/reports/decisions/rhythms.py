"""Rules of patience tried on silences: whom each would have called departed, and who came back.

A rule is a plain patience or a rhythm. Keeps the silences of a stage in columns, contact by
contact, and finds the smallest rhythm that few come back from. Prints nothing, knows no funnel.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from statistics import median_low
from typing import Final

from attrs import define, field, frozen

from motfunnel.domain.funnel.rhythm import MOST, Rhythm, patience_after
from motfunnel.domain.instant import LONGEST, MICROSECOND, duration_micros
from motfunnel.reports.decisions.silences import LEFT, TOUCHED, Asked, Silence
from motfunnel.statistics import ClusteredShare

Waits = timedelta | Rhythm
"""A patience: one for everybody, or by each contact's own gaps."""

_ENDINGS: Final = (None, TOUCHED, LEFT)
_TOUCHED: Final = _ENDINGS.index(TOUCHED)
_LASTS: Final = _ENDINGS.index(None)
_TENTHS: Final = 10
_LOOKED_AT: Final = (*(int(_TENTHS * 1.2**n) for n in range(26)), MOST * _TENTHS)
"""Factors in tenths, from 1 on; the first that is kept is made smaller then, to the tenth."""


def _terms(rule: Waits) -> tuple[int, int, int, int]:
    """A rule as the four integers of a rhythm; of a plain patience both bounds are the same."""
    if isinstance(rule, Rhythm):
        return rule.terms
    plain = duration_micros(rule)
    return 0, 0, plain, plain


@define
class Said:
    """What a rule would have said of the silences at a stage.

    Attributes:
        waits: of each departure, how long the silence had lasted by then, in microseconds.
        share: of the departures that were observed for the horizon, those whose contact was back
            within it.
        came: who these are, a name for each.
        of: who those observed are.
    """

    waits: array[int] = field(factory=lambda: array("q"))
    share: ClusteredShare = field(factory=ClusteredShare)
    came: list[str] = field(factory=list)
    of: list[str] = field(factory=list)

    @property
    def known_after(self) -> timedelta | None:
        """Half of the departures were known after so long a silence, or sooner."""
        return median_low(self.waits) * MICROSECOND if self.waits else None


@frozen(kw_only=True)
class Wanted:
    """What a suggestion has to keep.

    Attributes:
        below: the share of departures who come back lies below this, with its whole interval.
        fewest: on how many departures it rests, at least.
        confidence: of the interval.
        step: durations in it are whole multiples of this, in microseconds.
    """

    below: float
    fewest: int
    confidence: float
    step: int

    def is_kept_by(self, said: Said) -> bool:
        """Whether a rule's departures are enough, and surely few of them come back."""
        share, interval = said.share, said.share.interval(self.confidence)
        if share.value is None or interval is None or share.denominator < max(self.fewest, 1):
            return False
        return share.value < self.below and interval.upper < self.below


@define
class StageSilences:
    """The silences at one stage, contact by contact and in order."""

    _lengths: array[int] = field(factory=lambda: array("q"), init=False)
    _starts: array[int] = field(factory=lambda: array("q"), init=False)
    _endings: bytearray = field(factory=bytearray, init=False)
    _names: list[str] = field(factory=list, init=False)
    # Of each contact: where its silences end, and its gaps at earlier stages, with their sum.
    _ends: array[int] = field(factory=lambda: array("q"), init=False)
    _gaps: array[int] = field(factory=lambda: array("q"), init=False)
    _sums: array[int] = field(factory=lambda: array("q"), init=False)

    def add(self, contact: str, silences: Sequence[Silence], earlier: Sequence[Silence]) -> None:
        """Add those of one contact, after those that it had at earlier stages."""
        for one in silences:
            self._lengths.append(one.length)
            self._starts.append(one.started_at)
            self._endings.append(_ENDINGS.index(one.ending))
        gaps = [one.length for one in earlier if one.ending == TOUCHED and one.length]
        self._names.append(contact)
        self._ends.append(len(self._lengths))
        self._gaps.append(len(gaps))
        self._sums.append(sum(gaps))

    def said_by(self, rule: Waits, asked: Asked, *, named: bool = False) -> Said:
        """Walk all silences by a rule, as the state machine would; by names where these count."""
        said, terms = Said(), _terms(rule)
        for place, (begin, end) in enumerate(self._contacts()):
            came, of = self._walk(place, begin, end, terms, asked, said.waits)
            said.share.add(came, of)
            if named:
                said.came += [self._names[place]] * came
                said.of += [self._names[place]] * of
        return said

    def suggested(self, asked: Asked, wanted: Wanted) -> Rhythm | None:
        """The smallest rhythm, to the tenth, of whose departures surely few come back; or None."""
        usual = self._usual(wanted.step)
        if usual is None:
            return None
        history = max(asked.as_of - min(self._starts), wanted.step) // wanted.step * wanted.step
        most = min(history, duration_micros(LONGEST))

        parts = {"usual": usual, "at_least": wanted.step, "at_most": most}
        durations = {part: one * MICROSECOND for part, one in parts.items()}

        def by(tenths: int) -> Rhythm:
            return Rhythm(tenths / _TENTHS, **durations)

        fails = _LOOKED_AT[0] - 1
        for tenths in _LOOKED_AT:
            said = self.said_by(by(tenths), asked)
            if wanted.is_kept_by(said):
                return by(_smallest(fails, tenths, lambda n: self._keeps(by(n), asked, wanted)))
            if said.share.denominator < wanted.fewest:  # by a larger one fewer depart still
                return None
            fails = tenths
        return None

    def _keeps(self, rule: Waits, asked: Asked, wanted: Wanted) -> bool:
        return wanted.is_kept_by(self.said_by(rule, asked))

    def _usual(self, step: int) -> int | None:
        """The median of the contacts' mean gaps, in whole steps; None where nobody has any."""
        means = []
        for begin, end in self._contacts():
            gaps = [
                self._lengths[n]
                for n in range(begin, end)
                if self._endings[n] == _TOUCHED and self._lengths[n]
            ]
            if gaps:
                means.append(sum(gaps) // len(gaps))
        if not means:
            return None
        return max(1, (median_low(means) + step // 2) // step) * step

    def _contacts(self) -> Iterator[tuple[int, int]]:
        begin = 0
        for end in self._ends:
            yield begin, end
            begin = end

    def _walk(
        self,
        place: int,
        begin: int,
        end: int,
        terms: tuple[int, int, int, int],
        asked: Asked,
        waits: array[int],
    ) -> tuple[int, int]:
        """Walk one contact's silences: how many of its departures were followed by a return."""
        gaps, together = self._gaps[place], self._sums[place]
        came = of = 0
        for n in range(begin, end):
            length, ending = self._lengths[n], self._endings[n]
            patience = patience_after(terms, gaps, together)
            if length > patience or (length == patience and ending == _LASTS):
                waits.append(patience)
                if self._starts[n] + patience + asked.horizon <= asked.as_of:
                    of += 1
                    came += ending == _TOUCHED and length <= patience + asked.horizon
            elif ending == _TOUCHED and length:
                gaps, together = gaps + 1, together + length
        return came, of


def _smallest(fails: int, keeps: int, is_kept: Callable[[int], bool]) -> int:
    """Halve what lies between a factor that fails and one that keeps, to the tenth."""
    while keeps - fails > 1:
        middle = (fails + keeps) // 2
        fails, keeps = (fails, middle) if is_kept(middle) else (middle, keeps)
    return keeps
