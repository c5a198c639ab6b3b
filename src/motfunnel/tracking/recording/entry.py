"""What could not be recorded, written down so that it can be taken again: exactly once.

Its id and its instant are fixed when it is set aside. Where it is kept, others decide.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from attrs import evolve, frozen

from motfunnel.domain.event import storable
from motfunnel.domain.scrubber import Scrubber
from motfunnel.store.ledger.rejects import MOST_REASON, Reject
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.encoding import read_back, to_text, write_down

SOURCE: Final = "track"
"""The source under which the table of rejects has what was said, and not read from a file."""

MARK: Final = "said"
"""The part of a reject's payload that holds what was said."""

_MOST_SHOWN: Final = 255
_ERRORS: Final = "motfunnel.errors"
_OBJECT: Final = "$object"


@frozen(kw_only=True)
class SetAside:
    """A call that was set aside; ``contact`` to ``extra`` are as ``write_down`` gives them.

    Attributes:
        verb: ``track``, ``track_many`` or ``identify``.
        contact: whose event.
        event: the event's name.
        properties: the properties, or the traits.
        occurred_at: when: as given, or else the instant of the call.
        id: the event's id.
        extra: what else was given.
        is_keyed: whether the contact is a key already.
        is_dated: whether the host said when.
        is_exact: whether all of it could be written down.
        reason: why it was set aside.
        is_refused: whether it was refused; else it waits for the database only.
    """

    verb: str
    contact: Any
    event: Any
    properties: Any
    occurred_at: Any
    id: Any
    extra: Any = None
    is_keyed: bool
    is_dated: bool
    is_exact: bool
    reason: str
    is_refused: bool

    def to_json(self) -> str:
        """Write it on one line."""
        return to_text({name: getattr(self, name) for name in self.__annotations__})

    def to_line(self) -> bytes:
        """The same, as a line of the spool has it."""
        return self.to_json().encode("ascii")

    @classmethod
    def from_json(cls, text: str | bytes) -> SetAside:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: it is nothing of the kind.
        """
        said = json.loads(text)
        try:  # another version of this library may say more
            return cls(**{name: said[name] for name in cls.__annotations__ if name in said})
        except TypeError as error:
            raise ValueError(str(error)) from None

    def to_call(self) -> Call:
        """Give the call as far as it could be written down."""
        parts = ("contact", "event", "properties", "occurred_at", "id")
        given = {name: read_back(getattr(self, name)) for name in parts}
        return Call(verb=self.verb, is_keyed=self.is_keyed, **given)

    def to_reject(self) -> Reject:
        """Give the row for the table of rejects; the same call takes the same place."""
        decisive = [self.verb, self.contact, self.event, self.properties, self.id, self.extra]
        if self.is_dated:
            decisive.append(self.occurred_at)
        digest = hashlib.sha256(to_text(decisive).encode()).hexdigest()
        return Reject(
            id=f"said-{digest[:31]}",
            source=SOURCE,
            line=0,
            contact=_shown(self.contact),
            event=_shown(self.event),
            reason=storable(self.reason[:MOST_REASON]),
            payload=to_text({MARK: json.loads(self.to_json())}),
        )

    def emptied(self, reason: str) -> SetAside:
        """That something was set aside, and why; nothing of what it was."""
        gone: Any = dict.fromkeys(("contact", "event", "properties", "occurred_at", "extra"))
        return evolve(self, **gone, id=str(uuid4()), is_exact=False, is_refused=True, reason=reason)

    def is_of(self, scrubber: Scrubber) -> bool:
        """Whether an erased contact said it; what is not an event counts if it names one."""
        if isinstance(self.extra, list):
            leaves = [*_leaves(self.extra)]
            return any(map(scrubber.is_own, leaves)) or any(map(scrubber.is_named, leaves))
        given = [self.contact, _contact_of(self.extra)]
        if any(not scrubber.tokens.keys().isdisjoint(_leaves(one)) for one in given):
            return True
        return any(scrubber.is_own(_given(one)) for one in given[self.is_keyed :])

    def without(self, scrubber: Scrubber, referring: Collection[str]) -> SetAside | None:
        """What is left of it once contacts are erased; None of what one of them said itself.

        None, too, of what is of a contact that could not be written down: whose it was cannot be
        told, and taken again it cannot be.
        """
        whose = [self.contact, _contact_of(self.extra)]
        whose += self.extra if isinstance(self.extra, list) else []
        if self.is_of(scrubber) or _OBJECT in {*_leaves(whose)}:
            return None
        parts = ("contact", "event", "properties", "occurred_at", "extra", "reason")
        cleaned = {
            name: scrubber.clean(_plainly(getattr(self, name), scrubber), referring)
            for name in parts
        }
        is_named = any(map(scrubber.is_named, _leaves(self.id)))
        return evolve(self, **cleaned, id=str(uuid4()) if is_named else self.id)


def set_aside(call: Call, error: Exception, now: datetime, *, is_refused: bool) -> SetAside:
    """Write down a call that failed; never raises."""
    parts = (call.contact, call.event, call.properties, call.id, call.extra)
    written = [write_down(part) for part in parts]
    contact, event, properties, id, extra = (one for one, _ in written)
    is_dated = call.occurred_at is not None
    occurred_at, is_whole = write_down(call.occurred_at if is_dated else now)
    return SetAside(
        verb=call.verb,
        contact=contact,
        event=event,
        properties=properties,
        occurred_at=occurred_at,
        id=id,
        extra=extra,
        is_keyed=call.is_keyed,
        is_dated=is_dated,
        is_exact=is_whole and all(exact for _, exact in written),
        reason=reason_of(error),
        is_refused=is_refused,
    )


def reason_of(error: Exception) -> str:
    """Say why a call failed; of an error that is not ours only its type."""
    reason = getattr(error, "reason", None) if type(error).__module__ == _ERRORS else None
    return reason if type(reason) is str else type(error).__name__


def _leaves(written: Any) -> Any:
    if isinstance(written, list):
        for item in written:
            yield from _leaves(item)
    elif isinstance(written, dict):
        for key, value in written.items():
            yield key
            yield from _leaves(value)
    elif written is not None:
        yield str(written)


def _contact_of(extra: Any) -> Any:
    """The contact of a mapping that was given as an event."""
    if not isinstance(extra, dict):
        return None
    pairs = extra.get("$pairs")
    return dict(map(tuple, pairs)).get("contact") if pairs else extra.get("contact")


def _given(written: Any) -> Any:
    try:
        return read_back(written)
    except (TypeError, ValueError):
        return None


def _plainly(written: Any, scrubber: Scrubber) -> Any:
    """What was written down, with no key of the erased in what is not written in letters."""
    if isinstance(written, list):
        return [_plainly(item, scrubber) for item in written]
    if not isinstance(written, dict):
        return written
    if written.get("$uuid") in scrubber.tokens:
        return scrubber.tokens[written["$uuid"]]
    if "$bytes" in written:
        said = base64.b64decode(written["$bytes"])
        texts = (said.decode(code, "replace") for code in ("utf-8", "utf-16-le", "utf-16-be"))
        return None if any(map(scrubber.is_named, texts)) else written
    return {name: _plainly(item, scrubber) for name, item in written.items()}


def _shown(written: Any) -> str | None:
    plain = isinstance(written, str | int) and not isinstance(written, bool)
    return storable(str(written)[:_MOST_SHOWN]) if plain else None
