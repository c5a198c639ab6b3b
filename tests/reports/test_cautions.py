"""Remarks that a careful reader needs: there where they must be, absent where they need not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from statsmodels.stats.multitest import multipletests

from motfunnel import (
    Funnel,
    Tracker,
    complain,
    leave,
    outreach,
    purchase,
    resolve,
    rhythm,
    touch,
)
from motfunnel.reports.measure.rate import Rate
from motfunnel.statistics import SurvivalCurve, holm, log_rank
from motfunnel.statistics.log_rank import LogRank

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
NOW = FIRST + timedelta(days=400)
DAY = timedelta(days=1)
RULES = {"came": touch(), "paid": purchase(), "left": leave(reason="why")}
SILENCE = "not a goodbye"
UNEQUAL = "would be the patience's"
CURVE = "neither is the rate of the newest"

Event = tuple[str, str, float, dict[str, Any]]


def told(*events: Event, traits: dict[str, dict[str, Any]] | None = None, **more: Any) -> Tracker:
    """A tracker of what contacts did, by days."""
    funnel: dict[str, Any] = {"stages": ("visitor", "customer"), "rules": RULES}
    tracker = Tracker("sqlite://", Funnel(**funnel | more), clock=lambda: NOW)
    for contact, said in (traits or {}).items():
        tracker.identify(contact, said, occurred_at=FIRST, id="traits")
    for n, (contact, event, day, properties) in enumerate(events):
        at = FIRST + day * DAY
        tracker.track(contact, event, occurred_at=at, id=str(n), properties=properties)
    return tracker


def silent(stage: str, back: int, of: int, gap: float = 30) -> Iterator[Event]:
    """So many who came once, of whom some came again after a gap."""
    for n in range(of):
        yield f"{stage}{n}", "paid" if stage == "customer" else "came", 0, {}
        if n < back:
            yield f"{stage}{n}", "came", gap + n / 100, {}


def gone(reason: str, back: int, of: int) -> Iterator[Event]:
    """So many who said that they left, of whom some came again."""
    for n in range(of):
        yield f"{reason}{n}", "came", -1, {}
        yield f"{reason}{n}", "left", 0, {"why": reason}
        if n < back:
            yield f"{reason}{n}", "came", 9 + n / 100, {}


def test_a_rate_of_silences_says_what_a_silence_is() -> None:
    """With the patience in force, and how many of the silences end: of the goodbyes nothing."""
    events = [*silent("visitor", 6, 20), *gone("price", 0, 10)]
    with told(*events, patience={"default": 10 * DAY}) as tracker:
        answer = tracker.report().recidivism(within="90d")
        (note,) = [one for one in answer.notes if SILENCE in one]
        assert "a silence of 10d" in note and "30.0% are heard of within 90d" in note
        assert (answer.numerator, answer.denominator) == (6, 30)
        assert SILENCE in str(tracker.report().growth("month"))
        assert "a departure may be" in str(tracker.report().relapse(within="90d"))
        assert "who is merely slow" in " ".join(tracker.report().coverage(within="90d").notes)
        period = (FIRST + 15 * DAY, FIRST + 45 * DAY)
        answer = tracker.report().reactivation(period=period)
        (note,) = [one for one in answer.notes if SILENCE in one]
        assert answer.numerator == 6
        assert "heard of within" not in note  # of those who were away then, whenever they left
    with told(*events, patience={"default": None}) as tracker:
        for name in ("recidivism", "relapse", "coverage"):
            assert SILENCE not in str(getattr(tracker.report(), name)(within="90d"))
        assert SILENCE not in str(tracker.report().growth("month"))
    with told(*gone("price", 3, 10), patience={"default": 500 * DAY}) as tracker:
        assert SILENCE not in str(tracker.report().recidivism(within="90d"))
        assert SILENCE not in str(tracker.report().growth("month"))


def test_groups_of_another_patience_are_not_compared() -> None:
    """The same people, 10 or 40 days patient: their difference is the patience's, and not shown."""
    events = [*silent("visitor", 12, 20), *silent("customer", 6, 20)]
    unlike = {"visitor": 10 * DAY, "customer": 20 * DAY}
    with told(*events, patience=unlike) as tracker:
        answer = tracker.report().recidivism(within="90d", by="stage")
        assert len(answer.rows) == 2 and answer.comparison is None
        assert UNEQUAL in str(answer) and "10d (visitor) or 20d (customer)" in str(answer)
    with told(*events, patience={"default": 10 * DAY}) as tracker:
        answer = tracker.report().recidivism(within="90d", by="stage")
        assert answer.comparison is not None and UNEQUAL not in str(answer)
        assert "a silence of 10d, not" in str(answer)


