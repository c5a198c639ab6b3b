"""The state machine: one step function over integers, the only place where moments are made.

``signal.SIGNALS`` says which signals open, keep alive and return; ``TRANSITIONS`` below says what
that does to a presence; ``step`` carries both out. Everything else (tracker, rebuild, batch,
reports) walks this function, so it is kept such that a compiler can take it unchanged: integers
in, integers out, no objects, no calls. ``journey`` puts readable values around it.

The rules hold no clock, know no names, and never look at a later event.
"""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import Final

from motfunnel.domain.signal import KEEPS_ALIVE, OPENS, RETURNS

# A contact's state: a row of integers, at these places. Instants are microseconds since 1970.
PRESENCE: Final = 0
STAGE: Final = 1  # the highest reached, counted from 0
PURCHASES: Final = 2
LAST_PURCHASE: Final = 3
REFERRALS: Final = 4
IS_APOSTLE: Final = 5
LAST_TOUCH: Final = 6
EPISODES: Final = 7
DEPARTED_AT: Final = 8  # of the latest episode
OUTREACHES: Final = 9  # in the open episode
FIRST_OUTREACH: Final = 10  # of the latest episode that had one
GAPS: Final = 11  # from one touch to the next later one, with no absence between
GAPS_SUM: Final = 12  # how long they were together
NEW_CONTACT: Final = (0,) * 13

# The presences, in the order of moment.Presence.
UNKNOWN: Final = 0
ACTIVE: Final = 1
DEPARTED: Final = 2

# A funnel's terms: a row of integers, at these places; from PATIENCE on, one for each stage. Where
# any stage has a rhythm, the rhythms of all stages follow, four integers each.
LAST_STAGE: Final = 0
LOYAL_AFTER: Final = 1
LOYAL_APART: Final = 2
APOSTLE_AFTER: Final = 3  # referrals
PATIENCE: Final = 4
NEVER: Final = -1  # as a patience or as APOSTLE_AFTER
BY_RHYTHM: Final = -2  # as a patience: it is what the contact's rhythm gives
NO_RHYTHM: Final = (0, 0, 0, 0)

# Within the four of a rhythm.
TENTHS: Final = 0  # of how many usual gaps the patience is
USUAL: Final = 1  # the gap of a contact that has shown none of its own
AT_LEAST: Final = 2
AT_MOST: Final = 3
A_RHYTHM: Final = 4  # how many there are

# The ranks of the signals that have an effect of their own (see signal.Signal).
OUTREACH: Final = 2
REACH: Final = 4
PURCHASE: Final = 5
RATING: Final = 6
REFER: Final = 7
ADVOCATE: Final = 8
COMPLAIN: Final = 9
LEAVE: Final = 11
NOTE: Final = 0

# The moments of one step: a set of bits, lowest first in the order in which they are made.
DEPART: Final = 1
OPENING: Final = 2
RECIDIVISM: Final = 4
CONVERSION: Final = 8
LOYALIST: Final = 16
REFERRAL: Final = 32
APOSTLE: Final = 64
COMPLAINT: Final = 128
MOMENTS: Final = 255  # all of them

FOREVER: Final = 1 << 62  # an instant that is later than any

# Beside the moments of a step: whether its event kept the contact alive.
ALIVE: Final = 256

TRANSITIONS: Final = (
    # presence   when                              presence   moment
    (UNKNOWN, "a signal that opens", ACTIVE, OPENING),
    (ACTIVE, "leave, or silence beyond patience", DEPARTED, DEPART),
    (DEPARTED, "a signal that returns", ACTIVE, RECIDIVISM),
    (ACTIVE, "reach a higher stage, or first purchase", ACTIVE, CONVERSION),
    (ACTIVE, "purchase again", ACTIVE, LOYALIST),
    (ACTIVE, "refer", ACTIVE, REFERRAL),
    (ACTIVE, "advocacy, when no apostle yet", ACTIVE, APOSTLE),
    (ACTIVE, "complain", ACTIVE, COMPLAINT),
    (DEPARTED, "complain", DEPARTED, COMPLAINT),
)
"""The second half of the table: every change of presence, and every moment with where it can be.

The picture in the documentation is drawn from it, and a test holds ``step`` to it.
"""


