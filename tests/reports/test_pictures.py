"""What is drawn is what the report says, number for number."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import timedelta
from html import escape
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from motfunnel.answers.answer import kinds, picture
from motfunnel.charts.curves import Scale
from motfunnel.charts.labels import label
from motfunnel.charts.scene import Axis
from motfunnel.domain.instant import MICROSECOND
from motfunnel.errors import MissingExtraError, QuestionError
from motfunnel.pages import Section, page
from motfunnel.reports.measure.rate import traced
from motfunnel.reports.progress.flows import ENDS, LARGEST, STEPS
from motfunnel.reports.report import Report
from motfunnel.statistics import CompetingRisks, Curve, SurvivalCurve
from tests.reports.drawn import FUNNEL, HOSTILE

plotly = pytest.importorskip("plotly", reason="no figures without plotly: install the extra plot")

MONTH = timedelta(days=30)
DAY = timedelta(days=1) // MICROSECOND


def traces(figure: Any, **wanted: Any) -> list[dict[str, Any]]:
    """The traces of a figure with these values, as plain data."""
    told = [one.to_plotly_json() for one in figure.data]
    return [one for one in told if all(one.get(key) == value for key, value in wanted.items())]


def trace(figure: Any, **wanted: Any) -> dict[str, Any]:
    (found,) = traces(figure, **wanted)
    return found


def counts(found: dict[str, Any]) -> list[int]:
    """What a trace says when it is pointed at, of which the first word is a count."""
    return [int(one.split()[0].replace(",", "")) for one in found["hovertext"]]


def words(figure: Any) -> str:
    """All that is lettered in a figure."""
    return str(figure.to_dict())


def test_a_curve_is_the_survival_curve(report: Report) -> None:
    """Each point, each edge of the band, the number at the window's end, and those at risk."""
    rate = report.recidivism(within=MONTH)
    figure, km = rate.figure(), rate.km
    assert isinstance(km.curve, SurvivalCurve)
    line = trace(figure, mode="lines", showlegend=None)
    at = [round(day * DAY) for day in line["x"]]
    assert len(at) > 3
    assert list(line["y"])[1:] == [km.curve.probability(t) for t in at[1:]]
    for name in ("lower", "upper"):
        ends = [km.curve.probability_interval(t) for t in at]
        expected = [0.0 if end is None else getattr(end, name) for end in ends]
        assert list(trace(figure, name=name)["y"]) == expected
    end = trace(figure, name="at the window's end")
    assert (list(end["x"]), list(end["y"])) == ([30.0], [km.probability])
    assert km.interval is not None and km.probability is not None
    assert end["y"][0] + end["error_y"]["array"][0] == pytest.approx(km.interval.upper)
    assert end["y"][0] - end["error_y"]["arrayminus"][0] == pytest.approx(km.interval.lower)
    risk = trace(figure, name="at risk")
    assert [int(n.replace(",", "")) for n in risk["text"]] == [
        km.curve.at_risk(day * DAY) for day in risk["x"]
    ]
    assert f"{rate.numerator} of {rate.denominator} observed" in words(figure)


def test_no_curve_is_drawn_where_none_is_quoted(report: Report) -> None:
    """Below ten in effect the line ends, and a picture without any line says why."""
    few = report.recidivism(within=MONTH, departed=(None, report.as_of - timedelta(days=85)))
    figure = few.figure()
    assert 0 < few.km.curve.at_risk(0) < 10
    assert [list(one["x"]) for one in traces(figure, mode="lines")] == [[], [], []]
    assert "it rests on fewer than 10 in effect" in words(figure)
    assert "No figure: it rests on fewer than 10 in effect" in page([Section("few", few)])


def test_repeated_episodes_have_no_band(report: Report) -> None:
    """A band that takes episodes for independent would be too narrow."""
    figure = report.recidivism(within=MONTH, unit="episode").figure()
    assert traces(figure, name="upper") == []


@given(
    st.lists(st.tuples(st.integers(0, 900), st.sampled_from(["happened", "erased", None]))),
    st.integers(0, 1000),
)
def test_a_traced_curve(observed: list[tuple[int, str | None]], window: int) -> None:
    """Rises, ends in the window and where it rests on ten, and says what the curve says."""
    plain = SurvivalCurve.from_observations((t, how == "happened") for t, how in observed)
    risks = CompetingRisks.from_observations(observed, causes=["happened"])
    risks = risks.of("happened")
    within = window * MICROSECOND
    scale = Scale("microseconds", MICROSECOND, window)
    both: tuple[Curve, ...] = (plain, risks)
    for curve in both:
        steps = traced(curve, within, 0.95, scale)
        assert [step.share for step in steps] == sorted(step.share for step in steps)
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        numbers = [curve.effective_number(round(step.at)) or 0 for step in steps]
        assert all(number >= 10 - 1e-9 for number in numbers)
        assert all(step.at <= window for step in steps)
        if (curve.effective_number(window) or 0) >= 10:
            assert steps[-1].at == window
        assert all(step.lower <= step.share <= step.upper for step in steps)
        assert len(steps) <= 403
    steps = traced(plain, within, 0.95, scale)[1:]
    assert [step.share for step in steps] == [plain.probability(round(step.at)) for step in steps]


