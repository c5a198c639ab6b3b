"""The older lenses, event by event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.event import Event
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.journey import Entry, in_order, walk
from motfunnel.domain.lens import (
    DIALOGUE,
    LAFLEY,
    LENSES,
    UNCLASSED,
    ZERO_TO_ULTIMATE,
    Lens,
    Phase,
    class_of,
    phases,
)
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import KEEPS_ALIVE, Signal
from tests.oracle import Story
from tests.strategies import bystanders, histories, make_funnel, stories

TWO = (LAFLEY, ZERO_TO_ULTIMATE)


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, list[Event]]:
    """A funnel, and a history of one contact, in which no id stands for two events."""
    story = draw(stories())
    return story, draw(histories(story))


def in_lens(lens: Lens, entry: Entry, phase: Phase) -> str | None:
    """The class of an event in a lens."""
    promoter = entry.reading.argument == 1
    return class_of(lens, Signal(entry.signal), phase, promoter=promoter)


def seen(funnel: Funnel, events: list[Event], name: str) -> dict[str, str | None]:
    """The class of each event in a lens, by its id."""
    walked = phases(in_order(events, funnel.read))
    return {entry.id: in_lens(LENSES[name], entry, phase) for entry, phase in walked}


@given(told=told())
def test_an_event_has_one_class_of_its_lens_or_none(told: tuple[Story, list[Event]]) -> None:
    """What has none is the business's, or a farewell of one who was never here."""
    story, events = told
    funnel = make_funnel(story)
    for entry, phase in phases(in_order(events, funnel.read)):
        signal = Signal(entry.signal)
        for lens in TWO:
            of_class = in_lens(lens, entry, phase)
            assert of_class is None or of_class in lens.classes
            if of_class is None and signal not in UNCLASSED:
                assert (signal, phase) == (Signal.LEAVE, Phase.BEFORE_OPENING)
                assert lens is ZERO_TO_ULTIMATE


@given(told=told())
def test_the_phases_are_those_of_the_journey(told: tuple[Story, list[Event]]) -> None:
    """The opening begins the second phase, and the first purchase ends it."""
    story, events = told
    funnel = make_funnel(story)
    walked = list(phases(in_order(events, funnel.read)))
    assert [phase for _, phase in walked] == sorted(phase for _, phase in walked)
    journey = walk("ada", funnel, events)
    opening = [m.event_id for m in journey.moments if m.kind is MomentKind.OPENING]
    first = [entry.id for entry, phase in walked if phase > Phase.BEFORE_OPENING]
    assert first[:1] == opening
    bought = [entry.id for entry, _ in walked if entry.signal == Signal.PURCHASE]
    until = [entry.id for entry, phase in walked if phase < Phase.AFTER_FIRST_PURCHASE]
    assert not bought or until[-1] == bought[0]


@given(told=told())
def test_what_tells_others_is_part_of_the_dialogue(told: tuple[Story, list[Event]]) -> None:
    """Whatever is ultimate is third, and the dialogue is third and nothing else is."""
    story, events = told
    funnel = make_funnel(story)
    third, ultimate = (seen(funnel, events, lens.name) for lens in TWO)
    for entry in in_order(events, funnel.read):
        assert (third[entry.id] == "third") == (Signal(entry.signal) in DIALOGUE)
        if ultimate[entry.id] == "ultimate":
            assert third[entry.id] == "third" and KEEPS_ALIVE[entry.signal]


@given(told=told(), data=st.data())
def test_a_bystander_changes_no_class(told: tuple[Story, list[Event]], data: st.DataObject) -> None:
    """A note, research, outreach or resolve more leaves the class of every other event."""
    story, events = told
    funnel = make_funnel(story)
    more = data.draw(bystanders(story))
    for lens in TWO:
        before = seen(funnel, events, lens.name)
        after = seen(funnel, [*events, more], lens.name)
        assert before == {id: of_class for id, of_class in after.items() if id != "new"}


@given(told=told(), data=st.data())
def test_the_order_of_arrival_changes_no_class(
    told: tuple[Story, list[Event]], data: st.DataObject
) -> None:
    """Shuffled and repeated, the events are of the same classes."""
    story, events = told
    funnel = make_funnel(story)
    shuffled = data.draw(st.permutations(events + events[:3]))
    for lens in TWO:
        assert seen(funnel, events, lens.name) == seen(funnel, shuffled, lens.name)
