"""Erasing a contact: no row, no file and no word of others keeps its key or what was said of it.

With its counts kept, a random token stands in its place: when it came, left and returned can still
be counted, and nobody can say of whom. Its journey ends there: nothing departs after it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve, frozen

from motfunnel.domain.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import LEFT, SILENCE, Episode, Moment
from motfunnel.store.contact_state import ContactState
from motfunnel.store.departures import UNKNOWN
from motfunnel.store.erasure import (
    copy_events,
    delete_contacts,
    known_contacts,
    put_erasure,
    unname_referred,
)
from motfunnel.store.ledger import Ledger
from motfunnel.tracking.fold import refold
from motfunnel.tracking.merging import lock_identities
from motfunnel.tracking.redaction import scrubber_of


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
    scrubber = scrubber_of(dict.fromkeys({event[0] for event in events}), funnel)
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
