"""Exporting a contact: everything that is recorded of it, as one value that JSON can carry."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.scrubber import Scrubber
from motfunnel.store.erasure import events_naming, rejects_naming
from motfunnel.store.records import recorded_events, recorded_merges
from motfunnel.tracking.erasing import referring_properties
from motfunnel.tracking.merging import Identity
from motfunnel.tracking.profile import Profile
from motfunnel.tracking.spool import Spool

if TYPE_CHECKING:
    from motfunnel.store.ledger import Ledger


def export_contact(
    ledger: Ledger, identity: Identity, profile: Profile, spool: Spool | None, funnel: Funnel
) -> dict[str, Any]:
    """Put together what is recorded under a contact's keys, what waits, and where others named it.

    Of others it says what happened and when, not who they are: that is theirs.
    """
    where = (ledger.connection, ledger.tables, ledger.tenant)
    keys = list(identity.keys)
    return {
        "contact": identity.contact,
        "keys": keys,
        "profile": profile.to_dict(),
        "events": recorded_events(*where, keys),
        "merges": recorded_merges(*where, keys),
        "named_by_others": _named_by_others(ledger, keys, referring_properties(funnel)),
        "rejects": _rejects(ledger, keys),
        "waiting": _waiting(spool, keys),
    }


def _named_by_others(
    ledger: Ledger, keys: Sequence[str], referring: Collection[str]
) -> list[dict[str, Any]]:
    found = events_naming(ledger.connection, ledger.tables, ledger.tenant, keys)
    scrubber = Scrubber(dict.fromkeys(keys))
    naming = [
        event
        for event in found
        if event.contact not in keys
        and scrubber.clean(event.properties, referring) != event.properties
    ]
    return [
        {"event": event.name, "occurred_at": event.occurred_at.isoformat()}
        for event in sorted(naming, key=lambda event: event.occurred_at)
    ]


def _rejects(ledger: Ledger, keys: Sequence[str]) -> list[dict[str, Any]]:
    found = rejects_naming(ledger.connection, ledger.tables, ledger.tenant, keys)
    return [
        {"event": one.event, "reason": one.reason, "payload": one.payload}
        for one in found
        if one.contact in keys
    ]


def _waiting(spool: Spool | None, keys: Sequence[str]) -> list[dict[str, Any]]:
    scrubber = Scrubber(dict.fromkeys(keys))
    entries = () if spool is None else spool.entries()
    return [json.loads(one.to_json()) for one in entries if one.without(scrubber, ()) is None]
