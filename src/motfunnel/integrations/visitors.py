"""Anonymous visitors: what becomes of a call whose contact is somebody that nobody knows by name.

A web framework's tracker refuses such calls, skips and counts them, or records them under the key
of the visitor's session, as the host's setting says. Knows no framework.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

from attrs import evolve

from motfunnel.domain.funnel.file import Preset
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.errors import AnonymousError
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.recording.call import Call, Tracked
from motfunnel.tracking.recording.policy import RAISE
from motfunnel.tracking.upkeep.upkeep import Health

Anonymous: TypeAlias = Literal["refuse", "skip", "session"]
"""What becomes of anonymous visitors."""

MODES: Final[tuple[str, ...]] = get_args(Anonymous)

Keyed = Callable[[Any], object]
SessionContact = Callable[[], str | None]


class VisitedTracker(Tracker):
    """The Tracker of a web framework, to which anonymous visitors come.

    Args:
        database: as for ``motfunnel.Tracker``, and so are the others that are not named here.
        funnel: the definition.
        contact_key: the host's own, which is asked first.
        framework_key: turns what the framework has as a contact into a text.
        session_contact: gives the contact that the visitor's session is, where there is one.
        anonymous: what becomes of a visitor for whom there is no key; by default ``refuse``, or
            ``skip`` where ``on_error`` does not raise.
        options: what else ``motfunnel.Tracker`` takes.
    """

    anonymous_setting: ClassVar[str] = "MOTFUNNEL_ANONYMOUS"
    """What the host calls ``anonymous`` in its settings."""

    def __init__(
        self,
        database: Any,
        funnel: Funnel | Preset | None = None,
        *,
        contact_key: Keyed | None = None,
        framework_key: Keyed = lambda contact: contact,
        session_contact: SessionContact = lambda: None,
        anonymous: Anonymous | None = None,
        **options: Any,
    ) -> None:
        raises = options.get("on_error", RAISE) == RAISE
        self.anonymous: Anonymous = anonymous or ("refuse" if raises else "skip")
        self._skipped, self._counting = 0, Lock()

        def key(contact: object) -> object:
            named = _own_key(contact_key, contact)
            if not is_anonymous(named):
                return framework_key(named)
            found = session_contact() if self.anonymous == "session" else None
            if found is None:
                raise AnonymousError(
                    "the contact is an anonymous visitor; give a key of its own, or set "
                    f'{self.anonymous_setting} to "skip" or "session"'
                )
            return found

        super().__init__(database, funnel, contact_key=key, **options)

    def health(self, *, read_only: bool = False) -> Health:
        """Say how the tracker is, as ``motfunnel.Tracker.health`` does."""
        return evolve(super().health(read_only=read_only), skipped=self._skipped)

    def _say(self, calls: Sequence[Call], bind: object) -> list[Tracked]:
        """Record what was said, but of visitors who are to be skipped."""
        if self.anonymous == "refuse":
            return super()._say(calls, bind)
        named = [self._named(call) for call in calls]
        known = [call for call in named if call is not None]
        answers = iter(super()._say(known, bind) if known else ())
        with self._counting:
            self._skipped += len(named) - len(known)
        return [
            Tracked(contact="", id="", skipped=True) if call is None else next(answers)
            for call in named
        ]

    def _named(self, call: Call) -> Call | None:
        """The call with its contact's key; None for an anonymous visitor."""
        if call.extra is not None or call.is_keyed:
            return call
        try:
            return evolve(call, contact=self.interpreter.key(call.contact), is_keyed=True)
        except AnonymousError:
            return None
        except Exception:  # the same again where it is recorded, where on_error says what becomes
            return call


def is_anonymous(contact: object) -> bool:
    """Whether a framework says of its user that it is nobody in particular."""
    try:
        return getattr(contact, "is_anonymous", False) is True
    except Exception:  # an object of the host's that answers no question
        return False


def check_anonymous(given: object) -> object:
    """Give the setting back.

    Raises:
        ValueError: it is none of the three.
    """
    if given not in MODES:
        raise ValueError(f"{given!r} is not " + " or ".join(f'"{mode}"' for mode in MODES))
    return given


def contact_of_session(key: str) -> str:
    """The contact that a session is: a digest, since who has a session's key has the session."""
    return f"session:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _own_key(own: Keyed | None, contact: object) -> object:
    """What the host makes of a contact; of an anonymous visitor it may make nothing."""
    if own is None:
        return contact
    if not is_anonymous(contact):
        return own(contact)
    try:
        key = own(contact)
    except Exception:  # such as an attribute that only those have who are known
        return contact
    return contact if key is None else key
