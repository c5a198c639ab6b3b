"""One part: its events brought into the canonical order, walked, and written as columns.

Only numbers leave DuckDB. Texts (keys, ids, properties) are joined to what the walk has made by the
place of their row.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from motfunnel.batch.database import column, count, lend, numbers, text
from motfunnel.batch.kernel import Walked, walk
from motfunnel.batch.meaning import Meanings
from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import Reading
from motfunnel.domain.instant import from_micros, iso
from motfunnel.intake.rows import CONFLICT

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection as Connection
    from numpy import ndarray

    Array = ndarray[Any, Any]

_ROWS: Final = (
    "SELECT part.rowid AS place, contacts.number AS contact, micros, meanings.number AS meant, "
    "hash(id) AS id FROM part JOIN contacts USING (contact) JOIN meanings USING (event, asked)"
)
_STAGES: Final = 1 << 20  # more than any funnel has
_MOST: Final = 1 << 63


@frozen(kw_only=True)
class Conflict:
    """A row whose id another row of its contact has, with other content."""

    row: int
    contact: str
    id: str
    reason: str
    payload: str


@frozen(kw_only=True)
class Part:
    """The events of a part in the canonical order, and what their walk has made.

    Attributes:
        connection: has the tables ``part`` (the rows) and ``contacts`` (their keys, numbered).
        funnel: what events mean.
        meanings: of each combination that occurs.
        keys: the contacts' keys, by their numbers.
        ids: of each event in the order, its id.
        places: of each event in the order, the place of its row in ``part``.
        contacts: the number of its contact.
        instants: when.
        meant: the number of its meaning.
        walked: what the walk made.
        people: the numbers of the contacts that have events.
        conflicts: rows that were refused.
        duplicates: how many rows were the same event once more.
        later: how many events came after ``until``.
        until: the instant as of which all this is so.
    """

    connection: Connection
    funnel: Funnel
    meanings: Meanings
    keys: Array
    ids: Array
    places: Array
    contacts: Array
    instants: Array
    meant: Array
    walked: Walked
    people: Array
    conflicts: list[Conflict]
    duplicates: int
    later: int
    until: int


def classify_part(
    connection: Connection, files: str, funnel: Funnel, *, until: int, is_compiled: bool = False
) -> Part:
    """Take the rows of a part, and walk them; what came after ``until`` does not exist."""
    import numpy as np

    _read(connection, files)
    meanings = _read_meanings(connection, funnel)
    rows = numbers(connection, _ROWS)
    gone, conflicts = _repeated(connection, rows, meanings)
    rows, later = _until(rows, gone, until)
    order = _order(connection, rows, meanings)
    places, contacts, instants, meant = (
        rows[key][order] for key in ("place", "contact", "micros", "meant")
    )
    read = (meanings.signals[meant], meanings.arguments[meant], meanings.cases[meant])
    people = count(connection, "SELECT count(*) FROM contacts")
    return Part(
        connection=connection,
        funnel=funnel,
        meanings=meanings,
        keys=column(connection, "SELECT contact FROM contacts ORDER BY number"),
        ids=column(connection, "SELECT id FROM part")[places],
        places=places,
        contacts=contacts,
        instants=instants,
        meant=meant,
        walked=walk(
            (contacts, instants, *read),
            terms=funnel.terms,
            people=people,
            until=until,
            is_compiled=is_compiled,
        ),
        people=np.flatnonzero(np.bincount(contacts, minlength=people)),
        conflicts=conflicts,
        duplicates=len(gone) - len(conflicts),
        later=later,
        until=until,
    )


def _read(connection: Connection, files: str) -> None:
    """Read the rows of a part, and number its contacts in the order of their keys."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE part AS FROM read_parquet({text(files)}, "
        "hive_partitioning = false)"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE contacts AS SELECT contact, "
        "row_number() OVER (ORDER BY contact) - 1 AS number "
        "FROM (SELECT DISTINCT contact FROM part)"
    )


def _read_meanings(connection: Connection, funnel: Funnel) -> Meanings:
    """Read each combination of an event and the properties that its rules look at, once."""
    import numpy as np

    found = connection.execute("SELECT DISTINCT event, asked FROM part ORDER BY ALL").fetchall()
    readings: list[Reading] = [
        funnel.read(event, json.loads(asked) if asked else {}) for event, asked in found
    ]
    columns: dict[str, Any] = {
        "event": [event for event, _ in found],
        "asked": [asked for _, asked in found],
        "number": np.arange(len(found)),
    }
    lend(connection, "meanings", columns)
    return Meanings.of(columns["event"], readings)


def _until(rows: dict[str, Array], gone: Array, until: int) -> tuple[dict[str, Array], int]:
    """The rows that are neither gone nor later than an instant; and how many are later."""
    import numpy as np

    there = np.ones(len(rows["place"]), np.bool_)
    if len(gone):
        is_gone = np.zeros(len(there), np.bool_)
        is_gone[gone] = True
        there = ~is_gone[rows["place"]]
    past = rows["micros"] <= until
    later = int((there & ~past).sum())
    there &= past
    if there.all():
        return rows, later
    return {key: column[there] for key, column in rows.items()}, later


