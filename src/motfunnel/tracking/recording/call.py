"""One call: what a host said, unchecked and perhaps hostile; and what it is answered.

Compares nothing, prints nothing, and asks nothing of what a host's values hold.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from motfunnel.domain.event import to_readable_json
from motfunnel.domain.moment import Moment
from motfunnel.text import preformatted

IDENTIFYING: Final = "identify"
"""The verb that tells traits; the others tell events."""


@frozen(kw_only=True, eq=False, repr=False)
class Call:
    """An event or traits as given by the host; handed to a callable ``on_error``.

    Attributes:
        verb: ``track``, ``track_many`` or ``identify``.
        contact: whose event; once ``contact_key`` was asked, its answer.
        event: the event's name; of an ``identify`` the name that such events have.
        properties: the properties, or the traits.
        occurred_at: when; None where it was not given.
        id: the event's id; made by the tracker where none was given.
        extra: what else ``track_many`` was given for it, or in place of it.
        ambient: the names of properties that the surroundings give, such as a web request, and
            the caller did not: the same event may be said again in others.
        is_keyed: whether ``contact_key`` was asked already.
        kept: where it is kept until it can be recorded: ``rejects``, ``spool``, ``commit`` (in the
            spool once the host's transaction is committed) or ``nowhere``.
    """

    verb: str
    contact: object = None
    event: object = None
    properties: object = None
    occurred_at: object = None
    id: object = None
    extra: object = None
    ambient: frozenset[str] = frozenset()
    is_keyed: bool = False
    kept: str = "nowhere"


@frozen(kw_only=True)
class Tracked:
    """What one event did.

    Attributes:
        contact: whose event it was.
        id: the event's id; made here where the caller brought none.
        moments: what the event established, in order.
        revoked: the moments that a late event took back, because they rested on its absence.
        deferred: the event is stored, and its contact will be folded later, because too many of its
            events come after this one: moments are then not known yet, and handlers are told of
            them once they are. Reports and profiles take the event into account at once.
        duplicate: the event had been recorded before; nothing was done.
        skipped: it was an anonymous visitor's, whom the host lets pass; nothing was done, and the
            contact and the id are empty.
        error: why the event could not be recorded, where the tracker's ``on_error`` does not
            raise; it is then kept elsewhere, if it can be at all.
    """

    contact: str
    id: str
    moments: tuple[Moment, ...] = ()
    revoked: tuple[Moment, ...] = ()
    deferred: bool = False
    duplicate: bool = False
    skipped: bool = False
    error: Exception | None = None

    def __repr__(self) -> str:
        """On one line: whose event, and what it did."""
        came = [moment.kind.value for moment in self.moments]
        went = [f"revoked {moment.kind.value}" for moment in self.revoked]
        did = ", ".join(came + went) or str(self)
        return f"<Tracked {self.contact!r}: {did}>"

    def _repr_html_(self) -> str:
        """As a notebook shows it: what it did, a line each."""
        return preformatted(self)

    def __str__(self) -> str:
        """What it did, a line each."""
        if self.error is not None:
            return f"not recorded: {type(self.error).__name__}"
        if self.skipped:
            return "skipped: an anonymous visitor"
        if self.duplicate:
            return f"{self.id} was there already"
        if self.deferred:
            return f"{self.id} is stored; its moments will be known later"
        came = [str(moment) for moment in self.moments]
        went = [f"revoked: {moment}" for moment in self.revoked]
        return "\n".join(came + went) or "no moment"

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON; of an error its type alone."""
        return {
            "contact": self.contact,
            "id": self.id,
            "moments": [moment.to_dict() for moment in self.moments],
            "revoked": [moment.to_dict() for moment in self.revoked],
            "duplicate": self.duplicate,
            "skipped": self.skipped,
            "error": None if self.error is None else type(self.error).__name__,
        }

    def to_json(self) -> str:
        """The same as a JSON text."""
        return to_readable_json(self.to_dict())


Outcome = Tracked | Exception
"""What became of one event: what it did, or why it could not be recorded."""


def failed_call(call: Call, error: Exception) -> Tracked:
    """Answer a call that could not be recorded."""
    contact, id = (part if type(part) is str else "" for part in (call.contact, call.id))
    return Tracked(contact=contact, id=id, error=error)