def test_rates_by_group(report: Report) -> None:
    """A dot for each group with its interval, its counts beside it, and none where none is."""
    rate = report.recidivism(within=timedelta(days=60), by="source")
    figure = rate.figure("rates")
    dots = trace(figure, mode="markers")
    assert list(dots["x"]) == [row.rate for row in rate.rows]
    for n, row in enumerate(rate.rows):
        assert row.rate is not None and row.interval is not None
        assert dots["x"][n] + dots["error_x"]["array"][n] == pytest.approx(row.interval.upper)
        assert dots["x"][n] - dots["error_x"]["arrayminus"][n] == pytest.approx(row.interval.lower)
        assert f"{row.numerator} of {row.denominator}" in figure.layout.annotations[n].text
    nobody = report.recidivism(within=timedelta(days=900), by="source")
    assert set(trace(nobody.figure(), mode="markers")["x"]) == {None}
    assert "nobody observed" in words(nobody.figure())


def test_each_group_has_its_curve(report: Report) -> None:
    """Of a grouped rate there is a second picture, with a line for each group."""
    rate = report.recidivism(within=MONTH, by="source")
    assert kinds(rate) == ("rates", "curve")
    ends = traces(rate.figure("curve"), name="at the window's end")
    assert [list(one["y"]) for one in ends] == [[row.km.probability] for row in rate.rows]


def test_the_funnel(report: Report) -> None:
    """A bar for each stage, as long as many reached it, all from one edge."""
    funnel = report.funnel()
    assert list(trace(funnel.figure(), type="bar")["x"]) == [row.contacts for row in funnel.rows]
    for width in (720, 340):
        bars = re.findall(r'<rect class="bar [^"]*" x="([^"]*)"', funnel.svg("funnel", width=width))
        assert len(bars) == len(funnel.rows) and len({*bars}) == 1
    grouped = report.funnel(by="source")
    bars = traces(grouped.figure(), type="bar")
    drawn = [share for bar in bars for share in bar["x"]]
    assert drawn == [row.from_first for row in grouped.rows]


def test_lifecycle(report: Report) -> None:
    """Those who fell off stand below the line; a period that is not over is hatched."""
    lifecycle = report.lifecycle("month")
    figure = lifecycle.figure()
    for part in ("new", "returning", "resurrecting"):
        drawn = list(trace(figure, name=lifecycle.word(part))["y"])
        assert drawn == [getattr(row, part) for row in lifecycle.rows]
    dormant = trace(figure, name="not seen")
    assert list(dormant["y"]) == [
        None if row.unfinished else -row.dormant for row in lifecycle.rows
    ]
    assert "hatched: not over yet; not seen: cannot be told yet" in words(figure)
    assert "cannot be told yet" not in words(report.growth("month").figure())
    shapes = dormant["marker"]["pattern"]["shape"]
    assert [bool(one) for one in shapes] == [row.unfinished for row in lifecycle.rows]
    assert lifecycle.rows[-1].unfinished


def test_growth(report: Report) -> None:
    """Openings, returns and departures, and who is present; of groups a panel for each."""
    growth = report.growth("month")
    figure = growth.figure()
    present = trace(figure, name="with us at the end")
    assert list(present["y"]) == [row.present_at_end for row in growth.rows]
    assert list(trace(figure, name="left")["y"]) == [-row.departures for row in growth.rows]
    by_source = report.growth("month", by="source")
    opened = traces(by_source.figure(), name="new")
    drawn = [count for one in opened for count in one["y"]]
    assert drawn == [row.openings for row in by_source.rows]
    assert len({one.get("yaxis", "y") for one in opened}) == 3
    assert [one["showlegend"] for one in opened] == [True, False, False]


def test_retention(report: Report) -> None:
    """A cell for each cohort and period; those that are not over yet stay blank."""
    retention = report.retention("month")
    first, rest = (one["z"] for one in traces(retention.figure(), type="heatmap"))
    cells = [[*one, *more] for one, more in zip(first, rest, strict=True)]
    opened = [row for row in retention.rows if row.contacts]
    for line, row in zip(cells, opened, strict=True):
        shares = [one.share for one in row.cells]
        assert list(line) == shares + [None] * (len(line) - len(shares))
    assert any(None in list(line) for line in cells)


