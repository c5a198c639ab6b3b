"""Exporting a contact: everything that is recorded of it, as one value that JSON can carry."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.scrubber import Scrubber
from motfunnel.store.ledger.erasure import (
    events_naming,
    recorded_events,
    recorded_merges,
    rejects_naming,
)
from motfunnel.tracking.people.redaction import is_reject_of, referring_properties
from motfunnel.tracking.profile.identity import Identity
from motfunnel.tracking.profile.profile import Profile
from motfunnel.tracking.spool.spool import Spool

if TYPE_CHECKING:
    from motfunnel.store.ledger.ledger import Ledger


def export_contact(
    ledger: Ledger,
    identity: Identity,
    profile: Profile,
    spool: Spool | None,
    funnel: Funnel,
    scrubber: Scrubber,
) -> dict[str, Any]:
    """Put together what is recorded under a contact's keys, what waits, and where others named it.

    Of others it says what happened and when, not who they are: that is theirs.
    """
    where = (ledger.connection, ledger.tables, ledger.tenant)
    keys = list(identity.keys)
    written = [key for key in keys if ledger.has_characters_for(key)]
    waiting = () if spool is None else spool.entries()
    return {
        "contact": identity.contact,
        "keys": keys,
        "profile": profile.to_dict(),
        "events": recorded_events(*where, written),
        "merges": recorded_merges(*where, written),
        "named_by_others": _named_by_others(ledger, scrubber, referring_properties(funnel)),
        "rejects": _rejects(ledger, scrubber),
        "waiting": [json.loads(one.to_json()) for one in waiting if one.is_of(scrubber)],
    }


def _named_by_others(
    ledger: Ledger, scrubber: Scrubber, referring: Collection[str]
) -> list[dict[str, Any]]:
    where = (ledger.connection, ledger.tables, ledger.tenant)
    naming = [
        event
        for event in events_naming(*where, [*scrubber.tokens])
        if event.contact not in scrubber.tokens
        and scrubber.clean(event.properties, referring) != event.properties
    ]
    return [
        {"event": event.name, "occurred_at": event.occurred_at.isoformat()}
        for event in sorted(naming, key=lambda event: event.occurred_at)
    ]


def _rejects(ledger: Ledger, scrubber: Scrubber) -> list[dict[str, Any]]:
    where = (ledger.connection, ledger.tables, ledger.tenant)
    keys = [*scrubber.tokens] if scrubber.key_of is None else None
    return [
        {"event": one.event, "reason": one.reason, "payload": one.payload}
        for one in rejects_naming(*where, keys)
        if is_reject_of(one, scrubber)
    ]
