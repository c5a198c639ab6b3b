"""What the outputs of a classification hold, and what a store answers, in one form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from motfunnel.domain.journey import source_of
from motfunnel.domain.moment import Episode, Moment
from motfunnel.tracking.profile.profile import Profile

Rows = list[dict[str, Any]]


def outputs(out: Path, name: str) -> Rows:
    """The rows of an output, in their order; an instant in UTC."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"FROM read_parquet('{out}/{name}/*.parquet')")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, map(plain, row), strict=True)) for row in found.fetchall()]


def plain(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def moment_row(moment: Moment) -> dict[str, Any]:
    return {
        "contact": moment.contact,
        "moment": moment.kind.value,
        "occurred_at": moment.occurred_at,
        "event_id": moment.event_id,
        "from_stage": moment.from_stage,
        "to_stage": moment.to_stage,
        "reason": moment.reason,
        "episode": moment.episode,
        "referred": moment.referred,
        "recorded_as": moment.recorded_as,
    }


def episode_row(episode: Episode) -> dict[str, Any]:
    return {
        "contact": episode.contact,
        "episode": episode.number,
        "departed_at": episode.departed_at,
        "reason": episode.reason,
        "stage": episode.stage,
        "customer": episode.customer,
        "first_outreach_at": episode.first_outreach_at,
        "outreaches": episode.outreaches,
        "returned_at": episode.returned_at,
        "return_event_id": episode.return_event_id,
    }


def contact_row(profile: Profile, source: str | None) -> dict[str, Any]:
    return {
        "contact": profile.contact,
        "presence": profile.presence.value,
        "stage": profile.stage,
        "purchases": profile.purchases,
        "referrals": profile.referrals,
        "apostle": profile.apostle,
        "last_touch_at": profile.last_touch_at,
        "deadline_at": profile.deadline_at,
        "opened_at": profile.opened_at,
        "source": source,
        "episodes": len(profile.episodes),
        "open_cases": len(profile.open_cases),
        "value": profile.value,
    }


def source_in(profile: Profile, events: Iterable[dict[str, Any]]) -> str | None:
    """From where a contact came, by its opening event."""
    opening = next((moment.event_id for moment in profile.moments), None)
    for event in events:
        if event["contact"] == profile.contact and event["id"] == opening:
            return source_of(event["properties"])
    return None


def events_in(out: Path) -> Iterator[dict[str, Any]]:
    """The events of an output, their properties read."""
    for row in outputs(out, "events"):
        yield row | {"properties": json.loads(row["properties"])}
