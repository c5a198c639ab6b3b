"""The step is what its two tables say, compiled or not; and each moment by an example."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain import machine
from motfunnel.domain.event import Event, make_event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rule import (
    advocate,
    complain,
    leave,
    note,
    outreach,
    purchase,
    rating,
    reach,
    refer,
    research,
    resolve,
    touch,
)
from motfunnel.domain.journey import Journey, in_order, walk
from motfunnel.domain.machine import (
    ACTIVE,
    APOSTLE,
    COMPLAINT,
    CONVERSION,
    DEPART,
    DEPARTED,
    EPISODES,
    LAST_TOUCH,
    LOYALIST,
    NEW_CONTACT,
    OPENING,
    PRESENCE,
    RECIDIVISM,
    REFERRAL,
    STAGE,
    TRANSITIONS,
    UNKNOWN,
    step,
)
from motfunnel.domain.moment import MomentKind, Presence
from motfunnel.domain.signal import SIGNALS, Signal

Row = tuple[int, ...]

# The step and its tables.

TERMS = (2, 2, 1, 2, 2, 1, machine.NEVER)  # three stages, the last of unending patience
BITS = (DEPART, OPENING, RECIDIVISM, CONVERSION, LOYALIST, REFERRAL, APOSTLE, COMPLAINT)
ARGUMENTS = {Signal.REACH: (0, 1, 2), Signal.RATING: (0, 1), Signal.OUTREACH: (0, 1)}


def reachable() -> Iterator[tuple[Row, Signal, int, int]]:
    """Every short history's last state, with everything that can happen next."""
    states: set[Row] = {NEW_CONTACT}
    seen: set[Row] = set()
    for _ in range(5):
        found = states - seen
        seen |= states
        states = set()
        for state in sorted(found):
            for signal in Signal:
                for argument in ARGUMENTS.get(signal, (0,)):
                    for passed in (0, 1, 2, 3):
                        yield state, signal, passed, argument
                        after = list(state)
                        step(after, TERMS, signal, passed, argument)
                        states.add(from_now(after, passed))


def from_now(state: list[int], now: int) -> Row:
    """The state as it would be if the clock stood at 0, and counts were small."""
    row = list(state)
    for place in (machine.LAST_PURCHASE, LAST_TOUCH, machine.DEPARTED_AT, machine.FIRST_OUTREACH):
        row[place] = max(row[place] - now, -9)
    for place in (machine.PURCHASES, machine.REFERRALS, EPISODES, machine.OUTREACHES):
        row[place] = min(row[place], 3)
    row[machine.GAPS] = row[machine.GAPS_SUM] = 0  # where no stage has a rhythm, nothing asks
    return tuple(row)


@cache
def all_reachable() -> list[tuple[Row, Signal, int, int]]:
    """All of them, found once, and only where a test asks for them."""
    return list(reachable())


def moves_of(state: Row, signal: int, at: int, argument: int) -> Iterator[tuple[int, int, int]]:
    """Take one step, and tell each moment with the presence before and after it."""
    after = list(state)
    made = step(after, TERMS, signal, at, argument)
    presence = state[PRESENCE]
    becomes = {DEPART: DEPARTED, OPENING: ACTIVE, RECIDIVISM: ACTIVE}
    for bit in BITS:
        if made & bit:
            yield presence, becomes.get(bit, presence), bit
            presence = becomes.get(bit, presence)
    assert presence == after[PRESENCE], "a presence changed without a moment"
    assert made < 2 * machine.ALIVE


def test_every_move_is_a_row_and_every_row_is_made() -> None:
    """The table of transitions lists all changes and moments that there are, and no others."""
    made = {move for taken in all_reachable() for move in moves_of(*taken)}
    assert made == {(before, after, bit) for before, _, after, bit in TRANSITIONS}


