"""Erasures: nothing is left of whom nothing is to be left of, and counts where they are to stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.errors import EventError, MergeError, QuestionError
from motfunnel.reports.measure.rate import COMPETING
from motfunnel.statistics import CompetingRisks
from tests.tracking.scene import DAY, NOON, Clock, day, row_counts, rows_of


def tell(tracker: Tracker, contact: str = "ada@example.com") -> None:
    """A history with words in every place that keeps some."""
    said: list[tuple[str, float, dict[str, Any]]] = [
        ("saw", 0, {"source": "SECRET ads"}),
        ("bought", 1, {"value": 3, "note": "SECRET"}),
        ("complained", 2, {"ticket": "SECRET-1"}),
        ("referred", 3, {"friend": "zoe"}),
        ("left", 4, {"reason": "SECRET reason"}),
        ("mailed", 5, {}),
        ("bought", 8, {}),
    ]
    for n, (event, at, properties) in enumerate(said):
        tracker.track(contact, event, id=f"SECRET-{n}", occurred_at=day(at), properties=properties)
    tracker.identify(contact, {"city": "SECRET"}, id="t", occurred_at=day(0))


def test_nothing_is_left(shared_engine: Engine, tracker: Tracker) -> None:
    """Neither the keys nor the words of a forgotten contact are in any row of its tenant."""
    tell(tracker)
    tracker.merge("anon-77", into="ada@example.com")
    tracker.track("anon-77", "saw", id="x", occurred_at=day(9), properties={"note": "SECRET"})
    tracker.track(
        "bob",
        "referred",
        id="for ada@example.com",
        occurred_at=day(1),
        properties={"friend": "ada@example.com", "note": "met anon-77 there", "left": 1},
    )
    forgotten = tracker.forget("anon-77")
    assert (forgotten.events, forgotten.others, forgotten.token) == (9, 1, None)
    left = repr(rows_of(shared_engine, tracker.tenant))
    assert not any(word in left for word in ("ada@example.com", "anon-77", "SECRET"))
    [event] = rows_of(shared_engine, tracker.tenant)["motfunnel_events"]
    assert event["properties"] == {"friend": None, "note": "met erased there", "left": 1}
    assert tracker.contact("bob").referrals == 1
    assert tracker.contact("ada@example.com").presence.value == "unknown"
    assert tracker.identity("anon-77").keys == ("anon-77",)
    assert tracker.check().is_sound


def test_counts_are_kept(shared_engine: Engine, tracker: Tracker) -> None:
    """A token keeps the kinds and instants of moments, and no word of what was said."""
    tell(tracker)
    tracker.track("zoe", "saw", id="1", occurred_at=day(6))
    before = [(m.kind, m.occurred_at) for m in tracker.moments("ada@example.com", as_of=day(50))]
    sources = tracker.report(as_of=day(90)).recidivism(within=DAY, by="source")
    token = tracker.forget("ada@example.com", keep_counts=True).token
    assert token is not None
    assert [(m.kind, m.occurred_at) for m in tracker.moments(token, as_of=day(50))] == before
    left = repr(rows_of(shared_engine, tracker.tenant))
    assert not any(word in left for word in ("ada@example.com", "SECRET"))
    assert tracker.contact(token).purchases == 2
    after = tracker.report(as_of=day(90)).recidivism(within=DAY, by="source")
    assert [r.group for r in sources.rows] == ["SECRET ads", "referral"]
    assert [(r.group, r.denominator) for r in after.rows] == [("referral", 1), ("unknown", 1)]
    assert tracker.rebuild() == 2
    assert [(m.kind, m.occurred_at) for m in tracker.moments(token, as_of=day(50))] == before
    assert tracker.check().is_sound
    with pytest.raises(EventError, match="erasure"):
        tracker.track(token, "saw")
    with pytest.raises(MergeError, match="erasure"):
        tracker.merge("zoe", into=token)


def test_an_erasure_ends_the_journey(tracker: Tracker, clock: Clock) -> None:
    """Who is active when erased never departs, by silence or otherwise."""
    clock.now = day(5)
    tracker.track("ada", "saw", id="1", occurred_at=day(0))
    token = tracker.forget("ada", keep_counts=True).token
    clock.now = day(400)
    assert tracker.sweep() == 0
    assert [m.kind.value for m in tracker.moments(token)] == ["opening"]
    assert tracker.report().recidivism(within=DAY).denominator == 0


def test_an_erasure_competes_with_the_return(tracker: Tracker, clock: Clock) -> None:
    """In a rate, an erased episode is mature and not returned, and ends its observation."""
    for n in range(30):
        tracker.track(f"contact {n}", "saw", id="1", occurred_at=day(0))  # departs on day 10
        if n < 12:
            tracker.track(f"contact {n}", "saw", id="2", occurred_at=day(11 + n))
    clock.now = day(15)
    for n in range(20, 24):
        tracker.forget(f"contact {n}", keep_counts=True)
    tracker.forget("contact 24")
    clock.now = day(100)
    rate = tracker.report().recidivism(within=9 * DAY, departed=(day(10), day(10) + DAY))
    assert (rate.numerator, rate.denominator, rate.erased) == (9, 29, 1)
    observed: list[tuple[int, str | None]] = [
        *((n + 1, "returned") for n in range(12)),
        *((5, "erased") for _ in range(4)),
        *((90, None) for _ in range(13)),
    ]
    risks = CompetingRisks.from_observations(observed)
    assert rate.km.probability == pytest.approx(risks.incidence("returned", 9))
    interval = risks.interval("returned", 9)
    assert interval is not None and rate.km.interval is not None
    assert rate.km.interval.lower == pytest.approx(interval.lower)
    assert " ".join(COMPETING.split()) in " ".join(str(rate).split())
    assert "without 1 contact erased" in str(rate)
    assert rate.to_dict()["erased"] == 1
    earlier = tracker.report(as_of=day(14)).recidivism(within=2 * DAY)
    assert (earlier.numerator, earlier.denominator) == (2, 29)
    assert earlier.row.erased_count == 0
    clock.now = day(1001)  # everything was recorded by then
    known = tracker.report(as_of=day(100), known_by=day(1001)).recidivism(
        within=9 * DAY, departed=(day(10), day(10) + DAY)
    )
    assert known.to_dict()["km"] == rate.to_dict()["km"]
    assert known.denominator == rate.denominator


def test_retention_by_age(shared_engine: Engine, tracker: Tracker, clock: Clock) -> None:
    """Contacts of whom nothing has happened for too long are forgotten, the others are not."""
    clock.now = day(1000)
    for n in range(60):
        tracker.track(f"old {n}", "saw", id="1", occurred_at=day(n))
    tracker.track("new", "referred", id="1", occurred_at=day(900), properties={"friend": "old 3"})
    assert tracker.retain(timedelta(days=500)) == 60
    assert row_counts(shared_engine, tracker.tenant)["motfunnel_contacts"] == 1
    assert "old 3" not in repr(rows_of(shared_engine, tracker.tenant))
    assert tracker.retain(timedelta(days=500), keep_counts=True) == 0
    with pytest.raises(QuestionError):
        tracker.retain(timedelta())


def test_forgetting_nobody(shared_engine: Engine, tracker: Tracker) -> None:
    """Forgetting whom nothing is recorded of leaves nothing, and no count of it."""
    forgotten = tracker.forget("nobody", keep_counts=True)
    assert (forgotten.events, forgotten.token) == (0, None)
    assert not any(rows_of(shared_engine, tracker.tenant).values()) or [
        name for name, found in rows_of(shared_engine, tracker.tenant).items() if found
    ] == ["motfunnel_funnels"]


def test_a_token_can_be_forgotten_too(shared_engine: Engine, tracker: Tracker) -> None:
    """What an erasure left goes with another one; a contact that named itself is no other."""
    tracker.track("ada@example.com", "saw", id="1", properties={"mail": "ada@example.com"})
    first = tracker.forget("ada@example.com", keep_counts=True)
    assert (first.events, first.others) == (1, 0)
    again = tracker.forget(first.token, keep_counts=True)
    assert (again.events, again.token) == (1, None)
    assert rows_of(shared_engine, tracker.tenant)["motfunnel_events"] == []
    assert tracker.report().recidivism(within=DAY).erased == 1


def test_short_keys_are_taken_out_where_they_name(tracker: Tracker) -> None:
    """A number that is a key goes where a referral names it, and stays where it counts."""
    tracker.track(7, "saw", id="1", occurred_at=day(0))
    tracker.track(
        "bob", "referred", id="1", occurred_at=day(1), properties={"friend": 7, "value": 7}
    )
    tracker.track("bob", "saw", id="7", occurred_at=day(1), properties={"text": "7", "more": "17"})
    assert tracker.forget(7).others == 1
    properties = {one["id"]: one["properties"] for one in tracker.export("bob")["events"]}
    assert properties == {"1": {"friend": None, "value": 7}, "7": {"text": "7", "more": "17"}}


@pytest.mark.parametrize("key", ["bought", "friend", "$identify", "1", "plan", "signed_up"])
def test_a_key_that_is_a_word_of_the_host_harms_nobody(
    shared_engine: Engine, tracker: Tracker, key: str
) -> None:
    """A contact may be called as an event, a property or an id is; others keep all of theirs."""
    tracker.identify("bob", {"plan": "free", "bought": "friend"}, id="t", occurred_at=day(0))
    for n, event in enumerate(("bought", "referred", "signed_up")):
        tracker.track("bob", event, id=n, occurred_at=day(n), properties={"friend": "zoe"})
    before = rows_of(shared_engine, tracker.tenant)
    assert tracker.forget(key).others == 0
    tracker.track(key, "saw", id="1", occurred_at=day(0))
    assert tracker.forget(key).others == 0
    after = rows_of(shared_engine, tracker.tenant)
    assert after.pop("motfunnel_erasures")
    assert after == {name: found for name, found in before.items() if name in after}
    said: dict[str, Any] = {"occurred_at": day(0), "properties": {"friend": "zoe"}}
    assert tracker.track("bob", "bought", id=0, **said).duplicate
    assert tracker.contact("bob").events == 4


def test_traits_of_others_name_nobody(shared_engine: Engine, tracker: Tracker) -> None:
    """What an identify of somebody else said of the contact is gone from its traits, too."""
    key = "ada@example.com"
    tracker.track(key, "saw", id="1", occurred_at=day(0))
    tracker.identify("bob", {"boss": key, "note": f"knows {key} well", key: "x"}, id="t")
    tracker.identify("cyd", {"a": 1}, id=f"from {key}")
    assert tracker.forget(key).others == 2
    assert key not in repr(rows_of(shared_engine, tracker.tenant))
    assert tracker.contact("bob").traits == {
        "boss": None,
        "note": "knows erased well",
        "erased": "x",
    }
    assert tracker.check().is_sound


def test_rejects_of_others_are_kept_without_the_name(
    shared_engine: Engine, make_tracker: Any
) -> None:
    """A reject of the contact is deleted; one of somebody else is only told otherwise."""
    lenient = make_tracker(on_error="log", spool=False)
    lenient.track("ada@example.com", "")
    lenient.track("bob", "", properties={"friend": 77, "note": "for ada@example.com"})
    lenient.track(77, "saw", id="1")
    assert lenient.forget("ada@example.com").rejects == 2
    assert lenient.forget(77).rejects == 1
    [reject] = rows_of(shared_engine, lenient.tenant)["motfunnel_rejects"]
    assert reject["contact"] == "bob"
    assert '"friend":null' in reject["payload"].replace(" ", "")
    assert "ada@example.com" not in repr(reject)


def test_an_export_holds_everything(tracker: Tracker) -> None:
    """An export has all keys, events with their words, merges, and where others named it."""
    tell(tracker)
    tracker.merge("anon", into="ada@example.com")
    tracker.track("anon", "saw", id="9", occurred_at=day(9))
    tracker.track(
        "bob", "referred", id="1", occurred_at=NOON, properties={"friend": "ada@example.com"}
    )
    exported = tracker.export("anon")
    assert exported["keys"] == ["ada@example.com", "anon"]
    assert len(exported["events"]) == 9
    assert {event["recorded_as"] for event in exported["events"]} == {"ada@example.com", "anon"}
    assert exported["events"][2]["properties"] == {"value": 3, "note": "SECRET"}
    assert exported["profile"]["traits"] == {"city": "SECRET"}
    assert [merge["alias"] for merge in exported["merges"]] == ["anon"]
    assert [one["event"] for one in exported["named_by_others"]] == ["referred"]
    assert "bob" not in repr(exported)


def test_tenants_share_no_erasure(
    shared_engine: Engine, tracker: Tracker, make_tracker: Any
) -> None:
    """What is forgotten in one tenant stays in another, and is not counted there."""
    other = make_tracker(tenant=f"{tracker.tenant}2")
    for one in (tracker, other):
        tell(one)
    before = rows_of(shared_engine, other.tenant)
    tracker.forget("ada@example.com")
    tracker.retain(timedelta(days=1))
    assert rows_of(shared_engine, other.tenant) == before
    assert other.report().recidivism(within=DAY).erased == 0
