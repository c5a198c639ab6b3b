"""Reading in which stretches of time each contact was seen, as the bits of a number.

The database puts the bits together: it is told where stretches end, and knows no zones by name.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Select,
    case,
    distinct,
    func,
    literal_column,
    select,
)

from motfunnel.domain.columns import Codes, Column
from motfunnel.store.queries.columns import read_columns
from motfunnel.store.queries.happenings import read_merged
from motfunnel.store.queries.scope import Extent

WORD: Final = 60
"""So many bits stand in one number of the database's, which has 63 of its own."""


def read_activity(
    extent: Extent, people: Codes, bounds: Sequence[datetime], *, erased: bool
) -> tuple[Column, Sequence[int]]:
    """Read in which stretches of time contacts were seen; in no order.

    Seen is a contact with an event that kept it alive. Stretch 0 ends before the first bound,
    1 begins with it; of one in which a contact was seen, the bit of its number is set.

    Args:
        extent: of whom, and up to when.
        people: gives contacts their numbers.
        bounds: where one stretch ends and the next begins, in order.
        erased: whether anybody was erased of whom counts are kept; what was planned for after
            that does not count.

    Returns:
        The contacts, and the bits of each.
    """
    merged, is_long = read_merged(extent, people), len(bounds) >= WORD
    codes = [people, None, None] if is_long else [people, None]
    found = read_columns(extent.connection, _active(extent, bounds, erased=erased), codes)
    contacts, bits = found[:2]
    if not is_long and not merged:
        return contacts, bits
    words = found[2] if is_long else [0] * len(bits)
    whole = (one << WORD * word for one, word in zip(bits, words, strict=True))
    return _joined((merged.get(contact, contact) for contact in contacts), whole)


def _active(extent: Extent, bounds: Sequence[datetime], *, erased: bool) -> Select[Any]:
    """A row for each key and each word of its bits."""
    e, gone = extent.tables.events.c, extent.tables.erasures.c
    numbers = range(len(bounds) + 1)
    bit = _choose(e.occurred_at, bounds, [1 << number % WORD for number in numbers])
    columns = [e.contact, bit.label("bit")]
    if len(bounds) >= WORD:
        word = _choose(e.occurred_at, bounds[WORD - 1 :: WORD], range(len(bounds) // WORD + 1))
        columns.append(word.label("word"))
    alive = select(*columns).where(
        e.tenant == extent.tenant, e.occurred_at <= extent.as_of, e.alive
    )
    if erased:
        mine = (gone.tenant == e.tenant) & (gone.token == e.contact)
        later = select(gone.token).where(mine, gone.erased_at < e.occurred_at)
        alive = alive.where(~later.exists())
    each = extent.within(alive, e.contact).subquery().c
    bits = _any_of(each.bit, extent.connection.dialect)
    parts = [each.contact, *([each.word] if "word" in each else [])]
    return select(each.contact, bits, *parts[1:]).group_by(*parts)


def _any_of(bit: ColumnElement[int], dialect: Dialect) -> ColumnElement[int]:
    """The bits that are set in any row; of these each has one."""
    return func.sum(distinct(bit)) if dialect.name == "sqlite" else func.bit_or(bit)


def _choose(
    at: ColumnElement[Any], bounds: Sequence[datetime], values: Sequence[int]
) -> ColumnElement[int]:
    """The value that stands at how many of the bounds an instant has reached, found by halving."""
    if not bounds:
        return literal_column(str(values[0]), BigInteger)
    middle = len(bounds) // 2
    below = _choose(at, bounds[:middle], values[: middle + 1])
    above = _choose(at, bounds[middle + 1 :], values[middle + 1 :])
    return case((at < bounds[middle], below), else_=above)


def _joined(contacts: Iterable[int], bits: Iterable[int]) -> tuple[Column, Sequence[int]]:
    joined: dict[int, int] = {}
    for contact, some in zip(contacts, bits, strict=True):
        joined[contact] = joined.get(contact, 0) | some
    return array("q", joined), [*joined.values()]
