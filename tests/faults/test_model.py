"""The tracker against a plain model: whatever is done, in whatever order, the walk's answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine

from motfunnel import Funnel, Moment, MomentKind, Tracked, Tracker
from motfunnel.domain import machine
from motfunnel.domain.event import IDENTIFY, Event, make_event
from motfunnel.domain.instant import iso
from motfunnel.domain.journey import walk
from motfunnel.domain.moment import Episode
from motfunnel.errors import ConflictError, MotfunnelError
from motfunnel.intake import import_file
from motfunnel.store.database.database import Database
from motfunnel.store.database.pace import PACE, Pace
from motfunnel.store.ledger.rows import moment_row
from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.figures import Figures
from tests.faults.operations import HAS_IDENTITY, OTHER_FUNNEL
from tests.faults.people import People
from tests.faults.soak import size
from tests.tracking.scene import FUNNEL, Clock, day, rows_of

STEPS = size(250, 20_000)
"""Of each database, at least."""

WITHIN = timedelta(days=15)
KEYS = st.sampled_from(["ada", "Ada", "bob", "bob ", "日本"])
IDS = st.sampled_from([*"abcdefgh", "é", "e\u0301", "B", "10", "9"])
AGES = st.sampled_from([0, 1, 5, 10, 10.5, 20, 21, 30, 40, 60])
INSTANTS = st.sampled_from([-400, -1, 0, 5, 10, 15, 20.5, 31, 45, 61, 100]).map(day)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "score": st.sampled_from([3, 9]),
        "friend": st.sampled_from(["cyd", "dan"]),
        "ticket": st.sampled_from(["t1", "t2"]),
        "reason": st.sampled_from(["price", "moved"]),
        "source": st.sampled_from(["fair", "web"]),
    },
)
EVENTS = st.builds(
    lambda key, name, id, age, late, properties: make_event(
        key, name, id=id, occurred_at=day(age - late), properties=properties
    ),
    KEYS,
    st.sampled_from(sorted(FUNNEL.rules)),
    IDS,
    AGES,
    st.sampled_from([0, 0, 0, 0, 399]),
    PROPERTIES,
)


class Ticking(Clock):
    """A clock that no two readings of agree."""

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now


class Events(RuleBasedStateMachine):
    """Tracking, retrying, identifying, sweeping, rebuilding and asking."""

    engine: ClassVar[Engine]
    done: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.people = People(FUNNEL)
        self.kept: set[str] = set()  # what stands for contacts that were erased
        self.told: list[Moment] = []
        self.pace, self.clock = PACE, Ticking(day(100))
        self.begin(FUNNEL, uuid4().hex)

    def begin(self, funnel: Funnel, tenant: str) -> None:
        """Have a tracker of a funnel."""
        self.tracker = Tracker(self.engine, funnel=funnel, tenant=tenant, clock=self.clock)
        self.tracker.database.pace = self.pace
        for kind in MomentKind:
            self.tracker.on(kind, self.told.append)

    @initialize(
        every=st.sampled_from([1, 2, 3, PACE.every]), most=st.sampled_from([0, 1, 3, PACE.most])
    )
    def keep_pace(self, every: int, most: int) -> None:
        """Checkpoints are near, and some folds are owed; or none is."""
        self.pace = self.tracker.database.pace = Pace(every=every, most=most)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Handlers hear of what comes to be stored, of each moment once, and of nothing else."""
        before = stored_moments(self.engine, self.tracker.tenant)
        self.told.clear()
        yield
        after = stored_moments(self.engine, self.tracker.tenant)
        told = {as_stored(moment, self.tracker.tenant) for moment in self.told}
        assert len(told) == len(self.told)
        assert told == after - before

    def count(self, what: str) -> None:
        self.done[what] += 1

    @rule(event=EVENTS, joined=st.booleans())
    def track(self, event: Event, joined: bool) -> None:
        """Late or in time, new, once more, or of other content under the same id."""
        self.count("track")
        before = self.people.events.get(event.contact, {}).get(event.id)
        if before is not None and not before.same_as(event):
            with pytest.raises(ConflictError):
                self.tracker.track_many([as_said(event)])
            return
        with self.heard():
            tracked = self.keep([event], joined)[0]
        assert tracked.duplicate is not self.people.say(event)
        self.look_at(event.contact, day(100))

    def keep(self, events: list[Event], joined: bool) -> list[Tracked]:
        """Track events on a connection of the tracker's own, or in a transaction of a host's."""
        said = map(as_said, events)
        if not joined:
            return self.tracker.track_many(said)
        with self.engine.begin() as host:
            return self.tracker.track_many(said, bind=host)

    @rule(events=st.lists(EVENTS, min_size=2, max_size=6), joined=st.booleans())
    def track_many(self, events: list[Event], joined: bool) -> None:
        """Several at once: all, or none."""
        self.count("track_many")
        content: dict[tuple[str, str], Event] = {}
        for one in events:
            stored = self.people.events.get(one.contact, {}).get(one.id, one)
            if not content.setdefault((one.contact, one.id), stored).same_as(one):
                with pytest.raises(ConflictError):
                    self.tracker.track_many(map(as_said, events))
                return
        with self.heard():
            tracked = self.keep(events, joined)
        new = {(e.contact, e.id) for e in events if self.people.say(e)}
        assert {(one.contact, one.id) for one in tracked if not one.duplicate} == new

    @precondition(lambda self: any(self.people.events.values()))
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        """An event that is stored changes nothing when it comes again."""
        self.count("retry")
        stored = [event for said in self.people.events.values() for event in said.values()]
        event = data.draw(st.sampled_from(stored))
        if event.name == IDENTIFY:
            when: Any = {"id": event.id, "occurred_at": event.occurred_at}
            assert self.tracker.identify(event.contact, event.properties, **when).duplicate
        else:
            [tracked] = self.tracker.track_many([as_said(event)])
            assert tracked.duplicate and not tracked.moments and not tracked.revoked

    @rule(key=KEYS, number=st.integers(0, 3), at=INSTANTS, plan=st.sampled_from(["free", "pro"]))
    def identify(self, key: str, number: int, at: datetime, plan: str) -> None:
        """Traits hold from their own instant on, and change no moment."""
        self.count("identify")
        event = make_event(
            key, IDENTIFY, id=f"i{number}", occurred_at=at, properties={"plan": plan}
        )
        before = self.people.events.get(key, {}).get(event.id)
        if before is not None and not before.same_as(event):
            with pytest.raises(ConflictError):
                self.tracker.identify(key, {"plan": plan}, occurred_at=at, id=event.id)
            return
        tracked = self.tracker.identify(key, {"plan": plan}, occurred_at=at, id=event.id)
        assert tracked.duplicate is not self.people.say(event)
        self.look_at(key, day(100))

    @rule(as_of=INSTANTS)
    def sweep(self, as_of: datetime) -> None:
        """Writing departures down changes no answer."""
        self.count("sweep")
        with self.heard():
            self.tracker.sweep(as_of=as_of)
        assert self.tracker.health().owed == 0
        assert check_contacts(self.tracker).is_sound

    @rule()
    def rebuild(self) -> None:
        """Folding everybody anew changes no answer, and tells of nothing but what was owed."""
        self.count("rebuild")
        with self.heard():
            self.tracker.rebuild()
        assert check_contacts(self.tracker).is_sound

    @rule(events=st.lists(EVENTS, max_size=4), finish=st.booleans())
    def change_the_funnel(self, events: list[Event], finish: bool) -> None:
        """Another funnel, events that come before anybody has folded by it, and then the fold."""
        self.count("change the funnel")
        [funnel] = [one for one in (FUNNEL, OTHER_FUNNEL) if one != self.people.funnel]
        self.begin(funnel, self.tracker.tenant)
        self.people.funnel = funnel
        for event in events:
            before = self.people.events.get(event.contact, {}).get(event.id)
            if before is None or before.same_as(event):
                self.tracker.track_many([as_said(event)])
                self.people.say(event)
        (self.tracker.finish if finish else self.tracker.rebuild)()
        assert check_contacts(self.tracker).is_sound

    @rule(events=st.lists(EVENTS, min_size=1, max_size=6, unique_by=lambda e: (e.contact, e.id)))
    def bring_in(self, events: list[Event]) -> None:
        """A file of events, of which nobody is told, unlike of what late events had made before."""
        self.count("import")
        before = stored_moments(self.engine, self.tracker.tenant)
        made = {
            as_stored(moment, self.tracker.tenant)
            for key in self.people.contacts()
            for moment in walk(key, self.people.funnel, self.people.history(key)).moments
        }
        self.told.clear()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "events.jsonl"
            lines = (json.dumps(as_row(event)) for event in events)
            path.write_text("\n".join(lines), encoding="utf-8")
            import_file(
                self.tracker, path, contact="contact", event="event", at="occurred_at", id="id"
            )
        for event in events:
            self.people.say(event)
        told = [as_stored(moment, self.tracker.tenant) for moment in self.told]
        assert len({*told} - before) == len(told)
        assert made - before <= {*told}
        by_event = [as_stored(one, self.tracker.tenant) for one in self.told if one.event_id]
        assert {*by_event} <= made
        assert check_contacts(self.tracker).is_sound

    @rule(key=KEYS, as_of=INSTANTS)
    def ask_of_one(self, key: str, as_of: datetime) -> None:
        """A profile is what the walk gives, under any key of the contact."""
        self.count("ask as of an instant")
        self.look_at(key, as_of)

    @rule(as_of=INSTANTS)
    def ask_of_all(self, as_of: datetime) -> None:
        """Moments and rates are what the walks of all contacts give."""
        self.count("ask as of an instant")
        journeys = [self.people.journey(key, as_of) for key in self.people.contacts()]
        told = list(self.tracker.moments(as_of=as_of))
        assert [moment for moment in told if moment.contact not in self.kept] == [
            moment for journey in journeys for moment in journey.moments
        ]
        if not self.kept:
            episodes = [episode for one in journeys for episode in one.episodes.values()]
            report = self.tracker.report(as_of=as_of)
            [row] = report.recidivism(within=WITHIN, unit="episode").rows
            assert (row.numerator, row.denominator) == returned(episodes, as_of)

    def look_at(self, key: str, as_of: datetime) -> None:
        journey, profile = self.people.journey(key, as_of), self.tracker.contact(key, as_of=as_of)
        assert profile.moments == tuple(journey.moments)
        assert profile.episodes == tuple(journey.episodes.values())
        assert profile.open_cases == tuple(journey.open_cases)
        assert (profile.presence, profile.stage) == (journey.presence, journey.stage)
        assert (profile.purchases, profile.referrals) == (
            *(journey.state[machine.PURCHASES], journey.state[machine.REFERRALS]),
        )
        history = [e for e in self.people.history(key) if e.occurred_at <= as_of]
        assert profile.events == len(history)
        history.sort(key=lambda event: (event.occurred_at, event.id, event.contact))
        plans = [event.properties["plan"] for event in history if event.name == IDENTIFY]
        assert profile.traits == ({"plan": plans[-1]} if plans else {})

    def teardown(self) -> None:
        """At the end all is as the events say, and the events are those that were said."""
        for as_of in (day(20.5), day(100)):
            for key in self.people.events:
                self.look_at(key, as_of)
        assert check_contacts(self.tracker).is_sound


