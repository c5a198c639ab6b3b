"""Rejects of calls, tried again: each is recorded and leaves the rejects in one transaction.

Tells no handlers, as an import does not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from attrs import evolve

from motfunnel.errors import ErasedError, EventError, StoreError
from motfunnel.store.rejects import (
    Reject,
    drop_rejects,
    find_changed,
    put_reasons,
    replace_reject,
)
from motfunnel.store.retrying import persist
from motfunnel.tracking.refusal import is_refusal, refused
from motfunnel.tracking.set_aside import MARK, SOURCE, SetAside, reason_of
from motfunnel.tracking.tracked import Tracked

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from motfunnel.tracking.recorder import Said
    from motfunnel.tracking.writer import Outcome, Writer


def retry_said(writer: Writer, rejects: Sequence[Reject]) -> tuple[int, list[Reject], list[Reject]]:
    """Take again those rejects that were calls.

    Returns:
        How many were new, which of them stay, and the rejects that are rows of files.
    """
    added = 0
    left: list[Reject] = []
    rows: list[Reject] = []
    for reject in rejects:
        aside = _read(reject)
        if aside is None:
            rows.append(reject)
            continue
        outcome = _retake(writer, aside, reject)
        if isinstance(outcome, Tracked):
            added += not outcome.duplicate
        elif isinstance(outcome, ErasedError):
            left.append(_emptied(writer, aside, reject, outcome))
        else:
            left.append(evolve(reject, reason=reason_of(outcome)))
    if left:
        tables, tenant, now = writer.database.tables, writer.tenant, writer.clock()
        persist(writer.database, lambda on: put_reasons(on, tables, tenant, left, now))
    return added, left, rows


def _emptied(writer: Writer, aside: SetAside, reject: Reject, error: Exception) -> Reject:
    """Leave of a reject only that there was one."""
    empty = evolve(aside.emptied(reason_of(error)).to_reject(), id=reject.id)
    where = (writer.database.tables, writer.tenant, reject.id)
    persist(writer.database, lambda on: replace_reject(on, *where, empty))
    return empty


def _read(reject: Reject) -> SetAside | None:
    if reject.source != SOURCE:
        return None
    kept = json.loads(reject.payload)
    return SetAside.from_json(json.dumps(kept[MARK])) if MARK in kept else None


def _retake(writer: Writer, aside: SetAside, reject: Reject) -> Outcome:
    said = None
    try:
        said = writer.interpreter.take_again(writer.funnel, aside)
        now = writer.clock()
        work = partial(_record, writer=writer, said=said, now=now, reject=reject)
        answer: Tracked = persist(
            writer.database,
            work,
            confirm=lambda on, earlier: writer._is_recorded(on, [earlier], [said], now),
        )
        return answer
    except Exception as error:
        if isinstance(error, StoreError) and not is_refusal(error):
            raise
        return refused(error, said) if said is not None and is_refusal(error) else error


def _record(
    connection: Connection, writer: Writer, said: Said, now: datetime, reject: Reject
) -> Tracked:
    answer: Tracked = writer._record_on(connection, [said], now)[0]
    where = (connection, writer.database.tables, writer.tenant)
    if find_changed(*where, [reject]):  # its contact is locked: an erasure was before us
        raise EventError("the reject has changed or gone meanwhile", contact=said.event.contact)
    drop_rejects(*where, [reject.id])
    return answer
