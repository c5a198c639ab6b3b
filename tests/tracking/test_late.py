"""Late events of long histories: what they cost, and when their contacts are folded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text, update

from motfunnel import Moment, MomentKind, Tracker
from motfunnel.domain.event import Event
from motfunnel.errors import InconsistencyError, StoreError
from motfunnel.store.database.pace import Pace
from motfunnel.store.database.retry import persist
from motfunnel.store.queries import overlay
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.types import MARIADB
from motfunnel.tracking.recording import owed as debt
from motfunnel.tracking.recording.owed import settle_all
from motfunnel.tracking.upkeep import check
from motfunnel.tracking.upkeep.check import check_contacts
from tests.golden.histories import NOW, drawn
from tests.golden.questions import answers
from tests.strategies import make_funnel, moments_of_asking, stories
from tests.tracking.scene import DAY, FUNNEL, Clock, day, rows_of, told_kinds
from tests.tracking.test_laws import END, FEW, as_said, tracked_histories, walked

MADE = ("motfunnel_contacts", "motfunnel_moments", "motfunnel_episodes")


def stored_moments(engine: Engine, tenant: str) -> set[Any]:
    """The moments that are stored, each as a value."""
    return {
        tuple(sorted((name, str(value)) for name, value in row.items() if name != "ordinal"))
        for row in rows_of(engine, tenant)["motfunnel_moments"]
    }


def made(engine: Engine, tenant: str) -> dict[str, Any]:
    """What is stored of journeys, but for where checkpoints happen to stand."""
    found = rows_of(engine, tenant)
    for row in found["motfunnel_contacts"]:
        row["checkpoint"] = None
        row["tenant"] = ""
    return {name: [row | {"tenant": ""} for row in found[name]] for name in MADE}


def keep(tracker: Tracker, engine: Engine, events: Sequence[Event], joined: bool) -> list[Any]:
    """Track events on a connection of the tracker's own, or in a transaction of a host's."""
    said = [as_said(one) for one in events]
    if not joined:
        return tracker.track_many(said)
    with engine.begin() as connection:
        return tracker.track_many(said, bind=connection)


@FEW
@given(st.data())
def test_owed_is_folded(shared_engine: Engine, data: st.DataObject) -> None:
    """Whatever is owed meanwhile: answers are the walk's, and handlers hear of a moment once."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(tracked_histories(story))
    tracker = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex, budget=None)
    most = data.draw(st.sampled_from([0, 1, 3]))
    tracker.database.pace = Pace(every=data.draw(st.sampled_from([1, 2, 3])), most=most)
    tracker.create_tables()
    told = told_kinds(tracker)
    stored: set[Any] = set()
    rest, seen = list(events), set()
    while rest:
        now, rest = rest[: (size := data.draw(st.sampled_from([1, 1, 2])))], rest[size:]
        answers = keep(tracker, shared_engine, now, data.draw(st.booleans(), label="joined"))
        for one, answer in zip(now, answers, strict=True):
            assert answer.duplicate is ((one.contact, one.id) in seen)
            assert not (answer.deferred and (answer.moments or answer.revoked))
            seen.add((one.contact, one.id))
        owed = tracker.health().owed
        so_far = events[: len(events) - len(rest)]
        contacts = {one.contact for one in so_far}
        instant = data.draw(moments_of_asking())
        kept = rows_of(shared_engine, tracker.tenant)
        found = list(tracker.moments(as_of=instant))
        assert found == walked(contacts, funnel, so_far, instant)
        for contact in contacts:
            assert list(tracker.contact(contact, as_of=instant).moments) == walked(
                [contact], funnel, so_far, instant
            )
        assert rows_of(shared_engine, tracker.tenant) == kept
        if data.draw(st.sampled_from([False, False, True]), label="sweep"):
            tracker.sweep(as_of=instant)
            assert tracker.health().owed == 0
            assert check_contacts(tracker).is_sound
        elif not owed:
            assert check_contacts(tracker).is_sound
        stored = heard(told, stored, shared_engine, tracker.tenant)
    tracker.sweep(as_of=END)
    heard(told, stored, shared_engine, tracker.tenant)
    assert check_contacts(tracker).is_sound
    once = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex)
    once.track_many([as_said(one) for one in events])
    once.sweep(as_of=END)
    assert made(shared_engine, tracker.tenant) == made(shared_engine, once.tenant)


def heard(told: list[Moment], before: set[Any], engine: Engine, tenant: str) -> set[Any]:
    """Handlers were told of the moments that came, each once; give those that are there now."""
    now = stored_moments(engine, tenant)
    assert len(told) == len(now - before)
    assert len(set(told)) == len(told)
    told.clear()
    return now


MEANWHILE: dict[str, list[list[tuple[str, float]]]] = {
    "nothing": [],
    "one in order": [[("bought", 40)]],
    "one late": [[("left", 3.5)]],
    "one late, one in order": [[("left", 3.5), ("bought", 40)]],
    "some at the last instant": [[("praised", 20), ("left", 20)]],
    "time and again": [[("left", 3.5 + n), ("bought", 40 + 30 * n)] for n in range(5)],
}
"""What comes while a fold is made, each time anew: events, and on which day."""


