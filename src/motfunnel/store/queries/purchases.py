"""Reading purchases and refunds as columns, each under the contact that owns it now."""

from __future__ import annotations

from sqlalchemy import case, or_, select

from motfunnel.domain.columns import NEVER, Codes, Column, column
from motfunnel.domain.signal import Signal
from motfunnel.store.queries.columns import micros, read_rows
from motfunnel.store.queries.happenings import read_merged
from motfunnel.store.queries.scope import Extent

UNSAID = -NEVER
"""In place of a value where nothing was said of it; further from 0 than any value can be."""


def read_purchases(extent: Extent, people: Codes) -> list[Column]:
    """Read the contacts, instants, whether each is a refund, and values, in millionths.

    Contact by contact, each contact's by instant, at one instant refunds first, and then by id.
    """
    e, merged = extent.tables.events.c, read_merged(extent, people)
    refund = case((e.signal == Signal.PURCHASE.label, 0), else_=1)
    asked = select(e.contact, micros(e.occurred_at, extent.connection.dialect), refund, e.value)
    asked = extent.within(asked.add_columns(e.id), e.contact).where(
        e.tenant == extent.tenant,
        e.occurred_at <= extent.as_of,
        or_(e.signal == Signal.PURCHASE.label, e.value.is_not(None)),
    )
    found: list[tuple[int, int, int, str, str, int]] = []
    for rows in read_rows(extent.connection, asked):
        for key, at, is_refund, value, id in rows:
            number = people[key]
            worth = UNSAID if value is None else value
            # A refund is a note, and notes rank before purchases.
            found.append((merged.get(number, number), at, 1 - is_refund, id, key, worth))
    found.sort()
    contacts, at, purchases, _, _, values = zip(*found, strict=True) if found else [()] * 6
    return [column(one) for one in (contacts, at, (1 - one for one in purchases), values)]