def test_flows(report: Report) -> None:
    """Each flow of the first steps is a link, and as much leaves a node as comes to it."""
    flows = report.flows()
    links = trace(flows.figure(), type="sankey")
    drawn = Counter(dict.fromkeys(range(len(links["node"]["label"])), 0))
    assert sum(links["link"]["value"]) == sum(
        row.transitions for row in flows.rows if row.step is not None and row.step <= STEPS
    )
    for source, target, value in zip(
        links["link"]["source"], links["link"]["target"], links["link"]["value"], strict=True
    ):
        drawn[source] -= value
        drawn[target] += value
    names = links["node"]["customdata"]
    inner = [n for n, one in enumerate(names) if one not in ENDS and not one.endswith(", goes on")]
    started = [n for n in inner if drawn[n] < 0]
    assert [names[n] for n in started] == ["opening"]
    assert drawn[started[0]] == -flows.contacts
    assert all(drawn[n] == 0 for n in inner if n not in started)


def test_the_largest_flows(report: Report) -> None:
    """Twelve are told apart; of the rest, what leaves a moment that is drawn is one, to a step."""
    flows = report.flows(steps=4)
    link, node = (trace(flows.figure("largest"), type="sankey")[one] for one in ("link", "node"))
    names = node["customdata"]
    drawn = [*zip(link["source"], link["target"], link["value"], strict=True)]
    largest = sorted((row.transitions for row in flows.rows), reverse=True)
    told = sorted((n for _, target, n in drawn if names[target] != "other"), reverse=True)
    assert len(largest) > LARGEST
    assert told == largest[:LARGEST]
    assert not [source for source, _, _ in drawn if names[source] == "other"]
    leaving = {(row.step, row.source): row.leaving for row in flows.rows}
    out = Counter[int]()
    for source, _, n in drawn:
        out[source] += n
    assert len({*out.values()} - {*leaving.values()}) == 0
    assert out[names.index("opening")] == flows.contacts


def test_few_flows_are_all_drawn(report: Report) -> None:
    """Where there are no more than that, it is the same picture."""
    flows = report.flows(steps=1)
    assert len(flows.rows) <= LARGEST
    assert flows.figure("largest").to_json() == flows.figure().to_json()


def test_touchpoints(report: Report) -> None:
    """Two dots for each touchpoint, a line between them where both are known."""
    answer = report.touchpoints()
    figure = answer.figure("gaps")
    for name in ("expected", "experienced"):
        drawn = list(trace(figure, name=name)["x"])
        assert drawn == [getattr(row, name) for row in answer.rows]
    worse = list(trace(figure, name="worse")["x"])
    gaps = [row.gap for row in answer.rows if row.gap is not None and row.gap < 0]
    lines = [b - a for a, b in zip(worse[::3], worse[1::3], strict=True)]
    assert gaps and lines == pytest.approx(gaps)
    bad = trace(answer.figure("verdicts"), name="bad")
    assert counts(bad) == [row.verdicts.bad for row in answer.rows]


def test_the_journey_map(report: Report) -> None:
    """What is lettered beside two dots is how far they lie apart."""
    answer = report.journey_map()
    figure = answer.figure()
    texts = [note["text"] for note in figure["layout"]["annotations"] if "n =" in note["text"]]
    lettered = [one.partition("</b>")[0].removeprefix("<b>") for one in texts if "<b>" in one]
    apart = [row.from_target for row in answer.rows]
    assert any(apart)
    assert lettered == [f"{one:+.2f}" for one in apart if one is not None]


def test_other_reports(report: Report) -> None:
    """Scores, outcomes, silences, lenses and simulations are drawn by their counts."""
    nps = report.nps()
    shares = [one["x"][0] for one in traces(nps.figure(), type="bar")]
    promoters, detractors = shares[2], shares[0]
    assert nps.nps == pytest.approx((promoters - detractors) * 100)
    complaints = report.complaints(within=MONTH)
    recovered = trace(complaints.figure(), name="recovered first")
    assert list(recovered["x"]) == [complaints.rows[0].outcomes.recovered_share]
    lens = report.lens("ultimate")
    assert list(trace(lens.figure(), type="bar")["x"]) == [row.events for row in lens.rows]
    patience = report.patience()
    lines = [list(one["y"]) for one in traces(patience.figure(), mode="lines+markers")]
    assert lines == [
        [step.share for step in row.steps if step.denominator >= 10]
        for row in patience.rows
        if row.steps
    ]
    change = report.simulate(FUNNEL)
    same = trace(change.figure(), name="same")
    assert counts(same) == [row.same for row in change.rows]
    change = report.simulate(evolve(FUNNEL, patience={"default": "10d"}))
    figure, row = change.figure("silences"), change.silences[1]
    parts = [row.numerator, row.denominator - row.numerator, row.departures - row.denominator]
    drawn = [list(one["x"])[-1] for one in traces(figure, type="bar")]
    assert drawn == pytest.approx([part / row.departures for part in parts])
    pace = report.mantel_byar()
    assert list(trace(pace.figure(), name="returned")["x"]) == [row.observed for row in pace.rows]
    work = report.worklist(within=MONTH)
    chances = [row.chance for row in work.rows[:30]]
    assert list(trace(work.figure(), mode="markers")["x"]) == chances


