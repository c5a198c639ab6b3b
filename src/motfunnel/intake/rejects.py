"""Rejects: rows that could not be taken, made ready to be kept, and written out as CSV."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from motfunnel.domain.event import storable
from motfunnel.errors import SourceError
from motfunnel.intake.batch import Refused
from motfunnel.intake.files.columns import Columns
from motfunnel.intake.files.source import NO_UTF8, Raw
from motfunnel.store.database.retry import persist
from motfunnel.store.ledger.imports import Transaction
from motfunnel.store.ledger.rejects import (
    COLUMNS,
    CUT,
    MOST_REASON,
    ROW,
    UNREAD,
    Reject,
    all_rejects,
    count_rejects,
    drop_rejects,
)
from motfunnel.tracking.spool.private_file import open_private

if TYPE_CHECKING:
    from motfunnel.trackers.tracker import Tracker

PREFIX: Final = 20
"""How many characters of a file's digest are in the ids of its rejects."""

_QUOTED: Final = re.compile(r"(?:b?'(?:[^'\\\\]|\\\\.)*'|\"[^\"]*\"|[0-9][0-9,.:+-]*)")
_MOST_SHOWN: Final = 255
_MOST_PAYLOAD: Final = 1 << 20
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def make_reject(refused: Refused, source: str, digest: str, columns: Columns) -> Reject:
    """Keep a refused row, with what it takes to try it again."""
    raw = refused.raw
    if refused.is_erased:
        raw = Raw(raw.line, {})
    part = ROW if raw.fault is None else UNREAD
    payload = _write({COLUMNS: columns.to_dict(), part: dict(raw.cells)})
    if len(payload) > _MOST_PAYLOAD:
        payload = _write({COLUMNS: columns.to_dict(), CUT: payload[:_MOST_PAYLOAD]})
    reason = refused.reason
    if any(isinstance(cell, str) and NO_UTF8.search(cell) for cell in raw.cells.values()):
        reason = (
            "the row is not UTF-8; name the file's encoding, such as --encoding cp1252, and import "
            "it again"
        )
    return Reject(
        id=f"{digest[:PREFIX]}-{raw.line}{f'.{raw.part}' if raw.part else ''}",
        source=storable(source[:_MOST_SHOWN]),
        line=raw.line,
        contact=_shown(raw, columns.contact),
        event=_shown(raw, columns.event),
        reason=storable(reason[:MOST_REASON]),
        payload=payload,
    )


def write_rejects_file(tracker: Tracker, path: Path, digests: Iterable[str]) -> int:
    """Write the rejects of the files with these digests as CSV; how many there are.

    Only its owner can read it. A cell that a spreadsheet would take for a formula gets an
    apostrophe before it, and so does one that begins with an apostrophe: whoever takes one away
    from each cell that begins with it has what was written.

    Raises:
        SourceError: the path leads to a link, or to what is not a file of this user's.
    """
    count = 0
    with open_rejects_file(path) as file, tracker.database.read() as connection:
        file.truncate()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["source", "line", "reason", "contact", "event", "payload"])
        tables = tracker.database.tables
        for digest in dict.fromkeys(digests):
            found = all_rejects(connection, tables, tracker.tenant, prefix=f"{digest[:PREFIX]}-")
            for one in sorted(found, key=lambda reject: reject.line):
                texts = (one.reason, one.contact, one.event, one.payload)
                writer.writerow([_disarmed(one.source), one.line, *map(_disarmed, texts)])
                count += 1
    return count


def open_rejects_file(path: Path) -> TextIO:
    """Open the file for rejects, as it is.

    Raises:
        SourceError: the path leads to a link, or to what is not a file of this user's.
    """
    try:
        file = open_private(path, os.O_WRONLY | os.O_CREAT)
    except PermissionError as error:
        raise SourceError(f"the rejects cannot be written to {path}: {error.strerror}") from None
    return os.fdopen(file, "w", encoding="utf-8", newline="")


def _disarmed(cell: str | None) -> str | None:
    return f"'{cell}" if cell and cell.startswith(_FORMULAS) else cell


def _shown(raw: Any, column: str) -> str | None:
    cell = raw.cells.get(column) if raw.fault is None else None
    return None if cell is None else storable(str(cell)[:_MOST_SHOWN])


def _write(value: object) -> str:
    """Write anything as JSON that any database keeps: for rows that were rejected."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), default=_show)


def _show(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def find_rejects(tracker: Tracker, source: str | None = None) -> Iterator[Reject]:
    """Read the rejects in the order of files and lines; only those of files with this name."""
    tables = tracker.database.tables
    where = None if source is None else tables.rejects.c.source == source
    with tracker.database.read() as connection:
        yield from all_rejects(connection, tables, tracker.tenant, where=where)


def count_reasons(rejects: Iterable[Reject]) -> Counter[tuple[str, str]]:
    """Count rejects by file and kind of reason: what a reason quotes or counts is left out."""
    return Counter((one.source, _QUOTED.sub("…", one.reason)) for one in rejects)


def discard_rejects(tracker: Tracker, ids: Sequence[str]) -> int:
    """Take rejects out for good; how many there were."""
    tables = tracker.database.tables

    def drop(connection: Transaction) -> int:
        before = count_rejects(connection, tables, tracker.tenant)
        drop_rejects(connection, tables, tracker.tenant, ids)
        return before - count_rejects(connection, tables, tracker.tenant)

    return persist(tracker.database, drop)
