"""Value by period: held equal to a plain sum over events, and its laws."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sqlalchemy import Engine

from motfunnel import Funnel, MomentKind, Tracker, purchase, touch
from motfunnel.domain.event import IDENTIFY, Event
from motfunnel.domain.journey import walk
from motfunnel.reports.periods.value import Value
from motfunnel.statistics import Mean
from motfunnel.testing import Clock
from tests import oracle
from tests.oracle import Story
from tests.strategies import NEVER, START, histories, make_funnel, stories

HOUR = timedelta(hours=1)
CONTACTS = ["ada", "bob", "cyd"]
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"saw": touch(), "bought": purchase(value="total")},
    patience={"default": "30d"},
)


def day(number: float) -> datetime:
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=number)


def plainly(
    story: Story, events: Sequence[Event], within: timedelta, as_of: datetime
) -> dict[tuple[datetime, str], Fraction]:
    """The value of each day and class, event by event, as one would by hand."""
    funnel, values = make_funnel(story), defaultdict[tuple[datetime, str], Fraction](Fraction)
    for contact in CONTACTS:
        mine = [event for event in events if event.contact == contact]
        journey = walk(contact, funnel, mine, as_of=as_of)
        back = [one.occurred_at for one in journey.moments if one.kind is MomentKind.RECIDIVISM]
        told = [one for one in oracle.in_order(mine, story) if one["at"] <= as_of]
        bought = [one for one in told if one["signal"] == "purchase"]
        classes = {}
        for number, one in enumerate(bought):
            late = [at for at in back if at <= one["at"]]
            kind = "first" if number == 0 else "repeated"
            classes[one["id"]] = "returned" if late and one["at"] - max(late) <= within else kind
        for one in told:
            if one.get("value") is None:
                continue
            before = [other for other in bought if other["at"] < one["at"]]
            kind = classes.get(one["id"], classes[before[-1]["id"]] if before else "first")
            midnight = one["at"].replace(hour=0, minute=0, microsecond=0)
            values[midnight, kind] += one["value"]
    return values


@pytest.mark.every_database
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_it_is_the_plain_sum(shared_engine: Engine, data: st.DataObject) -> None:
    """Of any history, as of any instant; the classes add up, and every count has its names."""
    story = data.draw(stories())
    story["rules"].pop(IDENTIFY)
    events = data.draw(histories(story, CONTACTS))
    within = data.draw(st.sampled_from([HOUR, 2 * HOUR, timedelta(days=1)]))
    as_of = data.draw(st.sampled_from([START + 3 * HOUR, START + 30 * HOUR]))
    clock, funnel = Clock(START + 2 * NEVER), make_funnel(story)
    with Tracker(shared_engine, funnel=funnel, tenant=uuid4().hex, clock=clock) as tracker:
        for one in events:
            said: dict[str, Any] = {"properties": one.properties, "id": one.id}
            tracker.track(one.contact, one.name, occurred_at=one.occurred_at, **said)
        report = tracker.report(as_of=as_of)
        asked: dict[str, Any] = {"within": within, "since": (START - HOUR).date()}
        answer = report.value("day", **asked)
        assert told(answer) == {
            key: value for key, value in plainly(story, events, within, as_of).items() if value
        }
        for row in answer.rows:
            assert row.value == row.first + row.repeated + row.returned
            names = {part: list(behind) for part, behind in row.names.items()}
            assert {part: len(behind) for part, behind in names.items()} == {
                part: getattr(row, part) for part in names
            }
            assert len(names) == 8
            assert names["contacts"] == sorted({*names["purchases"]})
        parts = report.value("day", by="source", **asked)
        assert sum(row.value for row in parts.rows) == sum(row.value for row in answer.rows)
        known = tracker.report(as_of=as_of, known_by=clock())
        assert known.value("day", **asked).rows == answer.rows
        for asking in report, known:
            grown = asking.growth("day", since=asked["since"])
            worth = [row.value for row in answer.rows] if funnel.has_values else [None]
            assert {row.value for row in grown.rows} <= {*worth}
            assert not funnel.has_values or [row.value for row in grown.rows] == worth
            assert ("report value" in str(grown).replace("\n", " ")) == funnel.has_values
            by_source = asking.growth("day", since=asked["since"], by="source")
            for grow in by_source.rows:
                of = {(each.group, each.starts_at): each.value for each in parts.rows}
                assert grow.value == of.get((grow.group, grow.starts_at))
        tracker.merge("bob", into="ada") if tracker.contact("bob").events else None
        merged = report.value("day", **asked)
        assert sum(row.value for row in merged.rows) == sum(row.value for row in answer.rows)


def told(answer: Value) -> dict[tuple[datetime, str], Fraction]:
    return {
        (row.starts_at, kind): Fraction(getattr(row, kind))
        for row in answer.rows
        for kind in ("first", "repeated", "returned")
        if getattr(row, kind)
    }


@pytest.fixture
def shop() -> Iterator[Tracker]:
    with Tracker("sqlite://", funnel=FUNNEL, clock=Clock(day(400))) as tracker:
        yield tracker


def bought(tracker: Tracker, contact: str, at: float, total: Any) -> None:
    said = {"total": total}
    tracker.track(contact, "bought", id=f"{at} {total}", occurred_at=day(at), properties=said)


def test_by_hand(shop: Tracker) -> None:
    """A first purchase, a repeated one, an absence, and what returned with its refund."""
    for at, total in (0, 10), (5, "20.50"), (100, 40), (101, -15), (250, 1), (250, None):
        bought(shop, "ada", at, total)
    year = shop.report(as_of=day(364)).value("year", within="90d").rows[0]
    assert [year.first, year.repeated, year.returned] == [10, Decimal("20.5"), 26]
    assert (year.purchases, year.refunds, year.unvalued, year.contacts) == (5, 1, 1, 1)
    assert year.per_contact == Decimal("56.5")
    assert year.per_purchase == Decimal("14.125")
    assert year.per_contact_interval is None  # of one contact
    assert (year.departed, year.departed_worth) == (1, Decimal("56.5"))
    first = shop.report(as_of=day(364)).value("quarter").rows[0]
    assert (first.departed, first.departed_worth) == (1, Decimal("30.5"))
    assert first.to_dict()["repeated"] == 20.5


def test_a_refund_of_the_same_day(shop: Tracker) -> None:
    """At one instant it comes before the purchase, as the note that it is; a moment later after."""
    for contact, late in (("ada", 0.0), ("bob", 0.5)):
        bought(shop, contact, 0, 10)
        bought(shop, contact, 40, 30)
        bought(shop, contact, 40 + late, -30)
    for known_by in (None, day(400)):
        report = shop.report(as_of=day(100), known_by=known_by)
        year = report.value("year").rows[0]
        assert [year.first, year.returned] == [10 - 30 + 10, 30]


def test_an_erasure_keeps_the_value_with_the_counts(shop: Tracker) -> None:
    """And where no counts are kept nothing is left."""
    for contact in "ada", "bob":
        bought(shop, contact, 0, 10)
        bought(shop, contact, 1, -1)
    report = shop.report(as_of=day(100))
    shop.forget("ada", keep_counts=True)
    assert report.value("year").rows[0].value == 18
    shop.forget("bob")
    year = report.value("year").rows[0]
    assert [year.value, year.purchases, year.refunds] == [9, 1, 1]


def test_what_is_said_beside_it(shop: Tracker) -> None:
    """Purchases of no known worth are, where there are any; and a funnel without values."""
    bought(shop, "ada", 0, 10)
    answer = shop.report(as_of=day(9)).value()
    assert not [note for note in answer.notes if "worth" in note or "silence of" in note]
    bought(shop, "ada", 1, None)
    answer = shop.report(as_of=day(9)).value()
    assert (
        "1 purchase says nothing of what they were worth: they count, and add nothing"
        in answer.notes
    )
    plain = Funnel(stages=("visitor", "customer"), rules={"paid": purchase()})
    with Tracker("sqlite://", funnel=plain) as tracker:
        tracker.track("ada", "paid", properties={"total": 4})
        nothing = tracker.report().value()
    assert not nothing.rows
    assert nothing.lacking == (
        "the funnel says of no purchase what it was worth; name the property that does: "
        'paid = { purchase = "total" }'
    )


def test_the_mean_is_that_of_others() -> None:
    """The plain one has Student's interval as scipy gives it; none below 10, or of one amount."""
    amounts = [int(1e6 * x) for x in np.random.default_rng(1).lognormal(3, 1, 40)]
    around = Mean.of((one, 1) for one in amounts).interval(0.9)
    theirs = stats.t.interval(0.9, 39, np.mean(amounts), stats.sem(amounts))
    assert around is not None
    assert (around.lower, around.upper) == pytest.approx(theirs, rel=1e-9)
    assert Mean.of((one, 1) for one in amounts[:9]).interval() is None
    assert Mean.of([(7, 1)] * 30).interval() is None
    assert Mean.of([(7 * n, n) for n in range(1, 30)]).interval() is None
    assert Mean.of([(5, 0)]).value is None


def test_the_clustered_mean_covers_the_truth() -> None:
    """Of 30 contacts of unequal sizes, who differ: at least 92% of 95% intervals."""
    random, hits = np.random.default_rng(7), 0
    sizes = [*range(1, 11)] * 3
    for _ in range(600):
        levels = random.normal(100, 30, len(sizes))
        drawn = (
            round(sum(random.normal(level, 30, n))) for level, n in zip(levels, sizes, strict=True)
        )
        around = Mean.of(zip(drawn, sizes, strict=True)).interval()
        assert around is not None
        hits += around.lower <= 100 <= around.upper
    assert hits / 600 >= 0.92