def test_the_table_names_no_row_twice() -> None:
    """Each row of the table of transitions is another one."""
    assert len({(before, after, bit) for before, _, after, bit in TRANSITIONS}) == len(TRANSITIONS)


def test_the_signals_stand_in_the_order_of_their_ranks() -> None:
    """The row of a signal is found at its rank."""
    assert [row.signal for row in SIGNALS] == list(range(12))
    assert [row.signal.label for row in SIGNALS] == [
        *("note", "research", "outreach", "touch", "reach", "purchase"),
        *("rating", "refer", "advocate", "complain", "resolve", "leave"),
    ]


def test_the_machine_uses_the_ranks_of_the_signals() -> None:
    """A signal that has an effect goes by the same number in the machine."""
    for signal in Signal:
        assert getattr(machine, signal.name, signal) == signal


def test_the_bits_stand_in_the_order_of_the_kinds() -> None:
    """The bit of a kind of moment is found at its place among the kinds."""
    assert [1 << place for place, _ in enumerate(MomentKind)] == list(BITS)
    assert [getattr(machine, kind.name) for kind in MomentKind] == list(BITS)
    assert [getattr(machine, presence.name) for presence in Presence] == [0, 1, 2]


def test_step_opens_what_the_signals_open() -> None:
    """An unknown contact opens exactly by the signals whose row says so."""
    for state, signal, at, argument in all_reachable():
        if state[PRESENCE] == UNKNOWN:
            after = list(state)
            made = step(after, TERMS, signal, at, argument)
            assert bool(made & OPENING) is SIGNALS[signal].opens
            assert (after[PRESENCE] == ACTIVE) is SIGNALS[signal].opens


def test_step_returns_what_the_signals_return() -> None:
    """A departed contact returns exactly by the signals whose row says so."""
    for state, signal, at, argument in all_reachable():
        if state[PRESENCE] == DEPARTED:
            after = list(state)
            made = step(after, TERMS, signal, at, argument)
            assert bool(made & RECIDIVISM) is SIGNALS[signal].returns
            assert (after[PRESENCE] == ACTIVE) is SIGNALS[signal].returns


def test_step_keeps_alive_what_the_signals_keep_alive() -> None:
    """An event keeps a contact alive that is active after it, by the signals whose row says so.

    It is then its last touch, and no other event is.
    """
    for state, signal, at, argument in all_reachable():
        after = list(state)
        made = step(after, TERMS, signal, at, argument)
        touched = SIGNALS[signal].keeps_alive and after[PRESENCE] == ACTIVE
        assert bool(made & machine.ALIVE) is touched
        assert after[LAST_TOUCH] == (at if touched else state[LAST_TOUCH])


def test_step_departs_by_silence_whatever_the_signal() -> None:
    """An active contact departs by silence after its deadline only, and by any signal."""
    for state, signal, at, argument in all_reachable():
        if state[PRESENCE] == ACTIVE:
            after = list(state)
            made = step(after, TERMS, signal, at, argument)
            patience = TERMS[machine.PATIENCE + state[STAGE]]
            silent = patience != machine.NEVER and at > state[LAST_TOUCH] + patience
            assert bool(made & DEPART) is (silent or signal == Signal.LEAVE)
            assert after[EPISODES] - state[EPISODES] == bool(made & DEPART)
            if silent:
                assert after[machine.DEPARTED_AT] == state[LAST_TOUCH] + patience


def test_a_signal_without_an_effect_has_none() -> None:
    """Notes, research, outreach and resolutions make no moment but a silence's."""
    for state, signal, at, argument in all_reachable():
        if signal in (Signal.NOTE, Signal.RESEARCH, Signal.OUTREACH, Signal.RESOLVE):
            assert step(list(state), TERMS, signal, at, argument) in (0, DEPART)