@contextmanager
def meanwhile(acts: Sequence[Callable[[], object]]) -> Iterator[None]:
    """Do something each time when a fold has been made and is not written yet."""
    left = iter(acts)

    def persist_later(*arguments: Any) -> Any:
        next(left, lambda: None)()
        return persist(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(debt, "persist", persist_later)
        yield


def owing(engine: Engine, told: list[Any]) -> Tracker:
    """A tracker of whose only contact a fold is owed."""
    tracker = Tracker(engine, FUNNEL, tenant=uuid4().hex, clock=Clock(day(300)), budget=None)
    tracker.database.pace = Pace(every=2, most=0)
    for kind in MomentKind:
        tracker.on(kind, told.append)
    days = (0, 1, 2, 3, 5, 6, 7, 20)
    tracker.track_many(saying(("bought", number), f"{number}") for number in days)
    told.clear()
    tracker.track_many([saying(("left", 2.5), "late")])
    assert (told, tracker.health().owed) == ([], 1)
    return tracker


def saying(event: tuple[str, float], id: str) -> dict[str, Any]:
    name, at = event
    return {"contact": "ada", "event": name, "id": id, "occurred_at": day(at)}


@pytest.mark.parametrize("name", MEANWHILE)
def test_a_fold_that_is_overtaken(shared_engine: Engine, name: str) -> None:
    """What comes while a fold is made is not lost, and handlers hear of each moment once."""
    told: list[Moment] = []
    tracker = owing(shared_engine, told)
    before = stored_moments(shared_engine, tracker.tenant)
    coming = [
        [saying(event, f"{number} {place}") for place, event in enumerate(events)]
        for number, events in enumerate(MEANWHILE[name])
    ]
    acts = [partial(bring, tracker, shared_engine, events) for events in coming]
    with meanwhile(acts):
        tracker.settle()
    rest = [said for events in coming[4:] for said in events]  # three tries, and one under a lock
    assert tracker.health().owed == 0
    heard(told, before, shared_engine, tracker.tenant)
    if rest:
        tracker.track_many(rest)
    assert check_contacts(tracker).is_sound
    sound = set(tracker.moments())
    tracker.rebuild()
    assert set(tracker.moments()) == sound
    assert (tracker.contact("ada").events or 0) == 9 + sum(map(len, coming))


def bring(tracker: Tracker, engine: Engine, events: Sequence[dict[str, Any]]) -> None:
    """Track events in a transaction of a host's: their contact's fold stays owed."""
    with engine.begin() as host:
        assert all(one.deferred for one in tracker.track_many(events, bind=host))


def test_two_who_settle(shared_engine: Engine) -> None:
    """Where another has written the same fold meanwhile, only that one tells of it."""
    told: list[Moment] = []
    tracker = owing(shared_engine, told)
    before = stored_moments(shared_engine, tracker.tenant)
    with meanwhile([tracker.settle]):
        tracker.settle()
    heard(told, before, shared_engine, tracker.tenant)
    assert tracker.health().owed == 0
    assert check_contacts(tracker).is_sound


@FEW
@given(st.data())
def test_whatever_comes_while_folds_are_made(shared_engine: Engine, data: st.DataObject) -> None:
    """However events come while folds are made: once all are, it is the plain fold of all."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(tracked_histories(story))
    tracker = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex, budget=None)
    tracker.database.pace = Pace(every=data.draw(st.sampled_from([1, 2, 3])), most=0)
    first = data.draw(st.integers(0, len(events)))
    for event in events[:first]:
        keep(tracker, shared_engine, [event], joined=True)
    size = data.draw(st.integers(1, 3))
    rest = [events[n : n + size] for n in range(first, len(events), size)]
    acts = [partial(keep, tracker, shared_engine, some, True) for some in rest]
    with meanwhile(acts):
        tracker.settle()
    keep(tracker, shared_engine, events, joined=True)
    tracker.sweep(as_of=END)
    assert check_contacts(tracker).is_sound
    once = Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex)
    once.track_many([as_said(one) for one in events])
    once.sweep(as_of=END)
    assert made(shared_engine, tracker.tenant) == made(shared_engine, once.tenant)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_no_answer_awaits_the_fold(url: str, seed: int) -> None:
    """Every report, all moments and all contacts are the same before a fold is written, and after.

    Of every third contact something comes late, with its consequences: a return, a departure, a
    purchase before the first, a referral.
    """
    with drawn(url, seed) as tracker:
        sharp = Tracker(tracker.database.engine, tracker.funnel, clock=tracker.clock, spool=False)
        sharp.database.pace = Pace(every=3, most=0)
        contacts = sorted({moment.contact for moment in tracker.moments()})
        with tracker.database.engine.begin() as host:
            for number, contact in enumerate(contacts[::3]):
                name = ("bought", "looked", "unsubscribed", "brought_friend")[number % 4]
                at = NOW - (90 + 7 * number) * DAY
                said = {"friend": contacts[number]} if name == "brought_friend" else {}
                if not contact.startswith("c"):  # what an erasure left
                    continue
                sharp.track(contact, name, occurred_at=at, properties=said, bind=host)
        assert (sharp.health().owed or 0) > 20
        instants = [NOW - 60 * DAY, NOW]
        owed = dict(answers(sharp, instants, [NOW - 90 * DAY]))
        assert (sharp.health().owed or 0) > 20
        for _ in settle_all(sharp.database, sharp.tenant, sharp.funnel):
            pass
        assert sharp.health().owed == 0
        folded = dict(answers(sharp, instants, [NOW - 90 * DAY]))
        assert [one for one in folded if folded[one] != owed[one]] == []
        assert check_contacts(sharp).is_sound


@pytest.mark.slow
def test_many_folds_are_owed(url: str) -> None:
    """However many contacts are owed one, an answer is right, or says what is to be done."""
    tracker = Tracker(url, FUNNEL, clock=Clock(day(100)), budget=None, spool=False)
    tracker.database.pace = Pace(every=2, most=0)
    contacts = [f"contact {number}" for number in range(1001)]
    tracker.track_many(
        {"contact": contact, "event": "bought", "id": f"{at}", "occurred_at": day(at)}
        for contact in contacts
        for at in (0, 40)
    )
    left = {"event": "left", "id": "late", "properties": {"reason": "price" * 50}}
    tracker.track_many({"contact": contact, "occurred_at": day(3), **left} for contact in contacts)
    assert tracker.health().owed == len(contacts)
    assert [moment.kind.value for moment in tracker.moments(contacts[-1])] == [
        *("opening", "conversion", "depart", "recidivism", "loyalist", "depart")
    ]
    assert len([*tracker.moments(kind="depart")]) == 2 * len(contacts)
    tracker.close()


@pytest.mark.every_database
def test_more_than_a_statement_holds(
    shared_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folds that are owed are too large for a question, its error says what to do."""
    told: list[Moment] = []
    tracker = owing(shared_engine, told)
    monkeypatch.setattr(overlay, "_USES", 1_000_000)
    if shared_engine.dialect.name in MARIADB:
        with pytest.raises(StoreError, match="sweep"):
            list(tracker.moments())
    else:
        list(tracker.moments())
    tracker.settle()
    assert list(tracker.moments())


def test_one_that_cannot_be_folded_delays_no_other(engine: Engine) -> None:
    """Of a contact whose events are damaged the sweep says so in the end; the others are served."""
    with Tracker(engine, FUNNEL, clock=Clock(day(101))) as tracker:
        tracker.create_tables()
        tracker.database.pace = Pace(every=1, most=0)
        for contact in ("ada", "bob"):
            for number in (90, 100, 80):
                tracker.track(contact, "saw", id=f"{number}", occurred_at=day(number))
        tracker.track("cyd", "saw", occurred_at=day(1))
        assert tracker.health().owed == 2
        with engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE motfunnel_events SET properties = '[1]' "
                    "WHERE contact = 'ada' AND id = '80'"
                )
            )
        with pytest.raises(InconsistencyError, match="contact 'ada'"):
            tracker.sweep()
        assert tracker.health().owed == 1
        assert "cyd" in {row["contact"] for row in rows_of(engine, "default")["motfunnel_episodes"]}


