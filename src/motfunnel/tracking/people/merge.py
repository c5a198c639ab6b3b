"""Merging: several keys that are one contact, folded as one; and taking them apart again.

A merge is a pointer and a refold. Events stay under the key that they were recorded under, so that
no merge makes a conflict, and an unmerge gives back exactly what was there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import to_micros
from motfunnel.domain.moment import Moment
from motfunnel.errors import MergeError
from motfunnel.store.kept.changes import note_merge
from motfunnel.store.ledger.identity import (
    lift_pointer,
    move_traits,
    pointers,
    put_pointer,
    set_owner,
)
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.state import ContactState, new_state
from motfunnel.store.outbox.post import post_changes
from motfunnel.tracking.profile.identity import Identity, find_identity
from motfunnel.tracking.recording.fold import refold, settle_locked


def merge_keys(
    ledger: Ledger, funnel: Funnel, old: str, new: str, now: datetime, *, force: bool
) -> Identity:
    """Fold what was and will be recorded under the old key into the contact of the new one.

    Raises:
        MergeError: the old key was merged into another already, or was identified, or erased; or
            the database cannot write one of them.
    """
    if not (ledger.has_characters_for(old) and ledger.has_characters_for(new)):
        raise MergeError("the database has no characters for one of them", old=old, into=new)
    owners, members = lock_identities(ledger, funnel, [old, new])
    source, target = owners[old], owners[new]
    if source.contact == target.contact:
        return _identity(target, members)
    _check_merge(old, new, source, target, force=force)
    if settle_locked(ledger, [source, target], funnel):
        source, target = (ledger.lock_contact(one.contact, funnel) for one in (source, target))
    before = _moments(ledger, [source, target])
    moved = [old, *_of(members, old)]
    where = (ledger.connection, ledger.tables, ledger.tenant)
    put_pointer(*where, old, new, now)
    move_traits(*where, moved, target.contact)
    set_owner(*where, moved, target.contact)
    emptied = new_state(old, funnel)
    emptied.merged_into = target.contact
    ledger.clear_journeys([old])
    ledger.update_contacts([emptied])
    target.aliases += len(moved)
    silences = [one.silent_until for one in (source, target) if one.silent_until is not None]
    target.silent_until = max(silences, default=None)
    post_changes(ledger, before, refold(ledger, [target], funnel, is_told=False))
    note_merge(*where)
    return _identity(target, members | dict.fromkeys(moved, target.contact), changed=True)


def unmerge_key(ledger: Ledger, funnel: Funnel, old: str, now: datetime) -> Identity:
    """Take a key, and what was merged into it, out of the contact that it was merged into."""
    known = find_identity(ledger, old)
    if known.contact == old:  # nothing is to be made of a key that is none
        return known
    owners, members = lock_identities(ledger, funnel, [old])
    owner = owners[old]
    if owner.contact == old:
        ledger.drop_strays([old])
        return _identity(owner, members)
    if settle_locked(ledger, [owner], funnel):
        owner = ledger.lock_contact(owner.contact, funnel)
    where = (ledger.connection, ledger.tables, ledger.tenant)
    moved = _below(old, pointers(*where, _of(members, owner.contact)))
    apart = new_state(old, funnel)
    apart.aliases = len(moved) - 1
    owner.aliases -= len(moved)
    before = _moments(ledger, [owner])
    lift_pointer(*where, old, now)
    move_traits(*where, moved, old)
    set_owner(*where, moved, old)
    set_owner(*where, [old], None)
    ledger.clear_journeys([owner.contact])
    owner.moments = 0
    # Whoever was told of a silence is not told again: what is due by now is written down at once.
    owner.silent_until = apart.silent_until = to_micros(now)
    post_changes(ledger, before, refold(ledger, [owner, apart], funnel, is_told=False))
    note_merge(*where)
    return _identity(apart, dict.fromkeys(moved - {old}, old), changed=True)


def lock_identities(
    ledger: Ledger, funnel: Funnel, keys: Collection[str]
) -> tuple[dict[str, ContactState], dict[str, str]]:
    """Lock the contacts of some keys, with all keys of them.

    Returns:
        The contact of each key, and of each key that was merged into one of them, which.
    """
    wanted = {*keys, *ledger.find_aliases(sorted(keys)).values()}
    wanted |= ledger.find_members(sorted(wanted)).keys()
    while True:
        owners = ledger.lock_owners(wanted, funnel)
        contacts = {state.contact for state in owners.values()}
        members = ledger.find_members(sorted(contacts))
        if wanted >= contacts | members.keys():
            theirs = {owners[key].contact for key in keys}
            theirs |= {key for key, contact in members.items() if contact in theirs}
            ledger.drop_strays(wanted - theirs - {*keys})
            return owners, members
        wanted |= contacts | members.keys()  # somebody merged between the look and the lock


def _moments(ledger: Ledger, states: Sequence[ContactState]) -> list[Moment]:
    """What is stored of contacts' moments, where somebody is to be told how they differ."""
    if not ledger.is_subscribed:
        return []
    stored = ledger.journeys([one.contact for one in states])[0]
    return [moment for moments in stored.values() for moment in moments]


def _check_merge(
    old: str, new: str, source: ContactState, target: ContactState, *, force: bool
) -> None:
    if source.contact != old:
        raise MergeError(
            f"it is merged into {source.contact!r} already: if that was wrong, unmerge it first; "
            "on a device that people share, give each its own key",
            old=old,
            into=new,
        )
    if source.erased_at is not None or target.erased_at is not None:
        raise MergeError("one of them is what an erasure left of a contact", old=old, into=new)
    if source.known and not force:
        raise MergeError(
            "it was identified, so it may be another person; force=True merges it all the same",
            old=old,
            into=new,
        )


def _identity(
    state: ContactState, members: Mapping[str, str], *, changed: bool = False
) -> Identity:
    aliases = tuple(sorted(_of(members, state.contact)))
    return Identity(contact=state.contact, aliases=aliases, changed=changed)


def _of(members: Mapping[str, str], contact: str) -> list[str]:
    return [key for key, owner in members.items() if owner == contact]


def _below(key: str, above: Mapping[str, str]) -> set[str]:
    """The key itself, and all whose pointers lead to it."""
    found, grown = {key}, True
    while grown:
        more = {alias for alias, into in above.items() if into in found} - found
        grown = bool(more)
        found |= more
    return found