@st.composite
def walks(draw: st.DrawFn) -> tuple[Row, list[Row]]:
    """Terms, and steps of a signal, the time since the one before, and an argument."""
    last = draw(st.integers(1, 3))
    waits = st.sampled_from([machine.NEVER, machine.BY_RHYTHM, 1, 2, 5])
    # From what is small to what would not fit into 64 bits, were it multiplied first.
    long = st.sampled_from([1, 2, 5, 3_155_760_000_000_000])
    rhythm = st.tuples(st.sampled_from([1, 7, 10, 15, 1000]), long, st.sampled_from([1, 3]), long)
    terms = (
        last,
        draw(st.integers(2, 3)),
        draw(st.integers(0, 2)),
        draw(st.sampled_from([machine.NEVER, 1, 2])),
        *draw(st.lists(waits, min_size=last + 1, max_size=last + 1)),
        *(term for one in range(last + 1) for term in draw(rhythm)),
    )
    years = 300_000_000_000_000_000  # nearly ten thousand of them
    steps = st.sampled_from(Signal).flatmap(
        lambda signal: st.tuples(
            st.just(int(signal)),
            st.sampled_from([0, 0, 1, 1, 2, 2, 3, years // 60]),
            st.integers(0, last) if signal is Signal.REACH else st.integers(0, 1),
        )
    )
    return terms, draw(st.lists(steps, max_size=30))


@given(walks())
def test_a_compiled_step_is_the_same_step(walked: tuple[Row, list[Row]]) -> None:
    """Compiled over rows of 64-bit integers, the step gives the same states and moments."""
    numpy = pytest.importorskip("numpy")
    compiled = compiled_step()
    terms, steps = walked
    state, row = list(NEW_CONTACT), numpy.array(NEW_CONTACT, dtype=numpy.int64)
    wide = numpy.array(terms, dtype=numpy.int64)
    now = 1_700_000_000_000_000
    for signal, passed, argument in steps:
        now += passed
        assert step(state, terms, signal, now, argument) == compiled(
            row, wide, signal, now, argument
        )
        assert state == row.tolist()


COMPILED: list[Any] = []


def compiled_step() -> Any:
    """Compile the step once, for all examples."""
    if not COMPILED:
        COMPILED.append(pytest.importorskip("numba").njit(step))
    return COMPILED[0]


# Examples of each moment, on a funnel with round numbers.

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "saw": touch(),
        "signed_up": reach("lead"),
        "became_customer": reach("customer"),
        "bought": purchase(),
        "rated": rating("score"),
        "referred": refer("friend"),
        "praised": advocate(),
        "complained": complain("ticket"),
        "solved": resolve("ticket"),
        "left": leave("why"),
        "mailed": outreach("arm", holdout="control"),
        "searched": research(),
        "synced": note(),
    },
    patience={"default": timedelta(days=10), "customer": timedelta(days=20)},
    loyal_after=3,
    loyal_apart=timedelta(days=2),
    apostle_after_referrals=2,
)
DAY_0 = datetime(2024, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def day(number: float) -> datetime:
    return DAY_0 + timedelta(days=number)


def happened(*told: Any) -> list[Event]:
    """Events from (day or instant, name, properties); each one's id is its place: e0, e1, …"""
    return [
        make_event(
            "ada",
            name,
            occurred_at=at if isinstance(at, datetime) else day(at),
            id=f"e{place}",
            properties=more[0] if more else None,
        )
        for place, (at, name, *more) in enumerate(told)
    ]


def after(*told: Any, as_of: float | datetime | None = None, funnel: Funnel = FUNNEL) -> Journey:
    asked = day(as_of) if isinstance(as_of, int | float) else as_of
    return walk("ada", funnel, happened(*told), as_of=asked)


def moments(*told: Any, **asked: Any) -> list[tuple[str, float, str | None]]:
    """The kind, the day and the event of each moment."""
    return [
        (str(moment.kind), (moment.occurred_at - DAY_0) / timedelta(days=1), moment.event_id)
        for moment in after(*told, **asked).moments
    ]


def kinds(*told: Any, **asked: Any) -> list[str]:
    return [kind for kind, _, _ in moments(*told, **asked)]


def test_opening() -> None:
    """The first event that opens is the opening; what came before it is not."""
    assert moments((0, "searched"), (1, "synced"), (2, "saw"), (3, "saw")) == [("opening", 2, "e2")]


@pytest.mark.parametrize("name", ["searched", "synced", "mailed", "solved", "left", "unheard_of"])
def test_what_does_not_open(name: str) -> None:
    """What the contact does elsewhere, what the business does, and a farewell open nothing."""
    assert moments((0, name)) == []


@pytest.mark.parametrize(
    ("name", "also"),
    [
        ("saw", []),
        ("signed_up", ["conversion"]),
        ("bought", ["conversion"]),
        ("rated", []),
        ("referred", ["referral"]),
        ("praised", ["apostle"]),
        ("complained", ["complaint"]),
    ],
)
def test_what_opens(name: str, also: list[str]) -> None:
    """Every contact with us opens, and has its own effect after that."""
    assert kinds((0, name)) == ["opening", *also]


def test_conversion() -> None:
    """A conversion names the highest stage before it and the one reached; lower ones are none."""
    journey = after((0, "signed_up"), (1, "signed_up"), (2, "became_customer"), (3, "signed_up"))
    assert [(m.from_stage, m.to_stage) for m in journey.moments[1:]] == [
        ("visitor", "lead"),
        ("lead", "customer"),
    ]
    assert journey.stage == "customer"


def test_the_first_purchase_converts() -> None:
    """The transaction skips to the last stage, from wherever the contact was."""
    [_, conversion] = after((0, "bought")).moments
    assert (conversion.from_stage, conversion.to_stage) == ("visitor", "customer")


def test_a_purchase_at_the_last_stage() -> None:
    """One who is at the last stage already buys for the first time without a conversion."""
    journey = after((0, "became_customer"), (1, "bought"))
    assert [str(m.kind) for m in journey.moments] == ["opening", "conversion"]
    assert journey.state[machine.PURCHASES] == 1


def test_loyal_after() -> None:
    """With `loyal_after` 3, the third purchase makes a loyalist, and so does each one after it."""
    bought = [(at, "bought") for at in (0, 5, 10, 15)]
    assert moments(*bought)[2:] == [("loyalist", 10, "e2"), ("loyalist", 15, "e3")]


def test_loyal_apart() -> None:
    """A purchase sooner than `loyal_apart` after the last that counted changes nothing at all."""
    bought = [(at, "bought") for at in (0, 1, 2, 3, 3.5, 4)]
    assert moments(*bought)[2:] == [("loyalist", 4, "e5")]
    assert after(*bought).state[machine.PURCHASES] == 3


def test_loyal_apart_is_not_strict() -> None:
    """A purchase exactly `loyal_apart` after the last counts; a microsecond sooner, none does."""
    soon = [(0, "bought"), (day(2) - MICROSECOND, "bought")]
    assert after(*soon).state[machine.PURCHASES] == 1
    assert after((0, "bought"), (2, "bought")).state[machine.PURCHASES] == 2


def test_referral() -> None:
    """Every referral is a moment, and names who was referred, where that was said."""
    friends = [{"friend": "bob"}, {"friend": " "}, {"friend": 7}, {}]
    journey = after(*((0, "referred", friend) for friend in friends))
    made = [m.referred for m in journey.moments if m.kind is MomentKind.REFERRAL]
    assert made == ["bob", None, "7", None]


def test_apostle_after_referrals() -> None:
    """With `apostle_after_referrals` 2 the second referral makes an apostle, once."""
    assert kinds((0, "referred"), (1, "referred"), (2, "referred")) == [
        *("opening", "referral", "referral", "apostle", "referral"),
    ]


def test_enough_referrals_make_an_apostle_again() -> None:
    """One who departs is an apostle no more, and the next referral is enough to be one again."""
    told = [(0, "referred"), (1, "referred"), (2, "left"), (3, "referred")]
    assert kinds(*told)[3:] == ["apostle", "depart", "recidivism", "referral", "apostle"]


def test_never_an_apostle_by_referrals() -> None:
    """Without `apostle_after_referrals`, no number of referrals makes an apostle."""
    funnel = Funnel(stages=("a", "b"), rules={"referred": refer()}, apostle_after_referrals=None)
    assert kinds(*[(0, "referred")] * 9, funnel=funnel) == ["opening", *["referral"] * 9]


@pytest.mark.parametrize("score", [9, 9.0, 10, "9", " 10 ", "9.5", "1e1"])
def test_a_promoter_is_an_apostle(score: object) -> None:
    """A rating at or above the promoter score is advocacy, also where a text writes it."""
    assert kinds((0, "rated", {"score": score})) == ["opening", "apostle"]


@pytest.mark.parametrize("score", [8, 8.999, 0, "8.9", None, "", " \t"])
def test_no_promoter(score: object) -> None:
    """A lower rating, and one without a score, opens and keeps alive and is no advocacy."""
    assert kinds((0, "rated", {"score": score})) == ["opening"]


def test_an_apostle_is_one_once() -> None:
    """One who is an apostle does not become one."""
    assert kinds((0, "praised"), (1, "praised"), (2, "rated", {"score": 10})) == [
        "opening",
        "apostle",
    ]


def test_nobody_departed_becomes_an_apostle() -> None:
    """A rating while departed neither returns the contact nor makes an apostle of it."""
    assert kinds((0, "saw"), (1, "left"), (2, "rated", {"score": 10})) == ["opening", "depart"]


def test_complaint_while_departed() -> None:
    """A complaint while departed is a moment and opens a case, and is no return."""
    journey = after((0, "saw"), (1, "left"), (2, "complained", {"ticket": "t"}))
    assert [str(m.kind) for m in journey.moments] == ["opening", "depart", "complaint"]
    assert journey.presence is Presence.DEPARTED
    assert [case.case for case in journey.open_cases] == ["t"]


def cases(*told: Any) -> list[tuple[str | None, str]]:
    return [(case.case, case.event_id) for case in after(*told).open_cases]


def test_a_case_that_is_open_stays_one() -> None:
    """A second complaint about an open case opens none; about a resolved one, it opens again."""
    twice: list[Any] = [(0, "complained", {"ticket": "t"}), (1, "complained", {"ticket": "t"})]
    assert cases(*twice) == [("t", "e0")]
    assert cases(*twice, (2, "solved", {"ticket": "t"})) == []
    again = (3, "complained", {"ticket": "t"})
    assert cases(*twice, (2, "solved", {"ticket": "t"}), again) == [("t", "e3")]


def test_a_complaint_without_a_case_has_one_of_its_own() -> None:
    """Two complaints that name no case are two cases."""
    assert cases((0, "complained"), (1, "complained", {"ticket": ""})) == [
        (None, "e0"),
        (None, "e1"),
    ]


def test_a_resolution_without_a_case_closes_the_oldest() -> None:
    """A resolution that names no case closes the one open longest, named or not."""
    told = [(0, "complained", {"ticket": "t"}), (1, "complained"), (2, "solved")]
    assert cases(*told) == [(None, "e1")]
    assert cases(*told, (3, "solved"), (4, "solved")) == []


def test_a_resolution_of_another_case_closes_none() -> None:
    """A resolution that names a case which is not open closes none."""
    assert cases((0, "complained"), (1, "solved", {"ticket": "t"})) == [(None, "e0")]


def test_a_farewell() -> None:
    """One who says so departs at that instant, for the reason given, or else `left`."""
    for given_reason, told in [("price", "price"), (" ", "left"), (None, "left"), (3, "3")]:
        [_, depart] = after((0, "signed_up"), (1, "left", {"why": given_reason})).moments[1:]
        assert (depart.occurred_at, depart.reason, depart.event_id) == (day(1), told, "e1")
        assert not depart.is_silent


def test_a_farewell_of_one_who_is_not_here() -> None:
    """A farewell of one who is departed or unknown is nothing."""
    assert kinds((0, "left"), (1, "saw"), (2, "left"), (3, "left")) == ["opening", "depart"]


def test_a_farewell_at_the_deadline_is_said() -> None:
    """A farewell exactly at the deadline is a farewell; a microsecond later it is a silence."""
    assert after((0, "saw"), (10, "left")).moments[1].reason == "left"
    late = after((0, "saw"), (day(10) + MICROSECOND, "left", {"why": "price"}))
    assert [(m.reason, m.occurred_at) for m in late.moments[1:]] == [("silence", day(10))]


def test_silence() -> None:
    """A silence beyond the patience is a departure at its deadline, made by no event."""
    told: list[Any] = [(0, "saw"), (11, "saw")]
    assert moments(*told)[1:] == [("depart", 10, None), ("recidivism", 11, "e1")]
    [depart, back] = after(*told).moments[1:]
    assert depart.is_silent
    assert (depart.reason, depart.episode, back.episode) == ("silence", 1, 1)


def test_an_event_at_the_deadline_is_in_time() -> None:
    """An event exactly at the deadline keeps the contact; a microsecond later it has departed."""
    assert kinds((0, "saw"), (10, "saw")) == ["opening"]
    assert kinds((0, "saw"), (day(10) + MICROSECOND, "saw")) == ["opening", "depart", "recidivism"]


@pytest.mark.parametrize("name", ["synced", "searched", "mailed", "solved", "unheard_of"])
def test_silence_is_detected_by_any_event(name: str) -> None:
    """An event that does nothing by itself is late enough to tell that the contact was silent."""
    assert moments((0, "saw"), (11, name))[1:] == [("depart", 10, None)]


def test_the_business_keeps_nobody_alive() -> None:
    """A letter sent within the patience does not put off the deadline."""
    assert moments((0, "saw"), (9, "mailed"), (11, "saw"))[1] == ("depart", 10, None)


def test_the_patience_is_that_of_the_stage() -> None:
    """The silence of a customer is measured by the customer's patience."""
    assert moments((0, "saw"), (5, "bought"), (25, "saw"), (45.5, "saw"))[2:] == [
        ("depart", 45, None),
        ("recidivism", 45.5, "e3"),
    ]


def test_a_return_with_an_effect() -> None:
    """One event makes a silence, a return and a conversion, in this order."""
    assert moments((0, "saw"), (30, "bought"))[1:] == [
        ("depart", 10, None),
        ("recidivism", 30, "e1"),
        ("conversion", 30, "e1"),
    ]


@pytest.mark.parametrize("name", ["rated", "complained", "synced", "searched", "mailed", "solved"])
def test_what_does_not_return(name: str) -> None:
    """Feedback, and what others do, brings nobody back."""
    assert "recidivism" not in kinds((0, "saw"), (1, "left"), (2, name))


def test_as_of_the_deadline() -> None:
    """A silent departure exists from its deadline on, and not a microsecond before."""
    assert kinds((0, "saw"), as_of=10) == ["opening", "depart"]
    assert kinds((0, "saw"), as_of=day(10) - MICROSECOND) == ["opening"]
    assert kinds((0, "saw"), (10, "saw"), as_of=10) == ["opening"]


def test_as_of_the_end_of_the_calendar() -> None:
    """A question may be asked as of the last instant that there is."""
    assert kinds((0, "saw"), as_of=datetime.max.replace(tzinfo=UTC)) == ["opening", "depart"]


def test_later_events_do_not_exist() -> None:
    """As of an instant, an event at it has happened, and a later one has not."""
    assert kinds((0, "saw"), (1, "left"), as_of=1) == ["opening", "depart"]
    assert kinds((0, "saw"), (1, "left"), as_of=day(1) - MICROSECOND) == ["opening"]


def test_a_funnel_that_waits_for_ever() -> None:
    """A contact at a stage without a patience never departs by silence."""
    funnel = Funnel(stages=("a", "b"), rules={"saw": touch()}, patience={"a": None})
    assert kinds((0, "saw"), as_of=datetime(9999, 1, 1, tzinfo=UTC), funnel=funnel) == ["opening"]


def test_outreach() -> None:
    """An episode counts the attempts made while it is open, and remembers the first."""
    journey = after(
        (0, "saw"),
        (1, "mailed"),
        (2, "left"),
        (3, "mailed", {"arm": "control"}),
        (4, "mailed", {"arm": "treated"}),
        (5, "mailed"),
        (6, "saw"),
        (7, "mailed"),
    )
    [episode] = journey.episodes.values()
    assert (episode.outreaches, episode.first_outreach_at) == (2, day(4))
    assert (episode.returned_at, episode.return_event_id) == (day(6), "e6")


def test_an_outreach_that_finds_the_contact_silent() -> None:
    """The first event after a silence may be an attempt, and counts towards that departure."""
    [episode] = after((0, "saw"), (11, "mailed")).episodes.values()
    assert (episode.departed_at, episode.outreaches, episode.first_outreach_at) == (
        *(day(10), 1, day(11)),
    )


def test_each_episode_counts_its_own_outreach() -> None:
    """The attempts of one episode are not those of the next."""
    told = [(0, "saw"), (1, "left"), (2, "mailed"), (3, "mailed"), (4, "saw"), (5, "left")]
    first, second = after(*told, (6, "mailed")).episodes.values()
    assert (first.outreaches, first.first_outreach_at) == (2, day(2))
    assert (second.outreaches, second.first_outreach_at) == (1, day(6))


def test_episodes() -> None:
    """Each departure is an episode, with what the contact was when it left."""
    told = [(0, "signed_up"), (1, "left"), (2, "bought"), (3, "left", {"why": "price"})]
    [first, second] = after(*told).episodes.values()
    assert (first.number, first.stage, first.customer, first.returned_at) == (
        *(1, "lead", False, day(2)),
    )
    assert (second.number, second.stage, second.customer, second.reason) == (
        *(2, "customer", True, "price"),
    )
    assert (second.returned_at, second.return_event_id, second.outreaches) == (None, None, 0)


def test_events_of_one_instant() -> None:
    """What happens at one instant happens in the order of the signals' ranks."""
    told = [(0, "left"), (0, "complained"), (0, "praised"), (0, "bought"), (0, "signed_up")]
    assert kinds(*told) == [
        *("opening", "conversion", "conversion", "apostle", "complaint", "depart"),
    ]


def test_stages_of_one_instant() -> None:
    """Stages reached at one instant are reached from the lowest on, whatever their ids."""
    journey = after((0, "became_customer"), (0, "signed_up"))
    assert [m.to_stage for m in journey.moments[1:]] == ["lead", "customer"]


def test_ids_of_one_instant() -> None:
    """Events alike in all else are taken by the code points of their ids."""
    events = [
        make_event("ada", "saw", occurred_at=DAY_0, id=id) for id in ("é", "😀", "b", "\uffff", "B")
    ]
    assert [entry.id for entry in in_order(events, FUNNEL.read)] == ["B", "b", "é", "\uffff", "😀"]


def test_one_id_is_one_event() -> None:
    """Of two events with one id, the first in the order is taken, however they come."""
    early = make_event("ada", "saw", occurred_at=day(1), id="x")
    late = make_event("ada", "bought", occurred_at=day(2), id="x")
    for events in ([early, late], [late, early], [late, early, early, late]):
        [opening] = walk("ada", FUNNEL, events).moments
        assert opening.occurred_at == day(1)
