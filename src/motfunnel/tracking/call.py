"""What a host said in one call, as it said it: unchecked, and perhaps hostile.

Compares nothing, prints nothing, and asks nothing of what it holds.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

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
