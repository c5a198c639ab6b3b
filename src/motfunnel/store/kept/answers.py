"""Answers that are kept in the store, in the forms in which they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import asdict, frozen
from sqlalchemy import Connection, delete, insert, select

from motfunnel.store.kept.changes import lock_answers
from motfunnel.store.schema.tables import Tables


@frozen(kw_only=True)
class KeptAnswer:
    """What a section of a page shows.

    Attributes:
        page: the page's slug.
        section: the section's.
        version: of the motfunnel that made it.
        as_of: the instant of the question.
        known_by: what had been recorded by this instant is in it.
        took: how long it took, in milliseconds.
        prefix: what stands in its addresses in place of the path under which the pages lie.
        html: as a part of the page.
        csv: as CSV.
        json: as JSON.
    """

    page: str
    section: str
    version: str
    as_of: datetime
    known_by: datetime
    took: int
    prefix: str
    html: str
    csv: str
    json: str


def put_answers(
    connection: Connection,
    tables: Tables,
    tenant: str,
    fingerprint: str,
    answers: Sequence[KeptAnswer],
    *,
    resets: int,
) -> bool:
    """Keep answers in place of those that were kept of the same sections.

    Args:
        connection: in whose transaction; nothing of ours has been read in it yet.
        tables: where.
        tenant: of whose contacts they are.
        fingerprint: of the funnel that they were asked by.
        answers: them.
        resets: how often answers had been ended before these were asked.

    Returns:
        Whether they are kept; False where they have been ended since.
    """
    if lock_answers(connection, tables, tenant) != resets:
        return False
    a = tables.answers.c
    for one in answers:
        same = (a.page == one.page) & (a.section == one.section)
        mine = (a.tenant == tenant) & (a.fingerprint == fingerprint) & same
        connection.execute(delete(tables.answers).where(mine))
        row = {"tenant": tenant, "fingerprint": fingerprint, **asdict(one)}
        connection.execute(insert(tables.answers).values(row))
    return True


def find_answers(
    connection: Connection, tables: Tables, tenant: str, fingerprint: str, page: str, version: str
) -> dict[str, KeptAnswer]:
    """Read what is kept of a page by a version of motfunnel, by the slugs of its sections."""
    a = tables.answers.c
    mine = (a.tenant == tenant) & (a.fingerprint == fingerprint) & (a.page == page)
    rows = connection.execute(select(tables.answers).where(mine, a.version == version)).mappings()
    return {
        row["section"]: KeptAnswer(
            **{name: value for name, value in row.items() if name not in ("tenant", "fingerprint")}
        )
        for row in rows
    }
