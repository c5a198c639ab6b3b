"""The exports of shops and of their payments: Stripe.

Source of the shape: the event object in Stripe's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from motfunnel.intake.exports.shape import Cells, as_object, flat, without


def stripe(cells: Mapping[str, Any]) -> list[Cells]:
    """An event of Stripe, as its API gives it."""
    data = as_object(cells.get("data"))
    about = as_object(data.get("object"))
    customer = about.get("customer")
    customer = as_object(customer).get("id") if isinstance(customer, dict) else customer
    own = about.get("id") if about.get("object") == "customer" else None
    row = flat(without(cells, "object"), "data", about, "id", "type", "created")
    return [row | {"customer": customer or own, "object_id": about.get("id")}]