class Identity(Events):
    """The same, of contacts that are merged, parted and forgotten."""

    @property
    def verbs(self) -> Any:
        return self.tracker

    @rule(old=KEYS, into=KEYS, force=st.booleans())
    def merge(self, old: str, into: str, force: bool) -> None:
        """Two contacts become one, unless the old key is merged already, or its contact known."""
        self.count("merge")
        are_one = self.people.contact(old) == self.people.contact(into)
        is_refused = old in self.people.into or (self.people.is_known(old) and not force)
        if is_refused and not are_one:
            with pytest.raises(MotfunnelError):
                self.verbs.merge(old, into=into, force=force)
        else:
            self.verbs.merge(old, into=into, force=force)
            self.people.merge(old, into)
        self.look_at(old, day(100))
        self.look_at(into, day(100))

    @precondition(lambda self: self.people.into)
    @rule(data=st.data())
    def unmerge(self, data: st.DataObject) -> None:
        """One that was merged gets back just what was recorded under its keys."""
        self.count("unmerge")
        old = data.draw(st.sampled_from(sorted(self.people.into)))
        into = self.people.contact(old)
        self.verbs.unmerge(old)
        self.people.unmerge(old)
        self.look_at(old, day(100))
        self.look_at(into, day(100))

    @rule(key=KEYS, keep_counts=st.booleans())
    def forget(self, key: str, keep_counts: bool) -> None:
        """All keys of a contact are free again; its moments stay, if its counts are kept."""
        self.count("forget")
        mine = self.people.contact(key)
        moments = list(self.tracker.moments(as_of=day(100)))
        self.verbs.forget(key, keep_counts=keep_counts)
        keys = self.people.keys(key)
        self.people.forget(key)
        left = list(self.tracker.moments(as_of=day(100)))
        assert not {moment.contact for moment in left} & {*keys}
        if keep_counts:
            self.kept |= {m.contact for m in left} - {m.contact for m in moments}
            assert sorted(m.kind for m in left) == sorted(m.kind for m in moments)
        else:
            assert left == [moment for moment in moments if moment.contact != mine]
        for one in keys:
            self.look_at(one, day(100))


