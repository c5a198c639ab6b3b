"""The laws that hold for every history, whatever its funnel and the instant of the question."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.instant import to_micros
from motfunnel.domain.journey import Journey, in_order, walk
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.domain.signal import Signal
from tests.strategies import (
    CONTACTS,
    START,
    bystanders,
    histories,
    make_funnel,
    moments_of_asking,
    shifts,
    stories,
)

ADA, BOB = CONTACTS[:2]


def kinds(journey: Journey) -> list[MomentKind]:
    return [moment.kind for moment in journey.moments]


@given(st.data())
def test_law_1_arrival_does_not_matter(data: st.DataObject) -> None:
    """Any order of arrival and any duplication give the journey that sorting first gives."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    once = {event.id: event for event in events}
    mixed = data.draw(st.permutations(events * data.draw(st.integers(1, 3))))
    as_of = data.draw(st.none() | moments_of_asking())
    assert walk(ADA, funnel, mixed, as_of=as_of) == walk(ADA, funnel, once.values(), as_of=as_of)


@given(st.data())
def test_law_1_one_at_a_time_is_all_at_once(data: st.DataObject) -> None:
    """Advancing by one event after another, and asking between them, is the walk of them all."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    journey = Journey(ADA, funnel)
    told: list[Moment] = []
    entries = list(in_order(events, funnel.read))
    for place, entry in enumerate(entries):
        told += journey.advance(entry)
        soon = entries[place + 1].at - 1 if place + 1 < len(entries) else entry.at
        if soon >= entry.at and data.draw(st.booleans(), label="sweep"):
            told += journey.silence(soon)
    last = max((event.occurred_at for event in events), default=START)
    until = data.draw(moments_of_asking().filter(lambda asked: asked >= last))
    told += journey.silence(to_micros(until))
    whole = walk(ADA, funnel, events, as_of=until)
    assert told == journey.moments == whole.moments
    assert (journey.state, journey.open_cases, journey.episodes) == (
        whole.state,
        whole.open_cases,
        whole.episodes,
    )


@given(st.data())
def test_law_2_no_look_ahead(data: st.DataObject) -> None:
    """The moments as of an instant are the first of those as of any later one."""
    story = data.draw(stories())
    funnel = make_funnel(story)
    events = data.draw(histories(story, conflicts=True))
    asked = st.tuples(moments_of_asking(), moments_of_asking()).map(sorted)
    earlier, later = data.draw(asked)
    before = walk(ADA, funnel, events, as_of=earlier).moments
    assert walk(ADA, funnel, events, as_of=later).moments[: len(before)] == before


@given(st.data())
def test_law_3_one_opening_and_first(data: st.DataObject) -> None:
    """The first moment of all is an opening, and no other is."""
    story = data.draw(stories())
    events = data.draw(histories(story, conflicts=True))
    made = kinds(walk(ADA, make_funnel(story), events, as_of=data.draw(moments_of_asking())))
    assert made[:1] in ([], [MomentKind.OPENING])
    assert MomentKind.OPENING not in made[1:]


@given(st.data())
def test_law_4_departures_and_returns_alternate(data: st.DataObject) -> None:
    """A contact departs before it returns, and returns before it departs again."""
    story = data.draw(stories())
    events = data.draw(histories(story, conflicts=True))
    journey = walk(ADA, make_funnel(story), events, as_of=data.draw(moments_of_asking()))
    turns = (MomentKind.DEPART, MomentKind.RECIDIVISM)
    moves = [moment for moment in journey.moments if moment.kind in turns]
    for place, moment in enumerate(moves):
        assert moment.kind is turns[place % 2]
        assert moment.episode == place // 2 + 1
    for depart, back in zip(moves[::2], moves[1::2], strict=False):
        assert depart.occurred_at <= back.occurred_at
    assert [episode.number for episode in journey.episodes.values()] == list(journey.episodes)
    assert len(journey.episodes) == len(moves[::2])


@given(st.data())
def test_law_5_conversions_rise(data: st.DataObject) -> None:
    """Each conversion starts where the last one ended, and ends higher."""
    story = data.draw(stories())
    events = data.draw(histories(story, conflicts=True))
    journey = walk(ADA, make_funnel(story), events, as_of=data.draw(moments_of_asking()))
    reached = story["stages"][0]
    for moment in journey.moments:
        if moment.kind is MomentKind.CONVERSION:
            assert moment.from_stage == reached
            assert story["stages"].index(moment.to_stage) > story["stages"].index(reached)
            reached = moment.to_stage
    assert journey.stage == reached


@given(st.data())
def test_law_5_a_loyalist_has_bought_before(data: st.DataObject) -> None:
    """A loyalist's event is a purchase, and not the contact's first one."""
    story = data.draw(stories())
    funnel = make_funnel(story)
    events = data.draw(histories(story))
    bought = [
        entry.id for entry in in_order(events, funnel.read) if entry.signal == Signal.PURCHASE
    ]
    for moment in walk(ADA, funnel, events).moments:
        if moment.kind is MomentKind.LOYALIST:
            assert moment.event_id in bought[funnel.loyal_after - 1 :]


@given(st.data())
def test_law_6_a_departure_between_two_apostles(data: st.DataObject) -> None:
    """One who is an apostle becomes one again only after a departure."""
    story = data.draw(stories())
    events = data.draw(histories(story, conflicts=True))
    made = kinds(walk(ADA, make_funnel(story), events, as_of=data.draw(moments_of_asking())))
    apostles = [place for place, kind in enumerate(made) if kind is MomentKind.APOSTLE]
    for one, other in pairwise(apostles):
        assert MomentKind.DEPART in made[one:other]


@given(st.data())
def test_law_7_bystanders_change_nothing(data: st.DataObject) -> None:
    """A note, research, outreach or resolve more changes no moment as of the same instant."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    as_of = data.draw(moments_of_asking())
    more = [*events, data.draw(bystanders(story))]
    assert (
        walk(ADA, funnel, more, as_of=as_of).moments
        == walk(ADA, funnel, events, as_of=as_of).moments
    )


@given(st.data())
def test_law_8_time_has_no_origin(data: st.DataObject) -> None:
    """Moving every event and the question moves every moment by the same duration."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    as_of, by = data.draw(moments_of_asking()), data.draw(shifts())
    moved = [evolve(event, occurred_at=event.occurred_at + by) for event in events]
    assert walk(ADA, funnel, moved, as_of=as_of + by).moments == [
        shifted(moment, by) for moment in walk(ADA, funnel, events, as_of=as_of).moments
    ]


def shifted(moment: Moment, by: timedelta) -> Moment:
    return evolve(moment, occurred_at=moment.occurred_at + by)


@given(st.data())
def test_law_9_contacts_are_apart(data: st.DataObject) -> None:
    """Two journeys that are advanced in turn are those of each contact alone."""
    story = data.draw(stories())
    funnel = make_funnel(story)
    events = data.draw(histories(story, (ADA, BOB)))
    together = {contact: Journey(contact, funnel) for contact in (ADA, BOB)}
    for entry in in_order(events, funnel.read):
        together[entry.recorded_as].advance(entry)
    for contact, journey in together.items():
        own = [event for event in events if event.contact == contact]
        assert journey == walk(contact, funnel, own)
        assert all(moment.contact == contact for moment in journey.moments)
