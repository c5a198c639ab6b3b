"""Rules of patience tried on silences: whom each would have called departed, and who came back.

A rule is a plain patience or a rhythm. Keeps the silences of a stage in columns, contact by
contact, and finds the smallest rhythm that few come back from. Prints nothing, knows no funnel.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from statistics import median_low
from typing import Final

from attrs import define, field, frozen

from motfunnel.domain.funnel.rhythm import MOST, Rhythm
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


_ANY: Final = MOST * _TENTHS + 1
"""A factor above all: what it would spare, none does."""


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
class _Firsts:
    """Of each contact the silences that can be its first departure, by how large the factor is.

    Until a contact departs, its gaps are all that there were, whatever the factor. So a silence is
    the first departure by all factors that are too small to spare it, and large enough to have
    spared those before it.
    """

    _places: array[int] = field(factory=lambda: array("q"))
    _gaps: array[int] = field(factory=lambda: array("q"))
    _sums: array[int] = field(factory=lambda: array("q"))
    # The smallest factor, in tenths, that spares each; of one contact they rise.
    _spares: array[int] = field(factory=lambda: array("q"))
    # Of each contact: where its silences here end, where its silences end, and the last factor.
    _ends: array[int] = field(factory=lambda: array("q"))
    _until: array[int] = field(factory=lambda: array("q"))

    def add(self, place: int, gaps: int, together: int, spares: int) -> None:
        """Add a silence, with the gaps before it."""
        self._places.append(place)
        self._gaps.append(gaps)
        self._sums.append(together)
        self._spares.append(spares)

    def close(self, until: int) -> None:
        """End a contact, whose silences end there."""
        self._ends.append(len(self._places))
        self._until.append(until)

    def by(self, tenths: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
        """By a factor: where each contact first departs, where it ends, and its gaps until then."""
        begin, spares = 0, self._spares
        for end, until in zip(self._ends, self._until, strict=True):
            if end > begin and spares[end - 1] > tenths:
                n = bisect_right(spares, tenths, begin, end)
                yield self._places[n], until, (self._gaps[n], self._sums[n])
            begin = end


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
            before = self._gaps[place], self._sums[place]
            came, of = self._walk(begin, end, before, terms, asked, said.waits)
            said.share.add(came, of)
            if named:
                said.came += [self._names[place]] * came
                said.of += [self._names[place]] * of
        return said

    def names(self) -> list[str]:
        """Whose the silences are, a contact's name once for each."""
        each = zip(self._names, self._contacts(), strict=True)
        return [name for name, (begin, end) in each for _ in range(begin, end)]

    def names_at(self, length: int, asked: Asked) -> tuple[list[str], list[str], list[str]]:
        """Whose silences lasted so long, and of them who came soon after, and who came at all."""
        of, came, ever = list[str](), list[str](), list[str]()
        for name, (begin, end) in zip(self._names, self._contacts(), strict=True):
            for n in range(begin, end):
                if min(self._lengths[n], asked.as_of - asked.horizon - self._starts[n]) < length:
                    continue
                of.append(name)
                if self._endings[n] == _TOUCHED:
                    ever.append(name)
                    if self._lengths[n] - asked.horizon <= length:
                        came.append(name)
        return of, came, ever

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

        firsts = self._firsts(usual, wanted.step, most)
        fails = _LOOKED_AT[0] - 1
        for tenths in _LOOKED_AT:
            said = self._said_from(firsts, by(tenths), asked)
            if wanted.is_kept_by(said):
                smallest = _smallest(
                    fails,
                    tenths,
                    lambda n: wanted.is_kept_by(self._said_from(firsts, by(n), asked)),
                )
                return by(smallest)
            if said.share.denominator < wanted.fewest:  # by a larger one fewer depart still
                return None
            fails = tenths
        return None

    def _firsts(self, usual: int, at_least: int, at_most: int) -> _Firsts:
        """Find of each contact the silences that some rhythm of these parts takes first."""
        found = _Firsts()
        for place, (begin, end) in enumerate(self._contacts()):
            gaps, together, most = self._gaps[place], self._sums[place], 0
            for n in range(begin, end):
                length, ending = self._lengths[n], self._endings[n]
                needed = length + (ending == _LASTS)  # what lasts departs at the deadline itself
                if needed > at_most:
                    spares = _ANY
                elif needed <= at_least:
                    spares = 0
                else:
                    spares = -(-needed * _TENTHS * (2 + gaps) // (2 * usual + together))
                    spares = min(spares, _ANY)
                if spares > most:
                    most = spares
                    found.add(n, gaps, together, spares)
                if most == _ANY:
                    break
                if ending == _TOUCHED and length:
                    gaps, together = gaps + 1, together + length
            found.close(end)
        return found

    def _said_from(self, firsts: _Firsts, rule: Rhythm, asked: Asked) -> Said:
        """What ``said_by`` says, passing over the silences before each first departure."""
        terms, waits = rule.terms, array("q")
        shares = Counter(
            self._walk(n, end, before, terms, asked, waits)
            for n, end, before in firsts.by(rule.tenths)
        )
        share = ClusteredShare()
        for (came, of), contacts in shares.items():
            share.add(came, of, contacts)
        return Said(waits=waits, share=share)

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
        begin: int,
        end: int,
        before: tuple[int, int],
        terms: tuple[int, int, int, int],
        asked: Asked,
        waits: array[int],
    ) -> tuple[int, int]:
        """Walk silences of a contact: how many of its departures were followed by a return.

        It is the rule of ``machine.step`` once more, for many rules on millions of silences: a
        step for each would take several times as long. A test holds it to journeys.
        """
        (gaps, together), horizon = before, asked.horizon
        tenths, usual, at_least, at_most = terms
        latest, starts, lengths, endings = (
            asked.as_of - horizon,
            self._starts,
            self._lengths,
            self._endings,
        )
        came = of = 0
        for n in range(begin, end):
            length, ending = lengths[n], endings[n]
            patience = tenths * (2 * usual + together) // (_TENTHS * (2 + gaps))
            if patience > at_most:  # noqa: PLR1730 - millions of times, and a call takes longer
                patience = at_most
            if patience < at_least:  # noqa: PLR1730
                patience = at_least
            if length > patience or (length == patience and ending == _LASTS):
                waits.append(patience)
                if starts[n] + patience <= latest:
                    of += 1
                    came += ending == _TOUCHED and length <= patience + horizon
            elif ending == _TOUCHED and length:
                gaps, together = gaps + 1, together + length
        return came, of


def _smallest(fails: int, keeps: int, is_kept: Callable[[int], bool]) -> int:
    """Halve what lies between a factor that fails and one that keeps, to the tenth."""
    while keeps - fails > 1:
        middle = (fails + keeps) // 2
        fails, keeps = (fails, middle) if is_kept(middle) else (middle, keeps)
    return keeps
