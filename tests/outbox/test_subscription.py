"""Subscriptions: who is told of what, in which transaction, how often; and who no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, select, update
from sqlalchemy.orm import Session

from motfunnel import Funnel, Tracker
from motfunnel.errors import NoFunnelError, QuestionError
from motfunnel.tracking.outbox import subscription as outbox
from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.relay import GoneError, Relayed, relay
from motfunnel.tracking.outbox.subscription import Subscription
from motfunnel.tracking.outbox.webhook import DeliveryError
from tests.faults.erasure_search import search_tables
from tests.tracking.scene import FUNNEL, PATIENT, day

pytestmark = pytest.mark.every_database


@pytest.fixture
def tracker(url: str) -> Iterator[Tracker]:
    tenant = uuid4().hex
    with Tracker(url, funnel=FUNNEL, tenant=tenant, spool=False, budget=PATIENT) as tracker:
        yield tracker


def told(subscription: Subscription, size: int = 100) -> list[str]:
    """What waits, each on one line, and does so no more."""
    lines = []
    for batch in subscription.batches(size):
        with batch:
            lines += [brief(message) for message in batch]
    return lines


def brief(message: Message) -> str:
    what = "forgotten" if message.moment is None else message.moment.kind.value
    return f"{'-' if message.type == 'moment.revoked' else ''}{what} {message.contact}"


def make_due(tracker: Tracker) -> None:
    """Have pauses be over, as after a long time."""
    table = tracker.database.tables.messages
    with tracker.database.engine.begin() as connection:
        long_ago = day(-1000)
        connection.execute(update(table).values(due_at=long_ago))


def test_each_moment_that_comes_and_goes(tracker: Tracker) -> None:
    """A call, a sweep and a late event tell of what they store, and of what they take back."""
    subscription = tracker.subscribe("crm")
    tracker.track("ada", "saw", occurred_at=day(0))
    tracker.sweep(as_of=day(30))
    assert told(subscription) == ["opening ada", "depart ada"]
    tracker.track("ada", "saw", occurred_at=day(8))
    tracker.track("ada", "saw", occurred_at=day(17))
    tracker.sweep(as_of=day(30))
    assert told(subscription) == ["-depart ada", "depart ada"]
    assert tracker.track("ada", "saw", occurred_at=day(8.5)).moments == ()
    assert told(subscription) == []


def test_only_what_is_asked_for(tracker: Tracker) -> None:
    """By kind, stage and reason; a name that is there asks for other things from then on."""
    by_kind = tracker.subscribe("kind", kinds=["depart", "recidivism"])
    by_stage = tracker.subscribe("stage", stages="customer")
    by_reason = tracker.subscribe("reason", kinds="depart", reasons=["too dear", "silence"])
    for contact, reason in ("ada", "too dear"), ("bob", "no time"):
        tracker.track(contact, "bought", occurred_at=day(0))
        tracker.track(contact, "left", occurred_at=day(1), properties={"reason": reason})
    tracker.track("cy", "saw", occurred_at=day(0))
    tracker.sweep(as_of=day(30))
    assert told(by_kind) == ["depart ada", "depart bob", "depart cy"]
    assert told(by_stage) == [
        f"{kind} {one}" for one in ("ada", "bob") for kind in ("opening", "conversion", "depart")
    ]
    assert told(by_reason) == ["depart ada", "depart cy"]
    tracker.subscribe("kind", kinds=["conversion"])
    tracker.track("dee", "bought", occurred_at=day(0))
    assert told(by_kind) == ["conversion dee"]


def test_what_was_told_is_taken_back(tracker: Tracker) -> None:
    """Also of a contact that has come to another stage: who asks for the earlier one was told."""
    of_leads = tracker.subscribe("leads", stages="lead", kinds="depart")
    tracker.track("ada", "signed_up", occurred_at=day(0))
    tracker.sweep(as_of=day(15))
    assert told(of_leads) == ["depart ada"]
    tracker.track("ada", "bought", occurred_at=day(5))
    assert tracker.contact("ada", as_of=day(15)).stage == "customer"
    assert told(of_leads) == ["-depart ada"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 64},
        {"name": "x", "kinds": ["departed"]},
        {"name": "x", "stages": ["client"]},
    ],
)
def test_what_is_no_subscription_is_refused(tracker: Tracker, wrong: dict[str, Any]) -> None:
    with pytest.raises(QuestionError):
        tracker.subscribe(**wrong)
    assert tracker.subscriptions() == []


def test_one_that_is_not_there(tracker: Tracker) -> None:
    """Is not made by being asked for, and the error says which are."""
    tracker.subscribe("crm")
    with pytest.raises(QuestionError, match="no subscription 'cmr'; there are: 'crm'"):
        tracker.subscription("cmr")
    assert tracker.unsubscribe("crm")
    assert not tracker.unsubscribe("crm")


def test_before_anything_was_tracked(url: str) -> None:
    """No funnel is needed to subscribe; where one is, nothing is left of what was refused."""
    with Tracker(url, spool=False) as nobody:
        for refused in ({"from_beginning": True}, {"stages": "customer"}):
            with pytest.raises(NoFunnelError):
                nobody.subscribe("crm", **refused)
        assert nobody.subscriptions() == []
        subscription = nobody.subscribe("crm", kinds="opening")
        with Tracker(url, funnel=FUNNEL, spool=False, budget=PATIENT) as tracker:
            tracker.track("ada", "saw", occurred_at=day(0))
        assert told(subscription) == ["opening ada"]


def test_no_subscription_no_row(tracker: Tracker) -> None:
    """Without one nothing is kept; after its end neither, nor what waited."""
    tracker.track("ada", "saw", occurred_at=day(0))
    tracker.subscribe("crm")
    tracker.track("bob", "saw", occurred_at=day(0))
    tracker.unsubscribe("crm")
    tracker.track("cy", "saw", occurred_at=day(0))
    with tracker.database.engine.connect() as connection:
        assert connection.execute(select(tracker.database.tables.messages)).all() == []


def test_what_is_rolled_back_is_not_told(tracker: Tracker, url: str) -> None:
    """A message belongs to the host's transaction, as its moment does."""
    subscription = tracker.subscribe("crm")
    engine = create_engine(url)
    with Session(engine) as session:
        tracker.track("ada", "saw", occurred_at=day(0), bind=session)
        session.rollback()
        tracker.track("bob", "saw", occurred_at=day(0), bind=session)
        session.commit()
    engine.dispose()
    assert told(subscription) == ["opening bob"]


