"""What happened lately to those on the worklist: their last moments, and whether they are held out.

Reads no more than of those listed. Of an earlier knowledge it walks past all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.signal import Signal
from motfunnel.reports.arm_clocks import ATTEMPTED, assignments
from motfunnel.reports.clock import Told
from motfunnel.reports.known import Known
from motfunnel.reports.stored import Stored
from motfunnel.reports.worklist import LAST, WorkRow, with_moments
from motfunnel.store.latest import read_latest_moments


def lately(source: Stored | Known, rows: Sequence[WorkRow]) -> list[WorkRow]:
    """Tell of each row what the contact did last, and whether a trial holds it out."""
    of = {row.contact: row for row in rows}
    told = _stored(source, of) if isinstance(source, Stored) else _known(source, of)
    return [told[row.contact] for row in rows]


def _stored(source: Stored, rows: dict[str, WorkRow]) -> dict[str, WorkRow]:
    last = read_latest_moments(source.extent, rows.keys(), LAST)
    told = {contact: with_moments(row, last.get(contact, ())) for contact, row in rows.items()}
    for outreaches in source.assignments(rows.keys()):
        row = told[outreaches.contact]
        held_out = _is_held_out(outreaches, row.departed_at, source.funnel)
        told[row.contact] = evolve(row, held_out=held_out)
    return told


def _known(source: Known, rows: dict[str, WorkRow]) -> dict[str, WorkRow]:
    told = dict(rows)
    for history in source.histories():
        row = rows.get(history.contact)
        if row is not None:
            outreaches = history.told({Signal.OUTREACH})
            held_out = _is_held_out(outreaches, row.departed_at, source.stored.funnel)
            moments = history.journey.moments[-LAST:]
            told[row.contact] = evolve(with_moments(row, moments), held_out=held_out)
    return told


def _is_held_out(told: Told, departed_at: datetime, funnel: Funnel) -> bool:
    """Whether the first assignment of one who is away is to the arm that a trial holds out."""
    for one, _ in assignments(told.happenings, funnel):
        if one.event.occurred_at > departed_at:
            return one.argument != ATTEMPTED
    return False
