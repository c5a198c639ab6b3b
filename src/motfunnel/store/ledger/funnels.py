"""The funnels that a tenant's contacts were classified by, and how far that has come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from motfunnel.domain.event import to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.store.schema.dialects import insert_or_update
from motfunnel.store.schema.tables import Tables


def put_funnel(
    connection: Connection,
    tables: Tables,
    tenant: str,
    funnel: Funnel,
    now: datetime,
    *,
    tracked: bool,
) -> None:
    """Store the funnel as the one in use; ``tracked`` says that events come as they happen.

    Where nothing of it is new, nothing is written or locked: in a long transaction of a host's
    that would keep every other process waiting. But SQLite, which would throw out a transaction
    that reads before it writes, has one lock for all in any case. The same funnel may be put by two
    processes at once: both say the same.
    """
    row = {
        "tenant": tenant,
        "fingerprint": funnel.fingerprint,
        "definition": to_json(funnel.to_dict()),
        "used_at": now,
        "tracked_at": now if tracked else None,
    }
    if connection.dialect.name != "sqlite" and _is_put(connection, tables, row):
        return
    news = ["definition", "used_at", "tracked_at"] if tracked else ["definition", "used_at"]
    connection.execute(insert_or_update(tables.funnels, connection.dialect, news), row)


def _is_put(connection: Connection, tables: Tables, row: Mapping[str, Any]) -> bool:
    """Whether the funnel is the newest, word for word, and known to be tracked by if it is."""
    funnels = tables.funnels
    newest = (
        select(funnels.c.fingerprint, funnels.c.definition, funnels.c.tracked_at)
        .where(funnels.c.tenant == row["tenant"])
        .order_by(funnels.c.used_at.desc(), funnels.c.fingerprint)
        .limit(1)
    )
    found = connection.execute(newest).one_or_none()
    if found is None or found.fingerprint != row["fingerprint"]:
        return False
    is_told = row["tracked_at"] is None or found.tracked_at is not None
    return is_told and found.definition == row["definition"]


def stored_funnel(connection: Connection, tables: Tables, tenant: str) -> Funnel | None:
    """The funnel that was put last; None where there is none."""
    funnels = tables.funnels
    newest = (
        select(funnels.c.definition)
        .where(funnels.c.tenant == tenant)
        .order_by(funnels.c.used_at.desc(), funnels.c.fingerprint)
        .limit(1)
    )
    definition = connection.scalar(newest)
    return None if definition is None else Funnel.from_dict(json.loads(definition))


def tenants(connection: Connection, tables: Tables) -> list[str]:
    """Name the tenants of whom anything is stored, sorted."""
    return sorted(connection.execute(select(tables.funnels.c.tenant).distinct()).scalars())


def newest_imported(connection: Connection, tables: Tables, tenant: str) -> datetime | None:
    """The last instant of a store that has only been imported into; None for any other."""
    funnels, contacts = tables.funnels, tables.contacts
    tracked = select(func.max(funnels.c.tracked_at)).where(funnels.c.tenant == tenant)
    if connection.scalar(tracked) is not None:
        return None
    last = select(func.max(contacts.c.last_at)).where(contacts.c.tenant == tenant)
    newest: datetime | None = connection.scalar(last)
    return newest


def count_outdated(connection: Connection, tables: Tables, tenant: str, funnel: Funnel) -> int:
    """How many contacts another funnel classified, or await the fold."""
    contacts = tables.contacts
    others = select(func.count()).where(
        contacts.c.tenant == tenant,
        contacts.c.fingerprint != funnel.fingerprint,
        contacts.c.merged_into.is_(None),
    )
    return connection.scalar(others) or 0