def step(  # noqa: C901, PLR0912, PLR0915 - one function by design, so that it compiles as it stands
    state: MutableSequence[int], terms: Sequence[int], signal: int, at: int, argument: int
) -> int:
    """Advance a contact's state, in place, by one event; give the moments made, as bits, and ALIVE.

    A departure by silence is dated ``state[DEPARTED_AT]``, all other moments ``at``. To ask
    whether a silence has run out by some instant, step a NOTE one microsecond later; to ask when
    it will have, step one at FOREVER.

    A rhythm's patience is its factor times the mean of the contact's gaps and of two usual ones,
    rounded down and held between its bounds.

    Args:
        state: the contact's row, changed in place.
        terms: the funnel's row.
        signal: the rank of the event's signal.
        at: the event's instant; never earlier than the one before it.
        argument: the stage of a ``reach``; 1 for the ``rating`` of a promoter, and for an
            ``outreach`` that is an attempt; otherwise 0.
    """
    made = 0

    # Silence, or a farewell. An event exactly at the deadline is still in time.
    if state[PRESENCE] == ACTIVE:
        patience = terms[PATIENCE + state[STAGE]]
        if patience == BY_RHYTHM:
            rhythm = PATIENCE + terms[LAST_STAGE] + 1 + A_RHYTHM * state[STAGE]
            whole = 2 * terms[rhythm + USUAL] + state[GAPS_SUM]
            parts = 10 * (2 + state[GAPS])
            patience = terms[rhythm + AT_MOST]
            if whole // parts < patience:  # else it would be the most anyway; 64 bits suffice so
                times = terms[rhythm + TENTHS]
                patience = min(whole // parts * times + whole % parts * times // parts, patience)
            patience = max(patience, terms[rhythm + AT_LEAST])
        deadline = state[LAST_TOUCH] + patience
        silent = patience != NEVER and at > deadline
        if silent or signal == LEAVE:
            made |= DEPART
            state[PRESENCE] = DEPARTED
            state[IS_APOSTLE] = 0
            state[EPISODES] += 1
            state[DEPARTED_AT] = deadline if silent else at
            state[OUTREACHES] = 0

    # Presence.
    if state[PRESENCE] == UNKNOWN and OPENS[signal]:
        made |= OPENING
        state[PRESENCE] = ACTIVE
    elif state[PRESENCE] == DEPARTED and RETURNS[signal]:
        made |= RECIDIVISM
        state[PRESENCE] = ACTIVE

    # Clock.
    if state[PRESENCE] == ACTIVE and KEEPS_ALIVE[signal]:
        if made == 0 and at > state[LAST_TOUCH]:  # it was here all the time
            state[GAPS] += 1
            state[GAPS_SUM] += at - state[LAST_TOUCH]
        made |= ALIVE
        state[LAST_TOUCH] = at

    # Effect.
    advocacy = signal == ADVOCATE or (signal == RATING and argument == 1)
    if signal == REACH and argument > state[STAGE]:
        made |= CONVERSION
        state[STAGE] = argument
    elif signal == PURCHASE:
        if state[PURCHASES] == 0 or at - state[LAST_PURCHASE] >= terms[LOYAL_APART]:
            state[PURCHASES] += 1
            state[LAST_PURCHASE] = at
            if state[PURCHASES] >= terms[LOYAL_AFTER]:
                made |= LOYALIST
        if state[STAGE] < terms[LAST_STAGE]:  # only ever at the first purchase
            made |= CONVERSION
            state[STAGE] = terms[LAST_STAGE]
    elif signal == REFER:
        made |= REFERRAL
        state[REFERRALS] += 1
        advocacy = terms[APOSTLE_AFTER] != NEVER and state[REFERRALS] >= terms[APOSTLE_AFTER]
    elif signal == COMPLAIN:
        made |= COMPLAINT
    elif signal == OUTREACH and argument == 1 and state[PRESENCE] == DEPARTED:
        if state[OUTREACHES] == 0:
            state[FIRST_OUTREACH] = at
        state[OUTREACHES] += 1
    if advocacy and state[PRESENCE] == ACTIVE and state[IS_APOSTLE] == 0:
        made |= APOSTLE
        state[IS_APOSTLE] = 1

    return made
