"""Events that come several times, from several processes at once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine

from motfunnel.errors import ConflictError
from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.figures import Figures
from tests.faults.soak import size
from tests.tracking.fleet import Place, Telling, in_processes, track_batches
from tests.tracking.scene import day, stored_events

PROCESSES = 8
EVENTS = size(1_000, 10_000)
CONTACTS = EVENTS // 10
NAMES = ("saw", "bought", "left", "mailed", "complained", "solved", "referred", "signed_up")


def tellings() -> list[Telling]:
    return [
        (f"contact {n % CONTACTS}", NAMES[n * 7 % 8], str(n // CONTACTS), day(n * 37 % 400))
        for n in range(EVENTS)
    ]


def in_batches(told: Sequence[Telling], chance: random.Random) -> Iterator[Sequence[Telling]]:
    """Some one by one, some at once."""
    start = 0
    while start < len(told):
        many = chance.choice([1, 5, 20])
        yield told[start : start + many]
        start += many


@pytest.mark.slow
def test_what_comes_again_is_stored_once(
    shared_engine: Engine, place: Place, figures: Figures
) -> None:
    """Events that are sent one to five times, from eight processes, are each stored once."""
    chance = random.Random(11)
    events = tellings()
    sent = [event for event in events for _ in range(chance.randint(1, 5))]
    chance.shuffle(sent)
    parts = [list(in_batches(sent[n::PROCESSES], chance)) for n in range(PROCESSES)]
    answers = in_processes(*((track_batches, place, part) for part in parts))
    new = sum(not duplicate for one in answers for duplicate in one)
    stored = stored_events(shared_engine, place.tenant)
    assert new == sum(map(len, stored.values())) == EVENTS
    assert {(e.contact, e.name, e.id, e.occurred_at) for each in stored.values() for e in each} == {
        (contact, name, id, at) for contact, name, id, at in events
    }
    with place.tracker() as tracker:
        assert check_contacts(tracker).is_sound
    figures.add("events sent, of which some again", len(sent))
    figures.add("different events among them, each stored once", EVENTS)


def claim(place: Place, process: int, ids: Sequence[str]) -> list[bool]:
    """Track events of this process's own content under given ids; of each, whether it was taken."""
    taken = []
    with place.tracker() as tracker:
        for id in ids:
            try:
                tracker.track(
                    "ada", "saw", id=id, occurred_at=day(0), properties={"process": process}
                )
            except ConflictError as error:
                assert error.id == id
                taken.append(False)
            else:
                taken.append(True)
    return taken


def test_other_content_under_one_id(shared_engine: Engine, place: Place, figures: Figures) -> None:
    """Of several contents that come at once under one id one stays, the others are conflicts."""
    ids = [str(n) for n in range(size(30, 300))]
    answers = in_processes(*((claim, place, process, ids) for process in range(PROCESSES)))
    winners = [[p for p in range(PROCESSES) if answers[p][n]] for n in range(len(ids))]
    assert all(len(winner) == 1 for winner in winners)
    stored = {event.id: event for event in stored_events(shared_engine, place.tenant)["ada"]}
    assert [stored[id].properties["process"] for id in ids] == [winner[0] for winner in winners]
    figures.add("conflicts told of", len(ids) * (PROCESSES - 1))


@pytest.mark.parametrize(
    "other",
    [
        {"event": "left"},
        {"occurred_at": day(1)},
        {"properties": {"a": 1, "b": 0}},
        {"properties": {}},
        {"properties": {"a": True, "b": None}},
    ],
)
def test_the_first_content_stays(place: Place, other: dict[str, object]) -> None:
    """Another name, instant or property under a taken id is a conflict that writes nothing."""
    first = {"contact": "ada", "event": "saw", "id": "1", "occurred_at": day(0)}
    first["properties"] = {"a": 1, "b": None}
    with place.tracker() as tracker:
        tracker.track_many([first])
        with pytest.raises(ConflictError):
            tracker.track_many([{"contact": "bob", "event": "saw"}, first | other])
        assert tracker.track_many([first])[0].duplicate
        assert (tracker.contact("ada").events, tracker.contact("bob").events) == (1, 0)
