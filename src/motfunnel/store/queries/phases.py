"""Events by signal and phase: before their contact's opening, to its first purchase, after that.

The database gives each event's instant and signal, and says nothing of what a count belongs to.
Where events share an instant their signals decide, and of purchases which is seen first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import case, select

from motfunnel.domain.columns import NEVER, Codes, Column, column
from motfunnel.domain.lens import Phase
from motfunnel.domain.signal import Signal
from motfunnel.store.queries.columns import micros, raw, read_rows
from motfunnel.store.queries.happenings import read_merged
from motfunnel.store.queries.scope import Bounds, Extent, between

_RATING: Final = int(Signal.RATING)
_TOUCH: Final = int(Signal.TOUCH)
_PURCHASE: Final = int(Signal.PURCHASE)
_PHASES: Final = len(Phase)


class Phased(NamedTuple):
    """Events by signal and phase.

    Attributes:
        contacts: whose, by their numbers.
        kinds: of which signal and phase, and whether a promoter's; see ``kind_of``.
    """

    contacts: Column
    kinds: Column


def kind_of(signal: int, phase: int, *, promoter: bool = False) -> int:
    """The number of what is told apart.

    >>> told_of(kind_of(Signal.RATING, Phase.TO_FIRST_PURCHASE, promoter=True))
    (<Signal.RATING: 6>, <Phase.TO_FIRST_PURCHASE: 1>, True)
    """
    return (signal * _PHASES + phase) * 2 + promoter


def told_of(kind: int) -> tuple[Signal, Phase, bool]:
    """What a number tells apart."""
    both, promoter = divmod(kind, 2)
    signal, phase = divmod(both, _PHASES)
    return Signal(signal), Phase(phase), bool(promoter)


class Firsts:
    """When contacts opened, and when they first bought.

    Args:
        opened: contacts, and when each opened.
        bought: contacts, and when they bought; of one that is there twice the earlier counts.
    """

    def __init__(self, opened: tuple[Column, Column], bought: tuple[Column, Column]) -> None:
        self._opened, self._bought = _by_number(*opened), _by_number(*bought)
        self._has_bought = bytearray(len(self._bought))

    def kinds(self, contacts: Column, at: Sequence[int], signals: Sequence[int]) -> Iterator[int]:
        """What each event is; of purchases of the instant of the first, one is it."""
        opened, bought, has_bought = self._opened, self._bought, self._has_bought
        before, until, after = map(int, Phase)
        for contact, instant, signal in zip(contacts, at, signals, strict=True):
            opening = opened[contact] if contact < len(opened) else NEVER
            purchase = bought[contact] if contact < len(bought) else NEVER
            phase = after
            if instant < opening or (instant == opening and signal < _TOUCH):
                phase = before
            elif instant < purchase or (instant == purchase and signal < _PURCHASE):
                phase = until
            elif instant == purchase and signal == _PURCHASE and not has_bought[contact]:
                has_bought[contact] = 1
                phase = until
            yield (signal * _PHASES + phase) * 2


def read_phased(
    extent: Extent,
    people: Codes,
    signals: Collection[Signal],
    period: Bounds,
    firsts: Firsts,
    promotes: Callable[[str, Any], bool] | None,
) -> Iterator[Phased]:
    """Read the events of some signals in a period, so many at a time, in no order.

    Args:
        extent: of whom, and up to when.
        people: gives contacts their numbers.
        signals: which events.
        period: from when to when.
        firsts: tells the phases.
        promotes: reads of the name of a rating, and what is stored of its properties, whether it
            is a promoter's; None: it is not asked for.
    """
    e, dialect = extent.tables.events.c, extent.connection.dialect
    ranks = {signal.label: int(signal) for signal in signals}
    said = [e.event, raw(e.properties, dialect)] if promotes else []
    of_ratings = (case((e.signal == Signal.RATING.label, one)) for one in said)
    told = (case(ranks, value=e.signal), *of_ratings)
    wanted = (
        select(e.contact, micros(e.occurred_at, dialect), *told)
        .where(e.tenant == extent.tenant, e.occurred_at <= extent.as_of)
        .where(e.signal.in_([*ranks]), *between(e.occurred_at, period))
    )
    merged = read_merged(extent, people)
    for rows in read_rows(extent.connection, extent.within(wanted, e.contact)):
        keys, at, signs, *more = zip(*rows, strict=True)
        numbers = people.numbers(keys)
        contacts = column((merged.get(one, one) for one in numbers) if merged else numbers)
        kinds = column(firsts.kinds(contacts, at, signs))
        if promotes:
            for place, (signal, name, unread) in enumerate(zip(signs, *more, strict=True)):
                if signal == _RATING:
                    kinds[place] += promotes(name, unread)
        yield Phased(contacts, kinds)


def _by_number(contacts: Column, at: Column) -> Column:
    """The earliest instant of each contact, at the place of its number."""
    found = column([NEVER]) * (max(contacts, default=-1) + 1)
    for contact, instant in zip(contacts, at, strict=True):
        found[contact] = min(found[contact], instant)
    return found
