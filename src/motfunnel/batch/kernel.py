"""The kernel: contacts walked through ``machine.step``, one after another, in columns of integers.

Takes events in the canonical order, and gives what a journey keeps: moments, episodes, states. It
is one function over arrays, compiled by numba where that is there, and run as it stands otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from motfunnel.domain import machine
from motfunnel.domain.signal import Signal

if TYPE_CHECKING:
    from numpy import ndarray

    Array = ndarray[Any, Any]

# A record of one step that made moments: an integer in each of these columns.
EVENT: Final = 0  # its place among the events; -1 for the silence at the end
CONTACT: Final = 1
MADE: Final = 2  # the moments, as bits
BEFORE: Final = 3  # the stage before it
AFTER: Final = 4
DEPARTED: Final = 5  # when, of a departure
EPISODE: Final = 6
CUSTOMER: Final = 7  # whether it had purchased before
# Of a departure, what happened until the return:
OUTREACHES: Final = 8
FIRST: Final = 9  # the first outreach
RETURN: Final = 10  # the place of the event that brought it back; -1 while away
WIDTH: Final = 11

COMPILED_FROM: Final = 2_000_000
"""From how many events on compiling pays: it takes some seconds."""

_COMPLAIN: Final = int(Signal.COMPLAIN)
_RESOLVE: Final = int(Signal.RESOLVE)
_ATTEMPT: Final = int(Signal.OUTREACH)


@frozen
class Walked:
    """What a walk has made.

    Attributes:
        records: of each step that made moments, in order, what is written down; column by column.
        states: a row for each contact, as ``machine`` keeps it.
        deadlines: for each contact, until when it may be silent; NEVER where nobody waits.
        open_cases: for each contact, how many of its complaints await their resolution.
        alive: of each event, whether it kept its contact alive.
    """

    records: Array
    states: Array
    deadlines: Array
    open_cases: Array
    alive: Array


def follow_case(cases: Any, count: int, signal: int, case: int) -> int:
    """Open or close a case among the open ones, in place; give how many are open then.

    A complaint whose case is open already opens none; a resolution without a case closes the one
    that has been open longest. A case without a name is -1.
    """
    for place in range(count):
        if signal == _COMPLAIN and case >= 0 and cases[place] == case:
            return count
        if signal == _RESOLVE and (case < 0 or cases[place] == case):
            for behind in range(place, count - 1):
                cases[behind] = cases[behind + 1]
            return count - 1
    if signal == _COMPLAIN:
        cases[count] = case
        return count + 1
    return count


def record(
    columns: Any, count: int, state: Any, place: int, contact: int, made: int, away: int
) -> int:
    """Write down what a step made; give where the latest departure of the contact stands.

    The stage before the step stands there already.
    """
    columns[EVENT][count] = place
    columns[CONTACT][count] = contact
    columns[MADE][count] = made & machine.MOMENTS
    columns[AFTER][count] = state[machine.STAGE]
    columns[DEPARTED][count] = state[machine.DEPARTED_AT]
    columns[EPISODE][count] = state[machine.EPISODES]
    columns[RETURN][count] = -1
    if made & machine.DEPART:
        away = count
    if made & machine.RECIDIVISM:
        columns[RETURN][away] = place
    return away


def make_walk(step: Any, follow_case: Any, record: Any) -> Callable[..., int]:
    """Make the walk of a step: of the plain one, or of one that was compiled."""

    def walk(  # noqa: PLR0917 - arrays only, as a compiler takes them
        contacts: Any, instants: Any, signals: Any, arguments: Any, cases: Any,
        terms: Any, until: int, states: Any, deadlines: Any, awaiting: Any, open_cases: Any,
        alive: Any, rows: Any, spare: Any,
    ) -> int:  # fmt: skip
        events, count, place = len(contacts), 0, 0
        while place < events:
            contact = contacts[place]
            state, waiting, away = states[contact], 0, -1
            while place < events and contacts[place] == contact:
                signal = signals[place]
                rows[BEFORE][count] = state[machine.STAGE]
                rows[CUSTOMER][count] = state[machine.PURCHASES] > 0
                made = step(state, terms, signal, instants[place], arguments[place])
                alive[place] = made >= machine.ALIVE
                if made & machine.MOMENTS:
                    away = record(rows, count, state, place, contact, made, away)
                    count += 1
                if signal in (_COMPLAIN, _RESOLVE):
                    waiting = follow_case(open_cases, waiting, signal, cases[place])
                elif signal == _ATTEMPT and state[machine.PRESENCE] == machine.DEPARTED:
                    rows[OUTREACHES][away] = state[machine.OUTREACHES]
                    rows[FIRST][away] = state[machine.FIRST_OUTREACH]
                place += 1
            awaiting[contact] = waiting
            rows[BEFORE][count] = state[machine.STAGE]
            rows[CUSTOMER][count] = state[machine.PURCHASES] > 0
            if step(state, terms, machine.NOTE, until + 1, 0):  # as journey.silence asks
                record(rows, count, state, -1, contact, machine.DEPART, away)
                count += 1
            for number in range(len(spare)):
                spare[number] = state[number]
            is_waiting = step(spare, terms, machine.NOTE, machine.FOREVER, 0) != 0
            deadlines[contact] = spare[machine.DEPARTED_AT] if is_waiting else machine.NEVER
        return count

    return walk


@cache
def compiled() -> Callable[..., int] | None:
    """The walk as numba compiles it; None where there is no numba."""
    try:
        from numba import njit
    except ImportError:
        return None
    # With their types, or each would be compiled anew for every literal that it is given.
    parts = (
        njit("i8(i8[::1], i8[::1], i8, i8, i8)")(machine.step),
        njit("i8(i8[::1], i8, i8, i8)")(follow_case),
        njit("i8(i8[:, ::1], i8, i8[::1], i8, i8, i8, i8)")(record),
    )
    walk: Callable[..., int] = njit(make_walk(*parts))
    return walk


def walk(
    columns: Sequence[Array],
    *,
    terms: Sequence[int],
    people: int,
    until: int,
    is_compiled: bool = False,
) -> Walked:
    """Walk events, sorted by contact and within each in the canonical order.

    Args:
        columns: of each event the number of its contact, from 0 on; the instant, in microseconds
            since 1970, none later than ``until``; the signal and the argument, as ``machine`` has
            them; and the number of the case, -1 where it has no name.
        terms: the funnel's.
        people: how many contacts there are.
        until: the instant up to which silences are departures.
        is_compiled: whether to run it compiled, where numba is there.
    """
    import numpy as np

    complaints = int((columns[2] == _COMPLAIN).sum())
    run = compiled() if is_compiled else None
    if run is None:
        return _walk_plainly(columns, terms, people, until)
    records = np.zeros((WIDTH, len(columns[0]) + people + 1), np.int64)
    states = np.tile(np.array(machine.NEW_CONTACT, np.int64), (people, 1))
    deadlines, awaiting = np.zeros(people, np.int64), np.zeros(people, np.int64)
    waiting, alive = np.zeros(complaints + 1, np.int64), np.zeros(len(columns[0]), np.bool_)
    spare = np.zeros(len(machine.NEW_CONTACT), np.int64)
    kept = (states, deadlines, awaiting, waiting, alive, records, spare)
    count = run(*columns, np.array(terms, np.int64), until, *kept)
    return Walked(records[:, :count], states, deadlines, awaiting, alive)


def _walk_plainly(
    columns: Sequence[Array], terms: Sequence[int], people: int, until: int
) -> Walked:
    """Walk without a compiler: lists of integers are quicker than arrays then."""
    import numpy as np

    states = [list(machine.NEW_CONTACT) for _ in range(people)]
    events = len(columns[0])
    records = [[0] * (events + people + 1) for _ in range(WIDTH)]
    deadlines, awaiting = [0] * people, [0] * people
    waiting, alive, spare = [0] * (events + 1), [False] * events, list(machine.NEW_CONTACT)
    run = make_walk(machine.step, follow_case, record)
    kept = (states, deadlines, awaiting, waiting, alive, records, spare)
    count = run(*(column.tolist() for column in columns), terms, until, *kept)
    return Walked(
        np.array([column[:count] for column in records], np.int64),
        np.array(states, np.int64).reshape(people, len(machine.NEW_CONTACT)),
        np.array(deadlines, np.int64),
        np.array(awaiting, np.int64),
        np.array(alive, np.bool_),
    )
