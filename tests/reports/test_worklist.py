"""The worklist, held against chances worked out by hand from the events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isclose
from typing import Any
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from motfunnel import Funnel, Rhythm, Tracker, leave, outreach, purchase, reach, touch
from motfunnel.domain.event import Event
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import QuestionError
from motfunnel.reports.decisions.chances import BASES
from motfunnel.reports.decisions.worklist import MAILING, Worklist
from tests import oracle
from tests.oracle import Story
from tests.reports.test_windowed import FEW, track_all
from tests.strategies import HOUR, NEVER, START, histories, instants, stories
from tests.strategies import make_funnel as funnel_of

MANY = tuple(f"c{n:02}" for n in range(24))


@st.composite
def told(draw: st.DrawFn, contacts: tuple[str, ...]) -> tuple[Story, list[Event]]:
    """A funnel, and histories of contacts many of whom leave."""
    story = draw(stories())
    drawn = draw(histories(story, contacts, most=60))
    return story, list({(e.contact, e.id): e for e in drawn}.values())


def away_share(episodes: list[tuple[timedelta, bool]], until: timedelta) -> float | None:
    """The Kaplan–Meier share still away after a duration, by its definition."""
    if not any(t >= until for t, _ in episodes):
        return None
    share = 1.0
    for time in sorted({t for t, back in episodes if back and t <= until}):
        at_risk = sum(t >= time for t, _ in episodes)
        share *= 1 - sum(t == time and back for t, back in episodes) / at_risk
    return share


def like(episode: Story) -> tuple[Any, ...]:
    """In what a departure is like others: stage, reason, returns and purchases before it."""
    returns, purchases = episode["number"] - 1, episode["purchases"]
    return episode["stage"], episode["reason"], min(returns, 2), min(purchases, 2)


def expected(told: dict[str, Story], as_of: datetime, within: timedelta) -> dict[str, Any]:
    """Who is away, with the chance, on what it rests and on how many."""
    seen = [
        (like(one), (one["returned_at"] or as_of) - one["departed_at"], bool(one["returned_at"]))
        for story in told.values()
        for one in story["episodes"]
    ]
    rows = {}
    for contact, story in told.items():
        if not story["episodes"] or story["episodes"][-1]["returned_at"] is not None:
            continue
        last = story["episodes"][-1]
        away = as_of - last["departed_at"]
        for parts in (4, 3, 2, 0):
            alike = [(t, back) for one, t, back in seen if one[:parts] == like(last)[:parts]]
            at_risk = sum(t >= away for t, _ in alike)
            if at_risk >= 10:
                break
        basis = BASES[(4, 3, 2, 0).index(parts)]
        now, later = (away_share(alike, away + more) for more in (timedelta(0), within))
        chance = 1 - later / now if now and later is not None else None
        rows[contact] = (basis, at_risk, chance, last["number"] - 1, last["purchases"])
    return rows


def worths(
    stories: dict[str, Story], events: list[Event], story: Story, as_of: datetime
) -> dict[str, Fraction | None]:
    """What a purchase of each is worth by hand: its own, else of all that are alike enough."""
    given = dict.fromkeys(stories, (Fraction(), 0))
    for contact in stories:
        for one in oracle.in_order([e for e in events if e.contact == contact], story):
            if one["at"] <= as_of and one.get("value") is not None:
                total, many = given[contact]
                given[contact] = total + one["value"], many + (one["signal"] == "purchase")
    left = [(who, like(one)) for who, told in stories.items() for one in told["episodes"]]
    found = dict[str, Fraction | None]()
    for contact, told in stories.items():
        found[contact] = None
        groups = [{contact}]
        for last in told["episodes"][-1:]:
            mine = like(last)
            groups += [{w for w, one in left if one[:n] == mine[:n]} for n in (4, 3, 2, 0)]
        for group in groups:
            total = sum((given[who][0] for who in group), Fraction())
            many = sum(given[who][1] for who in group)
            if many:
                found[contact] = Fraction(round(total / many * 10**6), 10**6)
                break
    return found


@FEW
@given(
    told=told(MANY),
    as_of=st.one_of(instants(12), st.just(START + NEVER)),
    within=st.sampled_from([timedelta(0), HOUR, 3 * HOUR]),
)
def test_the_chances_are_those_worked_out_by_hand(
    shared_engine: Engine, told: tuple[Story, list[Event]], as_of: datetime, within: timedelta
) -> None:
    """Everybody who is away is listed, with the chance of their group or of all."""
    story, events = told
    now = START + NEVER
    tracker = Tracker(shared_engine, funnel_of(story), tenant=uuid4().hex, clock=lambda: now)
    track_all(tracker, events)
    stories = {
        contact: oracle.walked([e for e in events if e.contact == contact], story, as_of)
        for contact in sorted({event.contact for event in events})
    }
    hand, each = expected(stories, as_of, within), worths(stories, events, story, as_of)
    for known_by in (None, now):
        answer = tracker.report(as_of=as_of, known_by=known_by).worklist(within=within, limit=None)
        assert sorted(row.contact for row in answer.rows) == sorted(hand)
        assert answer.departed == len(hand)
        known = [row for row in answer.rows if row.chance is not None]
        assert answer.rows[: len(known)] == tuple(known)
        ranks = [(row.chance_value or 0, row.chance or 0) for row in known]
        assert [one for one, _ in ranks] == sorted((one for one, _ in ranks), reverse=True)
        if all(one == 0 for one, _ in ranks):
            assert ranks == sorted(ranks, reverse=True)
        for row in answer.rows:
            basis, at_risk, chance, *past = hand[row.contact]
            assert (row.basis, row.at_risk) == (basis, at_risk)
            assert [row.returns, row.purchases] == past
            worth = each[row.contact] if tracker.funnel.has_values else None
            assert (row.per_purchase is None) == (worth is None)
            assert worth is None or Fraction(row.per_purchase or 0) == worth
            product = None if worth is None or chance is None else float(worth) * chance
            assert (row.chance_value is None) == (product is None)
            assert isclose(row.chance_value or 0, product or 0, abs_tol=2e-6)
            assert row.alike == sum(one.chance == row.chance for one in answer.rows)
            assert (row.chance is None) == (chance is None)
            assert chance is None or isclose(row.chance or 0.0, chance, abs_tol=1e-9)
            assert answer.members(row) == [row.contact]
            moments = stories[row.contact]["moments"][-3:]
            assert [m.moment for m in row.moments] == [m["kind"] for m in moments]
            assert row.reason == moments_reason(stories[row.contact])
            assert row.silence == silence_of(tracker, row.contact, as_of)


def silence_of(tracker: Tracker, contact: str, as_of: datetime) -> str | None:
    """What the contact's own story says of its last departure, if it was by its own rhythm."""
    story = tracker.contact(contact, as_of=as_of).story
    last = [one for one in story if one.moment.kind is MomentKind.DEPART][-1]
    if not last.moment.is_silent or last.before is None:
        return None
    patience = tracker.funnel.patience_of(last.before.stage)
    return last.why if isinstance(patience, Rhythm) else None