def test_another_tenant_is_told_nothing(tracker: Tracker, url: str) -> None:
    with Tracker(url, funnel=FUNNEL, tenant="other") as other:
        mine, others = tracker.subscribe("crm"), other.subscribe("crm")
        other.track("ada", "saw", occurred_at=day(0))
        assert (told(mine), told(others)) == ([], ["opening ada"])


def test_from_the_beginning(tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored comes first, also where that was broken off, and nothing comes twice."""
    contacts = [f"c{n:03}" for n in range(450)]  # more than are put down at once
    tracker.track_many({"contact": one, "event": "saw", "occurred_at": day(0)} for one in contacts)
    fill, calls = outbox.Publisher._fill, []

    def break_off(self: outbox.Publisher, name: str, funnel: Funnel) -> bool:
        calls.append(name)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return fill(self, name, funnel)

    monkeypatch.setattr(outbox.Publisher, "_fill", break_off)
    with pytest.raises(KeyboardInterrupt):
        tracker.subscribe("crm", from_beginning=True)
    monkeypatch.undo()
    tracker.track("c000", "bought", occurred_at=day(1))
    tracker.track("c449", "bought", occurred_at=day(1))
    subscription = tracker.subscribe("crm", from_beginning=True)
    lines = told(subscription)
    assert sorted(lines) == sorted(
        [f"opening {one}" for one in contacts] + ["conversion c000", "conversion c449"]
    )
    assert lines.index("opening c000") < lines.index("conversion c000")
    assert lines.index("opening c449") < lines.index("conversion c449")
    assert told(tracker.subscribe("crm", from_beginning=True)) == []


def test_a_message_is_kept_until_its_batch_was_left(tracker: Tracker) -> None:
    """Whoever breaks off is given the same again, by the same id; nobody else in between."""
    subscription = tracker.subscribe("crm")
    tracker.track("ada", "bought", occurred_at=day(0))
    first = next(subscription.batches())
    assert [*subscription.batches()] == []
    with pytest.raises(KeyboardInterrupt), first:
        raise KeyboardInterrupt
    again = next(subscription.batches())
    assert [one.id for one in again.messages] == [one.id for one in first.messages]
    with again:
        pass
    assert subscription.waiting().waiting == 0


def test_a_lease_that_ends(tracker: Tracker) -> None:
    """Then others are given the messages, and whoever comes late deletes nothing of theirs."""
    subscription = tracker.subscribe("crm")
    tracker.track("ada", "saw", occurred_at=day(0))
    late = next(subscription.batches(lease=timedelta(0)))
    other = next(subscription.batches())
    assert [one.id for one in late.messages] == [one.id for one in other.messages]
    with late:
        pass
    assert subscription.waiting().waiting == 1
    with other:
        pass
    assert subscription.waiting().waiting == 0


def test_what_fails_stops_its_contact_alone(tracker: Tracker) -> None:
    """What is behind it waits, in order; others' are delivered; an error is kept with it."""
    subscription = tracker.subscribe("crm")
    for contact in "ada", "bob":
        tracker.track(contact, "bought", occurred_at=day(0))
    sent: list[str] = []

    def send(message: Message) -> None:
        if message.contact == "ada":
            raise ValueError("no room for ada")
        sent.append(brief(message))

    assert relay(subscription, send) == Relayed(delivered=2, failed=1)
    assert sent == ["opening bob", "conversion bob"]
    assert relay(subscription, send) == Relayed()  # not before the pause is over
    for _ in range(outbox.ATTEMPTS - 1):
        make_due(tracker)
        assert relay(subscription, send) == Relayed(failed=1)
    make_due(tracker)
    assert relay(subscription, send) == Relayed()
    [(failed, error)] = subscription.failed()
    assert (brief(failed), error) == ("opening ada", "ValueError: no room for ada")
    assert (subscription.waiting().waiting, subscription.waiting().failed) == (2, 1)
    [said] = tracker.health().subscriptions or ()
    assert "1 message set aside after too many attempts" in said.troubles[0]
    assert said.troubles[0] in str(tracker.health())
    assert subscription.retry() == 1
    assert told(subscription) == ["opening ada", "conversion ada"]


def test_who_wants_to_be_left_alone(tracker: Tracker) -> None:
    """Is asked for nothing more in this round; nobody else's message has used up an attempt."""
    subscription = tracker.subscribe("crm")
    for contact in "ada", "bob", "cy":
        tracker.track(contact, "saw", occurred_at=day(0))
    asked: list[str] = []

    def send(message: Message) -> None:
        asked.append(message.contact)
        if len(asked) == 2:
            raise DeliveryError("answered 429", timedelta(seconds=40))

    done = relay(subscription, send)
    assert done == Relayed(delivered=1, failed=1, wait=timedelta(seconds=40))
    assert len(asked) == 2
    assert (subscription.waiting().waiting, subscription.waiting().retried) == (2, 1)
    assert relay(subscription, send) == Relayed(delivered=1)  # the third
    assert {*asked} == {"ada", "bob", "cy"}


def test_what_is_behind_a_failure_is_not_looked_at(tracker: Tracker) -> None:
    """It is due no sooner than what holds it up; what was only taken is at its old place."""
    subscription = tracker.subscribe("crm")
    for contact in "ada", "bob":
        tracker.track(contact, "bought", occurred_at=day(0))
    with next(subscription.batches()) as batch:
        batch.fail(batch.messages[0], "no")
        batch.leave(batch.messages[2])
    m = tracker.database.tables.messages.c
    mine = select(m.contact, m.due_at, m.recorded_at).where(m.tenant == tracker.tenant)
    with tracker.database.engine.connect() as connection:
        rows = connection.execute(mine.order_by(m.contact, m.ordinal)).all()
    of_ada, of_bob = rows[:2], rows[2:]
    assert of_ada[0].due_at == of_ada[1].due_at > of_ada[1].recorded_at
    assert all(row.due_at == row.recorded_at for row in of_bob)
    make_due(tracker)
    assert told(subscription)[:2] in (
        ["opening ada", "conversion ada"],
        ["opening bob", "conversion bob"],
    )


def test_a_message_outlives_a_night() -> None:
    """The pauses grow, and all of them together are most of a day, but not more than 30 hours."""
    pauses = [outbox._pause(attempts) for attempts in range(1, outbox.ATTEMPTS)]
    assert timedelta(seconds=5) <= pauses[0] <= timedelta(seconds=10)
    assert max(pauses) <= timedelta(hours=6)
    assert timedelta(hours=14) < sum(pauses, timedelta()) < timedelta(hours=30)


def put_down_long_ago(tracker: Tracker, contact: str) -> None:
    """Have a contact's messages wait for two hours and ten minutes."""
    table = tracker.database.tables.messages
    past = datetime.now(UTC) - timedelta(minutes=130)
    with tracker.database.engine.begin() as connection:
        mine = update(table).where(table.c.tenant == tracker.tenant, table.c.contact == contact)
        connection.execute(mine.values(recorded_at=past))


def test_a_relay_that_does_not_come(tracker: Tracker) -> None:
    """Is told of in words; what waits behind a failure, or is on its way, is another thing."""
    subscription = tracker.subscribe("crm")
    for contact in "ada", "bob":
        tracker.track(contact, "bought", occurred_at=day(0))
    assert (subscription.waiting().troubles, subscription.waiting().taken) == ((), 0)
    put_down_long_ago(tracker, "ada")
    assert subscription.waiting().troubles == ("no relay has come for 2 h 10 min",)
    assert "; no relay has come for 2 h 10 min" in str(tracker.health())
    batch = next(subscription.batches())
    assert subscription.waiting().taken == 4
    assert subscription.waiting().troubles == ("the relay is 2 h 10 min behind",)
    with batch:
        batch.fail(batch.messages[0], "no room for ada")
        batch.leave(batch.messages[2])
    waiting = subscription.waiting()
    assert (waiting.retried, waiting.taken, waiting.troubles) == (1, 0, ())
    assert timedelta() < waiting.lag < timedelta(minutes=5)  # bob's
    assert ", 1 to be tried again" in str(waiting)
    assert waiting.to_dict()["lag"] == waiting.lag.total_seconds()
    assert told(subscription) == ["opening bob", "conversion bob"]
    assert subscription.waiting().lag == timedelta()


def test_what_is_set_aside_can_be_dropped(tracker: Tracker) -> None:
    """Then what was behind it is delivered."""
    subscription = tracker.subscribe("crm")
    tracker.track("ada", "bought", occurred_at=day(0))
    for _ in range(outbox.ATTEMPTS):
        make_due(tracker)
        for batch in subscription.batches():
            with batch:
                batch.fail(batch.messages[0], "no")
    assert subscription.drop_failed() == 1
    assert told(subscription) == ["conversion ada"]


def test_an_interrupt_between_two_messages(tracker: Tracker) -> None:
    """A relay that is stopped has delivered each message once."""
    subscription = tracker.subscribe("crm")
    for number in range(5):
        tracker.track(f"c{number}", "saw", occurred_at=day(0))
    sent: list[str] = []

    def send(message: Message) -> None:
        if len(sent) == 3:
            raise KeyboardInterrupt
        sent.append(brief(message))

    with pytest.raises(KeyboardInterrupt):
        relay(subscription, send)
    assert [*sent, *told(subscription)] == [f"opening c{number}" for number in range(5)]


def test_nobody_is_there_any_more(tracker: Tracker) -> None:
    """Nothing is lost by it: the caller decides."""
    subscription = tracker.subscribe("crm")
    tracker.track("ada", "saw", occurred_at=day(0))

    def send(_: Message) -> None:
        raise GoneError("gone")

    with pytest.raises(GoneError):
        relay(subscription, send)
    assert told(subscription) == ["opening ada"]


def test_who_is_forgotten_waits_nowhere(tracker: Tracker, engine: Engine) -> None:
    """Nothing that waits names her; who asked for it is told that she was, by her key alone."""
    plain = tracker.subscribe("plain")
    asking = tracker.subscribe("asking", erasures=True)
    hers = "zoë@example.com"
    tracker.track(hers, "bought", occurred_at=day(0), id=f"of-{hers}")
    tracker.track("bob", "referred", occurred_at=day(0), properties={"friend": hers})
    said = {"reason": f"because of {hers}"}
    tracker.track("bob", "left", occurred_at=day(1), properties=said, id=f"left-{hers}")
    tracker.forget(hers)
    waiting = {one.subscription: one.waiting for one in tracker.subscriptions()}
    assert waiting["asking"] == waiting["plain"] + 1
    lines = told(asking)
    assert f"forgotten {hers}" in lines
    assert [one for one in lines if hers in one] == [f"forgotten {hers}"]
    assert search_tables(engine, [hers]) == []
    for batch in plain.batches():
        with batch:
            assert hers not in repr([one.to_dict() for one in batch])


def test_every_key_of_hers_is_to_be_forgotten(tracker: Tracker) -> None:
    """Whoever was told of her before a merge knows her by the other key."""
    asking = tracker.subscribe("asking", erasures=True)
    tracker.track("visitor 7", "saw", occurred_at=day(0))
    tracker.track("ada", "bought", occurred_at=day(1))
    told(asking)
    tracker.merge("visitor 7", into="ada")
    told(asking)
    tracker.forget("ada")
    assert sorted(told(asking)) == ["forgotten ada", "forgotten visitor 7"]
    assert asking.waiting().waiting == 0


def test_what_an_erasure_left_is_not_told(tracker: Tracker) -> None:
    """Where its counts were kept, a token stands for it, of which nobody is to hear."""
    tracker.track("ada", "bought", occurred_at=day(0))
    tracker.track("bob", "saw", occurred_at=day(0))
    assert tracker.forget("ada", keep_counts=True).token is not None
    assert told(tracker.subscribe("crm", from_beginning=True)) == ["opening bob"]


def test_who_came_and_went_in_one_batch(tracker: Tracker) -> None:
    """An erasure while a relay is at it: what it has taken is nobody's to take again."""
    subscription = tracker.subscribe("crm")
    tracker.track("ada", "bought", occurred_at=day(0))
    [batch] = [next(subscription.batches())]
    tracker.forget("ada")
    tracker.track("ada", "saw", occurred_at=day(9))
    with batch:
        pass
    assert told(subscription) == ["opening ada"]