@pytest.mark.every_database
@pytest.mark.parametrize("is_many", [False, True])
def test_a_call_that_comes_again_settles_too(shared_engine: Engine, is_many: bool) -> None:
    """Whoever had no answer and calls again: handlers hear of what came, each once."""
    told: list[Moment] = []
    tracker = owing(shared_engine, told)
    late = saying(("left", 2.5), "late")
    before = stored_moments(shared_engine, tracker.tenant)
    assert [one.kind.value for one in told] == []
    again = [late, saying(("bought", 1), "1")] if is_many else [late]
    answers = tracker.track_many(again)
    assert [(one.duplicate, one.deferred, one.moments) for one in answers] == [
        (True, False, ()) for _ in again
    ]
    assert tracker.health().owed == 0
    heard(told, before, shared_engine, tracker.tenant)
    tracker.track_many(again)
    assert told == []
    assert check_contacts(tracker).is_sound


@pytest.mark.every_database
def test_a_repair_beside_late_events(
    shared_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One who is owed a fold by the time of its repair is left to the sweep, or to the next."""
    told: list[Moment] = []
    tracker = owing(shared_engine, told)
    contacts = tables().contacts
    mine = update(contacts).where(contacts.c.tenant == tracker.tenant)
    tracker.settle()
    told.clear()
    with shared_engine.begin() as connection:
        connection.execute(mine.values(stage="lead"))
    late = saying(("left", 3.5), "later")
    repair = check._repair

    def repair_later(*arguments: Any) -> int:
        if arguments[1]:
            bring(tracker, shared_engine, [late])
        return repair(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(check, "_repair", repair_later)
        found = tracker.check(repair=True)
    assert (found.repaired, found.is_sound) == (0, False)
    assert tracker.health().owed == 1
    assert tracker.check(repair=True).is_sound
    assert [one.kind.value for one in told] == ["depart", "recidivism"]
    assert tracker.check().is_sound
