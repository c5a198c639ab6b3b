"""Assigning contacts to the arms of a trial: by chance once, by what is recorded from then on.

An assignment is an event of its own, recorded exactly once, and never an attempt: the letter is
another. Sends nothing.
"""

from __future__ import annotations

from contextlib import nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from motfunnel.domain import machine
from motfunnel.domain.event import ASSIGN, Event, check_text, make_event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import from_micros, to_micros
from motfunnel.domain.moment import Presence
from motfunnel.domain.trial import ARM, HOLDOUT, TRIAL, Arm, arm_in, assigning, draw
from motfunnel.errors import AssignmentError
from motfunnel.store.database.retry import asking, transact
from motfunnel.store.hosts.transaction import Host, after_commit, host_connection
from motfunnel.store.ledger.ledger import Ledger
from motfunnel.store.ledger.state import ContactState
from motfunnel.tracking.recording.call import Tracked
from motfunnel.tracking.recording.fold import refold, settle_locked
from motfunnel.tracking.recording.habits import taught
from motfunnel.tracking.recording.recorder import Said, record_all
from motfunnel.tracking.writer import Writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ID: Final = "assign:"
_LONGEST: Final = 255 - len(_ID)


class Assigned(NamedTuple):
    """What became of asking for an arm.

    Attributes:
        arm: the arm.
        said: the assignment, where it is new.
        tracked: what that did.
    """

    arm: Arm
    said: list[Said]
    tracked: list[Tracked]


class Assigner(Writer):
    """Assigns contacts to the arms of trials."""

    @taught
    def assign(
        self, contact: object, *, trial: str, holdout: float, bind: Host | None = None
    ) -> Arm:
        """Say to which arm of a trial a departed contact belongs, for good.

        The first time chance decides, by a keyed hash of trial and contact, and the assignment is
        recorded; from then on what is recorded is the answer, whatever ``holdout`` says, and also
        once the contact is back. Of several that were recorded, as of keys that were merged, the
        earliest counts. An assignment is never an attempt: track the letter as an event of its own.
        Costs one look at the contact's events, and a track. Keeps the budget, and raises whatever
        ``on_error`` says, for without an answer nobody knows whether to write.

        Args:
            contact: as in ``track``.
            trial: what the trial is called; each draws anew.
            holdout: the share of contacts that is held out, from 0 to 1.
            bind: the host's Session or Connection, whose transaction this becomes part of.

        Returns:
            ``treatment``, or ``control``: to these nothing is to be sent.

        Raises:
            AssignmentError: the contact has not departed, or no rule of the funnel holds an arm
                out; it names the contact and the reason.
            StoreError: the database did not do it in time.
        """
        key = self._key(contact)
        return self._assign((key, trial, _read_share(key, trial, holdout)), bind)

    def _assign(self, asked: tuple[str, str, float], bind: Host | None) -> Arm:
        host = self.database.host() if bind is None else bind
        with self._within_budget() if host is None else nullcontext():
            with asking(self.database):
                funnel = self.funnel
            _check_trial(funnel, *asked[:2])
            now = self.clock()
            work = partial(self._assign_on, funnel=funnel, asked=asked, now=now)
            ledger, done = transact(self.database, work, bind)
        if host is None:
            pool, after = self.database.engine.pool, self.database.after
        else:
            on = host_connection(host)
            pool, after = on.engine.pool, partial(after_commit, on)
        if done.said:
            after(partial(self._committed, pool, done.tracked, done.said, now))
        if ledger.untold:
            after(partial(self._listeners.tell, ledger.untold))
        return done.arm

    def _assign_on(
        self, on: Connection, funnel: Funnel, asked: tuple[str, str, float], now: datetime
    ) -> tuple[Ledger, Assigned]:
        key, trial, share = asked
        self._put_funnel(on, funnel, now)
        ledger = Ledger(on, self.database.tables.schema, self.tenant, self.database.pace)
        if not ledger.has_characters_for(key):
            raise AssignmentError("has not departed: nobody is known", contact=key, trial=trial)
        state = _current(ledger, ledger.lock_owner(key, funnel), funnel)
        arm = _recorded(ledger, funnel, state, trial)
        if arm is not None:
            return ledger, Assigned(arm, [], [])
        departed = _departed_at(state, now)
        if departed is None:
            raise AssignmentError(_not_away(state), contact=key, trial=trial)
        arm = draw(trial, state.contact, share)
        said = _say(funnel, state, trial, arm, share, max(to_micros(now), departed + 1))
        tracked = record_all(ledger, funnel, [said], now, self.clock, self.marker)
        return ledger, Assigned(arm, [said], tracked)


