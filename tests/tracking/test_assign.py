"""Assigning contacts to the arms of a trial: once, for good, and exactly when they are away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from motfunnel import AsyncTracker, Funnel, MomentKind, Tracker, outreach
from motfunnel.domain.event import ASSIGN
from motfunnel.domain.trial import Arm, draw
from motfunnel.errors import AssignmentError, EventError
from motfunnel.tracking.upkeep.check import check_contacts
from tests.tracking.asynchronous import host_engine, run
from tests.tracking.fleet import Place, in_processes, in_threads
from tests.tracking.host import ORDERS, order, orders
from tests.tracking.scene import FUNNEL, PATIENT, Clock, day, row_counts, stored_events, told_kinds

pytestmark = pytest.mark.every_database

TRIAL = evolve(FUNNEL, rules={**FUNNEL.rules, "winback": outreach("arm", holdout="control")})
MANY = 12
"""So many contacts that chance, with a half held out, leaves no arm empty."""

Make = Callable[..., Tracker]


@pytest.fixture
def tracker(make_tracker: Make, clock: Clock) -> Tracker:
    """A tracker with some who left, at once or silently, and one who is with us."""
    clock.now = day(100)
    tracker = make_tracker(funnel=TRIAL)
    for n in range(MANY):
        tracker.track(f"c{n}", "saw", occurred_at=day(50))
        if n % 2:
            tracker.track(f"c{n}", "left", occurred_at=day(52))
    tracker.track("here", "saw", occurred_at=day(99))
    return tracker


def assignments(engine: Engine, tracker: Tracker, *contacts: str) -> list[tuple[str, str, str]]:
    """Of each assignment that is stored, its key, trial and arm."""
    found = stored_events(engine, tracker.tenant)
    return [
        (key, event.properties["trial"], event.properties["arm"])
        for key in sorted(found)
        for event in found[key]
        if event.name == ASSIGN and (not contacts or key in contacts)
    ]


def assign(tracker: Tracker, contact: object = "c1", **options: Any) -> Arm:
    given: dict[str, Any] = {"trial": "winback", "holdout": 0.5}
    return tracker.assign(contact, **(given | options))


def test_the_first_time_decides(shared_engine: Engine, tracker: Tracker) -> None:
    """By a hash that anybody can repeat; then what is recorded is the answer, whatever one says."""
    contacts = [f"c{n}" for n in range(MANY)]
    arms = [assign(tracker, one) for one in contacts]
    assert arms == [draw("winback", one, 0.5) for one in contacts]
    assert {*arms} == {"control", "treatment"}
    tracker.track("c1", "saw")  # it is back, and belongs to its arm all the same
    for share in (0, 0.5, 1.0):
        assert [assign(tracker, one, holdout=share) for one in contacts] == arms
    told = sorted((one, "winback", arm) for one, arm in zip(contacts, arms, strict=True))
    assert assignments(shared_engine, tracker) == told
    assert assign(tracker, "c2", trial="other", holdout=1) == "control"
    assert assign(tracker, "c3", trial="other", holdout=0) == "treatment"
    assert assign(tracker, "c3") == arms[3]
    assert check_contacts(tracker).is_sound


def test_an_assignment_is_no_attempt_and_the_letter_is(tracker: Tracker) -> None:
    """In either arm; and it lies after the departure, even at its very instant."""
    for one, share in (("c0", 0), ("c1", 1)):
        assign(tracker, one, holdout=share)
        [episode] = tracker.contact(one).episodes
        assert (episode.outreaches, episode.first_outreach_at) == (0, None)
    tracker.track("c0", "mailed")
    [episode] = tracker.contact("c0").episodes
    assert (episode.outreaches, episode.first_outreach_at) == (1, day(100))
    with pytest.raises(EventError, match="call assign"):
        tracker.track("c0", ASSIGN)


@pytest.mark.parametrize("event", ["left", "saw"])
def test_at_the_instant_of_the_departure(
    tracker: Tracker, clock: Clock, event: str, shared_engine: Engine
) -> None:
    """Said or silent, one who left at this instant is away, and the report counts it so."""
    tracker.track("new", "saw", occurred_at=day(90))
    if event == "left":
        tracker.track("new", "left", occurred_at=day(100))
    arm = assign(tracker, "new")
    [stored] = [e for e in stored_events(shared_engine, tracker.tenant)["new"] if e.name == ASSIGN]
    assert stored.occurred_at > day(100)
    clock.now = day(120)
    [row] = tracker.report().holdout(within="9d").rows
    assert (row.group, row.denominator) == (arm, 1)


def test_a_departure_that_nobody_wrote_down(tracker: Tracker) -> None:
    """It is written with the assignment, and its handlers are told, once."""
    told = told_kinds(tracker, MomentKind.DEPART)
    assign(tracker, "c0")
    assign(tracker, "c0")
    assert [(one.contact, one.occurred_at, one.reason) for one in told] == [
        ("c0", day(60), "silence")
    ]


def test_who_has_not_departed_is_refused(shared_engine: Engine, tracker: Tracker) -> None:
    """With the contact and the reason; and nothing is written."""
    tracker.track("c1", "saw")
    before = row_counts(shared_engine, tracker.tenant)
    for contact, why in (("here", "is with us"), ("c1", "is with us"), ("nobody", "never opened")):
        with pytest.raises(AssignmentError, match=f"'{contact}' in trial 'winback'.*{why}") as told:
            assign(tracker, contact)
        assert (told.value.contact, told.value.trial) == (contact, "winback")
        assert why in told.value.reason
    assert row_counts(shared_engine, tracker.tenant) == before


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"holdout": 1.5}, "holdout is 1.5; it is a share"),
        ({"holdout": float("nan")}, "holdout is nan"),
        ({"holdout": True}, "holdout is True"),
        ({"holdout": "0.1"}, "holdout is '0.1'"),
        ({"trial": " "}, "trial"),
        ({"trial": 7}, "trial"),
        ({"trial": "t" * 249}, "has 249 characters; the most is 248"),
        ({"trial": "t" * 256}, "has 256 characters; the most is 248"),
    ],
)
def test_what_is_no_trial_is_refused(tracker: Tracker, options: dict[str, Any], why: str) -> None:
    """A share that is none, and a name that nothing can be called by."""
    with pytest.raises(AssignmentError, match=why):
        assign(tracker, **options)
    assert assign(tracker, trial="t" * 248) == draw("t" * 248, "c1", 0.5)


@pytest.mark.parametrize("rule", [None, outreach(), outreach("arm")])
def test_a_funnel_without_a_hold_out_is_refused(
    make_tracker: Make, clock: Clock, rule: Any
) -> None:
    """It says which rule to write."""
    rules = dict(FUNNEL.rules) | ({} if rule is None else {"winback": rule})
    tracker = make_tracker(funnel=Funnel(stages=FUNNEL.stages, rules=rules))
    tracker.track("ada", "saw", occurred_at=clock.now - 900 * (day(1) - day(0)))
    with pytest.raises(AssignmentError, match=r"'ada'.*holdout = \"control\""):
        assign(tracker, "ada")


def test_what_a_host_assigned_itself_holds(make_tracker: Make, clock: Clock) -> None:
    """By the property that names the trial, or else by the event; without an arm it is none."""
    clock.now = day(100)
    rules: dict[str, Any] = {
        **TRIAL.rules,
        "drawn": outreach("group", holdout="none", trial="test"),
    }
    tracker = make_tracker(funnel=evolve(TRIAL, rules=rules))
    for n, (event, properties) in enumerate(
        [
            ("winback", {"arm": "control"}),
            ("winback", {"arm": "blue letter"}),
            ("drawn", {"group": "none", "test": "spring"}),
            ("drawn", {"group": "all", "test": "spring"}),
            ("winback", {}),
        ]
    ):
        tracker.track(n, "saw", occurred_at=day(50))
        tracker.track(n, event, properties=properties, occurred_at=day(90))
    assert [assign(tracker, n, holdout=1 - n) for n in (0, 1)] == ["control", "treatment"]
    for n, arm in ((2, "control"), (3, "treatment")):
        assert assign(tracker, n, trial="spring", holdout=3 - n) == arm
    assert assign(tracker, 2, holdout=0) == "treatment"  # of another trial
    assert assign(tracker, 4, holdout=1) == "control"


def test_after_a_merge_the_earliest_counts(
    shared_engine: Engine, tracker: Tracker, clock: Clock
) -> None:
    """Under either key; and after an unmerge each has its own again."""
    assert assign(tracker, "c1", holdout=1) == "control"
    clock.now = day(101)
    assert assign(tracker, "c3", holdout=0) == "treatment"
    tracker.merge("c1", into="c3")
    for one in ("c1", "c3"):
        assert assign(tracker, one, holdout=0) == "control"
    assert len(assignments(shared_engine, tracker)) == 2
    tracker.unmerge("c1")
    assert [assign(tracker, one) for one in ("c1", "c3")] == ["control", "treatment"]
    tracker.merge("c5", into="c7")  # and of one that was not assigned, it is the contact's
    assert assign(tracker, "c5") == draw("winback", "c7", 0.5)
    assert assignments(shared_engine, tracker, "c5", "c7")[0][0] == "c7"


def test_a_contact_of_another_funnel(tracker: Tracker, make_tracker: Make) -> None:
    """It is folded by the funnel in use first: what that calls with us is with us."""
    patient = make_tracker(funnel=evolve(TRIAL, patience={"default": None}))
    with pytest.raises(AssignmentError, match="is with us"):
        assign(patient, "c0")
    assert assign(patient, "c1") == draw("winback", "c1", 0.5)
    assert assign(tracker, "c0") == draw("winback", "c0", 0.5)


def test_in_the_hosts_transaction(shared_engine: Engine, tracker: Tracker) -> None:
    """It shares the host's fate; a refusal costs the host nothing of its own."""
    ORDERS.create(shared_engine, checkfirst=True)
    told = told_kinds(tracker, MomentKind.DEPART)
    with Session(shared_engine) as host:
        arm = assign(tracker, "c0", bind=host)
        assert assign(tracker, "c0", holdout=int(arm == "treatment"), bind=host) == arm
        order(host, tracker.tenant, 1)
        host.rollback()
    assert assignments(shared_engine, tracker) == [] and not told
    with Session(shared_engine) as host:
        order(host, tracker.tenant, 2)
        assert assign(tracker, "c0", bind=host) == arm
        with pytest.raises(AssignmentError):
            assign(tracker, "here", bind=host)
        assert not told
        host.commit()
    assert assignments(shared_engine, tracker) == [("c0", "winback", arm)]
    assert orders(shared_engine, tracker.tenant) == [2]
    assert [one.contact for one in told] == ["c0"]


