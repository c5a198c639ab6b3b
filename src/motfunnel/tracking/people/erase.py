"""Erasing a contact: no row, no file and no word of others keeps its key or what was said of it.

With its counts kept, a random token stands in its place: when it came, left and returned can still
be counted, and nobody can say of whom. Its journey ends there: nothing departs after it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from attrs import evolve, field, frozen

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.marker import Marker
from motfunnel.domain.moment import SILENCE, UNKNOWN, Episode, Moment
from motfunnel.domain.scrubber import Scrubber
from motfunnel.store.kept.changes import end_answers
from motfunnel.store.ledger.erasure import (
    copy_events,
    delete_contacts,
    known_contacts,
    put_erasure,
    referred_names,
    unname_referred,
)
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.state import ContactState
from motfunnel.store.ledger.tombstones import Tombstone, put_tombstones
from motfunnel.store.outbox.post import erasure_row
from motfunnel.store.outbox.subscriptions import post_erasure, scrub_messages
from motfunnel.tracking.people.merge import lock_identities
from motfunnel.tracking.people.redaction import scrub_others, scrub_rejects, scrubber_of
from motfunnel.tracking.recording.fold import refold


@frozen(kw_only=True)
class Forgotten:
    """What an erasure did.

    Attributes:
        events: how many events were deleted.
        others: how many events of other contacts named it, and do so no more.
        rejects: how many rejects were its own, and are gone, or named it, and do so no more.
        spooled: how many calls waited on this machine that were its own, or named it, likewise.
        token: what stands for it where its counts were kept; else None.
        tombstones: by how many keyed hashes it is known again, so that no import, no retry and no
            delivery brings back what it did until now; 0 without a ``tombstone_key``: then
            nothing of it is left by which it could be known, and an import of the same file
            brings it back.
        is_complete: whether nothing is left in the database's files either, as far as that is
            ours to see to; False on SQLite while somebody reads on.
    """

    events: int
    others: int
    rejects: int
    spooled: int = 0
    token: str | None = None
    tombstones: int = 0
    is_complete: bool = True


@frozen(kw_only=True)
class Erased:
    """What a transaction of an erasure did.

    Attributes:
        keys: all keys of the contacts that are gone, with what stands for each.
        contacts: how many there were.
        events: how many events they had.
        others: how many events of others named one of them.
        rejects: how many rejects were theirs or named one of them.
        token: what stands for the last of them; None where nothing does.
        tombstones: how many of their keys are known again.
    """

    keys: Mapping[str, str | None] = field(factory=dict)
    contacts: int = 0
    events: int = 0
    others: int = 0
    rejects: int = 0
    token: str | None = None
    tombstones: int = 0


def erase(
    ledger: Ledger,
    funnel: Funnel,
    tokens: Mapping[str, str | None],
    now: datetime,
    *,
    namers: Collection[str] = (),
    before: datetime | None = None,
    key_of: Callable[[Any], object] | None = None,
    marker: Marker | None = None,
) -> Erased:
    """Delete all that is recorded of contacts, and take their keys out of all else.

    All contacts are locked first, in everybody's order: a merge or a retry comes before or after.

    Args:
        ledger: in whose transaction.
        funnel: by which contacts are classified.
        tokens: for each contact, by any of its keys, what is to keep its counts; None: nothing is.
        now: when they are erased.
        namers: whose events are known to name one of them.
        before: leave alone those of whom something has happened since this instant.
        key_of: turns a contact as the host has it into its key.
        marker: makes the tombstones.
    """
    # Of a key that the database cannot write, only what is kept in ASCII can say anything.
    unwritten = [key for key in tokens if not ledger.has_characters_for(key)]
    tokens = {key: token for key, token in tokens.items() if key not in unwritten}
    owners, members = lock_identities(ledger, funnel, {*tokens, *namers})
    wanted = {owners[key].contact: (owners[key], token) for key, token in tokens.items()}
    done = Erased()
    for contact, (owner, token) in wanted.items():
        if before is None or owner.last is None or owner.last[0] < to_micros(before):
            theirs = {**members, **{key: owners[key].contact for key in tokens}}
            keys = {contact, *(key for key, above in theirs.items() if above == contact)}
            done = _erase_rows(ledger, funnel, owner, sorted(keys), token, now, done)
    unname_referred(ledger.connection, ledger.tables, ledger.tenant, done.keys)
    done = evolve(done, keys={**done.keys, **dict.fromkeys(unwritten)})
    return _unsay(ledger, funnel, owners, key_of, marker, now, done)


def _unsay(
    ledger: Ledger,
    funnel: Funnel,
    owners: Mapping[str, ContactState],
    key_of: Callable[[Any], object] | None,
    marker: Marker | None,
    now: datetime,
    done: Erased,
) -> Erased:
    """Take the keys that are gone out of all else, kept answers too, and put their tombstones."""
    end_answers(ledger.connection, ledger.tables, ledger.tenant)
    scrubber = scrubber_of(_with_spellings(ledger, done.keys, key_of), funnel, key_of)
    rejects = scrub_rejects(ledger, funnel, scrubber)
    others = scrub_others(ledger, funnel, scrubber, owners, marker)
    if ledger.is_subscribed:
        scrub_messages(ledger.connection, ledger.tables, ledger.tenant, scrubber)
    stones = [] if marker is None else [Tombstone(marker.mark(key), now) for key in done.keys]
    put_tombstones(ledger.connection, ledger.tables, ledger.tenant, stones)
    return evolve(done, rejects=rejects, others=others, tombstones=len(stones))


def _erase_rows(
    ledger: Ledger,
    funnel: Funnel,
    owner: ContactState,
    keys: Sequence[str],
    token: str | None,
    now: datetime,
    done: Erased,
) -> Erased:
    """Delete the rows of a contact that is locked."""
    if owner.erased_at is not None:  # of what an erasure left, nothing more is to be kept
        token = None
    if token is not None:
        token = _keep_counts(ledger, funnel, owner, token, now)
    where = (ledger.connection, ledger.tables, ledger.tenant)
    events = delete_contacts(*where, keys)
    if events:
        put_erasure(*where, token or str(uuid4()), now, counts_kept=token is not None)
        if ledger.is_subscribed:
            for key in keys:  # under any of them somebody may have been told of her
                post_erasure(*where, key, erasure_row())
    return evolve(
        done,
        keys={**done.keys, **dict.fromkeys(keys, token)},
        contacts=done.contacts + 1,
        events=done.events + events,
        token=token,
    )


def _with_spellings(
    ledger: Ledger, keys: Mapping[str, str | None], key_of: Callable[[Any], object] | None
) -> Mapping[str, str | None]:
    """Add the names by which referrals name these contacts, where ``key_of`` turns them into keys.

    But no key of somebody else's, whom such a referral may mean.
    """
    if key_of is None or not keys:
        return keys
    where = (ledger.connection, ledger.tables, ledger.tenant)
    scrubber = Scrubber(keys, key_of=key_of)
    found = {name: scrubber.own_key(name) for name in referred_names(*where)}
    others = known_contacts(*where, {name for name, key in found.items() if key})
    spelled = {name: keys[key] for name, key in found.items() if key and name not in others}
    return {**keys, **spelled}


def _keep_counts(
    ledger: Ledger, funnel: Funnel, owner: ContactState, token: str, now: datetime
) -> str | None:
    """Copy a contact to a token, without what was said of it; None where nothing is recorded."""
    if owner.fingerprint != funnel.fingerprint or owner.owed_since is not None:
        refold(ledger, [owner], funnel)
        ledger.untold = [one for one in ledger.untold if one.contact != owner.contact]
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
    ledger.extend_journeys([(0, unspoken, [_unspoken(e, token, returns) for e in away.values()])])
    _leave_token(ledger, funnel, owner, token, len(kept), now)
    return token


def _leave_token(
    ledger: Ledger, funnel: Funnel, owner: ContactState, token: str, moments: int, now: datetime
) -> None:
    """Write the row of a token: the state of the contact, at rest for ever."""
    state = ledger.lock_contact(token, funnel)
    state.journey = evolve(owner.journey, contact=token, open_cases=[])
    state.opened_at = owner.opened_at
    state.source = None if owner.opened_at is None else UNKNOWN
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
    """A silence, which nobody said; what somebody said is gone, and so is that it was nothing."""
    return reason if reason in (None, SILENCE) else UNKNOWN
