"""What purchases are worth, on pages: held against the raw events, added up by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from random import Random

import pytest
from attrs import evolve

from motfunnel import Funnel, Tracker, leave, purchase, touch
from motfunnel.dashboard.asking import answers, people
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.page import Page
from motfunnel.dashboard.pages import GROWTH, OVERVIEW, RETENTION, WORKLIST
from motfunnel.dashboard.render import render_section
from motfunnel.dashboard.words import typeset
from motfunnel.reports.report import Report

START = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2025, 7, 9, tzinfo=UTC)
MONTH, BEFORE = "2025-06", "2025-05"
FUNNEL = Funnel(
    stages=("visitor", "customer"),
    rules={"came": touch(), "ordered": purchase(value="total"), "quit": leave(reason="why")},
    patience={"default": None},
    currency="EUR",
    words={"depart": "cancelled", "contact": "member"},
)
Raw = list[tuple[str, str, datetime, Decimal]]


def history() -> Raw:
    """Forty members, who order and quit by chance."""
    rng, told = Random(5), []
    for n in range(40):
        at = START + timedelta(days=rng.uniform(0, 120))
        told.append((f"m{n}", "came", at, Decimal(0)))
        while (at := at + timedelta(days=rng.uniform(3, 40))) < NOW:
            event = "quit" if rng.random() < 0.25 else "ordered"
            worth = Decimal(rng.randint(100, 9000)) / 100 if event == "ordered" else Decimal(0)
            told.append((f"m{n}", event, at, worth))
    return told


@pytest.fixture(scope="module")
def raw() -> Raw:
    """The events."""
    return history()


@pytest.fixture(scope="module")
def report(raw: Raw) -> Iterator[Report]:
    """A report on them."""
    with Tracker("sqlite://", funnel=FUNNEL) as tracker:
        tracker.track_many(
            {
                "contact": who,
                "event": event,
                "occurred_at": at,
                "properties": {"total": f"{worth}"} if event == "ordered" else {},
            }
            for who, event, at, worth in raw
        )
        yield tracker.report(as_of=NOW)


def shown(page: Page, slug: str, report: Report) -> str:
    """A section as text."""
    section = page.section(slug)
    assert section is not None
    html = render_section(page, section, report, Filters(), Links(prefix=""))
    text = re.sub(r"<[^>]+>", " ", html.replace("<wbr>", ""))
    return " ".join(unescape(text).split())


def bought(raw: Raw, month: str) -> Decimal:
    """What the orders of a month were worth."""
    return sum((worth for *_, at, worth in raw if f"{at:%Y-%m}" == month), Decimal(0))


def departures(raw: Raw) -> list[tuple[str, datetime]]:
    """Who quit while a member, and when."""
    found, is_here = [], dict[str, bool]()
    for who, event, at, _ in sorted(raw, key=lambda one: one[2]):
        if event == "quit" and is_here.get(who):
            found.append((who, at))
        is_here[who] = event != "quit"
    return found


def spent(raw: Raw, month: str) -> tuple[set[str], Decimal]:
    """Who quit in a month, and the mean of what each had spent by the last time."""
    last = {who: at for who, at in departures(raw) if f"{at:%Y-%m}" == month}
    worth = [w for who, until in last.items() for c, _, at, w in raw if c == who and at <= until]
    return {*last}, sum(worth, Decimal(0)) / len(last)


def test_the_first_page_has_cards_of_it(report: Report, raw: Raw) -> None:
    """The value of the month that is over, and what those who left in it had spent."""
    cards = shown(OVERVIEW, "now", report)
    now, before, (gone, each) = bought(raw, MONTH), bought(raw, BEFORE), spent(raw, MONTH)
    change = typeset(f"{now - before:+,.2f}")
    assert f"Value {now:,.2f} EUR in {MONTH}, {change} on {BEFORE}" in cards
    assert f"Spent by each who cancelled {each:,.2f} EUR {len(gone)} cancelled in {MONTH}" in cards
    assert re.search(r"each: [\d.,]+ to [\d.,]+", cards)


def test_the_people_of_it_are_those(report: Report, raw: Raw) -> None:
    """As many as it counts, and the same by hand."""
    section = OVERVIEW.section("now")
    assert section is not None
    *first, value = answers(section, report, Filters())
    row = sum(len(one.rows) for one in first) + [one.period for one in value.rows].index(MONTH)
    names = people(section, report, Filters(), row, "departed")
    assert {*names} == spent(raw, MONTH)[0] and len(names) == len({*names})


def test_growth_says_what_it_is_made_of(report: Report, raw: Raw) -> None:
    """First, repeated and returned add up; a link leads to those who left."""
    said = shown(GROWTH, "value", report)
    assert f"worth {bought(raw, MONTH):,.2f} EUR : " in said
    assert f"had spent {spent(raw, MONTH)[1]:,.2f} EUR each" in said
    section = GROWTH.section("value")
    assert section is not None
    [value] = answers(section, report, Filters())
    for row in value.rows:
        assert row.first + row.repeated + row.returned == row.value == bought(raw, row.period)


def test_who_is_with_us_by_cohort(report: Report, raw: Raw) -> None:
    """Of those who came in a month, who had not left at the end of each month after it."""
    opened = {who: at for who, _, at, _ in sorted(raw, key=lambda one: one[2], reverse=True)}
    section = RETENTION.section("with-us")
    assert section is not None
    [retention] = answers(section, report, Filters())
    moves = sorted([*((at, who, event != "quit") for who, event, at, _ in raw)])
    for row in retention.rows:
        mine = {who for who, at in opened.items() if f"{at:%Y-%m}" == row.period}
        assert {*retention.members(row, "contacts")} == mine
        for cell in row.cells:
            number = row.starts_on.month + cell.number + 1
            end = datetime(2025, number, 1, tzinfo=UTC)
            assert cell.is_complete == (end <= NOW)
            if cell.is_complete:
                last = {who: here for at, who, here in moves if at < end}
                here = {who for who in mine if last.get(who)}
                assert {*retention.members(row, str(cell.number))} == here
                assert cell.retained == len(here)
    assert "with us at the end of the next month" in shown(RETENTION, "with-us", report)


def test_where_nothing_says_it_there_is_a_line(raw: Raw) -> None:
    """No card, and on the page of growth how it would be said."""
    plain = evolve_rules()
    with Tracker("sqlite://", funnel=plain) as tracker:
        for who, event, at, _ in raw[:30]:
            tracker.track(who, event, occurred_at=at)
        report = tracker.report(as_of=NOW)
        assert "Value" not in shown(OVERVIEW, "now", report)
        assert 'ordered = { purchase = "total" }' in shown(GROWTH, "value", report)


def evolve_rules() -> Funnel:
    """The same funnel without the property that says the value."""
    return evolve(FUNNEL, rules={**FUNNEL.rules, "ordered": purchase()})


def test_who_left_lately_is_listed_with_the_reason(raw: Raw, report: Report) -> None:
    """Those of the last seven days who are away still, as many as the sentence says."""
    left, here = {}, dict[str, bool]()
    for who, event, at, _ in sorted(raw, key=lambda one: one[2]):
        if event == "quit" and here.get(who):
            left[who] = at
        here[who] = event != "quit"
    mine = {who for who, at in left.items() if not here[who] and NOW - at <= timedelta(days=7)}
    said = shown(WORKLIST, "lately", report)
    assert f"{len(mine)} cancelled in the last 7 days and" in said
    section = WORKLIST.section("lately")
    assert section is not None
    [answer] = answers(section, report, Filters())
    assert {row.contact for row in answer.rows} == mine
    assert all(who in said for who in mine)


def test_the_bars_of_it_are_money(report: Report) -> None:
    """The axis says so, and in what; those of growth are people."""
    for slug, said in (("value", "value, in EUR"), ("growth", "members")):
        drawn = GROWTH.section(slug)
        assert drawn is not None
        html = render_section(GROWTH, drawn, report, Filters(), Links(prefix=""))
        texts = re.findall(r"<text[^>]*>(?:<tspan[^>]*>)?([^<]+)", html)
        assert said in texts
        assert ("members" in texts) == (slug == "growth")


def test_retention_says_since_when(report: Report, raw: Raw) -> None:
    """For the usual twelve periods are not all time."""
    first = min(at for *_, at, _ in raw)
    assert f"who were new since {first:%Y-%m}, " in shown(RETENTION, "seen-again", report)
