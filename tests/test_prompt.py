"""At the prompt: each value is one line, says what it is, and shows no password."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine

import motfunnel
from motfunnel import AsyncTracker, Funnel, MomentKind, Tracker
from motfunnel.errors import StoreError
from motfunnel.testing import Clock, memory_tracker
from motfunnel.tracking.recording.call import Tracked

START = datetime(2026, 1, 5, tzinfo=UTC)
LATER = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECRET = "hunter2"


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """A shop in memory, of one contact who left by silence and came back."""
    with memory_tracker("ecommerce", clock=Clock(LATER)) as tracker:
        for days in (0, 1, 150):
            at = START + days * DAY
            tracker.track("ada", "Order Completed", occurred_at=at, id=f"order-{days}")
        yield tracker


def test_a_profile_and_what_is_in_it(tracker: Tracker) -> None:
    """Whose it is, what is so, and how much there is to tell."""
    profile = tracker.contact("ada", as_of=LATER)
    assert repr(profile) == (
        "<Profile 'ada': active at customer, 3 events, 6 moments, "
        "as of 2026-07-01T00:00:00.000000Z>"
    )
    assert repr(profile.moments[1]) == (
        "Moment(contact='ada', kind='conversion', occurred_at=2026-01-05T00:00:00Z, "
        "event_id='order-0', from_stage='visitor', to_stage='customer')"
    )
    assert repr(profile.episodes[0]) == (
        "Episode(contact='ada', number=1, departed_at=2026-04-06T00:00:00Z, reason='silence', "
        "stage='customer', customer=True, outreaches=0, returned_at=2026-06-04T00:00:00Z, "
        "return_event_id='order-150')"
    )
    nobody = tracker.contact("bob\n", as_of=LATER)
    assert repr(nobody).startswith("<Profile 'bob\\n': unknown, 0 events, 0 moments, as of")


def test_what_an_event_did(tracker: Tracker) -> None:
    """Its moments, those it took back, or why there are none; of an error only the type."""
    late = tracker.track("ada", "Order Completed", occurred_at=START + 75 * DAY, id="late")
    assert repr(late) == "<Tracked 'ada': loyalist, revoked depart, revoked recidivism>"
    again = tracker.track("ada", "Order Completed", occurred_at=START + 75 * DAY, id="late")
    assert repr(again) == "<Tracked 'ada': late was there already>"
    first = tracker.track("bob", "Order Completed", occurred_at=START)
    assert repr(first) == "<Tracked 'bob': opening, conversion>"
    failed = Tracked(contact="ada", id="7", error=StoreError(SECRET))
    assert repr(failed) == "<Tracked 'ada': not recorded: StoreError>"


def test_a_report_and_its_answers(tracker: Tracker) -> None:
    """A rate without groups has its number in it."""
    report = tracker.report(as_of=LATER, known_by=LATER, timezone="Europe/Berlin")
    instant = "2026-07-01T00:00:00.000000Z"
    assert repr(report) == f"<Report as of {instant}, as known by {instant}, Europe/Berlin>"
    report = tracker.report(as_of=LATER)
    assert repr(report.recidivism(within="60d")) == (
        "<Rate Recidivism within 60d, contact-based: 100.0% (20.7–100.0%), 1 of 1 observed; "
        f"n = 1, 0.0% immature, as of {instant}>"
    )
    assert repr(report.lifecycle("month")).startswith("<Lifecycle ")


def test_health_is_one_line(tracker: Tracker) -> None:
    """Without what is None."""
    said = repr(tracker.health())
    assert said.startswith("Health(tenant='default', at=20")
    assert "None" not in said.replace("oldest=None", "")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://crm:{SECRET}@there:5432/crm",
        f"mariadb://crm:{SECRET}@there/crm",
        f"postgresql://crm@there/crm?password={SECRET}",
    ],
)
def test_a_tracker_shows_where_it_records_and_no_password(url: str) -> None:
    """Nor does a report's method, or an AsyncTracker."""
    funnel = Funnel.saas()
    tracker = Tracker(url, funnel, tenant="acme", schema="crm", spool=False)
    shown = repr(tracker), repr(AsyncTracker(url, funnel, spool=False))
    assert shown[0].startswith("<Tracker ")
    assert shown[0].endswith("schema='crm' tenant='acme'>")
    assert shown[1].startswith("<AsyncTracker ")
    assert all("there" in one and SECRET not in one for one in shown)


def test_an_engine_of_a_url_that_is_misread_is_not_shown() -> None:
    """A password with an @ in it would stand in the host's name."""
    engine = create_engine(f"postgresql+psycopg://crm:p@{SECRET}@there/crm")
    engine.url = engine.url.set(host=f"{SECRET}@there")
    assert repr(Tracker(engine, Funnel.saas(), spool=False)) == (
        "<Tracker postgresql://… tenant='default'>"
    )


def test_a_tracker_whose_making_failed() -> None:
    """A debugger that looks at it sees something."""
    assert repr(Tracker.__new__(Tracker)) == "<Tracker None tenant=None>"


def test_notebooks(tracker: Tracker) -> None:
    """A profile, what an event did and a tracker's health are shown as they print, escaped."""
    tracked = tracker.track("<b>", "Order Completed", occurred_at=START)
    values = (tracker.contact("<b>", as_of=LATER), tracked, tracker.health())
    for value in values:
        assert "<b>" not in value._repr_html_()
        assert value._repr_html_().startswith("<pre>")
    assert "order_placed" not in values[0]._repr_html_()
    assert "&lt;b&gt; is active" in tracker.contact("<b>", as_of=START)._repr_html_()


def test_the_front_door_shows_how_it_is_used() -> None:
    """``help(motfunnel)`` begins with an example, and it runs."""
    assert motfunnel.__doc__ is not None
    (example,) = doctest.DocTestFinder(recurse=False).find(motfunnel, "motfunnel")
    assert len(example.examples) > 5
    assert doctest.DocTestRunner().run(example).failed == 0
    assert MomentKind.OPENING.value in example.examples[-3].want
