"""The rebuild: folding contacts anew, some at a time, each some in a transaction of its own.

Can be stopped and begun again; contacts that were folded stay folded. Costs one step an event and
about as many reads and writes as the contact has rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import Moment
from motfunnel.store.database.database import Database
from motfunnel.store.database.retry import persist
from motfunnel.store.kept.changes import end_answers
from motfunnel.store.ledger.contacts import next_contacts
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.schema.dialects import tell_sizes
from motfunnel.tracking.recording.fold import refold

if TYPE_CHECKING:
    from sqlalchemy import Connection


def rebuild_in_chunks(
    database: Database, tenant: str, funnel: Funnel, *, outdated_only: bool = False
) -> Iterator[tuple[int, list[Moment]]]:
    """Fold all contacts, or those that another funnel classified, some at a time.

    Yields:
        How many contacts, and the moments that came of late events whose fold was owed.
    """
    but_of = funnel.fingerprint if outdated_only else None
    after = ""

    def rebuild(connection: Connection) -> tuple[Sequence[str], list[Moment]]:
        contacts = next_contacts(connection, database.tables.contacts, tenant, after, but_of=but_of)
        untold: list[Moment] = []
        if contacts:
            ledger = Ledger(connection, database.tables.schema, tenant, database.pace)
            refold(ledger, ledger.lock_contacts(contacts, funnel), funnel)
            untold = ledger.untold
            end_answers(connection, database.tables, tenant)
        return contacts, untold

    def tell(connection: Connection) -> None:
        tell_sizes(connection, database.tables)

    is_large = False
    while True:
        contacts, untold = persist(database, rebuild)
        if not contacts:
            break
        if after and not is_large:  # the second chunk
            is_large = True
            persist(database, tell)  # what was imported, for the fold
        after = contacts[-1]
        yield len(contacts), untold
    if is_large:
        persist(database, tell)  # what was folded, for the reports
