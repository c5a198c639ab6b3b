"""Rules of patience tried on silences say what a journey would, and the smallest is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import median_low
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Rhythm, Tracker, leave, rhythm, touch
from motfunnel.domain.event import make_event
from motfunnel.domain.instant import to_micros
from motfunnel.domain.journey import in_order, walk
from motfunnel.domain.moment import SILENCE
from motfunnel.reports.decisions.rhythms import StageSilences, Wanted
from motfunnel.reports.decisions.silences import Asked, silences, without_patience
from motfunnel.statistics import ClusteredShare
from tests.strategies import HOUR, MICROSECOND, START, make_patience, rhythms

RULES: dict[str, Any] = {"saw": touch(), "left": leave()}
STAGES = ("visitor", "customer")
Histories = Sequence[Sequence[tuple[int, str]]]


def funnel_by(patience: timedelta | Rhythm | None) -> Funnel:
    return Funnel(stages=STAGES, rules=RULES, patience={"default": patience})


def events_of(history: Sequence[tuple[int, str]]) -> list[Any]:
    """Events at some hours since the start."""
    return [
        make_event("ada", name, occurred_at=START + hour * HOUR, id=f"{place}")
        for place, (hour, name) in enumerate(history)
    ]


def kept(histories: Histories, until: int) -> StageSilences:
    """The silences of some contacts, up to an hour."""
    patient, found = without_patience(funnel_by(None)), StageSilences()
    for number, history in enumerate(histories):
        entries = [e for e in in_order(events_of(history), patient.read) if e.at <= at(until)]
        found.add(f"{number}", [*silences(patient, entries, at(until))], [])
    return found


def at(hour: int) -> int:
    return to_micros(START + hour * HOUR)


def walked(histories: Histories, rule: Any, until: int, horizon: int) -> tuple[Any, ...]:
    """The waits, and of each contact who came back of those observed, by the journey itself."""
    waits, shares, names = [], [], []
    for number, history in enumerate(histories):
        events, came, of = events_of(history), 0, 0
        journey = walk("ada", funnel_by(rule), events, as_of=START + until * HOUR)
        for episode in journey.episodes.values():
            if episode.reason != SILENCE:
                continue
            before = [e.occurred_at for e in events if e.name == "saw"]
            last = max(one for one in before if one < episode.departed_at)
            waits.append((episode.departed_at - last) // MICROSECOND)
            if episode.departed_at + horizon * HOUR <= START + until * HOUR:
                back = episode.returned_at
                of += 1
                in_time = back is not None and back <= episode.departed_at + horizon * HOUR
                came += in_time and _is_heard_of(events, episode.departed_at)
        shares.append((came, of))
        names += [f"{number}"] * came
    return sorted(waits), ClusteredShare.of(shares), names


def _is_heard_of(events: list[Any], departed_at: Any) -> bool:
    """Whether a silence ended by a touch: who says that it leaves did not come back by that."""
    later = [(e.occurred_at, e.name == "left") for e in events if e.occurred_at > departed_at]
    return not min(later)[1]


histories = st.lists(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["saw", "saw", "saw", "left"]))),
    max_size=4,
)


@given(
    told=histories,
    rule=st.one_of(rhythms().map(make_patience), st.sampled_from([HOUR, 3 * HOUR, 9 * HOUR])),
    until=st.sampled_from([20, 61, 100]),
    horizon=st.integers(0, 20),
)
def test_a_rule_says_what_a_journey_would(
    told: Histories, rule: Any, until: int, horizon: int
) -> None:
    """Departures, who came back within the horizon, and how long each silence had lasted."""
    asked = Asked(as_of=at(until), horizon=horizon * HOUR // MICROSECOND, step=1)
    said = kept(told, until).said_by(rule, asked, named=True)
    waits, share, names = walked(told, rule, until, horizon)
    assert sorted(said.waits) == waits
    assert (said.share.value, said.share.numerator, said.share.denominator) == (
        *(share.value, share.numerator, share.denominator),
    )
    assert said.share.interval(0.9) == share.interval(0.9)
    assert said.came == names and len(said.of) == share.denominator
    middle = median_low(waits) * MICROSECOND if waits else None
    assert said.known_after == middle


@given(
    told=histories,
    parts=rhythms().map(make_patience),
    tenths=st.lists(st.integers(1, 1000) | st.integers(1, 40), min_size=1, max_size=5),
    until=st.sampled_from([20, 61, 100]),
    horizon=st.integers(0, 20),
)
def test_what_is_passed_over_says_nothing(
    told: Histories, parts: Any, tenths: list[int], until: int, horizon: int
) -> None:
    """From its first departure on, whatever the factor, a contact says what all of it would."""
    asked = Asked(as_of=at(until), horizon=horizon * HOUR // MICROSECOND, step=1)
    silent = kept(told, until)
    firsts = silent._firsts(*parts.terms[1:])
    for each in (*tenths, 1000):
        rule = evolve(parts, times=each / 10)
        whole, passed = silent.said_by(rule, asked), silent._said_from(firsts, rule, asked)
        assert passed.waits == whole.waits
        assert (passed.share.numerator, passed.share.denominator, passed.share.contacts) == (
            *(whole.share.numerator, whole.share.denominator, whole.share.contacts),
        )
        assert passed.share.interval(0.9) == whole.share.interval(0.9)


def visitors() -> Histories:
    """Thirty who come daily and go for good; thirty who come every fortnight, and go on."""
    daily = [[(24 * day, "saw") for day in range(40 + n)] for n in range(30)]
    seldom = [[(24 * (14 * n + (day % 3)), "saw") for n in range(40)] for day in range(30)]
    back = [[(0, "saw"), (24, "saw"), (24 * (20 + n), "saw")] for n in range(40)]
    return [*daily, *seldom, *back]


def test_the_smallest_rhythm_is_found() -> None:
    """At it few come back, and at a tenth less too many, by the journey itself."""
    until, horizon = 24 * 560, 24 * 30
    asked = Asked(as_of=at(until), horizon=horizon * HOUR // MICROSECOND, step=1)
    day = timedelta(days=1)
    wanted = Wanted(below=0.2, fewest=10, confidence=0.95, step=day // MICROSECOND)
    found = kept(visitors(), until).suggested(asked, wanted)
    assert found is not None
    assert (found.usual, found.at_least, found.at_most) == (14 * day, day, 560 * day)
    assert found.tenths > 10
    for tenths, is_kept in ((found.tenths, True), (found.tenths - 1, False)):
        rule = Rhythm(tenths / 10, usual=found.usual, at_least=day, at_most=found.at_most)
        _, share, _ = walked(visitors(), rule, until, horizon)
        interval = share.interval(0.95)
        assert interval is not None
        assert (interval.upper < 0.2) is is_kept


def test_too_few_give_none() -> None:
    """Where nobody came twice, or hardly anybody departs, no rhythm is suggested."""
    asked = Asked(as_of=at(9000), horizon=at(24) - at(0), step=1)
    wanted = Wanted(below=0.1, fewest=10, confidence=0.95, step=HOUR // MICROSECOND)
    assert kept([[(0, "saw")]] * 30, 9000).suggested(asked, wanted) is None
    assert kept([[(0, "saw"), (5, "saw")]] * 3, 9000).suggested(asked, wanted) is None
    assert StageSilences().suggested(asked, wanted) is None


@pytest.mark.every_database
def test_the_report_lays_both_beside_each_other(shared_engine: Engine) -> None:
    """The rule in force, one patience and a rhythm, with a line for the funnel file."""
    in_force = rhythm(2, usual="3d", at_least="1d", at_most="90d")
    until = START + timedelta(days=560)
    mine = Tracker(shared_engine, funnel_by(in_force), tenant=uuid4().hex, clock=lambda: until)
    for number, history in enumerate(visitors()[::3]):
        mine.track_many(
            {"contact": f"{number:02}", "event": e.name, "id": e.id, "occurred_at": e.occurred_at}
            for e in events_of(history)
        )
    answer = mine.report().patience(share=0.4, horizon="30d")
    row = answer.rows[0]
    assert row.patience == in_force
    _, share, names = walked(visitors()[::3], in_force, 24 * 560, 24 * 30)
    assert (row.share, row.numerator, row.denominator) == (
        *(share.value, share.numerator, share.denominator),
    )
    assert answer.members(row, "numerator") == [f"{int(name):02}" for name in names]
    assert [one.by for one in row.outcomes] == ["in force", "duration", "rhythm"]
    assert [one.patience for one in row.outcomes] == [in_force, row.suggested, row.rhythm]
    plain, by_rhythm = row.outcomes[1:]
    assert plain.known_after == row.suggested
    assert by_rhythm.known_after is not None and plain.known_after is not None
    assert by_rhythm.known_after < plain.known_after
    assert row.rhythm is not None
    line = f'visitor = {{ rhythm = {row.rhythm.times:g}, usual = "14d", at_least = "1d", '
    assert any(line in note for note in answer.notes)
    assert "2 × usual" in answer.to_text()