def test_every_figure_says_what_it_shows(report: Report) -> None:
    """Title, instant and definition stand in it, and names do not become markup."""
    rate = report.recidivism(within=MONTH, by="source")
    layout = rate.figure().layout
    assert "Recidivism within 30d" in layout.title.text
    assert "as of 2025-05-11" in layout.title.subtitle.text
    definition = [note.text for note in layout.annotations if note.name == "definition"]
    assert "share that returned within it" in definition[0].replace("<br>", " ")
    assert escape(label(HOSTILE), quote=False) in layout.yaxis.ticktext
    assert "<script" not in words(rate.figure()) and "<script" not in words(rate.figure("curve"))


def test_an_unknown_picture_is_refused(report: Report) -> None:
    """The error names those that there are."""
    with pytest.raises(QuestionError, match="no picture 'pie'; there are: curve, rates"):
        report.recidivism(within=MONTH).figure("pie")


def test_without_plotly(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra to install."""
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'motfunnel\[plot\]'"):
        report.funnel().figure()


@pytest.mark.parametrize(
    ("name", "asked", "kind", "words"),
    [
        ("touchpoints", {}, "verdicts", "the first 30 of {} rows are drawn"),
        ("touchpoints", {}, "gaps", "the first 30 of {} rows are drawn"),
        ("lens", {"name": "ultimate"}, "events", "the first 30 of {} rows are drawn"),
        ("patience", {}, "lines", "the first 6 of {} stages are drawn"),
        ("worklist", {}, "dots", "the first 30 of the {} listed are drawn"),
    ],
)
def test_what_is_not_drawn_is_said(
    report: Report, name: str, asked: dict[str, Any], kind: str, words: str
) -> None:
    """A picture of the first rows of many says of how many they are; one of all says nothing."""
    answer = getattr(report, name)(**asked)
    few, many = evolve(answer, rows=answer.rows[:2]), evolve(answer, rows=copied(answer.rows))
    expected = words.format(f"{sum(map(bool, map(has_picture, many.rows))):,}")
    assert expected in picture(many, kind).counted
    assert "drawn" not in picture(few, kind).counted


def copied(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """The rows thirty-one times over, each a value of its own."""
    return tuple(evolve(row) for _ in range(31) for row in rows)


def has_picture(row: Any) -> bool:
    """Whether there is something to draw of a row."""
    return bool(getattr(row, "steps", True))


def test_a_curve_that_ends_early_says_why(report: Report) -> None:
    """Below ten in effect no more is drawn; the caption says so, where it is so."""
    short, long = timedelta(days=5), timedelta(days=85)
    for unit in ("contact", "episode"):
        whole = picture(report.recidivism(within=short, unit=unit)).counted
        cut = picture(report.recidivism(within=long, unit=unit)).counted
        assert "curve ends" not in whole
        assert "each curve ends where it rests on fewer than 10" in cut


def test_long_names_that_begin_alike_are_whole(report: Report) -> None:
    """Contacts of one company's long domain are told apart in the picture of a worklist."""
    rows = report.worklist().rows[:3]
    long = [evolve(row, contact=f"{'a' * 40}{n}") for n, row in enumerate(rows)]
    drawn = words(evolve(report.worklist(), rows=tuple(long)).figure())
    assert all(f"{'a' * 40}{n}" in drawn for n in range(3))


def test_who_is_held_out_is_marked(report: Report) -> None:
    """Beside the chance, so that nobody writes to a control for the picture's sake."""
    answer = report.worklist()
    first, *others = answer.rows
    rows = evolve(first, held_out=True), *(evolve(one, held_out=False) for one in others)
    drawn = evolve(answer, rows=rows).figure()
    marked = [one.text for one in drawn.layout.annotations if "held out" in one.text]
    assert len(marked) == 1
    assert f"{first.chance:.1%}" in marked[0]


def test_a_curve_at_0_leaves_room_for_what_may_be(report: Report) -> None:
    """Where nobody came back the axis ends at what the share may be, and not at 100%."""
    none = report.recidivism(within=timedelta(microseconds=1))
    assert none.numerator == 0 and none.denominator > 10 and none.interval is not None
    (panel, _) = picture(none).panels
    assert isinstance(panel.y, Axis)
    assert none.interval.upper < panel.y.upper < none.interval.upper * 1.1