def _order(connection: Connection, rows: dict[str, Array], meanings: Meanings) -> Array:
    """The canonical order: by contact, instant, signal, stage and id."""
    import numpy as np

    keys = _keys(rows, meanings)
    order = np.argsort(keys[-1]) if len(keys) == 1 else np.lexsort(keys)
    contact = rows["contact"]
    # Contacts last, sixteen bits at a time: so many numpy sorts by their digits.
    for bits in range(0, int(contact.max(initial=0)).bit_length(), 16):
        digits = (contact[order] >> bits & 0xFFFF).astype(np.uint16)
        order = order[np.argsort(digits, kind="stable")]
    keys = (*keys, contact)
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for key in keys:
        ordered = key[order]
        same &= ordered[1:] == ordered[:-1]
    tied = np.zeros(len(order), np.bool_)
    tied[:-1] |= same
    tied[1:] |= same
    if not tied.any():
        return order
    # Ids are looked at for ties only: texts cost more than numbers.
    some = order[tied]
    lend(connection, "ties", {"place": rows["place"][some]})
    ranked = numbers(
        connection,
        "SELECT place, row_number() OVER (ORDER BY id, row) AS rank FROM ties "
        "JOIN part ON part.rowid = ties.place",
    )
    connection.unregister("ties")
    by_place = np.zeros(int(rows["place"].max()) + 1, np.int64)
    by_place[ranked["place"]] = ranked["rank"]
    ranks = by_place[rows["place"][some]]
    order[tied] = some[np.lexsort((ranks, *(key[some] for key in keys)))]
    return order


def _keys(rows: dict[str, Array], meanings: Meanings) -> tuple[Array, ...]:
    """What orders the events of a contact, the weightiest last: one number, if 64 bits will do."""
    import numpy as np

    ranked = np.unique(meanings.signals * _STAGES + meanings.stages, return_inverse=True)
    ranks, rank = len(ranked[0]), ranked[1][rows["meant"]]
    micros = rows["micros"]
    if not len(micros):
        return (micros,)
    first = int(micros.min())
    if (int(micros.max()) - first + 1) * ranks < _MOST:
        return ((micros - first) * ranks + rank,)
    return rank, micros


def _repeated(
    connection: Connection, rows: dict[str, Array], meanings: Meanings
) -> tuple[Array, list[Conflict]]:
    """Of rows that share a contact and an id, find all but the first in the canonical order.

    Returns:
        The places of those that are not taken, and which of them contradict the first.
    """
    import numpy as np

    mixed = rows["id"] ^ (rows["contact"].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    order = np.argsort(mixed)
    same = mixed[order][1:] == mixed[order][:-1]
    alike = np.zeros(len(order), np.bool_)
    alike[:-1] |= same
    alike[1:] |= same
    none: Array = np.zeros(0, np.int64)
    if not alike.any():
        return none, []
    some = order[alike]
    lend(connection, "alike", {"place": rows["place"][some], "meant": rows["meant"][some]})
    # Rows that are the same to the letter need not be read.
    found = connection.execute(
        "SELECT contact, id, micros, meant, event, properties, min(row), arg_min(place, row), "
        "list(place) FROM alike JOIN part ON part.rowid = alike.place GROUP BY ALL "
        "ORDER BY contact, id"
    ).fetchall()
    connection.unregister("alike")
    gone: list[int] = []
    conflicts: list[Conflict] = []
    for _, group in groupby(found, key=lambda row: row[:2]):
        _settle([*group], meanings, gone, conflicts)
    return np.array(gone, np.int64), conflicts


def _settle(
    group: Sequence[tuple[Any, ...]],
    meanings: Meanings,
    gone: list[int],
    conflicts: list[Conflict],
) -> None:
    """Take the first of the rows of one id; of the others, tell those that contradict it."""
    versions = [
        (
            Event(contact=contact, id=id, name=name, occurred_at=from_micros(micros),
                  properties=json.loads(properties)),
            (micros, meanings.signals[meant], meanings.stages[meant], name),
            row, first, places,
        )
        for contact, id, micros, meant, name, properties, row, first, places in group
    ]  # fmt: skip
    if len(versions) > 1:  # in the order of domain.journey.in_order
        versions.sort(
            key=lambda one: (*one[1], json.dumps(one[0].properties, sort_keys=True), one[2])
        )
    kept, first = versions[0][0], versions[0][3]
    for event, _, row, _, places in versions:
        others = [place for place in places if place != first]
        gone += others
        if not kept.same_as(event):
            payload = {"contact": event.contact, "event": event.name}
            payload |= {"occurred_at": iso(event.occurred_at), "id": event.id} | event.properties
            conflict = Conflict(
                row=row,
                contact=event.contact,
                id=event.id,
                reason=CONFLICT.format(event.id),
                payload=json.dumps(payload, ensure_ascii=True, separators=(",", ":")),
            )
            conflicts += [conflict] * len(others)