def moments_reason(story: Story) -> str:
    reason: str = story["episodes"][-1]["reason"]
    return reason


FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={"came": touch(), "signed": reach("lead"), "left": leave("why")},
    patience={"default": None},
)


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def tracker(shared_engine: Engine) -> Tracker:
    tracker = Tracker(shared_engine, FUNNEL, tenant=uuid4().hex, clock=lambda: day(100))
    for n in range(24):
        tracker.track(f"c{n:02}", "signed", occurred_at=day(0))
        tracker.track(f"c{n:02}", "left", properties={"why": "price"}, occurred_at=day(10))
        if n < 12:
            tracker.track(f"c{n:02}", "came", occurred_at=day(12 + n))
    tracker.track("new", "came", occurred_at=day(0))
    tracker.track("new", "left", properties={"why": "moved"}, occurred_at=day(88))
    return tracker


def test_one_whose_group_is_small_has_the_chance_of_all(tracker: Tracker) -> None:
    """Alone in its group and away for 12 days, as 15 of all were at least."""
    answer = tracker.report().worklist(within=timedelta(days=10), limit=1)
    (row,) = answer.rows
    assert (row.contact, row.basis, row.at_risk) == ("new", "all", 15)
    assert row.chance is not None and row.away == timedelta(days=12)
    assert answer.departed == 13