def test_it_raises_whatever_the_policy(make_tracker: Make, tracker: Tracker) -> None:
    """Without an answer nobody knows whether to write."""
    lenient = make_tracker(funnel=TRIAL, on_error="log", spool=False)
    with pytest.raises(AssignmentError):
        assign(lenient, "here")
    assert assign(lenient) == assign(tracker)


def assign_each(place: Place, holdout: float, contacts: Sequence[str]) -> list[Arm]:
    """Assign contacts, one after another."""
    with Tracker(place.url, TRIAL, tenant=place.tenant, budget=PATIENT) as tracker:
        return [tracker.assign(one, trial="winback", holdout=holdout) for one in contacts]


def test_two_processes_at_once(shared_engine: Engine, tracker: Tracker) -> None:
    """However their shares differ, both give the arm that was recorded first, once."""
    place = Place(shared_engine.url.render_as_string(hide_password=False), tracker.tenant)
    contacts = [f"c{n}" for n in range(MANY)]
    one, other = in_processes(*((assign_each, place, share, contacts) for share in (0, 1)))
    assert one == other
    told = sorted((who, "winback", arm) for who, arm in zip(contacts, one, strict=True))
    assert assignments(shared_engine, tracker) == told
    assert check_contacts(tracker).is_sound


def test_threads_that_assign_within_transactions(shared_engine: Engine, tracker: Tracker) -> None:
    """The second waits for the first, and gives what that has committed."""

    def within(holdout: float) -> Arm:
        with Session(shared_engine) as host, host.begin():
            return assign(tracker, "c1", holdout=holdout, bind=host)

    one, other = in_threads((within, 0), (within, 1))
    assert one == other
    assert assignments(shared_engine, tracker) == [("c1", "winback", one)]


def test_from_asyncio(
    shared_engine: Engine, tracker: Tracker, make_async: Callable[..., AsyncTracker]
) -> None:
    """The same, alone and in the host's transaction."""

    async def story() -> None:
        async with make_async(funnel=TRIAL) as awaited, host_engine(shared_engine) as engine:
            arm = await awaited.assign("c1", trial="winback", holdout=0.5)
            assert arm == draw("winback", "c1", 0.5)
            async with engine.begin() as host:
                assert await awaited.assign("c1", trial="winback", holdout=0, bind=host) == arm
                assert (
                    await awaited.assign("c3", trial="winback", holdout=1, bind=host) == "control"
                )
            with pytest.raises(AssignmentError):
                await awaited.assign("here", trial="winback", holdout=0.5)

    run(story())
    assert [key for key, *_ in assignments(shared_engine, tracker)] == ["c1", "c3"]