def test_a_rhythm_is_many_patiences() -> None:
    """Whoever departs by a rhythm has a patience of its own: such groups are shown, not compared.

    Where a rhythm decided about none of those that are counted, groups are compared.
    """
    own = rhythm(2, usual="5d", at_least="2d", at_most="90d")
    events = [*silent("visitor", 12, 20), *silent("customer", 6, 20)]
    plans = {contact: {"plan": "ab"[n // 2 % 2]} for n, (contact, *_) in enumerate(events)}
    for patience in ({"default": own}, {"visitor": own, "customer": 10 * DAY}):
        with told(*events, traits=plans, patience=patience) as tracker:
            for by in ("stage", "plan"):
                answer = tracker.report().recidivism(within="90d", by=by)
                assert len(answer.rows) == 2 and answer.comparison is None
                assert UNEQUAL in str(answer) and "2 times the usual gap, 2d to 90d" in str(answer)
    with told(*events, traits=plans, patience={"default": 10 * DAY}) as tracker:
        assert tracker.report().recidivism(within="90d", by="plan").comparison is not None
    visitors = events[: len(events) // 2 + 3]
    with told(
        *(one for one in visitors if one[0].startswith("visitor")),
        traits=plans,
        patience={"visitor": 10 * DAY, "customer": own},
    ) as tracker:
        answer = tracker.report().recidivism(within="90d", by="plan")
        assert answer.comparison is not None and UNEQUAL not in str(answer)
    goodbyes = [*gone("price", 4, 12), *gone("moved", 8, 11)]
    with told(
        *goodbyes, patience={"default": rhythm(9, usual="90d", at_least="1d", at_most="900d")}
    ) as tracker:
        answer = tracker.report().recidivism(within="90d", by="reason")
        assert answer.comparison is not None and UNEQUAL not in str(answer)


def test_silence_is_not_compared_with_what_was_said() -> None:
    """Reasons are compared with one another, and silence with none of them."""
    events = [*silent("visitor", 5, 12), *gone("price", 4, 12), *gone("moved", 8, 11)]
    with told(*events, patience={"default": 10 * DAY}) as tracker:
        answer = tracker.report().recidivism(within="90d", by="reason")
        (compared,) = answer.comparisons
        assert compared.against == "price"
        assert [one.group for one in compared.differences] == ["moved"]
        assert [row.group for row in answer.rows] == ["moved", "price", "silence"]
        assert UNEQUAL in str(answer)
    with told(*gone("price", 4, 12), *gone("moved", 8, 11)) as tracker:
        answer = tracker.report().recidivism(within="90d", by="reason")
        assert answer.comparison is not None and UNEQUAL not in str(answer)


def test_groups_that_mix_patiences_are_not_compared() -> None:
    """Each plan holds visitors and customers, whose patience differs."""
    events = [*silent("visitor", 12, 20), *silent("customer", 6, 20)]
    plans = {contact: {"plan": "ab"[n // 2 % 2]} for n, (contact, *_) in enumerate(events)}
    unlike = {"visitor": 10 * DAY, "customer": 20 * DAY}
    with told(*events, traits=plans, patience=unlike) as tracker:
        answer = tracker.report().recidivism(within="90d", by="plan")
        assert answer.comparison is None and UNEQUAL in str(answer)
        assert 'by=("stage", "plan") holds these apart' in " ".join(str(answer).split())
        both = tracker.report().recidivism(within="90d", by=("stage", "plan"))
        assert [one.against.split(" · ")[0] for one in both.comparisons] == ["customer", "visitor"]
        assert "holds these apart" not in str(both)
    with told(*events, traits=plans, patience={"default": 10 * DAY}) as tracker:
        answer = tracker.report().recidivism(within="90d", by="plan")
        assert answer.comparison is not None and "holds these apart" not in str(answer)


def drifting(newer: int) -> Tracker:
    """Twenty who left long ago, of whom ten came back at once, and twenty who left lately."""
    events = list[Event]()
    for n in range(40):
        is_old, came = n < 20, n % 20 < (10 if n < 20 else newer)
        left = 0.0 if is_old else 340 + n / 10
        events.append((f"c{n}", "came", left - 1, {}))
        events.append((f"c{n}", "left", left, {}))
        if came:
            events.append((f"c{n}", "came", left + 1 + n % 20 * 2, {}))
    return told(*events, patience={"default": None})


def test_a_rate_apart_from_its_curve_is_remarked() -> None:
    """Whose rate each is, where they differ; and more where the one lies outside the other."""
    with drifting(newer=20) as tracker:
        answer = tracker.report().recidivism(within="90d")
        ends = answer.km.interval
        assert ends is not None and answer.rate is not None and answer.rate < ends.lower
        assert "lies outside the interval of the curve" in " ".join(answer.notes)
        assert CURVE in " ".join(answer.notes) and "(the departure) by 2025-11-07" in str(answer)
        old = tracker.report().recidivism(within="90d", departed=(None, FIRST + DAY))
        assert CURVE not in str(old)
    with drifting(newer=8) as tracker:
        answer = tracker.report().recidivism(within="90d")
        assert "lies outside" not in " ".join(answer.notes) and CURVE in " ".join(answer.notes)


def test_what_the_erased_may_have_done_is_bounded() -> None:
    """With counts kept they count as not returned; without, all or none of them may have."""
    with told(*gone("price", 4, 12)) as tracker:
        whole = str(tracker.report().recidivism(within="90d"))
        assert "count as without" not in whole and "if the erased were" not in whole
        tracker.forget("price0", keep_counts=True)
        tracker.forget("price1")
        tracker.forget("price11")
        answer = tracker.report().recidivism(within="90d")
        assert (answer.numerator, answer.denominator, answer.row.erased_count) == (3, 10, 0)
        assert "if the erased were unlike the rest, the rate is biased" in str(answer)
        assert "25.0% to 41.7%" in " ".join(answer.remarks)
        tracker.forget("price10", keep_counts=True)
        answer = tracker.report().recidivism(within="90d")
        assert "the 1 erased with counts kept count as without the event" in str(answer)


def test_whoever_was_there_before_looks_new_at_first() -> None:
    """Within one patience of where the history begins, and not after it."""
    with told(*silent("visitor", 5, 9, gap=80), patience={"default": 40 * DAY}) as tracker:
        for name in ("lifecycle", "growth", "retention"):
            ask = getattr(tracker.report(), name)
            assert "looks new at first, within one patience of it, 40d" in " ".join(
                ask("month").notes
            )
            later = ask("month", since=FIRST + 60 * DAY)
            assert "looks new" not in " ".join(later.notes)


def test_who_is_with_us_is_kept_by_patience_at_first() -> None:
    """Of those who opened so many are with us; erased ones, whose counts were kept, are not."""
    events = silent("visitor", 0, 4)
    with told(*events, patience={"default": 40 * DAY}) as tracker:
        tracker.track("visitor3", "left", occurred_at=FIRST + 3 * DAY, id="left")
        answer = tracker.report().retention("month", how="with-us")
        first = answer.rows[0]
        assert [cell.retained for cell in first.cells][:3] == [3, 0, 0]
        assert first.cells[0].interval is not None and first.contacts == 4
        assert "near 100% by construction" in str(answer) and "with us at the end" in str(answer)
        assert "by construction" not in str(tracker.report().retention("month"))
        early = tracker.report(as_of=FIRST + 30 * DAY).retention("month", how="with-us")
        assert early.rows[0].cells[0].retained is None
    with told(*silent("visitor", 0, 4), patience={"default": None}) as tracker:
        tracker.forget("visitor1", keep_counts=True)
        answer = tracker.report().retention("month", how="with-us")
        assert [cell.retained for cell in answer.rows[0].cells][:2] == [4, 4]
        assert "near 100%" not in str(answer)


def test_several_groups_are_compared_in_pairs() -> None:
    """Each with the reference by the log-rank test, by Holm for all; not the common test."""
    drawn = Random(7)
    events, curves = list[Event](), dict[str, list[tuple[int, bool]]]()
    for reason, pace, of in (("a", 20, 60), ("b", 30, 40), ("c", 80, 40), ("d", 25, 30)):
        for n in range(of):
            waited = 1 + int(drawn.expovariate(1 / pace) * 1000)
            events.append((f"{reason}{n}", "came", -1, {}))
            events.append((f"{reason}{n}", "left", 0, {"why": reason}))
            events.append((f"{reason}{n}", "came", waited / 1000, {}))
            curves.setdefault(reason, []).append((waited, True))
    with told(*events) as tracker:
        answer: Rate = tracker.report().recidivism(within="30d", by="reason")
    compared = answer.comparison
    assert compared is not None and compared.against == "a" and compared.log_rank is not None
    alone = {reason: SurvivalCurve.from_observations(one) for reason, one in curves.items()}
    pairs = [log_rank([alone["a"], alone[reason]]) for reason in "bcd"]
    raw = [test.p_value for test in pairs if isinstance(test, LogRank)]
    _, right, _, _ = multipletests(raw, method="holm")
    assert [one.p_value for one in compared.differences] == pytest.approx(raw)
    assert [one.adjusted for one in compared.differences] == pytest.approx(list(right))
    whole = log_rank(alone.values())
    assert whole is not None and compared.log_rank.p_value == pytest.approx(whole.p_value)
    assert "3 comparisons" in compared.caption and "Holm" in compared.caption
    assert "Holm" not in str(tracker_of_two())


def tracker_of_two() -> Rate:
    with told(*gone("price", 4, 12), *gone("moved", 8, 11)) as tracker:
        return tracker.report().recidivism(within="90d", by="reason")


def test_holm_is_statsmodels() -> None:
    """Whatever the p-values, ties among them, and those that come to more than 1."""
    drawn = Random(5)
    for many in 1, 2, 7:
        given = [round(drawn.random() ** 3, 1) for _ in range(many)]
        _, right, _, _ = multipletests(given, method="holm")
        assert holm(given) == pytest.approx(list(right))


WITH_MORE = {
    **RULES,
    "moaned": complain(case="case"),
    "solved": resolve(case="case"),
    "wrote": outreach(arm="arm", holdout="control"),
}
ASKED: dict[str, dict[str, Any]] = {
    "funnel": {},
    "flows": {},
    "retention": {"how": "with-us"},
    "complaints": {},
    "holdout": {"within": "90d"},
    "landmark": {"within": "90d", "after": "5d"},
    "mantel_byar": {},
    "worklist": {},
}


def written_to(last: str) -> Iterator[Event]:
    """So many who came, complained, and were written to when they had left; some came again."""
    for n in range(20):
        who, arm = f"{last}{n}", {"arm": "control" if n % 2 else "letter"}
        yield who, "came", 0, {}
        yield who, "moaned", 1, {}
        if last == "goodbye":
            yield who, "left", 2, {"why": "price"}
        yield who, "wrote", 61, arm
        if n < 5:
            yield who, "came", 70, {}


@pytest.mark.parametrize("name", ASKED)
def test_whatever_counts_departures_says_what_a_silence_is(name: str) -> None:
    """And says nothing of it where no silence is a departure, or nobody has left."""
    with told(*written_to("silence"), rules=WITH_MORE, patience={"default": 50 * DAY}) as tracker:
        (note,) = [
            one for one in getattr(tracker.report(), name)(**ASKED[name]).remarks if SILENCE in one
        ]
        assert "a silence of 50d" in note and "what the data suggest" in note
        early = tracker.report(as_of=FIRST + 20 * DAY)
        if name != "retention":  # how many are with us rests on nobody's having left
            assert SILENCE not in str(getattr(early, name)(**ASKED[name]))
    with told(*written_to("goodbye"), rules=WITH_MORE, patience={"default": None}) as tracker:
        assert SILENCE not in str(getattr(tracker.report(), name)(**ASKED[name]))


def test_goodbyes_alone_are_no_silences() -> None:
    """Where one sees why each left, nothing is said of a patience that nobody was measured by."""
    events = [one for one in written_to("goodbye") if one[2] != 70]
    with told(*events, rules=WITH_MORE, patience={"default": 500 * DAY}) as tracker:
        for name in ("holdout", "landmark", "mantel_byar", "worklist"):
            assert SILENCE not in str(getattr(tracker.report(), name)(**ASKED[name]))


@pytest.mark.parametrize("name", ["funnel", "flows"])
def test_where_the_history_begins_everybody_looks_new(name: str) -> None:
    """Unless those alone are counted who opened later than one patience after it."""
    events = [*silent("visitor", 5, 9, gap=80), ("late", "came", 60, {})]
    with told(*events, patience={"default": 40 * DAY}) as tracker:
        ask = getattr(tracker.report(), name)
        assert "looks new at first, within one patience of it, 40d" in " ".join(ask().notes)
        later = ask(opened=(FIRST + 50 * DAY, None))
        assert later.rows and "looks new" not in " ".join(later.notes)
    with told(*events, patience={"default": None}) as tracker:
        assert "looks new" not in " ".join(getattr(tracker.report(), name)().notes)


def test_a_comparison_of_arms_has_no_periods_to_look_at() -> None:
    """Rate and curve differ, and that is said; but not to look at what cannot be asked."""
    events: list[Event] = []
    for n in range(60):
        who, shift = f"c{n}", 0 if n < 30 else 300
        events += [
            (who, "came", shift, {}),
            (who, "left", shift + 1, {"why": "price"}),
            (who, "wrote", shift + 2, {"arm": "letter" if n % 2 else "control"}),
        ]
        if n < 3 or 30 <= n < 50:
            events.append((who, "came", shift + 9 + n / 60, {}))
    with told(*events, rules=WITH_MORE, patience={"default": None}) as tracker:
        report = tracker.report()
        for answer in (
            report.holdout(within="120d"),
            report.landmark(within="120d", after="3d"),
            report.recidivism(within="120d"),
        ):
            said = " ".join(answer.notes)
            assert CURVE in said, answer.name
            assert ("look at per=" in said) == (answer.name == "recidivism")


def complaint(who: str, case: str, *days: float) -> Iterator[Event]:
    """A case that was opened and resolved in turns."""
    for n, day in enumerate(days):
        yield who, "solved" if n % 2 else "moaned", day, {"case": case}


def test_a_case_that_opened_again_is_measured_whole() -> None:
    """From its first opening to its last resolution: each opening by itself looks quicker."""
    remark = "from first opening to last resolution: median"
    once = [*complaint("ada", "1", 1, 3), *complaint("bob", "1", 1, 4)]
    with told(*once, rules=WITH_MORE) as tracker:
        assert remark not in " ".join(tracker.report().complaints().notes)
    again = [
        *once,
        *complaint("cem", "1", 1, 2, 6, 11),
        *complaint("cem", "2", 1, 2, 3, 4, 5, 21),
        *complaint("dot", "1", 1, 2, 30),
    ]
    with told(*again, rules=WITH_MORE) as tracker:
        said = " ".join(tracker.report().complaints().notes)
        assert "of the 3 cases opened again" in said and f"{remark} 20.0 d" in said
        early = " ".join(tracker.report(as_of=FIRST + 12 * DAY).complaints().notes)
        assert "of the 2 cases opened again" in early and f"{remark} 10.0 d" in early
    with told(*complaint("dot", "1", 1, 2, 30), rules=WITH_MORE) as tracker:
        assert f"{remark} not reached" in " ".join(tracker.report().complaints().notes)


def test_outcomes_apart_from_their_estimates_are_remarked() -> None:
    """Of the old complaints few recovered, of the new ones most: neither share is the newest's."""
    events: list[Event] = []
    for n in range(60):
        who, shift = f"c{n}", 0 if n < 30 else 340
        events.append((who, "moaned", shift, {}))
        if n < 3 or 30 <= n < 50:
            events.append((who, "paid", shift + 5 + n / 60, {}))
    with told(*events, rules=WITH_MORE, patience={"default": None}) as tracker:
        said = " ".join(tracker.report().complaints(within="90d").notes)
        assert CURVE in said and "(the first complaint) by 2025-11-07" in said
        assert CURVE not in " ".join(tracker.report().complaints(within="30d").notes)


def test_of_the_erased_it_is_said_how_they_count() -> None:
    """In each report in its own words; where nobody was erased, nothing."""
    asked = {
        "funnel": "count as having gone no further",
        "retention": "none is with us since",
        "mantel_byar": "count as away until then",
    }
    with told(*written_to("silence"), rules=WITH_MORE, patience={"default": 50 * DAY}) as tracker:
        for name, remark in asked.items():
            assert remark not in str(getattr(tracker.report(), name)(**ASKED[name]))
        tracker.forget("silence9", keep_counts=True)
        for name, remark in asked.items():
            assert remark in " ".join(getattr(tracker.report(), name)(**ASKED[name]).notes)


def test_a_goodbye_that_is_called_silence_is_none(shared_engine: Engine) -> None:
    """It has a group of its own, is not held to the patience, and stays apart after a rebuild."""
    rules = {"came": touch(), "left": leave("why")}
    funnel = Funnel(stages=("visitor", "customer"), rules=rules, patience={"default": 9 * DAY})
    start = datetime(2025, 1, 1, tzinfo=UTC)
    tenant = uuid4().hex
    with Tracker(shared_engine, funnel, tenant=tenant, clock=lambda: start + 99 * DAY) as tracker:
        for contact in ("quiet", "loud"):
            tracker.track(contact, "came", occurred_at=start)
        tracker.track("loud", "left", properties={"why": "silence"}, occurred_at=start + DAY)
        for _ in range(2):
            answer = tracker.report().recidivism(within="30d", by="reason")
            assert {row.group: answer.members(row, "denominator") for row in answer.rows} == {
                "silence": ["quiet"],
                "silence, as said": ["loud"],
            }
            tracker.rebuild()


def test_a_silence_has_no_property(shared_engine: Engine) -> None:
    """It is said of how many, and what is known of them; nothing where all said goodbye."""
    rules = {"came": touch(), "left": leave()}
    funnel = Funnel(stages=("visitor", "customer"), rules=rules, patience={"default": 9 * DAY})
    start = datetime(2025, 1, 1, tzinfo=UTC)
    tenant = uuid4().hex
    with Tracker(shared_engine, funnel, tenant=tenant, clock=lambda: start + 99 * DAY) as tracker:
        for contact in ("loud", "quiet", "still"):
            tracker.identify(contact, {"plan": "team"}, occurred_at=start)
            tracker.track(contact, "came", occurred_at=start + DAY)
            if contact == "loud":
                plan = {"plan": "pro"}
                tracker.track(contact, "left", occurred_at=start + 2 * DAY, properties=plan)
            told = {
                by: [
                    one
                    for one in report.recidivism(within="9d", by=by).notes
                    if "no event says" in one
                ]
                for report in [tracker.report()]
                for by in ("property:plan", "plan", "event")
            }
            silent = {"loud": 0, "quiet": 1, "still": 2}[contact]
            said = f"plan is unknown of the {silent} departure{'s' * (silent > 1)} by silence"
            assert [said in one for one in told["property:plan"]] == [True] * (silent > 0)
            assert not told["plan"] and not told["event"]
        assert 'a trait: by="plan"' in told["property:plan"][0]
