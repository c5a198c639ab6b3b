"""Answers that a refresh keeps: shown at once, consistent, and gone when they hold no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event, select, text

from motfunnel import Tracker, errors
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.precomputed import refresh
from motfunnel.intake import import_file
from motfunnel.store.kept import answers, changes
from motfunnel.testing import Clock
from tests.dashboard.conftest import Ask, asking
from tests.reports.drawn import AS_OF, FUNNEL

NAMES = ("ada lovelace", "alan turing", "grace hopper", "edsger dijkstra")
SECTIONS = sum(len(page.asking) for page in PAGES.values())


@pytest.fixture
def store(url: str) -> Iterator[Tracker]:
    """Some who came and left, on any database."""
    with Tracker(url, FUNNEL, tenant=uuid4().hex, clock=Clock(AS_OF), spool=False) as tracker:
        for n, name in enumerate(NAMES):
            tracker.track(name, "signed_up", occurred_at=AS_OF - timedelta(days=90 - n), id="1")
            tracker.track(name, "unsubscribed", occurred_at=AS_OF - timedelta(days=40 - n), id="2")
        yield tracker


def looking(tracker: Tracker, mounted: str = "", **options: Any) -> Ask:
    return asking(wsgi(Dashboard(tracker, authorize=lambda _: True, **options)), mounted)


def kept(tracker: Tracker) -> list[str]:
    """What is kept in the store, in any form."""
    a = tracker.database.tables.answers
    with tracker.database.read() as connection:
        rows = connection.execute(select(a).where(a.c.tenant == tracker.tenant)).all()
    return [f"{row.html}{row.csv}{row.json}" for row in rows]


def test_pages_are_there_at_once(store: Tracker) -> None:
    """Every section stands in its page, as it would be computed; nothing is asked for it again."""
    ask = looking(store)
    before = {slug: sections(ask(f"/{slug}?whole=1").text) for slug in PAGES}
    done = refresh(store)
    assert (done.kept, done.is_whole) == (SECTIONS, True)
    ask, statements = looking(store, "/a"), []
    event.listen(store.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    for slug, page in PAGES.items():
        if page.asking:
            statements.clear()
            seen = ask(f"/a/{slug}")
            assert not [one for one in statements if "motfunnel_e" in one], slug
            assert "kept by a refresh of" in seen.text
            assert sections(seen.text.replace('"/a/', '"/'))[: len(before[slug])] == before[slug]
            assert "hx-get" not in seen.text or len(page.asking) < len(page.sections)


def sections(html: str) -> list[str]:
    """The sections of a page, without what says of when they are known."""
    soup = BeautifulSoup(html, "html.parser")
    for one in soup.select("input[name=whole]"):
        one.decompose()
    for one in soup.select("a[href]"):
        address = str(one["href"]).partition("&known_by")[0].replace("whole=1", "")
        one["href"] = address.replace("?&", "?").replace("&&", "&").rstrip("?&")
    return [str(one) for one in soup.select("main section[id], main .warn, main .lacking")]


def test_parts_are_those_of_the_page(store: Tracker) -> None:
    """A section alone, its CSV and JSON, and the people behind its numbers, of the same instant."""
    refresh(store, pages=["overview"])
    store.clock.advance("1m")  # type: ignore[attr-defined]
    store.track("late", "signed_up", occurred_at=AS_OF - timedelta(days=60))
    ask = looking(store, fresh="0s")
    page = ask("/")
    assert ask("/overview/growth").text in page.text
    [csv] = {one["href"] for one in links(page.text, "overview/growth.csv")}
    assert "late" not in ask(csv).text
    assert ask(csv).text == ask("/overview/growth.csv").text
    assert ask("/overview/growth.json").headers["Content-Type"].startswith("application/json")
    for link in links(page.text, "/people?"):
        number = link.get_text().replace(",", "")
        if number.isdigit():
            listed = ask(f"{link['href']}".replace("/people?", "/people.csv?")).text
            assert len(listed.splitlines()) - 1 == int(number), link


def links(html: str, part: str) -> Any:
    return BeautifulSoup(html, "html.parser").select(f'a[href*="{part}"]')


def test_what_was_chosen_is_asked(store: Tracker) -> None:
    """Kept answers are those to no filters; with any, or when they are too old, all is asked."""
    refresh(store, pages=["overview"])
    ask = looking(store, kept="1h")
    for address in ("/", "/?whole=1", "/?step=month&window=30d"):
        assert "kept by a refresh" in ask(address).text
    for address in ("/?group=source", "/?window=7d", "/?zone=Asia/Tokyo", "/?as_of=2025-01-01"):
        assert "kept by a refresh" not in ask(address).text
    [anew] = [one["href"] for one in links(ask("/").text, "/") if one.get_text() == "Ask anew"]
    store.clock.advance("30m")  # type: ignore[attr-defined]
    assert "kept by a refresh" in ask("/").text
    assert "kept by a refresh" not in ask(anew.replace("as_of=", "zone=Asia/Tokyo&as_of=")).text
    store.clock.advance("1h")  # type: ignore[attr-defined]
    assert "kept by a refresh" not in ask("/").text
    assert "kept by a refresh" not in looking(store, kept="0s")("/").text


ENDS: dict[str, Any] = {
    "an erasure": lambda tracker, _: tracker.forget("ada lovelace"),
    "an erasure with counts": lambda tracker, _: tracker.forget("ada lovelace", keep_counts=True),
    "retention": lambda tracker, _: tracker.retain("1d"),
    "a rebuild": lambda tracker, _: tracker.rebuild(),
    "an import": lambda tracker, path: import_file(
        tracker, path, contact="who", event="what", at="when"
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_what_ends_answers(store: Tracker, tmp_path: Path, end: str) -> None:
    """Nothing is left of them; what is kept in memory is asked anew at once."""
    path = tmp_path / "more.csv"
    path.write_text("who,what,when\nnew,signed_up,2025-01-01\n")
    ask = looking(store)
    refresh(store, pages=["overview"])
    assert any("lovelace" in one for one in kept(store))
    assert "kept by a refresh" in ask("/").text
    ENDS[end](store, path)
    assert kept(store) == []
    assert "kept by a refresh" not in ask("/").text
    refresh(store, pages=["overview"])
    assert any("lovelace" in one for one in kept(store)) == (end in ("a rebuild", "an import"))


@pytest.mark.every_database
def test_a_merge_is_seen_at_once_but_not_each_of_many(store: Tracker) -> None:
    """Kept answers stay, which say of when they are."""
    refresh(store, pages=["overview"])
    ask = looking(store, kept="0s", fresh="5m")
    assert opened(ask) == 4
    store.merge("alan turing", into="ada lovelace")
    assert opened(ask) == 3
    store.merge("grace hopper", into="ada lovelace")
    assert opened(ask) == 3
    assert opened(looking(store, kept="0s")) == 2
    store.unmerge("grace hopper")
    assert opened(looking(store, kept="0s")) == 3
    assert opened(looking(store)) == 4


def opened(ask: Ask) -> int:
    """How many are told to have come, over all periods."""
    return sum(row["openings"] for row in json.loads(ask("/overview/growth.json").text)["rows"])


@pytest.mark.every_database
def test_nothing_is_kept_that_was_ended_meanwhile(
    store: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is erased while a refresh asks is in nothing that it keeps; it begins again."""
    put, gone = answers.put_answers, iter(NAMES)

    def erase_first(*args: Any, **kwargs: Any) -> bool:
        if (name := next(gone, "")) and len(forgotten) < erasures:
            store_of_another.forget(name)
            forgotten.append(name)
        return put(*args, **kwargs)

    monkeypatch.setattr("motfunnel.dashboard.precomputed.put_answers", erase_first)
    url = store.database.engine.url.render_as_string(hide_password=False)
    with Tracker(url, FUNNEL, tenant=store.tenant, clock=store.clock, spool=False) as another:
        store_of_another, forgotten, erasures = another, list[str](), 1
        if store.database.is_sqlite:
            pytest.skip("there one waits for the other")
        assert refresh(store, pages=["overview"]).is_whole
        assert not any("lovelace" in one for one in kept(store))
        gone, forgotten, erasures = iter(NAMES[1:]), [], 3
        done = refresh(store, pages=["overview"])
        assert (done.kept, done.is_whole) == (0, False)
        assert "were erased, imported or rebuilt meanwhile" in str(done)
        assert kept(store) == []


def test_rows_of_merges_are_gathered(store: Tracker) -> None:
    """They stay few, and their number only grows."""
    where = (store.database.tables, store.tenant)

    def count() -> int:
        with store.database.read() as connection:
            rows = connection.execute(
                text("SELECT count(*) FROM motfunnel_changes WHERE tenant = :t"),
                {"t": store.tenant},
            )
            return int(rows.scalar_one())

    for _ in range(changes.MANY + 5):
        with store.database.write() as connection:
            changes.note_merge(connection, *where)
    with store.database.read() as connection:
        before = changes.read_changes(connection, *where)
    assert before.merges == changes.MANY + 5
    refresh(store, pages=["overview"])
    with store.database.read() as connection:
        assert changes.read_changes(connection, *where) == before
    assert count() == 2


def test_no_such_page(store: Tracker) -> None:
    """It says which there are; an outdated store says what to run."""
    with pytest.raises(errors.QuestionError, match="no page 'sales'; there are: overview, "):
        refresh(store, pages=["sales"])
    funnel = FUNNEL.__class__.saas()
    with (
        Tracker(store.database.engine, funnel, tenant=store.tenant, clock=store.clock) as other,
        pytest.raises(errors.OutdatedError),
    ):
        refresh(other)