def stored_moments(engine: Engine, tenant: str) -> set[Any]:
    """The moments that are stored, each as a value."""
    return {as_value(row) for row in rows_of(engine, tenant)["motfunnel_moments"]}


def as_stored(moment: Moment, tenant: str) -> Any:
    """A moment as its row's value."""
    return as_value(moment_row(moment, 0, tenant))


def as_value(row: Any) -> Any:
    """A row of a moment, but for its number."""
    return tuple(sorted((name, str(value)) for name, value in row.items() if name != "ordinal"))


def as_said(event: Event) -> dict[str, Any]:
    return {
        "contact": event.contact,
        "event": event.name,
        "id": event.id,
        "occurred_at": event.occurred_at,
        "properties": event.properties,
    }


def as_row(event: Event) -> dict[str, Any]:
    """An event as a line of JSON for an import."""
    named = {"contact": event.contact, "event": event.name, "id": event.id}
    return {**event.properties, **named, "occurred_at": iso(event.occurred_at)}


def returned(episodes: list[Episode], as_of: datetime) -> tuple[int, int]:
    """Of the episodes that were observed for the whole window: who returned in it, and all."""
    mature = [one for one in episodes if one.departed_at + WITHIN <= as_of]
    back = [
        one for one in mature if one.returned_at and one.returned_at <= one.departed_at + WITHIN
    ]
    return len(back), len(mature)


def test_any_course_of_things(shared_engine: Engine, figures: Figures) -> None:
    """Whatever is done, in whatever order, every answer is the plain walk's."""
    Database(shared_engine).create_tables()
    counted: Counter[str] = Counter()
    model = Identity if HAS_IDENTITY else Events
    mine = type("Model", (model,), {"engine": shared_engine, "done": counted})
    profile = settings(max_examples=size(6, 100), stateful_step_count=size(40, 50), deadline=None)
    while counted.total() < STEPS:
        run_state_machine_as_test(mine, settings=profile)
    for what, number in counted.items():
        figures.add(f"steps of the model: {what}", number)
    figures.add("steps of the model", counted.total())