def _read_share(key: str, trial: object, holdout: object) -> float:
    is_number = isinstance(holdout, float | int) and not isinstance(holdout, bool)
    if not is_number or not 0 <= holdout <= 1:  # type: ignore[operator]  # it is a number
        reason = f"holdout is {holdout!r}; it is a share from 0 to 1, such as 0.1"
        raise AssignmentError(reason, contact=key, trial=trial)
    return float(holdout)  # type: ignore[arg-type]


def _check_trial(funnel: Funnel, key: str, trial: object) -> None:
    try:
        check_text(trial, "trial", _LONGEST)
    except ValueError as error:
        raise AssignmentError(str(error), contact=key, trial=trial) from None
    if not assigning(funnel):
        raise AssignmentError(
            "no rule of the funnel holds an arm out, so that no report would compare them; write "
            'e.g. winback_sent = { outreach = true, arm = "arm", holdout = "control" }',
            contact=key,
            trial=trial,
        )


def _current(ledger: Ledger, state: ContactState, funnel: Funnel) -> ContactState:
    """The state of a contact that is locked, with all that is owed to it written."""
    if state.erased_at is not None:
        return state
    if settle_locked(ledger, [state], funnel):
        state = ledger.lock_contact(state.contact, funnel)
    if state.fingerprint != funnel.fingerprint:
        refold(ledger, [state], funnel)
        state = ledger.lock_contact(state.contact, funnel)
    return state


def _recorded(ledger: Ledger, funnel: Funnel, state: ContactState, trial: str) -> Arm | None:
    """The arm of the earliest assignment that is recorded of a contact, under any key of it."""
    keys = [state.contact, *(ledger.find_members([state.contact]) if state.aliases else ())]
    found = sorted(ledger.events_named(keys, assigning(funnel)), key=_place)
    arms = (arm_in(funnel, trial, event.name, event.properties) for event in found)
    return next((arm for arm in arms if arm is not None), None)


def _place(event: Event) -> tuple[datetime, str, str]:
    return event.occurred_at, event.id, event.contact


def _departed_at(state: ContactState, now: datetime) -> int | None:
    """When a contact departed that is away by now, swept or not; None where it is not."""
    journey = state.journey
    if state.erased_at is not None:
        return None
    if journey.presence is Presence.DEPARTED:
        departed: int = journey.state[machine.DEPARTED_AT]
        return departed
    deadline = journey.deadline
    return None if deadline is None or to_micros(now) < deadline else deadline


def _not_away(state: ContactState) -> str:
    """Why a contact is in no trial."""
    if state.erased_at is not None:
        return "is what an erasure left of a contact, and nobody's key"
    if state.journey.presence is Presence.UNKNOWN:
        return "has not departed: it never opened"
    return "has not departed: it is with us, and nothing is to bring it back"


def _say(funnel: Funnel, state: ContactState, trial: str, arm: Arm, share: float, at: int) -> Said:
    """The assignment as an event, after the departure: before it, it would belong to none."""
    event = make_event(
        state.contact,
        ASSIGN,
        occurred_at=from_micros(at),
        id=_ID + trial,
        properties={ARM: arm, TRIAL: trial, HOLDOUT: share},
    )
    return Said(event, funnel.read(event.name, event.properties))