def test_past_what_was_observed_nothing_is_said(tracker: Tracker) -> None:
    """Those away the longest come last, without a chance."""
    rows = tracker.report().worklist(within=timedelta(days=1)).rows
    assert [row.chance is None for row in rows] == [False] + [True] * 12
    assert [row.contact for row in rows[1:]] == [f"c{n:02}" for n in range(12, 24)]


def test_an_erased_contact_is_on_no_list(tracker: Tracker) -> None:
    """Its counts stay in the curve; there is nobody to write to."""
    tracker.forget("c23", keep_counts=True)
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).worklist(within=timedelta(days=10))
        assert answer.departed == 12 and answer.rows[0].at_risk == 15
        assert answer.notes and "erased" in answer.notes[0]


def test_a_merged_key_is_the_contact_that_it_belongs_to(tracker: Tracker) -> None:
    """The keys are one contact, with one departure that lasts."""
    tracker.track("old", "came", occurred_at=day(1))
    tracker.merge("old", into="new")
    for known_by in (None, day(100)):
        rows = tracker.report(known_by=known_by).worklist().rows
        assert "new" in {row.contact for row in rows}
        assert "old" not in {row.contact for row in rows}


TRIAL = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "left": leave(),
        "mailed": outreach(),
        "drawn": outreach("arm", holdout="control"),
    },
    patience={"default": None},
)


def test_who_was_written_to_and_who_is_held_out(shared_engine: Engine) -> None:
    """By the first assignment of the departure that lasts; of a merged key too."""
    tracker = Tracker(shared_engine, TRIAL, tenant=uuid4().hex, clock=lambda: day(100))
    for who in ("kept", "sent", "both", "past", "old", "none"):
        tracker.track(who, "came", occurred_at=day(0))
        tracker.track(who, "left", occurred_at=day(10))
    for who, at, event, arm in (
        ("kept", 12, "drawn", "control"),
        ("kept", 14, "drawn", "letter"),
        ("sent", 12, "drawn", "letter"),
        ("sent", 13, "drawn", "control"),
        ("both", 11, "mailed", None),
        ("both", 12, "drawn", "control"),
        ("past", 12, "drawn", "control"),
        ("old", 12, "drawn", "control"),
    ):
        tracker.track(who, event, occurred_at=day(at), properties={"arm": arm})
    tracker.track("past", "came", occurred_at=day(20))
    tracker.track("past", "left", occurred_at=day(30))
    tracker.merge("old", into="new")
    for known_by in (None, day(100)):
        answer = tracker.report(known_by=known_by).worklist()
        told = {row.contact: (row.first_outreach_at, row.held_out) for row in answer.rows}
        assert told == {
            "kept": (day(14), True),
            "sent": (day(12), False),
            "both": (day(11), True),
            "past": (None, False),
            "new": (None, True),
            "none": (None, False),
        }
        text = str(answer)
        assert "written to" in text and "held out" in text and "2026-01-15" in text
        assert "held out as controls of a trial: 3 of those listed" in text
        assert answer.to_dict()["rows"][0]["held_out"] is told[answer.rows[0].contact][1]


def test_where_nobody_was_written_to_no_column_says_so(tracker: Tracker) -> None:
    """A column of dashes alone would only widen the list."""
    text = str(tracker.report().worklist())
    assert "written to" not in text and "held out" not in text


PEOPLE = Funnel(
    stages=("visitor", "customer"),
    rules={
        "came": touch(),
        "paid": purchase(),
        "left": leave("why"),
        "drawn": outreach("arm", holdout="control"),
    },
    patience={"default": None},
)


