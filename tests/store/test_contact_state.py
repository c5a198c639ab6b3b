"""A contact's row and its journey: the one is the other, written down between two events."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from motfunnel.domain.journey import in_order
from motfunnel.store.ledger.state import new_state, read_state, write_state
from tests.strategies import CONTACTS, histories, make_funnel, stories


@given(st.data())
def test_a_journey_goes_on_from_its_row(data: st.DataObject) -> None:
    """A journey that is written down and taken up after each event is the one that was not."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    ada = CONTACTS[0]
    whole = new_state(ada, funnel)
    row = write_state(whole, "tenant")
    for entry in in_order(events, funnel.read):
        state = read_state(row, funnel)
        assert state.follows(entry)
        state.journey.episodes = dict(whole.journey.episodes)
        moments = state.journey.advance(entry)
        assert moments == whole.journey.advance(entry)
        state.see(entry, "ad", moments)
        whole.see(entry, "ad", moments)
        row = write_state(state, "tenant")
        assert row == write_state(whole, "tenant")
        assert not state.follows(entry)
    assert row["moments"] == len(whole.journey.moments)
    assert (row["opened_at"], row["source"]) == (
        (whole.journey.moments[0].occurred_at, "ad") if whole.journey.moments else (None, None)
    )


@given(st.data())
def test_what_a_sweep_wrote_down_is_seen(data: st.DataObject) -> None:
    """No event up to a departure that was written down follows it; the next instant does."""
    story = data.draw(stories())
    funnel, events = make_funnel(story), data.draw(histories(story))
    state = new_state(CONTACTS[0], funnel)
    entries = list(in_order(events, funnel.read))
    for entry in entries[:-1]:
        state.see(entry, None, state.journey.advance(entry))
    departed = state.journey.silence(2**60)
    state.moments += len(departed)
    read = read_state(write_state(state, "tenant"), funnel)
    if departed and entries:
        assert read.silent_until is not None
        assert read.follows(entries[-1]) is (entries[-1].at > read.silent_until)


@given(st.data())
def test_another_funnels_row(data: st.DataObject) -> None:
    """Of a row that another funnel wrote, only what a fold needs is taken up."""
    story, other = data.draw(stories()), make_funnel(data.draw(stories()))
    funnel = make_funnel(story)
    state = new_state(CONTACTS[0], funnel)
    state.known = True
    for entry in in_order(data.draw(histories(story)), funnel.read):
        state.see(entry, None, state.journey.advance(entry))
    read = read_state(write_state(state, "tenant"), other)
    assert (read.contact, read.known, read.fingerprint) == ("ada", True, funnel.fingerprint)
    assert read.silent_until == state.silent_until
    if funnel.fingerprint != other.fingerprint:
        assert (read.last, read.journey) == (state.last, new_state("ada", other).journey)
