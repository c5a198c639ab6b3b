"""Reading events of some signals as columns, each under the contact that owns it now.

What an event says beside its signal, whoever asks reads of its name and its properties, as a
number: so no properties are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final, TypeAlias

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    func,
    literal,
    or_,
    select,
)

from motfunnel.domain.columns import Codes, Column, column, pick
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.store.queries.columns import micros, raw, read_columns, read_rows
from motfunnel.store.queries.moments import having_moment
from motfunnel.store.queries.scope import Extent
from motfunnel.store.schema.dialects import chunks
from motfunnel.store.schema.types import read_properties

Read: TypeAlias = Callable[[str, Mapping[str, Any]], int]
"""What is read of an event's name and properties, as a number."""
Reads: TypeAlias = Mapping[Signal, Read | None]
"""Of which signals events are asked for, and what is read of each; None: nothing, which is 0."""

_REMEMBERED: Final = 4096
"""Of so many different events it is remembered what was read; scores are few, cases are not."""


@frozen(kw_only=True)
class Wanted:
    """Which events are asked for.

    Attributes:
        reads: of which signals, and what is read of each.
        names: only those of these names.
        having: only of contacts that have a moment of this kind.
        contacts: only of these.
        events: whether it is asked which event each is, by its key and its id.
        first: each contact's first alone, of one signal, of which nothing is read.
    """

    reads: Reads
    names: Collection[str] | None = None
    having: MomentKind | None = None
    contacts: Collection[str] | None = None
    events: bool = False
    first: bool = False

    @property
    def is_read(self) -> bool:
        """Whether anything is read of any event."""
        return any(read is not None for read in self.reads.values())


def read_happenings(extent: Extent, people: Codes, wanted: Wanted) -> dict[str, Any]:
    """Read events as columns, contact by contact, each contact's by instant, signal and id.

    Args:
        extent: of whom, and up to when.
        people: gives contacts their numbers.
        wanted: which events.

    Returns:
        The columns ``contacts``, ``at``, ``signals`` and ``said``; and ``events``, where asked for.
    """
    merged = read_merged(extent, people)
    has_ids = wanted.events or bool(merged)
    found = {name: column() for name in ("contacts", "at", "signals", "said")}
    ids, meaning = list[str](), _meaning(wanted.reads)
    statements = _statements(extent, wanted, has_ids=has_ids, is_merged=bool(merged))
    for statement in statements if wanted.reads else ():
        for rows in read_rows(extent.connection, statement):
            keys, at, signals, *more = zip(*rows, strict=True)
            found["contacts"].extend(people.numbers(keys))
            found["at"].extend(at)
            found["signals"].extend(signals)
            found["said"].extend(map(meaning, signals, *more[:2]) if more else repeat(0, len(rows)))
            ids += more[2] if has_ids and more else ()
    whole: dict[str, Any] = dict(found)
    if wanted.events:
        texts = map(people.texts.__getitem__, found["contacts"])
        whole["events"] = [*zip(texts, ids, strict=True)]
    return _under_owners(whole, ids, merged, people) if merged else whole


def read_merged(extent: Extent, people: Codes) -> Mapping[int, int]:
    """Of each key that was merged into a contact, the contact."""
    c = extent.tables.contacts.c
    into = select(c.contact, c.merged_into).where(c.tenant == extent.tenant)
    keys, owners = read_columns(
        extent.connection, into.where(c.merged_into.is_not(None)), [people, people]
    )
    return dict(zip(keys, owners, strict=True))


def _statements(
    extent: Extent, wanted: Wanted, *, has_ids: bool, is_merged: bool
) -> Iterator[Select[Any]]:
    """One for all, or one for some hundred contacts each."""
    e, having = extent.tables.events.c, wanted.having
    asked = _first(extent, wanted) if wanted.first else _every(extent, wanted, has_ids=has_ids)
    asked = extent.within(asked, e.contact).where(
        e.tenant == extent.tenant,
        e.occurred_at <= extent.as_of,
        e.signal.in_([signal.label for signal in wanted.reads]),
    )
    if wanted.names is not None:
        asked = asked.where(e.event.in_(wanted.names))
    if having is not None:
        asked = asked.where(_of_owners(extent, having_moment(extent, having), is_merged=is_merged))
    if wanted.contacts is None:
        yield asked
        return
    for some in chunks(wanted.contacts):
        yield asked.where(_of_owners(extent, some, is_merged=is_merged))


def _first(extent: Extent, wanted: Wanted) -> Select[Any]:
    """Of each key when the first event was; one signal is asked for."""
    e = extent.tables.events.c
    first = micros(func.min(e.occurred_at, type_=e.occurred_at.type), extent.connection.dialect)
    (signal,) = wanted.reads
    return select(e.contact, first, literal(int(signal))).group_by(e.contact)


def _every(extent: Extent, wanted: Wanted, *, has_ids: bool) -> Select[Any]:
    """Of each event its key, instant and signal; its name and properties, where read; its id."""
    e, dialect, reads = extent.tables.events.c, extent.connection.dialect, wanted.reads
    ranks = {signal.label: int(signal) for signal in reads}
    signal = case(ranks, value=e.signal)
    narrow = select(e.contact, micros(e.occurred_at, dialect), signal)
    if not has_ids and not wanted.is_read:
        return narrow.order_by(e.contact, e.occurred_at, signal)
    read = e.signal.in_([one.label for one, read in reads.items() if read is not None])
    more = (e.event, case((read, raw(e.properties, dialect))), e.id)
    return narrow.add_columns(*more).order_by(e.contact, e.occurred_at, signal, e.id)


def _of_owners(extent: Extent, owners: Any, *, is_merged: bool) -> ColumnElement[bool]:
    """That an event belongs to one of some contacts, by the key of one or by a merged one."""
    e, c = extent.tables.events.c, extent.tables.contacts.c
    if not is_merged:
        return e.contact.in_(owners)
    keys = select(c.contact).where(c.tenant == extent.tenant, c.merged_into.in_(owners))
    return or_(e.contact.in_(owners), e.contact.in_(keys))


def _meaning(reads: Reads) -> Callable[[int, str, Any], int]:
    """What is read of an event of a signal, given its name and what is stored of its properties."""

    @lru_cache(_REMEMBERED)
    def meaning(signal: int, name: str, unread: Any) -> int:
        read = reads[Signal(signal)]
        return 0 if read is None else read(name, read_properties(unread))

    return meaning


def _under_owners(
    found: dict[str, Any], ids: Sequence[str], merged: Mapping[int, int], people: Codes
) -> dict[str, Any]:
    """Put events under their owners, and again in order."""
    keys: Column = found["contacts"]
    owners = column(merged.get(key, key) for key in keys)
    at, signals, texts = found["at"], found["signals"], people.texts
    places = sorted(
        range(len(keys)),
        key=lambda n: (owners[n], at[n], signals[n], *ids[n : n + 1], texts[keys[n]]),
    )
    return {name: pick(values, places) for name, values in (found | {"contacts": owners}).items()}