def crowd(engine: Engine) -> Tracker:
    """Forty who leave, every fourth of whom comes back; some are written to, or held out."""
    tracker = Tracker(engine, PEOPLE, tenant=uuid4().hex, clock=lambda: day(100))
    for n in range(40):
        who, why = f"c{n:02}", "price" if n < 20 else "moved"
        tracker.identify(who, {"plan": "ab"[n % 2]}, occurred_at=day(0), id="plan")
        tracker.track(who, "paid" if n % 3 == 0 else "came", occurred_at=day(1))
        tracker.track(who, "left", properties={"why": why}, occurred_at=day(10 + n % 5))
        if n % 8 in (1, 2):
            arm = "letter" if n % 8 == 1 else "control"
            tracker.track(who, "drawn", properties={"arm": arm}, occurred_at=day(20))
        if n % 4 == 3:
            tracker.track(who, "came", occurred_at=day(90) + n * HOUR / 2)
    return tracker


def names(answer: Worklist) -> set[int]:
    return {int(row.contact[1:]) for row in answer.rows}


@pytest.mark.parametrize("is_known", [False, True])
def test_only_some_are_meant(shared_engine: Engine, is_known: bool) -> None:
    """By the stage, the reason, how long they are away, what was done to them, and all at once."""
    with crowd(shared_engine) as tracker:
        report = tracker.report(known_by=day(100) if is_known else None)
        away = {n for n in range(40) if n % 4 != 3}
        every = report.worklist(limit=None)
        assert names(every) == away and (every.departed, every.meant) == (30, 30)
        chances = {row.contact: (row.chance, row.interval, row.basis) for row in every.rows}
        held, sent = ({n for n in away if n % 8 == k} for k in (2, 1))
        for asked, meant in (
            ({"stage": "customer"}, {n for n in away if n % 3 == 0}),
            ({"reason": "price"}, {n for n in away if n < 20}),
            ({"away_at_least": "88d"}, {n for n in away if n % 5 <= 2}),
            ({"away_at_most": timedelta(days=88)}, {n for n in away if n % 5 >= 2}),
            ({"not_written_to": True}, away - sent),
            ({"without_held_out": True}, away - held),
            ({"reason": "price", "without_held_out": True}, {n for n in away - held if n < 20}),
            ({"reason": "death"}, set()),
        ):
            answer = report.worklist(limit=None, **asked)
            assert names(answer) == meant
            assert (answer.departed, answer.meant) == (30, len(meant))
            told = {row.contact: (row.chance, row.interval, row.basis) for row in answer.rows}
            assert told == {who: chances[who] for who in told}
            assert "meant (" in str(answer) and answer.to_dict().items() >= plain_of(asked).items()
        assert "left for: moved, price" in str(report.worklist(reason="death"))


def plain_of(asked: dict[str, Any]) -> dict[str, Any]:
    return {k: "88d" if isinstance(v, timedelta) else v for k, v in asked.items()}


@pytest.mark.parametrize("is_known", [False, True])
def test_a_list_for_each_group(shared_engine: Engine, is_known: bool) -> None:
    """So many of each; the chances are those of all."""
    with crowd(shared_engine) as tracker:
        report = tracker.report(known_by=day(100) if is_known else None)
        every = {row.contact: row.chance for row in report.worklist(limit=None).rows}
        named: tuple[tuple[Any, Callable[[int], str]], ...] = (
            ("plan", lambda n: "ab"[n % 2]),
            ("reason", lambda n: "price" if n < 20 else "moved"),
            ("stage", lambda n: "customer" if n % 3 == 0 else "visitor"),
            ("source", lambda _: "direct"),
            ("property:why", lambda n: "price" if n < 20 else "moved"),
            (("plan", "stage"), lambda n: f"{'ab'[n % 2]} · {('customer', 'visitor')[n % 3 > 0]}"),
        )
        for by, group_of in named:
            answer = report.worklist(by=by, limit=None)
            assert {row.contact: row.chance for row in answer.rows} == every
            assert all(row.group == group_of(int(row.contact[1:])) for row in answer.rows)
            groups = [row.group for row in answer.rows]
            assert groups == sorted(groups, key=str)
        few = report.worklist(by="plan", limit=4)
        assert [row.group for row in few.rows] == ["a"] * 4 + ["b"] * 4
        assert "plan: a" in str(few) and "plan: b" in str(few)
        assert "no contact has the trait" in str(report.worklist(by="height"))


