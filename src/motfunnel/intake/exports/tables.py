"""Tables that are no logs of events: one row with several dates, one order over several rows.

Sources of the shapes: Shopify's help on exporting orders (a row for each line item; what is said of
the order stands in its first row), HubSpot's help on exporting records and on default contact
properties (Create Date, and a "Became a … Date" for each stage of the life cycle).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from motfunnel.intake.exports.shape import EVENT_NAME, INSTANT, Cells, Shape, without
from motfunnel.intake.files.source import Raw

ORDERED: Final = "order_placed"
CANCELLED: Final = "order_cancelled"

_ITEM: Final = "Lineitem "
_MOST_ITEMS: Final = 100
_STAGE_DATE: Final = re.compile(r"create date|(?:first )?became an? .+ date", re.IGNORECASE)
_NO_DATE: Final = "none of the dates is there that would be its events"


def spread(columns: Sequence[str]) -> Shape:
    """A shape in which each of these columns holds the instant of an event of its name."""

    def shape(rows: Iterator[Raw], remarks: list[str]) -> Iterator[Raw]:
        for raw in rows:
            yield from [raw] if raw.fault is not None else _spread(raw, columns)

    return shape


def _spread(raw: Raw, columns: Sequence[str]) -> Iterator[Raw]:
    rest = without(raw.cells, *columns)
    dates = [(name, raw.cells[name]) for name in columns if raw.cells.get(name) is not None]
    for name, instant in dates:
        yield Raw(raw.line, rest | {EVENT_NAME: name, INSTANT: instant})
    if not dates:
        yield Raw(raw.line, raw.cells, _NO_DATE)


def hubspot(rows: Iterator[Raw], remarks: list[str]) -> Iterator[Raw]:
    """Contacts of HubSpot: their stages' dates are events; who has no address is an id."""
    for raw in rows:
        if raw.fault is not None:
            yield raw
            continue
        cells = {**raw.cells}
        who = cells.get("Email") or cells.get("Record ID") or cells.get("Contact ID")
        if who is not None:
            cells["Email"] = who
        dates = [name for name in cells if _STAGE_DATE.fullmatch(name.strip())]
        yield from _spread(Raw(raw.line, cells), dates)


def shopify(rows: Iterator[Raw], remarks: list[str]) -> Iterator[Raw]:
    """Orders of Shopify: the lines that continue an order are its items, and no events."""
    order: Raw | None = None
    items: list[Cells] = []
    continued = 0
    for raw in rows:
        name = raw.cells.get("Name")
        if order is not None and raw.fault is None and name in (None, order.cells.get("Name")):
            continued += 1
            items.append(_item(raw.cells))
            continue
        yield from _order(order, items)
        order, items = (raw, [_item(raw.cells)]) if raw.fault is None else (None, [])
        if raw.fault is not None:
            yield raw
    yield from _order(order, items)
    if continued:
        remarks.append(f"items of orders on lines of their own: {continued:,}")


def _item(cells: Mapping[str, Any]) -> Cells:
    """What a row says of an item."""
    named = {key.removeprefix(_ITEM): cell for key, cell in cells.items() if key.startswith(_ITEM)}
    return {key: named[key] for key in ("quantity", "name", "price", "sku") if key in named}


def _order(order: Raw | None, items: list[Cells]) -> Iterator[Raw]:
    """The events of an order: that it was placed, and that it was cancelled."""
    if order is None:
        return
    cells = {key: cell for key, cell in order.cells.items() if not key.startswith(_ITEM)}
    id = cells.get("Id") or cells.get("Name")
    cells |= {"Id": id, "Lineitems": items[:_MOST_ITEMS], "Lineitem count": len(items)}
    event = partial(Raw, order.line)
    yield event(_there(cells | {EVENT_NAME: ORDERED, INSTANT: cells.get("Created at")}))
    if cells.get("Cancelled at") is not None:
        own = {EVENT_NAME: CANCELLED, INSTANT: cells["Cancelled at"], "Id": f"{id}-cancelled"}
        yield event(_there(cells | own))


def _there(cells: Cells) -> Cells:
    return {key: cell for key, cell in cells.items() if cell is not None}
