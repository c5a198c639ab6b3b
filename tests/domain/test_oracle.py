"""The walk is held to a second, plainer telling of the same rules, moment by moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from motfunnel.domain import machine
from motfunnel.domain.instant import from_micros
from motfunnel.domain.journey import Journey, walk
from tests import oracle
from tests.oracle import Story
from tests.strategies import CONTACTS, histories, make_funnel, moments_of_asking, stories

ADA = CONTACTS[0]
MANY = settings(max_examples=10 * settings().max_examples)


def told(journey: Journey) -> Story:
    """Tell a journey of the library in the oracle's words."""
    state = journey.state
    bought, touched = state[machine.PURCHASES], journey.presence != "unknown"
    return {
        "presence": str(journey.presence),
        "stage": state[machine.STAGE],
        "purchases": bought,
        "last_purchase": from_micros(state[machine.LAST_PURCHASE]) if bought else None,
        "referrals": state[machine.REFERRALS],
        "apostle": bool(state[machine.IS_APOSTLE]),
        "open_cases": [
            {"case": case.case, "event_id": case.event_id, "at": case.opened_at}
            for case in journey.open_cases
        ],
        "gaps": state[machine.GAPS],
        "gaps_sum": timedelta(microseconds=state[machine.GAPS_SUM]),
        "last_touch": from_micros(state[machine.LAST_TOUCH]) if touched else None,
        "moments": [
            {
                "kind": str(moment.kind),
                "at": moment.occurred_at,
                "event_id": moment.event_id,
                "from_stage": moment.from_stage,
                "to_stage": moment.to_stage,
                "reason": moment.reason,
                "episode": moment.episode,
                "referred": moment.referred,
            }
            for moment in journey.moments
        ],
        "episodes": [
            {
                "number": episode.number,
                "departed_at": episode.departed_at,
                "reason": episode.reason,
                "stage": episode.stage,
                "customer": episode.customer,
                "first_outreach_at": episode.first_outreach_at,
                "outreaches": episode.outreaches,
                "returned_at": episode.returned_at,
                "returned_by": episode.return_event_id,
            }
            for episode in journey.episodes.values()
        ],
    }


def check(data: st.DataObject, as_of: datetime | None) -> None:
    story = data.draw(stories())
    events = data.draw(histories(story, conflicts=data.draw(st.booleans())))
    journey = walk(ADA, make_funnel(story), events, as_of=as_of)
    assert told(journey) == oracle.tell(events, story, as_of)
    assert journey.state[machine.EPISODES] == len(journey.episodes)


@MANY
@given(st.data())
def test_the_walk_of_all_events(data: st.DataObject) -> None:
    """Without an instant, all events and no more are taken."""
    check(data, None)


@MANY
@given(st.data())
def test_the_walk_as_of_an_instant(data: st.DataObject) -> None:
    """As of an instant, later events do not exist, and a silence that has run out does."""
    check(data, data.draw(moments_of_asking()))
