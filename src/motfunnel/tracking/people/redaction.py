"""Redaction: the keys of erased contacts, taken out of what is kept of others.

An event of somebody else stays one, and a reject too; they only name nobody any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from attrs import evolve

from motfunnel.domain.event import ASSIGN, IDENTIFY, Event, to_json
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.marker import Marker
from motfunnel.domain.scrubber import ERASED, Scrubber
from motfunnel.store.ledger.erasure import (
    events_naming,
    rejects_naming,
    remake_traits,
    replace_event,
)
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.rejects import COLUMNS, CUT, ROW, UNREAD, Reject, replace_reject
from motfunnel.store.ledger.state import ContactState
from motfunnel.store.ledger.tombstones import put_redactions, redaction
from motfunnel.store.schema.tables import Tables
from motfunnel.tracking.people.merge import lock_identities
from motfunnel.tracking.recording.entry import MARK, SetAside
from motfunnel.tracking.recording.fold import refold, settle_locked

if TYPE_CHECKING:
    from sqlalchemy import Connection

_SEPARATORS: Final = re.compile(r"""\s*["']?[,;\t|]["']?\s*|^["']|["']$""")
"""What stands between the cells of a line that is not a whole row."""

_MADE_OF_CONTENT: Final = re.compile("[0-9a-f]{32}-[0-9]+")
"""An id that an import made of a row: whoever guesses the row can verify it."""

_ESCAPED: Final = re.compile(r"\\+u([0-9A-Fa-f]{4})")
_ESCAPED_QUOTE: Final = re.compile(r"\\+([\"'/])")


def find_namers(
    connection: Connection, tables: Tables, tenant: str, scrubber: Scrubber, funnel: Funnel
) -> set[str]:
    """The keys, other than theirs, under which an event names one of the erased."""
    referring = referring_properties(funnel)
    return {
        event.contact
        for event in events_naming(connection, tables, tenant, [*scrubber.tokens])
        if event.contact not in scrubber.tokens and _clean(event, scrubber, referring) != event
    }


def scrub_others(
    ledger: Ledger,
    funnel: Funnel,
    scrubber: Scrubber,
    owners: Mapping[str, ContactState],
    marker: Marker | None,
) -> int:
    """Take the keys out of the events of others, and fold those anew; how many events there were.

    A referral stays one, of somebody who is no longer named.

    Args:
        ledger: where.
        funnel: by which they are classified.
        scrubber: knows the keys.
        owners: the contacts that are locked already, by key.
        marker: marks the ids that name one of them, if there is a secret.
    """
    where = (ledger.connection, ledger.tables, ledger.tenant)
    referring = referring_properties(funnel)
    while late := (changed := _changed(ledger, scrubber, referring)).keys() - owners.keys():
        # They named one of them since the first look, and may be gone themselves by now.
        owners = {**owners, **lock_identities(ledger, funnel, late)[0]}
    ledger.drop_strays(owners)
    if not changed:
        return 0
    states = _settled(ledger, funnel, scrubber, [owners[key] for key in changed])
    for pairs in changed.values():
        for stored, cleaned in pairs:
            replace_event(*where, stored, cleaned)
        put_redactions(*where, (redaction(*pair, marker) for pair in pairs))
    refold(ledger, states, funnel)
    remake_traits(*where, {key: owners[key].contact for key in changed})
    return sum(map(len, changed.values()))


def _changed(
    ledger: Ledger, scrubber: Scrubber, referring: Collection[str]
) -> dict[str, list[tuple[Event, Event]]]:
    """The events of others that name one of them, by contact, and what is to be left of each."""
    changed: dict[str, list[tuple[Event, Event]]] = {}
    where = (ledger.connection, ledger.tables, ledger.tenant)
    for event in events_naming(*where, [*scrubber.tokens]):
        cleaned = _clean(event, scrubber, referring)
        if cleaned != event and event.contact not in scrubber.tokens:
            changed.setdefault(event.contact, []).append((event, cleaned))
    return changed


def _settled(
    ledger: Ledger, funnel: Funnel, scrubber: Scrubber, states: Iterable[ContactState]
) -> list[ContactState]:
    """Each contact once, with what is owed to it written; what is told of that names nobody."""
    each = {state.contact: state for state in states}
    if not settle_locked(ledger, each.values(), funnel):
        return [*each.values()]
    ledger.untold = [
        evolve(one, referred=None) if one.referred in scrubber.tokens else one
        for one in ledger.untold
    ]
    return [ledger.lock_contact(contact, funnel) for contact in each]


