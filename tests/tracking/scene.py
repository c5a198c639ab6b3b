"""What the tests of the tracker share: a funnel, a clock, and what the tables hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Table, func, select

from motfunnel import Funnel, MomentKind, Tracked, Tracker
from motfunnel.domain.event import Event
from motfunnel.domain.funnel import rule as rules
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.schema.tables import tables
from tests.oracle import Story

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PATIENT = timedelta(minutes=2)
"""A budget for tests that ask whether all come through, not how soon: machines are busy."""

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "saw": rules.touch(),
        "signed_up": rules.reach("lead"),
        "bought": rules.purchase(),
        "rated": rules.rating("score"),
        "referred": rules.refer("friend"),
        "praised": rules.advocate(),
        "complained": rules.complain("ticket"),
        "solved": rules.resolve("ticket"),
        "left": rules.leave("reason"),
        "mailed": rules.outreach(),
        "searched": rules.research(),
        "synced": rules.note(),
    },
    patience={"default": 10 * DAY, "customer": 20 * DAY},
)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime = NOON + 1000 * DAY) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def day(number: float) -> datetime:
    """The instant so many days after the first noon."""
    return NOON + number * DAY


def kinds(tracked: Tracked) -> list[str]:
    """The kinds of the moments that an event established."""
    return [moment.kind.value for moment in tracked.moments]


def told_kinds(tracker: Tracker, *wanted: MomentKind) -> list[Any]:
    """Have every moment of these kinds (of all, where none is given) put down in a list."""
    told: list[Any] = []
    for kind in wanted or MomentKind:
        tracker.on(kind, told.append)
    return told


def row_counts(engine: Engine, tenant: str) -> dict[str, int]:
    """How many rows each table holds of a tenant."""
    kept = tables()
    mine = [kept.contacts, kept.events, kept.moments, kept.episodes, kept.traits]
    with engine.connect() as connection:
        return {table.name: _count(connection, table, tenant) for table in mine}


def rows_of(engine: Engine, tenant: str) -> dict[str, list[dict[str, Any]]]:
    """All that is stored of a tenant, but how often that was changed."""
    found = {}
    with engine.connect() as connection:
        for table in tables().metadata.sorted_tables:
            if "tenant" in table.c and table is not tables().changes:
                mine = select(table).where(table.c.tenant == tenant)
                ordered = mine.order_by(*table.primary_key.columns)
                found[table.name] = [dict(r) for r in connection.execute(ordered).mappings()]
    return found


def _count(connection: Any, table: Table, tenant: str) -> int:
    counted: int = connection.scalar(select(func.count()).where(table.c.tenant == tenant))
    return counted


def stored_events(engine: Engine, tenant: str) -> dict[str, list[Event]]:
    """The events of a tenant, contact by contact."""
    contacts = tables().contacts
    with engine.connect() as connection:
        keys = connection.scalars(select(contacts.c.contact).where(contacts.c.tenant == tenant))
        ledger = Ledger(connection, None, tenant)
        return {key: ledger.events(key) for key in keys.all()}


def stored_story(engine: Engine, tenant: str, contact: str, funnel: Funnel) -> Story:
    """What the tables say of a contact, in the words of the oracle."""
    kept = tables()
    with engine.connect() as connection:

        def rows(table: Table, order: str) -> list[dict[str, Any]]:
            mine = select(table).where(table.c.tenant == tenant, table.c.contact == contact)
            found = connection.execute(mine.order_by(table.c[order]))
            return [dict(row) for row in found.mappings()]

        [row] = rows(kept.contacts, "contact")
        moments = rows(kept.moments, "ordinal")
        episodes = rows(kept.episodes, "episode")
    assert [moment["ordinal"] for moment in moments] == list(range(row["moments"]))
    assert row["fingerprint"] == funnel.fingerprint
    return {
        "presence": row["presence"],
        "stage": funnel.stages.index(row["stage"]),
        "purchases": row["purchases"],
        "last_purchase": row["last_purchase_at"],
        "referrals": row["referrals"],
        "apostle": row["apostle"],
        "open_cases": [
            {"case": case, "event_id": event_id, "at": datetime.fromisoformat(at)}
            for case, event_id, at in json.loads(row["open_cases"])
        ],
        "gaps": row["gaps"],
        "gaps_sum": timedelta(microseconds=row["gaps_sum"]),
        "last_touch": row["last_touch_at"],
        "moments": [
            {
                "kind": moment["moment"],
                "at": moment["occurred_at"],
                **{key: moment[key] for key in _MOMENT},
            }
            for moment in moments
        ],
        "episodes": [
            {
                "number": episode["episode"],
                "returned_by": episode["return_event_id"],
                **{key: episode[key] for key in _EPISODE},
            }
            for episode in episodes
        ],
    }


_MOMENT = ("event_id", "from_stage", "to_stage", "reason", "episode", "referred")
_EPISODE = (
    "departed_at",
    "reason",
    "stage",
    "customer",
    "first_outreach_at",
    "outreaches",
    "returned_at",
)
