"""A rhythm gives each contact a patience of its own, out of its own gaps; by hand, and in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import Funnel, Rhythm, leave, note, purchase, rating, rhythm, touch
from motfunnel.domain.event import make_event
from motfunnel.domain.journey import Journey, walk
from motfunnel.domain.machine import (
    ACTIVE,
    BY_RHYTHM,
    DEPARTED_AT,
    FOREVER,
    GAPS,
    GAPS_SUM,
    LAST_TOUCH,
    NEW_CONTACT,
    NOTE,
    PRESENCE,
    step,
)
from motfunnel.errors import FunnelError
from tests.oracle import by_rhythm

DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
DAY_0 = datetime(2024, 1, 1, tzinfo=UTC)
WEEKLY = rhythm(2.5, usual="6d", at_least="5d", at_most="40d")
RULES: dict[str, Any] = {
    "saw": touch(),
    "bought": purchase(),
    "rated": rating("score"),
    "left": leave(),
    "synced": note(),
}
FUNNEL = Funnel(stages=("visitor", "customer"), rules=RULES, patience={"default": WEEKLY})


def after(*told: tuple[float, str], as_of: float | None = None, funnel: Funnel = FUNNEL) -> Journey:
    """The journey after events at some days."""
    events = [
        make_event("ada", name, occurred_at=DAY_0 + day * DAY, id=f"e{place}")
        for place, (day, name) in enumerate(told)
    ]
    return walk("ada", funnel, events, as_of=None if as_of is None else DAY_0 + as_of * DAY)


def deadline(*told: tuple[float, str]) -> float:
    """After how many days a journey departs."""
    due = after(*told).deadline
    assert due is not None
    return (timedelta(microseconds=due) - (DAY_0 - datetime(1970, 1, 1, tzinfo=UTC))) / DAY


def test_who_has_shown_no_gap_has_the_usual_one() -> None:
    """Two gaps of the usual length stand for what is not known: 2.5 times 6 days."""
    assert deadline((0, "saw")) == 15


def test_gaps_move_it() -> None:
    """(2·6 + 2 + 4) / 4 days are usual after gaps of 2 and 4; 2.5 times that is the patience."""
    assert deadline((0, "saw"), (2, "saw"), (6, "saw")) == 6 + 2.5 * 18 / 4


@pytest.mark.parametrize("name", ["saw", "rated", "bought"])
def test_whatever_keeps_alive_ends_a_gap(name: str) -> None:
    """A rating of one who is here is a touch like any other; a note is none."""
    assert deadline((0, "saw"), (1, "synced"), (3, name)) == 3 + 2.5 * (12 + 3) / 3


def test_two_touches_at_one_instant_are_no_gap() -> None:
    """A purchase that is seen as a page, too, is one visit."""
    journey = after((0, "saw"), (3, "saw"), (3, "bought"))
    assert (journey.state[GAPS], journey.state[GAPS_SUM]) == (1, 3 * DAY // MICROSECOND)


@pytest.mark.parametrize("gone", [(3, "left"), (3, "synced")])
def test_an_absence_is_no_gap(gone: tuple[float, str]) -> None:
    """What lies between a departure and the return says nothing of how often one comes."""
    journey = after((0, "saw"), (2, "saw"), gone, (90, "saw"), (94, "saw"))
    assert (journey.state[GAPS], journey.state[GAPS_SUM]) == (2, 6 * DAY // MICROSECOND)
    assert len(journey.episodes) == 1


def test_the_deadline_is_still_in_time() -> None:
    """An event exactly at the deadline keeps the contact; a microsecond later it returns."""
    assert not after((0, "saw"), (15, "saw")).episodes
    late = after((0, "saw"), (15 + MICROSECOND / DAY, "saw"))
    assert late.episodes[1].departed_at == DAY_0 + 15 * DAY
    assert after((0, "saw"), as_of=15).episodes


def test_the_bounds_hold() -> None:
    """Who comes daily has at least the least patience; who comes seldom at most the most."""
    daily = [(day, "saw") for day in range(60)]
    assert deadline(*daily) == 59 + 5
    seldom = [(15 * number, "saw") for number in range(2)]
    assert deadline(*seldom) == 15 + 2.5 * 27 / 3
    more = [(sum(range(6, 6 + number)), "saw") for number in range(1, 31)]
    assert deadline(*more) <= more[-1][0] + 40


def test_a_stage_may_have_another_patience() -> None:
    """Each stage has its own: a rhythm here, a duration there, or none."""
    mixed = Funnel(
        stages=("visitor", "lead", "customer"),
        rules=RULES,
        patience={"visitor": WEEKLY, "lead": None, "customer": "9d"},
    )
    visit, bought = (after((0, "saw"), (1, name), funnel=mixed) for name in ("saw", "bought"))
    assert visit.deadline == visit.state[LAST_TOUCH] + (13 * 25 * DAY // 30) // MICROSECOND
    assert bought.deadline == bought.state[LAST_TOUCH] + 9 * DAY // MICROSECOND


CENTURY = 36_525 * DAY


@given(
    tenths=st.integers(1, 1000),
    usual=st.timedeltas(MICROSECOND, CENTURY),
    bounds=st.tuples(st.timedeltas(MICROSECOND, CENTURY), st.timedeltas(MICROSECOND, CENTURY)),
    gaps=st.integers(0, 1_000_000_000),
    together=st.timedeltas(timedelta(), 3_000_000 * DAY),
)
def test_the_step_is_the_formula(
    tenths: int, usual: timedelta, bounds: Any, gaps: int, together: timedelta
) -> None:
    """Whatever the numbers, the step gives what exact fractions do, and all fits into 64 bits."""
    least, most = sorted(bounds)
    told = {"tenths": tenths, "usual": usual, "at_least": least, "at_most": most}
    expected = by_rhythm(told, {"gaps": gaps, "gaps_sum": together}) // MICROSECOND
    terms = Rhythm(tenths / 10, usual=usual, at_least=least, at_most=most).terms
    state = list(NEW_CONTACT)
    state[PRESENCE], state[GAPS], state[GAPS_SUM] = ACTIVE, gaps, together // MICROSECOND
    numpy = pytest.importorskip("numpy")
    row = numpy.array(state, dtype=numpy.int64)
    wide = numpy.array((0, 2, 0, 3, BY_RHYTHM, *terms), dtype=numpy.int64)
    with numpy.errstate(over="raise"):
        step(row, wide, NOTE, FOREVER, 0)
    assert row[DEPARTED_AT] == expected


FORM = {"rhythm": 6.5, "usual": "20d", "at_least": "14d", "at_most": "365d"}


def written(patience: Any) -> Funnel:
    """A funnel of the written form, with this patience for customers."""
    form = {"stages": ["visitor", "customer"], "rules": {"saw": "touch"}}
    return Funnel.from_dict(form | {"patience": {"customer": patience}})


def test_the_written_form_is_that_of_python() -> None:
    """A table in a funnel file, and ``rhythm`` in Python, with texts or durations, are one."""
    made = rhythm(6.5, usual=20 * DAY, at_least="14d", at_most=365 * DAY)
    assert written(FORM).patience_of("customer") == made
    assert written(FORM).to_dict()["patience"]["customer"] == FORM
    assert rhythm(6, usual="1d", at_least="1d", at_most="1d").to_dict()["rhythm"] == 6


def test_a_rhythm_tells_funnels_apart() -> None:
    """Each part of it may classify otherwise, so each is in the fingerprint."""
    forms = [FORM, *(FORM | {part: "15d"} for part in ("usual", "at_least", "at_most"))]
    funnels = [written(form) for form in [*forms, FORM | {"rhythm": 6.6}, "14d", False]]
    assert len({funnel.fingerprint for funnel in funnels}) == len(funnels)
    assert written(FORM).fingerprint == written(FORM | {"rhythm": 6.50}).fingerprint


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("rhythm", 0, "6.5"),
        ("rhythm", 6.55, "tenths"),
        ("rhythm", 100.1, "tenths"),
        ("rhythm", "often", "6.5"),
        ("rhythm", True, "6.5"),
        ("usual", "0d", "14d"),
        ("usual", 20, "14d"),
        ("at_least", "two weeks", "14d"),
        ("at_least", "366d", "shorter"),
        ("at_most", "36526d", "century"),
        ("at_mots", "9d", "at_most"),
    ],
)
def test_what_is_no_rhythm(part: str, value: Any, words: str) -> None:
    """A part that cannot be used is named, with what to write instead."""
    with pytest.raises(FunnelError, match=words) as caught:
        written(FORM | {part: value})
    assert caught.value.key == f"patience.customer.{part}"


@pytest.mark.parametrize("part", FORM)
def test_a_part_that_is_missing(part: str) -> None:
    """All four are written: none of them has a value that suits everybody."""
    with pytest.raises(FunnelError, match="missing"):
        written({key: value for key, value in FORM.items() if key != part} or {"usual": "1d"})
