"""Erasing a contact: no row, no file and no word of others keeps its key or what was said of it.

With its counts kept, a random token stands in its place: when it came, left and returned can still
be counted, and nobody can say of whom. Its journey ends there: nothing departs after it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve, frozen

from motfunnel.domain.event import Event
from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import LEFT, SILENCE, Episode, Moment
from motfunnel.domain.payload import to_json
from motfunnel.domain.scrubber import ERASED, Scrubber
from motfunnel.store.contact_state import ContactState
from motfunnel.store.departures import UNKNOWN
from motfunnel.store.erasure import (
    copy_events,
    delete_contacts,
    events_naming,
    known_contacts,
    put_erasure,
    rejects_naming,
    replace_event,
    unname_referred,
)
from motfunnel.store.ledger import Ledger
from motfunnel.store.rejects import Reject, drop_rejects, put_rejects
from motfunnel.store.traits import remake_traits
from motfunnel.tracking.fold import refold
from motfunnel.tracking.merging import lock_identities


@frozen(kw_only=True)
class Forgotten:
    """What an erasure did.

    Attributes:
        events: how many events were deleted.
        others: how many events of other contacts named it, and do so no more.
        rejects: how many rejects were its own, and are gone, or named it, and do so no more.
        spooled: how many calls waited on this machine that were its own, or named it, likewise.
        token: what stands for it where its counts were kept; else None.
        is_complete: whether nothing is left in the database's files either, as far as that is
            ours to see to; False on SQLite while somebody reads on.
    """

    events: int
    others: int
    rejects: int
    spooled: int = 0
    token: str | None = None
    is_complete: bool = True


@frozen(kw_only=True)
class Erased:
    """The rows of one contact, gone.

    Attributes:
        keys: all keys of it.
        events: how many events it had.
        token: what stands for it; None where nothing does.
    """

    keys: tuple[str, ...]
    events: int
    token: str | None


def erase_contact(
    ledger: Ledger,
    funnel: Funnel,
    key: str,
    now: datetime,
    *,
    token: str | None,
    before: datetime | None = None,
) -> Erased:
    """Delete all that is recorded under a contact's keys.

    Args:
        ledger: where.
        funnel: by which it is classified.
        key: any of its keys.
        now: when it is erased.
        token: what is to keep its counts; None: nothing is.
        before: leave it alone, if something has happened of it since this instant.
    """
    owners, members = lock_identities(ledger, funnel, [key])
    owner = owners[key]
    if before is not None and owner.last is not None and owner.last[0] >= to_micros(before):
        return Erased(keys=(), events=0, token=None)
    where = (ledger.connection, ledger.tables, ledger.tenant)
    keys = (owner.contact, *sorted(members))
    if owner.erased_at is not None:  # of what an erasure left, nothing more is to be kept
        token = None
    if token is not None:
        token = _keep_counts(ledger, funnel, owner, token, now)
    events = delete_contacts(*where, keys)
    unname_referred(*where, dict.fromkeys(keys, token))
    if events:
        put_erasure(*where, token or str(uuid4()), now, counts_kept=token is not None)
    return Erased(keys=keys, events=events, token=token)


def scrub_others(ledger: Ledger, funnel: Funnel, scrubber: Scrubber) -> int:
    """Take the keys out of the events of others, and fold those anew; how many events there were.

    A referral stays one, of somebody who is no longer named.
    """
    where = (ledger.connection, ledger.tables, ledger.tenant)
    referring = referring_properties(funnel)
    changed: dict[str, list[tuple[Event, Event]]] = {}
    for event in events_naming(*where, list(scrubber.tokens)):
        cleaned = _clean(event, scrubber, referring, funnel)
        if cleaned != event and event.contact not in scrubber.tokens:
            changed.setdefault(event.contact, []).append((event, cleaned))
    if not changed:
        return 0
    owners, _ = lock_identities(ledger, funnel, [*changed])
    for pairs in changed.values():
        for stored, cleaned in pairs:
            replace_event(*where, stored, cleaned)
    refold(ledger, list({state.contact: state for state in owners.values()}.values()), funnel)
    remake_traits(*where, {key: owners[key].contact for key in changed})
    return sum(map(len, changed.values()))


def scrub_rejects(ledger: Ledger, funnel: Funnel, scrubber: Scrubber, now: datetime) -> int:
    """Delete the rejects of erased contacts, and take their keys out of those of others.

    Returns:
        How many rejects there were.
    """
    where = (ledger.connection, ledger.tables, ledger.tenant)
    referring = referring_properties(funnel)
    gone: list[str] = []
    changed: list[Reject] = []
    for reject in rejects_naming(*where, list(scrubber.tokens)):
        left = _left_of(reject, scrubber, referring)
        if left is None:
            gone.append(reject.id)
        elif left != reject:
            changed.append(left)
    drop_rejects(*where, gone)
    put_rejects(*where, changed, now)
    return len(gone) + len(changed)


def referring_properties(funnel: Funnel) -> set[str]:
    """The names of properties that name a contact."""
    return {rule.referred for rules in funnel.rules.values() for rule in rules if rule.referred}


def _left_of(reject: Reject, scrubber: Scrubber, referring: Collection[str]) -> Reject | None:
    """What is left of a reject; None of one of an erased contact, or that cannot be read."""
    try:
        payload = json.loads(reject.payload)
    except ValueError:
        return None
    if reject.contact in scrubber.tokens:
        return None
    cleaned = scrubber.clean(payload, referring)
    return evolve(
        reject,
        contact=scrubber.clean(reject.contact),
        event=scrubber.clean(reject.event),
        reason=scrubber.clean(reject.reason) or ERASED,
        payload=reject.payload if cleaned == payload else to_json(cleaned),
    )


def _keep_counts(
    ledger: Ledger, funnel: Funnel, owner: ContactState, token: str, now: datetime
) -> str | None:
    """Copy a contact to a token, without what was said of it; None where nothing is recorded."""
    if owner.fingerprint != funnel.fingerprint:
        refold(ledger, [owner], funnel)
        [owner] = ledger.lock_contacts([owner.contact], funnel)
    events = ledger.stories([owner]).get(owner.contact, [])
    if not events:
        return None
    where = (ledger.connection, ledger.tables, ledger.tenant)
    moments, episodes = ledger.journeys([owner.contact])
    kept = [*moments.get(owner.contact, []), *owner.journey.silence(to_micros(now))]
    away = {e.number: e for e in episodes.get(owner.contact, [])} | owner.journey.episodes
    ids: dict[tuple[str, str | None], str] = {event[:2]: str(uuid4()) for event in events}
    returns = {m.episode: ids.get(m.event_key) for m in kept}
    others = known_contacts(*where, {m.referred for m in kept if m.referred})
    scrubber = Scrubber(dict.fromkeys({event[0] for event in events}))
    copy_events(*where, token, ids, scrubber)
    unspoken = [_without_words(moment, token, ids, others) for moment in kept]
    ledger.add_journeys([(unspoken, [_unspoken(e, token, returns) for e in away.values()])])
    _leave_token(ledger, funnel, owner, token, len(kept), now)
    return token


def _leave_token(
    ledger: Ledger, funnel: Funnel, owner: ContactState, token: str, moments: int, now: datetime
) -> None:
    """Write the row of a token: the state of the contact, at rest for ever."""
    state = ledger.lock_contact(token, funnel)
    state.journey = evolve(owner.journey, contact=token, open_cases=[])
    state.opened_at = owner.opened_at
    state.source = None if owner.source is None else UNKNOWN
    state.moments = moments
    if owner.last is not None:
        state.last = (*owner.last[:3], token)
    state.erased_at = now
    ledger.update_contacts([state])


def _without_words(
    moment: Moment, token: str, ids: Mapping[tuple[str, str | None], str], others: Collection[str]
) -> Moment:
    """A moment that says of nobody but other contacts whom they were referred by, as before."""
    return evolve(
        moment,
        contact=token,
        event_id=ids.get(moment.event_key),
        reason=_plain(moment.reason),
        referred=moment.referred if moment.referred in others else None,
        recorded_as=None,
    )


def _unspoken(episode: Episode, token: str, returns: Mapping[int | None, str | None]) -> Episode:
    return evolve(
        episode,
        contact=token,
        reason=_plain(episode.reason),
        return_event_id=returns[episode.number] if episode.returned_at else None,
    )


def _plain(reason: Any) -> Any:
    """A reason of our own; what somebody said is gone."""
    return reason if reason in (None, SILENCE, LEFT) else UNKNOWN


def _clean(event: Event, scrubber: Scrubber, referring: Collection[str], funnel: Funnel) -> Event:
    is_word = funnel.knows(event.name) or event.name.isidentifier()
    return evolve(
        event,
        id=str(uuid4()) if scrubber.is_named(event.id) else event.id,
        name=ERASED if not is_word and scrubber.is_named(event.name) else event.name,
        properties=scrubber.clean(event.properties, referring),
    )
