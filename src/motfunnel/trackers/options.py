"""What a Tracker may be given: its options, as a type and as checks of their values.

The type is for functions that make a tracker and take what it takes; a test holds it equal to the
Tracker. The checks are for settings that are read before there is a database. Makes no tracker.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from os import PathLike
from typing import Any, Final, Literal, TypedDict

from motfunnel.domain.event import check_text
from motfunnel.domain.instant import Duration, read_duration
from motfunnel.domain.marker import check_secret
from motfunnel.store.hosts.transaction import Host
from motfunnel.store.schema.tables import TENANT_LENGTH
from motfunnel.tracking.recording.policy import OnError
from motfunnel.tracking.spool.spool import WhenFull


class TrackerOptions(TypedDict, total=False):
    """The keyword arguments of ``Tracker``, which says what they mean."""

    tenant: str
    schema: str | None
    contact_key: Callable[[Any], object] | None
    clock: Callable[[], datetime]
    on_error: OnError
    budget: Duration | None
    spool: str | PathLike[str] | Literal[False] | None
    spool_limit: int | None
    spool_full: WhenFull
    host: Callable[[], Host | None] | None
    tombstone_key: str | bytes | None


def check_tenant(tenant: str) -> str:
    """Give a tenant back.

    Raises:
        ValueError: it is not a usable text, or too long.
    """
    if len(check_text(tenant, "tenant")) > TENANT_LENGTH:
        raise ValueError(f"the tenant has more than {TENANT_LENGTH} characters")
    return tenant


def check_schema(schema: str | None) -> str | None:
    """Give the name of a schema back; None is the database's default.

    Raises:
        ValueError: it is not a usable text.
    """
    if schema is not None:
        check_text(schema, "schema")
    return schema


def read_budget(budget: Duration | None) -> timedelta | None:
    """Read a budget; None is no bound.

    Raises:
        ValueError: it is not a duration above zero, and not None.
    """
    if budget is None:
        return None
    try:
        duration = read_duration(budget)
    except ValueError:
        duration = timedelta()
    if duration <= timedelta():
        raise ValueError(
            f'the budget is {budget!r}; write e.g. "5s" or timedelta(seconds=5), or None for no '
            "bound"
        )
    return duration


def check_spool_limit(limit: int | None) -> int | None:
    """Give a bound on the spool back.

    Raises:
        ValueError: it is not a whole number above zero, and not None.
    """
    if limit is not None and (type(limit) is not int or limit <= 0):
        raise ValueError(
            f"the spool_limit is {limit!r}; it must be a number of bytes above zero, or None"
        )
    return limit


def check_spool_full(full: WhenFull) -> WhenFull:
    """Give back what becomes of a call that finds no room in the spool.

    Raises:
        ValueError: it is none of the two ways.
    """
    if full not in ("refuse", "drop"):
        raise ValueError(f"the spool_full is {full!r}; it must be 'refuse' or 'drop'")
    return full


CHECKS: Final[dict[str, Callable[[Any], object]]] = {
    "tenant": check_tenant,
    "schema": check_schema,
    "budget": read_budget,
    "spool_limit": check_spool_limit,
    "spool_full": check_spool_full,
    "tombstone_key": lambda key: None if key is None else check_secret(key),
}
"""What a Tracker checks of the values that it is given, by the argument's name."""
