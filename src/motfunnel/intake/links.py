"""Links: what the rows of a file say of who is who, and the merges that come of it.

The earliest that a file says of a key holds. Merges nobody whom a person has taken apart, and none
of whom was erased; what cannot be merged stays apart, and is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from attrs import define, field

from motfunnel.domain.instant import instant_text
from motfunnel.errors import MergeError
from motfunnel.intake.rows import Link
from motfunnel.store.ledger.identity import lifted_pointers
from motfunnel.store.ledger.tombstones import find_tombstones
from motfunnel.text import counted
from motfunnel.tracking.people.merge import merge_keys

if TYPE_CHECKING:
    from motfunnel.store.ledger.ledger import Ledger
    from motfunnel.trackers.tracker import Tracker

_AT_ONCE: Final = 100
_MOST_KEPT: Final = 50_000

_APART: Final = "was taken apart by hand"
_ERASED: Final = "was erased"
_REFUSED: Final = "is merged already, or was identified; motfunnel merge --force decides"


@define
class Links:
    """The links of one import, or of one retry of rejects."""

    _kept: dict[str, Link] = field(factory=dict, init=False)
    _counts: Counter[str] = field(factory=Counter, init=False)
    _merged: int = field(default=0, init=False)

    def take(self, said: dict[tuple[str, str], list[Link]], tracker: Tracker) -> None:
        """Take what rows have said, and merge when there is too much of it to be kept."""
        for links in said.values():
            for one in links:
                kept = self._kept.setdefault(one.old, one)
                self._kept[one.old] = min(kept, one)
        said.clear()
        if len(self._kept) >= _MOST_KEPT:
            self.apply(tracker)

    def apply(self, tracker: Tracker) -> None:
        """Merge, in the order in which it was said."""
        links = sorted(self._kept.values())
        self._kept.clear()
        for start in range(0, len(links), _AT_ONCE):
            work = partial(_merge_some, tracker=tracker, links=links[start : start + _AT_ONCE])
            merged, apart = tracker._commit(work)
            self._merged += merged
            self._counts.update(apart)

    def remarks(self) -> Iterator[str]:
        """Say how many were merged, and how many were not, and why."""
        if self._merged:
            yield f"{counted(self._merged, 'key')} merged into the contacts that the file names"
        for why, keys in self._counts.items():
            yield f"{counted(keys, 'key')} not merged, of which one of the two {why}"


def _merge_some(
    ledger: Ledger, tracker: Tracker, links: Sequence[Link]
) -> tuple[int, Counter[str]]:
    """Merge some keys; how many were, and why others were not."""
    apart: Counter[str] = Counter()
    merged, now, funnel = 0, tracker.interpreter.clock(), tracker.funnel
    where = (ledger.connection, ledger.tables, ledger.tenant)
    lifted = lifted_pointers(*where, {one.old for one in links})
    erased = _erased(ledger, tracker, links)
    for one in links:
        if (one.old, one.into) in lifted:
            apart[_APART] += 1
        elif one in erased:
            apart[_ERASED] += 1
        else:
            try:
                force = not one.is_known
                merged += merge_keys(ledger, funnel, one.old, one.into, now, force=force).changed
            except MergeError:
                apart[_REFUSED] += 1
    return merged, apart


def _erased(ledger: Ledger, tracker: Tracker, links: Sequence[Link]) -> Collection[Link]:
    """The links that were said before the erasure of one whom they name."""
    marker = tracker.marker
    if marker is None:
        return ()
    marks = {key: marker.mark(key) for one in links for key in (one.old, one.into)}
    where = (ledger.connection, ledger.tables, ledger.tenant)
    stones = find_tombstones(*where, marks.values())
    until = {key: instant_text(stones[mark]) for key, mark in marks.items() if mark in stones}
    return {
        one for one in links if any(one.at <= until.get(key, "") for key in (one.old, one.into))
    }
