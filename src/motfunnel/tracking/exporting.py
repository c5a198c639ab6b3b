"""Exporting a contact: everything that is recorded of it, as one value that JSON can carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from motfunnel.domain.scrubber import Scrubber
from motfunnel.store.erasure import events_naming, rejects_naming
from motfunnel.store.records import recorded_events, recorded_merges
from motfunnel.tracking.merging import Identity
from motfunnel.tracking.profile import Profile

if TYPE_CHECKING:
    from motfunnel.store.ledger import Ledger


def export_contact(ledger: Ledger, identity: Identity, profile: Profile) -> dict[str, Any]:
    """Put together what is recorded under a contact's keys, and where others named it.

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
        "named_by_others": _named_by_others(ledger, keys),
        "rejects": _rejects(ledger, keys),
    }


def _named_by_others(ledger: Ledger, keys: Sequence[str]) -> list[dict[str, Any]]:
    found = events_naming(ledger.connection, ledger.tables, ledger.tenant, keys)
    scrubber = Scrubber(dict.fromkeys(keys))
    naming = [
        event
        for event in found
        if event.contact not in keys and scrubber.clean(event.properties) != event.properties
    ]
    return [
        {"event": event.name, "occurred_at": event.occurred_at.isoformat()}
        for event in sorted(naming, key=lambda event: event.occurred_at)
    ]


def _rejects(ledger: Ledger, keys: Sequence[str]) -> list[dict[str, Any]]:
    found = rejects_naming(ledger.connection, ledger.tables, ledger.tenant, keys)
    scrubber = Scrubber(dict.fromkeys(keys))
    return [
        {"contact": said[0], "event": said[1], "reason": said[2], "payload": said[3]}
        for _, said in found
        if scrubber.clean(said) != said
    ]