def test_those_with_one_chance_are_said_to_be_alike(shared_engine: Engine) -> None:
    """And how many as likely are not listed; where all differ nothing is said."""
    with crowd(shared_engine) as tracker:
        report = tracker.report(as_of=day(60))
        every = report.worklist(limit=None, within="1d")
        sizes = {row.chance: row.alike for row in every.rows}
        assert max(sizes.values()) > 1 and "those with one chance are alike" in str(every)
        assert "are not listed" not in str(every)
        cut = report.worklist(limit=1, within="1d")
        assert cut.rows[0].alike == sizes[cut.rows[0].chance] > 1
        assert f"{cut.rows[0].alike - 1} more who are as likely are not listed" in " ".join(
            cut.notes
        )
        alone = tracker.report().worklist(stage="customer", away_at_most="86d", reason="price")
        assert len(alone.rows) == 1 and "alike" not in " ".join(alone.notes[-1:])


def test_a_mailing_leaves_out_whom_a_trial_holds_out(shared_engine: Engine) -> None:
    """A line for each other, its chance as a share, and days; the header names no more."""
    with crowd(shared_engine) as tracker:
        answer = tracker.report().worklist(limit=None)
        header, *lines = answer.to_mailing_csv().splitlines()
        assert header == ",".join(MAILING)
        assert len(lines) == 25 and not [one for one in lines if one.startswith("c02")]
        (first,) = [one for one in lines if one.startswith("c01")]
        contact, _, *told = first.split(",")
        assert [contact, *told] == [
            "c01",
            "89",
            "visitor",
            "price",
            "2026-01-12",
            "2026-01-21",
            "letter",
            "",
        ]
        by_plan = tracker.report().worklist(by="plan").to_mailing_csv()
        assert by_plan.splitlines()[0].endswith(",group")


def test_a_stage_that_is_none(tracker: Tracker) -> None:
    """What is no stage is refused, with those that there are."""
    with pytest.raises(QuestionError, match="visitor, lead, customer"):
        tracker.report().worklist(stage="buyer")


def test_it_prints(tracker: Tracker) -> None:
    """In eighty columns, with the reason and what each did last."""
    answer = tracker.report().worklist(limit=3)
    text = str(answer)
    assert "3 of the 13 who are away" in text.replace("\n", " ")
    assert "opening 2026-01-01" in text and "moved" in text
    assert max(map(len, answer.to_text(80).splitlines())) <= 80
    told = answer.to_dict()
    assert told["rows"][0]["moments"][-1]["moment"] == "depart"
    assert answer.to_csv().startswith("group,contact,chance,lower,upper,alike,away,")


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": True}, {"within": -HOUR}])
def test_what_cannot_be_asked(tracker: Tracker, asked: dict[str, Any]) -> None:
    """A limit is a whole number, a window a duration."""
    with pytest.raises(QuestionError):
        tracker.report().worklist(**asked)


def test_a_silence_by_its_own_rhythm_has_its_words(shared_engine: Engine) -> None:
    """In every form, where a rhythm decided; of a goodbye, whatever it calls itself, nothing."""
    rhythm = Rhythm(2.5, usual="6d", at_least="5d", at_most="40d")
    funnel = evolve(FUNNEL, patience={"visitor": rhythm, "default": timedelta(days=9)})
    with Tracker(shared_engine, funnel, tenant=uuid4().hex, clock=lambda: day(100)) as tracker:
        for n in (0, 2, 6):
            tracker.track("slow", "came", occurred_at=day(n), id=f"{n}")
        tracker.track("lead", "signed", occurred_at=day(0))
        tracker.track("gone", "came", occurred_at=day(0))
        tracker.track("gone", "left", properties={"why": "silence"}, occurred_at=day(3))
        words = "silent for 11.2 d, 2.5 times its usual 4.5 d between visits"
        for known_by in (None, day(100)):
            answer = tracker.report(known_by=known_by).worklist()
            assert {row.contact: row.silence for row in answer.rows} == {
                "slow": words,
                "lead": None,
                "gone": None,
            }
            assert words in str(answer) and words in answer.to_csv()
            assert words in {row["silence"] for row in answer.to_dict()["rows"]}
        assert "rhythm" not in str(tracker.report(as_of=day(4)).worklist())


