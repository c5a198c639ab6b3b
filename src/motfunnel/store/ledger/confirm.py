"""Whether a transaction whose commit was never answered was committed after all.

Each question first waits for that transaction, should the server still be about it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import EPOCH
from motfunnel.store.ledger.imports import Checkpoint, read_checkpoint
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.schema.dialects import insert_or_keep
from motfunnel.store.schema.tables import Tables


def is_event_of(
    ledger: Ledger, tables: Tables, funnel: Funnel, contact: str, id: str, recorded_at: datetime
) -> bool:
    """Whether this event is stored, and was by the attempt of that instant."""
    ledger.lock_contact(contact, funnel)
    events = tables.events
    found = ledger.connection.scalar(
        select(events.c.recorded_at).where(
            events.c.tenant == ledger.tenant, events.c.contact == contact, events.c.id == id
        )
    )
    return found is not None and found == recorded_at


def is_checkpoint(
    connection: Connection, tables: Tables, tenant: str, source: str, wanted: Checkpoint
) -> bool:
    """Whether the import of a file has come exactly so far; leaves its row locked."""
    imports = tables.imports
    nowhere = {"line": -1, "added": 0, "rejected": 0, "recorded_at": EPOCH}
    row = {"tenant": tenant, "source": source} | nowhere
    connection.execute(insert_or_keep(imports, connection.dialect), row)
    connection.execute(
        select(imports.c.line)
        .where(imports.c.tenant == tenant, imports.c.source == source)
        .with_for_update()
    )
    return read_checkpoint(connection, tables, tenant, source) == wanted


def are_gone(connection: Connection, tables: Tables, tenant: str, ids: list[str]) -> bool:
    """Whether none of these rejects is there any more; waits for whoever is taking them out."""
    rejects = tables.rejects
    for id in ids:
        mine = select(rejects.c.id).where(rejects.c.tenant == tenant, rejects.c.id == id)
        if connection.scalar(mine.with_for_update()) is not None:
            return False
    return True
