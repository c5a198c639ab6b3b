"""Published cases of silence: sessions, lost users, recency; asked of ours with a patience.

A session of theirs is a stretch of presence of ours: a gap longer than the timeout departs, and the
next event returns. There a session ends with its last event; here it is left when patience ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from motfunnel import Funnel, MomentKind, Tracker, touch
from tests.reports.published import at, tell

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def listen(
    engine: Engine, patience: timedelta, now: datetime, history: Mapping[str, Sequence[str]]
) -> Tracker:
    """A tracker of a new tenant with this patience and history."""
    funnel = Funnel(stages=("a", "b"), rules={"viewed": touch()}, patience={"default": patience})
    tracker = Tracker(engine, funnel, tenant=uuid4().hex, clock=lambda: now)
    tell(tracker, history)
    return tracker


def sessions(tracker: Tracker, contact: str) -> list[datetime]:
    """When each stretch of presence of a contact began."""
    kinds = (MomentKind.OPENING, MomentKind.RECIDIVISM)
    return [m.occurred_at for m in tracker.contact(contact).moments if m.kind in kinds]


def test_split_sessions(shared_engine: Engine) -> None:
    """retentioneering SplitSessions, timeout 30 minutes: a gap of just so long splits nothing."""
    tracker = listen(
        shared_engine,
        30 * MINUTE,
        at("2022-01-02T00:00"),
        {
            "111": ("2022-01-01 00:00", "2022-01-01 00:01", "2022-01-01 00:33", "2022-01-01 00:34"),
            "222": ("2022-01-01 00:30", "2022-01-01 00:31", "2022-01-01 01:01"),
            "333": ("2022-01-01 01:00", "2022-01-01 01:01", "2022-01-01 01:32", "2022-01-01 01:33"),
        },
    )
    starts = {
        "111": ["2022-01-01T00:00", "2022-01-01T00:33"],
        "222": ["2022-01-01T00:30"],
        "333": ["2022-01-01T01:00", "2022-01-01T01:32"],
    }
    assert {who: sessions(tracker, who) for who in starts} == {
        who: [at(when) for when in times] for who, times in starts.items()
    }
    report = tracker.report()
    row = report.growth("day").rows[0]
    assert (row.openings, row.returns, row.openings + row.returns) == (3, 2, 5)
    assert (row.departures, row.present_at_end) == (5, 0)
    # Away from the end of patience on: 111 for 2 minutes, 333 for one.
    rate = report.recidivism(within=MINUTE, unit="episode")
    assert (rate.numerator, rate.denominator, rate.members()) == (1, 5, ["333"])
    assert report.recidivism(within=2 * MINUTE, unit="episode").members() == ["111", "333"]


def test_label_lost_users(shared_engine: Engine) -> None:
    """retentioneering LabelLostUsers, timeout 4 hours: lost is who is silent for longer by the end.

    There the end is that of all data; who is not lost is only absent.
    """
    last = at("2022-01-02T00:00:05")
    tracker = listen(
        shared_engine,
        4 * HOUR,
        last,
        {
            "1": ("2022-01-01 00:01", "2022-01-01 00:02", "2022-01-01 00:01:02",
                  "2022-01-01 00:03", "2022-01-01 00:04", "2022-01-01 00:05"),
            "2": ("2022-01-02 00:00", "2022-01-02 00:00:05", "2022-01-02 00:00:05"),
        },
    )  # fmt: skip
    answer = tracker.report().worklist()
    assert [row.contact for row in answer.rows] == ["1"]
    assert answer.rows[0].departed_at == at("2022-01-01T00:05") + 4 * HOUR
    exactly = tracker.report(as_of=at("2022-01-01T04:05"))
    just_before = tracker.report(as_of=at("2022-01-01T04:05") - timedelta(microseconds=1))
    assert (exactly.worklist().departed, just_before.worklist().departed) == (1, 0)


def test_session_windows(shared_engine: Engine) -> None:
    """Kafka Streams SessionWindows, gap 5: 10, 12 and 20 are two sessions; 16, late, makes one.

    Who asks by what was known before is told of two still.
    """
    clock = [at("2022-01-02T00:00")]
    funnel = Funnel(stages=("a", "b"), rules={"viewed": touch()}, patience={"default": 5 * MINUTE})
    tracker = Tracker(shared_engine, funnel, tenant=uuid4().hex, clock=lambda: clock[0])
    minutes = {n: f"2022-01-01T00:{n}" for n in (10, 12, 16, 20)}
    tell(tracker, {"A": [minutes[n] for n in (10, 12, 20)]})
    assert sessions(tracker, "A") == [at(minutes[10]), at(minutes[20])]
    before = clock[0]
    clock[0] += HOUR
    tell(tracker, {"A": [minutes[16]]})
    assert sessions(tracker, "A") == [at(minutes[10])]
    for known_by, returns in ((None, 0), (before, 1), (clock[0], 0)):
        report = tracker.report(known_by=known_by)
        row = report.growth("day").rows[0]
        assert (row.openings, row.returns, row.departures) == (1, returns, returns + 1)
        assert report.recidivism(within=HOUR, unit="episode").numerator == returns


BOUGHT = {
    "1": ("2015-01-01", "2015-02-06"),
    "2": ("2015-01-01",),
    "3": ("2015-01-01", "2015-01-02", "2015-01-05"),
    "4": ("2015-01-16", "2015-02-02", "2015-02-05"),
    "5": ("2015-01-16", "2015-01-17", "2015-01-18"),
    "6": ("2015-02-02",),
}
SUMMARY = {
    "1": (1, 36, 37),
    "2": (0, 0, 37),
    "3": (2, 4, 37),
    "4": (2, 20, 22),
    "5": (2, 2, 22),
    "6": (0, 0, 5),
}
"""What lifetimes makes of it by 7 February: repeats, recency and age, in days."""


@pytest.mark.parametrize("patience", [3, 10])
def test_recency(shared_engine: Engine, patience: int) -> None:
    """lifetimes test_summary_date_from_transaction_with_monetary_values: frequency, recency, T.

    Silent since T − recency: so long less the patience has one been away. Each repeat ended a
    silence, and each contact has one that lasts.
    """
    tracker = listen(shared_engine, patience * DAY, at("2015-02-07"), BOUGHT)
    report = tracker.report()
    away = {row.contact: row.away for row in report.worklist(limit=None).rows}
    silent = {who: (age - recency) * DAY for who, (_, recency, age) in SUMMARY.items()}
    assert away == {
        who: since - patience * DAY for who, since in silent.items() if since >= patience * DAY
    }
    row = report.patience(horizon=DAY).rows[0]
    assert row.silences == sum(repeats + 1 for repeats, _, _ in SUMMARY.values())
    # Gaps of 36, 1, 3, 17, 3, 1 and 1 days ended; of 1, 37, 33, 2, 20 and 5 last.
    lengths = {3: (2, 2 + 2 + 4), 10: (0, 2 + 3)}
    assert (row.numerator, row.denominator) == lengths[patience]


def test_recency_by_weeks(shared_engine: Engine) -> None:
    """lifetimes test_summary_date_from_transaction_data_with_specific_non_daily_frequency.

    Its frequency is of weeks after the first with a purchase: nine weeks are active in all.
    """
    tracker = listen(shared_engine, 400 * DAY, at("2015-02-07"), BOUGHT)
    rows = tracker.report().lifecycle("week").rows
    assert [str(row.starts_on) for row in rows][:2] == ["2014-12-29", "2015-01-05"]
    repeats = {"1": 1, "2": 0, "3": 1, "4": 1, "5": 0, "6": 0}
    active = [name for row in rows for name in row.names["seen"]]
    assert {who: active.count(who) - 1 for who in BOUGHT} == repeats
    assert sum(row.new for row in rows) == 6
    assert sum(row.returning + row.resurrecting for row in rows) == sum(repeats.values())


def test_calibration_and_holdout(shared_engine: Engine) -> None:
    """lifetimes test_calibration_and_holdout_data…: by 1 February nothing of later is known.

    Who bought first after it is not among them, and what the others bought after it neither.
    """
    tracker = listen(shared_engine, 400 * DAY, at("2015-02-07"), BOUGHT)
    early = tracker.report(as_of=datetime(2015, 2, 2, tzinfo=UTC) - timedelta(microseconds=1))
    weeks = early.lifecycle("week").rows
    repeats = {"1": 0, "2": 0, "3": 1, "4": 0, "5": 0}
    active = [name for row in weeks for name in row.names["seen"]]
    assert {who: active.count(who) - 1 for who in set(active)} == repeats
    later = tracker.report().lifecycle("week", since=date(2015, 2, 2)).rows
    held_out = [name for row in later for name in (*row.names["returning"],
                                                   *row.names["resurrecting"])]  # fmt: skip
    assert sorted(held_out) == ["1", "4"]
    assert later[0].names["new"] == ("6",)