SHOP = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "paid": purchase(value="total"), "left": leave("why")},
    currency="EUR",
    patience={"default": None},
)


def shop(engine: Engine, funnel: Funnel = SHOP) -> Tracker:
    """Thirty who bought for 20 or, every third, for 200, and left; a third came back."""
    tracker = Tracker(engine, funnel, tenant=uuid4().hex, clock=lambda: day(100))
    for n in range(30):
        who, total, at = f"c{n:02}", 200 if n % 3 == 0 else 20, -50 if n % 3 == 1 else 10
        tracker.track(who, "paid", properties={"total": total}, occurred_at=day(at - 9))
        if n == 3:
            tracker.track(who, "paid", properties={"total": -200}, occurred_at=day(2))
        tracker.track(who, "left", properties={"why": "price"}, occurred_at=day(at))
        if n % 3 == 1:
            tracker.track(who, "came", occurred_at=day(at + 45) + 16 * n * HOUR)
    tracker.track("new", "came", occurred_at=day(1))
    tracker.track("new", "left", properties={"why": "price"}, occurred_at=day(10))
    return tracker


@pytest.mark.parametrize("is_known", [False, True])
def test_with_values_the_dearest_come_first(shared_engine: Engine, is_known: bool) -> None:
    """By chance times value: own, refunds taken off, or of those alike; and all of it is shown."""
    with shop(shared_engine) as tracker:
        report = tracker.report(as_of=day(50), known_by=day(100) if is_known else None)
        answer = report.worklist(within="20d", limit=None)
        told = {row.contact: row for row in answer.rows}
        assert [row.per_purchase for row in answer.rows[:9]] == [200] * 9
        assert answer.rows[0].contact != "c03" and told["c03"].per_purchase == 0
        assert answer.rows[-1].contact == "c03" and told["c03"].chance_value == 0
        dear, none = told["c00"], told["new"]
        assert dear.chance_value is not None and dear.chance is not None and none.chance is not None
        assert float(dear.chance_value) == pytest.approx(200 * dear.chance)
        assert none.per_purchase == Decimal("73.333333")  # of all 30 purchases: 2,200 less 200
        said = str(answer).replace("\n", " ")
        assert "chance × value" in said and "× value per purchase in EUR" in answer.title
        assert "of 1 of those listed no purchase of a known worth is known" in said
        assert "whose purchases are worth more comes first" in said
        header, first, *_ = answer.to_mailing_csv().splitlines()
        assert header == ",".join(MAILING)
        assert first.endswith(f",{round(dear.chance_value, 2)}")
        assert answer.to_dict()["rows"][0]["per_purchase"] == 200
        bought = report.worklist(within="20d", limit=5)
        assert "no purchase of a known worth" not in str(bought)


def test_without_values_none_is_shown(shared_engine: Engine) -> None:
    """The likeliest come first, and no column says of a value; nor where nobody said any."""
    bare = evolve(SHOP, rules={**SHOP.rules, "paid": purchase()}, currency=None)
    with shop(shared_engine, bare) as tracker:
        answer = tracker.report().worklist()
        header, *lines = answer.to_mailing_csv().splitlines()
        assert "value" not in str(answer) and header == ",".join(MAILING)
        assert lines and all(line.endswith(",") for line in lines)
        nobody = evolve(answer, rows=())
        assert nobody.to_mailing_csv() == f"{header}\n"
        assert {row.chance_value for row in answer.rows} == {None}
    with Tracker(shared_engine, SHOP, tenant=uuid4().hex, clock=lambda: day(100)) as tracker:
        tracker.track("ada", "came", occurred_at=day(1))
        tracker.track("ada", "left", occurred_at=day(2))
        (row,) = tracker.report().worklist().rows
        assert row.per_purchase is None and row.chance_value is None
