"""Activity as bits: on every database what one finds by putting each event between the bounds."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, Tracker, touch
from motfunnel.reports.inquiry import Inquiry

DAY = timedelta(days=1)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
FUNNEL = Funnel(
    stages=("visitor", "customer"), rules={"looked": touch()}, patience={"default": None}
)


@pytest.mark.parametrize("periods", [0, 1, 58, 59, 60, 61, 130])
def test_each_stretch_of_a_contact_is_a_bit(shared_engine: Engine, periods: int) -> None:
    """With no bounds, with as many as one number holds, and with more; of merged contacts, too."""
    rng, bounds = Random(periods), [SINCE + n * DAY for n in range(periods)]
    told = {
        contact: [SINCE + rng.randrange(-1, periods + 1) * DAY for _ in range(9)]
        for contact in ("ada", "bob", "eve")
    }
    expected: dict[str, int] = {}
    tracker = Tracker(
        shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: SINCE + 200 * DAY, spool=False
    )
    with tracker:
        for contact, instants in told.items():
            tracker.track_many(
                {"contact": contact, "event": "looked", "id": f"{n}", "occurred_at": at}
                for n, at in enumerate(instants)
            )
            for at in instants:
                owner = "ada" if contact == "bob" else contact
                expected[owner] = expected.get(owner, 0) | 1 << bisect_right(bounds, at)
        tracker.merge("bob", into="ada")
        with Inquiry(tracker).reading() as source:
            found = source.activity(bounds, erased=False)
            names = source.names.people.texts
    who = [names[contact] for contact in found.contacts]
    assert len(who) == len({*who})
    assert dict(zip(who, found.stretches, strict=True)) == expected
