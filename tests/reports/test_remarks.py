"""What an answer remarks of itself: what cannot happen, whom nobody can know, what is mistyped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from motfunnel import Funnel, Tracker, complain, leave, outreach, purchase, refer, resolve, touch
from motfunnel.errors import QuestionError
from motfunnel.intake import import_file
from motfunnel.reports.measure.estimate import MOST_COMPARED

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
RULES = {"came": touch(), "paid": purchase(), "moaned": complain(case="case"), "wrote": outreach()}
BY_CONSTRUCTION = "0 by construction"


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def tracker_of(**more: Any) -> Tracker:
    told: dict[str, Any] = {
        "stages": ("visitor", "customer"),
        "rules": RULES,
        "patience": {"default": timedelta(days=20)},
    }
    return Tracker("sqlite://", Funnel(**told | more), clock=lambda: NOW)


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    """Fourteen contacts who came, left by silence, and came again."""
    with tracker_of() as tracker:
        for n in range(14):
            tracker.identify(f"c{n}", {"plan": "free"}, occurred_at=day(0), id="plan")
            tracker.track(f"c{n}", "came", occurred_at=day(1), id="1", properties={"n": n})
            tracker.track(f"c{n}", "moaned", occurred_at=day(2), id="2", properties={"case": "1"})
            tracker.track(f"c{n}", "came", occurred_at=day(40), id="3", properties={"n": n})
        yield tracker


@pytest.mark.parametrize("rate", ["relapse", "departure_after_complaint", "complaints"])
def test_what_no_window_so_short_can_hold_is_remarked(tracker: Tracker, rate: str) -> None:
    """Where nothing says that a contact leaves, a window below every patience has no departure."""
    ask = getattr(tracker.report(), rate)
    short, long = ask(within=timedelta(days=19)), ask(within=timedelta(days=20))
    assert BY_CONSTRUCTION in str(short) and "20d" in " ".join(short.notes)
    assert BY_CONSTRUCTION not in str(long)


def test_what_the_funnel_cannot_say_is_remarked() -> None:
    """Without an outreach there is no coverage; with a rule for leaving, a short window will do."""
    rules = {"came": touch()}
    with tracker_of(rules=rules) as silent, tracker_of(rules=RULES | {"left": leave()}) as other:
        assert "is an outreach" in " ".join(silent.report().coverage(within=MONTH).notes)
        assert BY_CONSTRUCTION in " ".join(silent.report().recovery(within=MONTH).notes)
        assert BY_CONSTRUCTION not in str(other.report().coverage(within=MONTH))
        assert BY_CONSTRUCTION not in str(other.report().relapse(within=timedelta(days=1)))
    with tracker_of(patience={"default": None}) as patient:
        assert "no silence means" in str(patient.report().relapse(within=MONTH * 99))


def test_only_the_patience_of_those_counted_matters() -> None:
    """Nobody is at a stage with a short patience: then it does not shorten the wait."""
    patience = {"visitor": timedelta(days=5), "customer": timedelta(days=20)}
    with tracker_of(patience=patience) as tracker:
        for at in (1, 40):
            tracker.track("ada", "paid", occurred_at=day(at), id=str(at))
        ask = tracker.report().relapse
        assert "from customer on, 20d" in str(ask(within=timedelta(days=19)))
        assert BY_CONSTRUCTION not in str(ask(within=timedelta(days=20)))
        tracker.track("ada", "moaned", occurred_at=day(41), id="41", properties={"case": "1"})
        complaints = tracker.report(as_of=day(50)).complaints(within=timedelta(days=19))
        assert "of departures the rate is 0 by construction" in " ".join(complaints.notes)
        assert "from customer on, 20d" in " ".join(complaints.notes)
        tracker.track("bob", "came", occurred_at=day(1), id="1")
        tracker.track("bob", "came", occurred_at=day(100), id="2")
        assert BY_CONSTRUCTION not in str(ask(within=timedelta(days=19)))


def test_cases_that_nothing_resolves_are_remarked(tracker: Tracker) -> None:
    """All are open, whatever the business did; and where there are none, nothing is said."""
    remark = "every case is open by construction"
    assert remark in " ".join(tracker.report().complaints().notes)
    assert remark not in " ".join(tracker.report(as_of=day(1)).complaints().notes)
    rules = RULES | {"solved": resolve(case="case")}
    with tracker_of(rules=rules) as other:
        other.track("ada", "moaned", occurred_at=day(1), id="1")
        assert remark not in " ".join(other.report().complaints().notes)


def test_referrals_that_name_nobody_are_remarked(tracker: Tracker) -> None:
    """Without a name no opening can be credited; with one the yield says what it says."""
    assert "no event of the funnel is a referral" in " ".join(tracker.report().referrals().notes)
    with tracker_of(rules=RULES | {"told": refer("friend")}) as other:
        assert not other.report().referrals().notes
        other.track("ada", "told", occurred_at=day(1), id="1")
        assert "none of 1 referral names another contact" in other.report().referrals().notes[0]
        other.track("ada", "told", properties={"friend": "bob"}, occurred_at=day(2), id="2")
        assert not other.report().referrals().notes


def test_a_period_yet_to_come_counts_nobody(tracker: Tracker) -> None:
    """A cohort that begins after the instant of the question is remarked; one that ends is not."""
    report = tracker.report(as_of=day(100))
    later = report.reactivation(period=(day(101), day(131)))
    assert (later.denominator, later.rate) == (0, None)
    assert "nobody is counted yet" in str(later)
    assert "nobody is counted" not in str(report.reactivation(period=(day(100), day(131))))
    assert "nobody is counted yet" in str(report.recidivism(within=MONTH, departed=(NOW, None)))


def test_a_trait_that_nobody_has_is_remarked(tracker: Tracker) -> None:
    """A mistyped name gives one group, unknown; beside it stands which traits there are."""
    report = tracker.report()
    for answer in (
        report.recidivism(within=MONTH, by="plam"),
        report.funnel(by="plam"),
        report.flows(by="trait:plam"),
        report.retention("month", by="plam"),
        report.lifecycle(by="plam"),
        report.growth(by="plam"),
    ):
        assert any("known traits: plan; a property" in note for note in answer.notes)
    assert "trait" not in str(report.recidivism(within=MONTH, by="plan"))
    early = tracker.report(known_by=NOW).recidivism(within=MONTH, by="plam")
    assert "known traits: plan" in str(early)


def test_a_trait_said_too_late_is_remarked(tracker: Tracker) -> None:
    """A trait that some have, and none had when its clock started, is not called mistyped."""
    tracker.identify("c1", {"late": "yes"}, occurred_at=day(90), id="late")
    notes = tracker.report().recidivism(within=MONTH, by="late").notes
    assert "known of none of those counted" in " ".join(notes)


def test_a_property_that_nothing_has_is_remarked(tracker: Tracker) -> None:
    """Nothing that is counted has it; no list of properties is made."""
    report, note = tracker.report(), "nothing that is counted has the property 'plam' with a value"
    assert note in report.recidivism(within=MONTH, by="property:plam").notes
    assert note in report.complaints(by="plam").notes
    assert note not in report.complaints(by="case").notes


def test_too_many_groups_are_said_not_to_be_compared(tracker: Tracker) -> None:
    """Beyond a dozen groups there is no comparison, and the answer says so."""
    report = tracker.report()
    many = report.conversion("visitor", "customer", within=MONTH, by="property:n")
    assert many.comparison is None and len(many.rows) == 14 > MOST_COMPARED
    assert "the 14 groups are not compared" in str(many)
    few = report.recidivism(within=MONTH, by="stage")
    assert "groups are not compared" not in str(few)


def test_nobody_knows_what_is_yet_to_be_recorded(tracker: Tracker) -> None:
    """A future known_by is refused, as a future as_of is."""
    assert tracker.report(known_by=NOW).known_by == NOW
    with pytest.raises(QuestionError, match=r"known_by .* lies in the future"):
        tracker.report(known_by=NOW + timedelta(microseconds=1))


def test_where_nothing_had_been_recorded_the_answer_says_so(tmp_path: Path) -> None:
    """An import records a whole history at once: before it, nothing was known."""
    history = tmp_path / "history.csv"
    history.write_text("who,what,at\nada,came,2026-01-01\nada,came,2026-03-01\n")
    with tracker_of() as tracker:
        import_file(tracker, history, contact="who", event="what", at="at")
        early = tracker.report(known_by=day(90)).recidivism(within=MONTH)
        remark = "nothing had been recorded by the instant of known-by"
        assert remark in " ".join(str(early).split())
        assert remark in early.to_json()
        later = tracker.report(known_by=NOW).recidivism(within=MONTH)
        assert remark not in later.to_json()