def scrub_rejects(ledger: Ledger, funnel: Funnel, scrubber: Scrubber) -> int:
    """Delete the rejects of erased contacts, and take their keys out of those of others.

    Waits for whoever is about to take one of them again.

    Returns:
        How many rejects there were.
    """
    where = (ledger.connection, ledger.tables, ledger.tenant)
    referring = referring_properties(funnel)
    keys = [*scrubber.tokens] if scrubber.key_of is None else None  # else any text may be its key
    gone = [
        (reject, left)
        for reject in rejects_naming(*where, keys)
        if (left := left_of(reject, scrubber, referring)) != reject
    ]
    for reject, left in gone:
        replace_reject(*where, reject.id, left)
    return len(gone)


def scrubber_of(
    tokens: Mapping[str, str | None], funnel: Funnel, key_of: Callable[[Any], object] | None = None
) -> Scrubber:
    """What takes out keys, and leaves the words that the funnel itself uses.

    Args:
        tokens: for each key what stands for it from now on.
        funnel: names events, and properties that it reads.
        key_of: turns a contact as the host has it into its key.
    """
    rules = [rule for several in funnel.rules.values() for rule in several]
    read = {
        name
        for rule in rules
        for name in (rule.score, rule.referred, rule.case, rule.reason, rule.arm, rule.trial)
        if name is not None
    }
    asked = {condition.property for rule in rules for condition in rule.when}
    words = frozenset({IDENTIFY, ASSIGN, *funnel.rules, *funnel.touchpoints, *read, *asked})
    return Scrubber(tokens, words=words, key_of=key_of)


def referring_properties(funnel: Funnel) -> set[str]:
    """The names of properties that name a contact."""
    return {rule.referred for rules in funnel.rules.values() for rule in rules if rule.referred}


def is_reject_of(reject: Reject, scrubber: Scrubber) -> bool:
    """Whether a reject is an erased contact's own; what is not a whole row, if it names one."""
    if reject.contact in scrubber.tokens:
        return True
    payload = json.loads(reject.payload)
    if MARK in payload:
        return SetAside.from_json(json.dumps(payload[MARK])).is_of(scrubber)
    if ROW in payload:
        return scrubber.is_own(payload[ROW].get(payload[COLUMNS]["contact"]))
    unread = payload.get(UNREAD) or {CUT: payload.get(CUT, "")}
    cells = [cell for one in unread.values() for cell in (one if isinstance(one, list) else [one])]
    column = payload.get(COLUMNS, {}).get("contact", "")
    return any(
        scrubber.is_named(text) or any(map(scrubber.is_own, _pieces(text, column)))
        for text in map(str, cells)
    )


def left_of(reject: Reject, scrubber: Scrubber, referring: Collection[str]) -> Reject | None:
    """What is left of a reject; None of one of an erased contact, or that cannot be read."""
    try:
        payload = json.loads(reject.payload)
        if is_reject_of(reject, scrubber):
            return None
        if MARK in payload:
            said = SetAside.from_json(json.dumps(payload[MARK]))
            left = said.without(scrubber, referring)
            # Under a new id: the old one is made of what was said.
            return reject if left == said else None if left is None else left.to_reject()
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    cleaned = scrubber.clean(payload, referring)
    return evolve(
        reject,
        contact=scrubber.clean(reject.contact),
        event=reject.event and scrubber.clean_name(reject.event),
        reason=scrubber.clean(reject.reason) or ERASED,
        payload=reject.payload if cleaned == payload else to_json(cleaned),
    )


def _pieces(text: str, column: str) -> list[str]:
    """What may be the contact in a text that was to be a row, of CSV or JSON."""
    plain = _ESCAPED_QUOTE.sub(r"\1", _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text))
    values = re.findall(rf'"{re.escape(column)}"\s*:\s*(?:"([^"]*)"|([\w.-]+))', plain)
    return [*_SEPARATORS.split(plain), *(quoted or number for quoted, number in values)]


def _clean(event: Event, scrubber: Scrubber, referring: Collection[str]) -> Event:
    cleaned = evolve(
        event,
        name=scrubber.clean_name(event.name),
        properties=scrubber.clean(event.properties, referring),
    )
    is_telling = cleaned != event and _MADE_OF_CONTENT.fullmatch(event.id)
    if is_telling or scrubber.is_named(event.id):
        return evolve(cleaned, id=str(uuid4()))
    return cleaned
