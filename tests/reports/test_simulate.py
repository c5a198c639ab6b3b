"""The simulation, held against two tellings of the oracle, compared by hand."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from motfunnel import Funnel, Tracker, leave, purchase, rating, reach, touch
from motfunnel.domain.event import Event
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import FunnelError, QuestionError
from motfunnel.reports.decisions.simulate import Simulation
from motfunnel.statistics import Proportion
from tests import oracle
from tests.oracle import Story
from tests.reports.test_windowed import FEW, WINDOWS, track_all
from tests.strategies import CONTACTS, NEVER, START, histories, instants, stories
from tests.strategies import make_funnel as funnel_of

Keyed = dict[tuple[str, Any], datetime]


@st.composite
def told(draw: st.DrawFn) -> tuple[Story, Story, list[Event]]:
    """Two funnels, and histories of several contacts."""
    story, other = draw(stories()), draw(stories())
    if draw(st.booleans()):  # often they differ in little
        changed = draw(st.sampled_from(["loyal_after", "loyal_apart", "apostle_after_referrals"]))
        other = story | {changed: other[changed]}
    drawn = draw(histories(story, CONTACTS, most=30))
    return story, other, list({(e.contact, e.id): e for e in drawn}.values())


def keyed(mine: list[Event], story: Story, as_of: datetime) -> Keyed:
    """Each moment by its kind and what it comes of, with when it was."""
    found: Keyed = {}
    state = oracle.start()
    entries = [e for e in oracle.in_order(mine, story) if e["at"] <= as_of]
    for event in [*entries, None]:
        before, known = state["last_touch"], len(state["moments"])
        if event is not None:
            oracle.step(state, event, story)
        elif mine:
            state = oracle.tell(mine, story, as_of)
        for moment in state["moments"][known:]:
            what = moment["event_id"]
            if moment["kind"] == "opening":
                what = None
            elif moment["kind"] == "conversion":
                what = moment["to_stage"]
            elif moment["kind"] == "depart":
                what = before
            assert (moment["kind"], what) not in found
            found[moment["kind"], what] = moment["at"]
    return found


def returned(episodes: list[Story], within: timedelta, as_of: datetime) -> tuple[bool, bool]:
    """Whether the first departure is mature, and whether it returned in time."""
    if not episodes or episodes[0]["departed_at"] + within > as_of:
        return False, False
    back = episodes[0]["returned_at"]
    return True, back is not None and back - episodes[0]["departed_at"] <= within


@FEW
@given(
    told=told(),
    as_of=st.one_of(instants(12), st.just(START + NEVER)),
    within=st.sampled_from(WINDOWS),
)
def test_the_differences_are_those_of_two_tellings(
    shared_engine: Engine,
    told: tuple[Story, Story, list[Event]],
    as_of: datetime,
    within: timedelta,
) -> None:
    """Moments, stages and the return rate by both funnels, to the last name."""
    story, other, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    contacts = sorted({event.contact for event in events})
    mine = {contact: [e for e in events if e.contact == contact] for contact in contacts}
    for known_by in (None, now):
        report = tracker.report(as_of=as_of, known_by=known_by)
        answer = report.simulate(funnel_of(other), within=within)
        check_moments(answer, mine, story, other)
        tellings = {
            contact: [oracle.tell(mine[contact], one, as_of) for one in (story, other)]
            for contact in contacts
        }
        check_contacts(answer, tellings, story, other)
        check_rates(answer, tellings, within)
        check_silences(answer, mine, story, other)


def check_silences(
    answer: Simulation, mine: dict[str, list[Event]], story: Story, other: Story
) -> None:
    """Of each departure by silence: how long it had lasted, and whether its contact returned."""
    for row, one in zip(answer.silences, (story, other), strict=True):
        waits: list[timedelta] = []
        of: list[str] = []
        came: list[str] = []
        for contact, events in mine.items():
            told = oracle.tell(events, one, answer.as_of)
            departures = [moment for moment in told["moments"] if moment["kind"] == "depart"]
            silent = [moment["at"] for moment in departures if moment["event_id"] is None]
            touches = {
                at: last
                for (_, last), at in keyed(events, one, answer.as_of).items()
                if at in silent and isinstance(last, datetime)
            }
            assert len(touches) == len(silent)
            waits += [at - last for at, last in touches.items()]
            for episode in told["episodes"]:
                at, back = episode["departed_at"], episode["returned_at"]
                if at in touches and answer.as_of - at >= answer.within:
                    of.append(contact)
                    came += [contact] * (back is not None and back - at <= answer.within)
        assert row.departures == len(waits)
        assert answer.members(row, "denominator") == sorted(of)
        assert answer.members(row, "numerator") == sorted(came)
        assert row.share == (len(came) / len(of) if of else None)
        assert row.known_after == (median_low(waits) if waits else None)


def check_moments(
    answer: Simulation, mine: dict[str, list[Event]], story: Story, other: Story
) -> None:
    changed = 0
    names: dict[tuple[str, str], list[str]] = {}
    for contact, events in mine.items():
        before, after = (keyed(events, one, answer.as_of) for one in (story, other))
        changed += before != after
        for key in before.keys() | after.keys():
            how = "lost" if key not in after else "gained" if key not in before else "moved"
            if before.get(key) == after.get(key):
                how = "same"
            names.setdefault((key[0], how), []).append(contact)
    assert [row.moment for row in answer.rows] == [kind.value for kind in MomentKind]
    for row in answer.rows:
        for how in ("same", "moved", "gained", "lost"):
            assert getattr(row, how) == len(names.get((row.moment, how), []))
            if how != "same":
                assert answer.members(row, how) == sorted(names.get((row.moment, how), []))
        assert row.before == row.same + row.moved + row.lost
        assert row.after == row.same + row.moved + row.gained
    known = [c for c in mine if any(e.occurred_at <= answer.as_of for e in mine[c])]
    assert (answer.changed, answer.folded >= len(known)) == (changed, True)


def check_contacts(
    answer: Simulation, tellings: dict[str, list[Story]], story: Story, other: Story
) -> None:
    for row in answer.contacts:
        of = [
            {contact for contact, told in tellings.items() if holds(row.what, told[n], one)}
            for n, one in enumerate((story, other))
        ]
        stage = row.what.removeprefix("reached ")
        for count, who, one in zip((row.before, row.after), of, (story, other), strict=True):
            there = stage in one["stages"] or not row.what.startswith("reached ")
            assert count == (len(who) if there else None)
        assert answer.members(row, "gained") == sorted(of[1] - of[0])
        assert answer.members(row, "lost") == sorted(of[0] - of[1])


def holds(what: str, told: Story, story: Story) -> bool:
    if told["presence"] == "unknown":
        return False
    if what == "are away":
        return bool(told["presence"] == "departed")
    if what == "are apostles":
        return bool(told["apostle"])
    return what.removeprefix("reached ") in story["stages"][: told["stage"] + 1]


def check_rates(answer: Simulation, tellings: dict[str, list[Story]], within: timedelta) -> None:
    of = [
        {c: returned(t[n]["episodes"], within, answer.as_of) for c, t in tellings.items()}
        for n in (0, 1)
    ]
    for n, row in enumerate(answer.recidivism):
        assert row.denominator == sum(mature for mature, _ in of[n].values())
        assert row.numerator == sum(back for _, back in of[n].values())
        assert (
            row.interval
            == Proportion(numerator=row.numerator, denominator=row.denominator).interval()
        )
        only = [c for c in tellings if of[n][c][1] and not of[1 - n][c][1]]
        assert answer.members(row, "numerator") == only


FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={
        "came": touch(),
        "signed": reach("lead"),
        "paid": purchase(),
        "rated": rating("score"),
        "left": leave("why"),
    },
    patience={"default": timedelta(days=10)},
)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(200))
    for n in range(20):
        for name, at in (("came", 0), ("signed", 1), ("came", 5 + n), ("paid", 40 + n)):
            tracker.track(f"c{n:02}", name, occurred_at=day(at), id=f"{name}-{at}")
    return tracker


def test_the_same_funnel_changes_nothing(tracker: Tracker) -> None:
    """All moments are the same, and nobody is named."""
    answer = tracker.report().simulate(FUNNEL)
    assert answer.changed == 0 and answer.folded == 20
    assert all(row.before == row.after == row.same for row in answer.rows)


def test_it_writes_nothing(tracker: Tracker) -> None:
    """Not a row of any table is another afterwards, and the funnel in use is still in use."""

    def content() -> Any:
        names = ("contacts", "events", "moments", "episodes", "funnels")
        with tracker.database.read() as connection:
            return {
                name: sorted(
                    map(
                        str,
                        connection.execute(
                            text(f"SELECT * FROM motfunnel_{name} WHERE tenant = :tenant"),
                            {"tenant": tracker.tenant},
                        ).all(),
                    )
                )
                for name in names
            }

    before = content()
    tracker.report().simulate(evolve(FUNNEL, patience={"default": timedelta(days=50)}))
    assert content() == before


def test_a_longer_patience_moves_and_loses_departures(tracker: Tracker) -> None:
    """What had been a departure and a return is none; the last departure is a later one."""
    other = evolve(FUNNEL, patience={"default": timedelta(days=50)})
    answer = tracker.report().simulate(other, within=timedelta(days=50))
    depart, recidivism = answer.rows[0], answer.rows[2]
    assert depart.moment == "depart" and (depart.moved, depart.gained) == (20, 0)
    assert (depart.lost, recidivism.lost) == (33, 33)  # thirteen were silent before day 5 + n, too
    in_use, simulated = answer.recidivism
    assert (in_use.numerator, in_use.denominator) == (20, 20)
    assert (simulated.numerator, simulated.denominator) == (0, 20)
    assert len(answer.members(in_use, "numerator")) == 20


def test_a_stage_of_only_one_funnel_is_a_dash_in_the_other(tracker: Tracker) -> None:
    """Stages are told apart by their names."""
    other = Funnel(stages=("guest", "customer"), rules={"came": touch(), "paid": purchase()})
    answer = tracker.report().simulate(other)
    by_what = {row.what: (row.before, row.after) for row in answer.contacts}
    assert by_what["reached lead"] == (20, None)
    assert by_what["reached guest"] == (None, 20)
    assert by_what["reached customer"] == (20, 20)


def test_merged_keys_are_one_contact(tracker: Tracker) -> None:
    """Both funnels walk the events of all keys together."""
    tracker.merge("c00", into="c01")
    for known_by in (None, day(200)):
        assert tracker.report(known_by=known_by).simulate(FUNNEL).folded == 19


def test_an_erased_contact_is_left_out_and_told_of(tracker: Tracker) -> None:
    """Of whom only counts are left, nothing can be walked again."""
    tracker.forget("c00", keep_counts=True)
    for known_by in (None, day(200)):
        answer = tracker.report(known_by=known_by).simulate(FUNNEL)
        assert answer.folded == 19 and "without 1 contact erased" in answer.notes[0]


def test_it_prints(tracker: Tracker) -> None:
    """In eighty columns, three tables; all of them are in the JSON."""
    answer = tracker.report().simulate(evolve(FUNNEL, loyal_after=3, patience={}))
    printed = str(answer)
    assert "20 of 20 contacts would have other moments" in printed
    assert "reached lead" in printed and "in use" in printed
    assert max(map(len, printed.splitlines())) <= 80
    told = answer.to_dict()
    assert {"contacts", "recidivism", "rows", "changed"} <= told.keys()
    assert Counter(answer.to_csv().splitlines()[0].split(","))["moment"] == 1


def test_what_cannot_be_asked(tracker: Tracker) -> None:
    """Another funnel is a Funnel or a preset, and names belong to a row."""
    with pytest.raises(FunnelError, match="a dict is no Funnel"):
        tracker.report().simulate({})  # type: ignore[arg-type]
    with pytest.raises(FunnelError, match=r"Funnel.from_toml\('other.toml'\)"):
        tracker.report().simulate("other.toml")  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="say which row"):
        tracker.report().simulate(FUNNEL).members()
