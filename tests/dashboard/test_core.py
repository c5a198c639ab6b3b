"""The dashboard without a framework: who may look, where links lead, and what a browser is told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup

from motfunnel import Tracker, errors
from motfunnel.dashboard import Dashboard, write_assets, wsgi
from motfunnel.dashboard.asking import answers
from motfunnel.dashboard.assets import served
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.pages import OVERVIEW, PAGES
from motfunnel.testing import Clock
from tests.dashboard.conftest import Ask, asking
from tests.dashboard.test_links import HOSTILE
from tests.reports.drawn import AS_OF, FUNNEL

PART = "/overview/growth"
EVERYWHERE = (
    "/", *(f"/{slug}" for slug in PAGES), "/?whole=1", PART, f"{PART}.csv", f"{PART}.json",
    f"{PART}/people?row=0&column=openings", f"{PART}/people.csv?row=0&column=openings",
    "/search?q=a", "/person?contact=x", "/nothing", f"/assets/{min(served())}",
)  # fmt: skip
NAMED = ("href", "src", "action", "hx-get")


def links_in(html: str) -> set[str]:
    """All addresses that a page leads to or loads."""
    tags = BeautifulSoup(html, "html.parser").find_all(True)
    found = {str(tag[name]) for tag in tags for name in NAMED if tag.has_attr(name)}
    return {one for one in found if not one.startswith(("#", "data:"))}


@pytest.mark.parametrize("prefix", ["", "/a", "/a/b", "/é b"])
def test_every_link_is_there_whatever_the_prefix(history: Tracker, prefix: str) -> None:
    """From the first page on, followed as a browser does, each below the prefix and none twice."""
    ask = asking(wsgi(Dashboard(history, authorize=lambda environ: True)), prefix)
    root = f"{prefix}/".replace("é b", "%C3%A9%20b")
    seen: set[str] = set()
    waiting = {root}
    while waiting and len(seen) < 40:
        address = min(waiting, key=lambda one: (one.count("?"), one))  # no person comes first
        waiting.remove(address)
        seen.add(address)
        answer = ask(address)
        assert answer.status == 200, address
        if answer.headers["Content-Type"].startswith("text/html"):
            found = {one.partition("#")[0] for one in links_in(answer.text)}
            assert all(one.startswith(root) for one in found)
            waiting |= found - seen
    assert {f"{root}assets/{name}" for name in served() if "dashboard" in name} <= seen
    assert any("people" in one for one in seen) or len(seen) > 5


def test_behind_a_proxy_that_takes_the_prefix_away(history: Tracker) -> None:
    """Links lead to what browsers see; headers that anybody can send change nothing."""
    told = {
        "HTTP_X_FORWARDED_PREFIX": "/evil",
        "HTTP_X_SCRIPT_NAME": "/evil",
        "HTTP_X_FORWARDED_HOST": "evil.example",
        "HTTP_HOST": "evil.example",
    }
    open_to_all: dict[str, Any] = {"authorize": lambda environ: True}
    seen = asking(wsgi(Dashboard(history, prefix="/metrics/", **open_to_all)))("/", **told)
    assert all(one.startswith("/metrics/") for one in links_in(seen.text))
    seen = asking(wsgi(Dashboard(history, **open_to_all)))("/?whole=1", **told)
    assert "evil" not in seen.text
    assert "evil" not in str(seen.headers)


def test_closed_until_somebody_says_who_may_look(history: Tracker) -> None:
    """It does not even begin, and says what to write."""
    with pytest.raises(errors.SettingError, match=r"authorize=lambda request: …"):
        Dashboard(history)
    with pytest.raises(errors.SettingError, match="is not a function"):
        Dashboard(history, authorize=True)  # type: ignore[arg-type]
    with pytest.raises(errors.SettingError, match="not by str"):
        Dashboard("sqlite://", authorize=bool)  # type: ignore[arg-type]
    with pytest.raises(errors.SettingError, match="fresh: "):
        Dashboard(history, authorize=bool, fresh="soon")


@pytest.mark.parametrize("address", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_gate_stands_before_everything(history: Tracker, address: str, method: str) -> None:
    """Pages, parts, files, names and assets: who may not look learns not even what there is."""
    asked: list[Any] = []
    shut = asking(wsgi(Dashboard(history, authorize=asked.append)))
    seen, other = shut(address, method), shut("/anything", method)
    assert seen.status == 403
    assert (seen.headers, seen.body) == (other.headers, other.body)
    assert len(asked) == 2
    assert "person" not in seen.text


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get"])
def test_pages_are_only_looked_at(ask: Ask, method: str) -> None:
    """Whatever would change something is refused, and says what is not."""
    seen = ask("/", method)
    assert (seen.status, seen.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("address", EVERYWHERE)
def test_what_a_browser_is_told(ask: Ask, address: str) -> None:
    """Each response guards itself; HEAD says the same without a body."""
    seen, head = ask(address), ask(address, "HEAD")
    assert (head.status, head.headers, head.body) == (seen.status, seen.headers, b"")
    assert seen.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    )
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert seen.headers["Referrer-Policy"] == "no-referrer"
    assert seen.headers["Cache-Control"].startswith("private, ")
    assert int(seen.headers["Content-Length"]) == len(seen.body)
    if seen.status == 200:
        again = ask(address, HTTP_IF_NONE_MATCH=f'W/"x", {seen.headers["ETag"]}')
        assert (again.status, again.body) == (304, b"")
        assert again.headers["ETag"] == seen.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    ["../core.py", "..%2fcore.py", "%2e%2e/core.py", "..%5ccore.py", "/etc/passwd", "%00", ".",
     "htmx.LICENSE.txt", "dashboard.css", "dashboard.css/..", f"{min(served())}/", ""],
)  # fmt: skip
def test_assets_have_names_and_no_paths(ask: Ask, path: str) -> None:
    """Nothing is had but what was hashed; a license is for people who have the package."""
    assert ask(f"/assets/{path}").status == (200 if path == f"{min(served())}/" else 404)


def test_assets_are_kept_for_ever(ask: Ask, history: Tracker, tmp_path: Path) -> None:
    """A changed file has another name; a host may serve them by itself."""
    written = {one.name: one.read_bytes() for one in write_assets(tmp_path / "static")}
    assert {*written} == {*served()}
    for name, content in written.items():
        seen = ask(f"/assets/{name}")
        assert seen.body == content
        assert seen.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        packed = ask(f"/assets/{name}", HTTP_ACCEPT_ENCODING="br, gzip")
        assert packed.headers["Content-Encoding"] == "gzip"
    cdn = "https://cdn.example/mf"
    elsewhere = asking(wsgi(Dashboard(history, authorize=lambda environ: True, static_url=cdn)))
    seen = elsewhere("/")
    assert "script-src 'self' https://cdn.example;" in seen.headers["Content-Security-Policy"]
    assert f"{cdn}/{min(one for one in written if 'css' in one)}" in links_in(seen.text)


def test_people_are_as_many_as_the_number(ask: Ask, history: Tracker) -> None:
    """Behind each count of each section stand exactly its members, as a page and as CSV."""
    filters, looked = Filters(), 0
    report = history.report(as_of=AS_OF)
    for section in OVERVIEW.sections:
        rows = [row for one in answers(section, report, filters) for row in one.rows]
        for n, row in list(enumerate(rows))[-4:]:
            for column, names in row.names.items():
                where = f"/overview/{section.slug}/people"
                query = urlencode({"row": n, "column": column})
                told = ask(f"{where}.csv?{query}").text.splitlines()
                assert len(told) == 1 + len(names)
                listed = BeautifulSoup(ask(f"{where}?{query}").text, "html.parser")
                assert len(listed.select("a[href*='person?contact=']")) == len(names)
                looked += len(names)
    assert looked > 50


def test_numbers_for_programs(ask: Ask, history: Tracker) -> None:
    """The same answers as Python gives."""
    section, report = OVERVIEW.section("growth"), history.report(as_of=AS_OF)
    assert section is not None
    [answer] = answers(section, report, Filters())
    assert json.loads(ask(f"{PART}.json").text) == json.loads(answer.to_json())
    seen = ask(f"{PART}.csv")
    assert seen.text == answer.to_csv()
    named = f'attachment; filename="overview-{section.slug}.csv"'
    assert seen.headers["Content-Disposition"] == named


def test_a_list_for_a_mailing_tool(ask: Ask, history: Tracker) -> None:
    """Whom the page names, in its order, without those whom a trial holds out; of no other page."""
    page = ask("/who-to-write-to/worklist").text
    assert "/who-to-write-to/worklist.mailing" in page
    seen = ask("/who-to-write-to/worklist.mailing")
    assert seen.headers["Content-Disposition"].endswith('filename="who-to-write-to-mailing.csv"')
    answer = history.report(as_of=AS_OF).worklist(without_held_out=True)
    assert seen.text == answer.to_mailing_csv()
    assert len(seen.text.splitlines()) > 1
    assert ask(f"{PART}.mailing").status == 404


@pytest.mark.parametrize(
    "address",
    ["/?window=-1", "/?zone=../../etc/passwd", "/?as_of=3000-01-01", f"{PART}?as_of=x", "/?a=%ff",
     f"{PART}/people?row=x&column=openings", f"{PART}/people?row=99999&column=openings",
     f"{PART}/people?row=0&column=__class__", f"{PART}?known_by=x", "/person?contact=",
     "/?" + "&".join(f"p{n}=1" for n in range(60)), f"/?group={'x' * 9_000}",
     f"/person?contact={'x' * 4_000}", "/person?contact=%00"],
)  # fmt: skip
def test_what_cannot_be_read_says_so(ask: Ask, address: str) -> None:
    """Not by a failure of the host's application."""
    seen = ask(address)
    if seen.status == 200:  # a page that shows itself, and whose sections will say it
        assert "as_of=3000" in address
    else:
        assert seen.status == 400
        assert "<h1>" in seen.text


def test_names_that_would_be_markup(tmp_path: Path) -> None:
    """In contacts, sources, reasons and searches: text, whatever it says; each has its story."""
    names = [name for name in HOSTILE if name.strip() and "\x7f" not in name]
    with Tracker(f"sqlite:///{tmp_path / 'hostile.db'}", FUNNEL) as tracker:
        taken = []
        for n, name in enumerate(names):
            at = AS_OF - timedelta(days=40 + n % 30)
            told: dict[str, Any] = {"occurred_at": at, "properties": {"source": name}}
            try:
                tracker.track(name, "signed_up", **told)
            except errors.EventError:
                continue
            taken.append(name)
            told |= {"occurred_at": at + timedelta(days=1), "properties": {"reason": name}}
            tracker.track(name, "unsubscribed", **told)
        tracker.clock = lambda: AS_OF
        ask = asking(wsgi(Dashboard(tracker, authorize=lambda environ: True)))
        shown = [ask(f"/{slug}?whole=1&group=source").text for slug in ("overview", "paths")]
        for name in taken:
            seen = ask("/person?" + urlencode({"contact": name}))
            assert seen.status == 200
            assert name in BeautifulSoup(seen.text, "html.parser").get_text()
            shown.append(seen.text)
        shown += [ask("/search?" + urlencode({"q": name})).text for name in taken[::4]]
        for html in shown:
            soup = BeautifulSoup(html, "html.parser")
            assert all(script.has_attr("src") for script in soup.find_all("script"))
            assert not [t for t in soup.find_all(True) if any(a.startswith("on") for a in t.attrs)]
            assert all(one.startswith("/") for one in links_in(html))
    assert len(taken) > 25


def test_a_search(ask: Ask) -> None:
    """By any part of a key, as text: what would be a pattern is none."""
    found = BeautifulSoup(ask("/search?q=C0").text, "html.parser")
    keys = [one.get_text() for one in found.select("a[href*='person?contact=']")]
    assert keys
    assert all("c0" in key.lower() for key in keys)
    nobody = BeautifulSoup(ask("/search?q=%25%5F%25").text, "html.parser")
    assert not nobody.select("a[href*='person?contact=']")
    assert ask("/person?contact=nobody").status == 404


class Hosts:
    """Two tenants of one database, and a clock."""

    def __init__(self, url: str) -> None:
        self.clock = Clock(AS_OF)
        self.trackers = {
            name: Tracker(url, FUNNEL, tenant=name, clock=self.clock) for name in ("acme", "bolt")
        }

    def sign_up(self, tenant: str, *names: str, days: int = 20) -> None:
        for name in names:
            at = self.clock.now - timedelta(days=days)
            self.trackers[tenant].track(name, "signed_up", occurred_at=at)


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    return Hosts(f"sqlite:///{tmp_path / 'tenants.db'}")


def opened(ask: Ask, **environ: str) -> int:
    """How many are told to have come, over all periods."""
    rows = json.loads(ask(f"{PART}.json", **environ).text)["rows"]
    return sum(row["openings"] for row in rows)


def test_no_answer_goes_to_another_tenant_or_scope(hosts: Hosts) -> None:
    """Each has its own kept answers, however alike the questions are."""
    hosts.sign_up("acme", "ada", "alan")
    hosts.sign_up("bolt", "grace")
    dashboard = Dashboard(
        lambda environ: hosts.trackers[environ["HTTP_TENANT"]],
        authorize=lambda environ: environ["HTTP_TENANT"] + environ["HTTP_PERSON"],
    )
    ask = asking(wsgi(dashboard))
    for _ in range(2):
        assert opened(ask, HTTP_TENANT="acme", HTTP_PERSON="x") == 2
        assert opened(ask, HTTP_TENANT="bolt", HTTP_PERSON="x") == 1
    hosts.sign_up("acme", "kept out for now")
    assert opened(ask, HTTP_TENANT="acme", HTTP_PERSON="x") == 2
    assert opened(ask, HTTP_TENANT="acme", HTTP_PERSON="y") == 3  # whose answers are their own


def test_answers_stay_fresh(hosts: Hosts) -> None:
    """One is kept for a while, and not longer; who was erased is gone at once."""
    ask = asking(wsgi(Dashboard(hosts.trackers["acme"], authorize=lambda environ: True)))
    hosts.sign_up("acme", "ada", "alan")
    assert opened(ask) == 2
    hosts.sign_up("acme", "grace")
    assert opened(ask) == 2
    hosts.trackers["acme"].forget("ada", keep_counts=False)
    assert opened(ask) == 2  # alan, and grace
    hosts.sign_up("acme", "edsger")
    hosts.clock.advance("5m")
    assert opened(ask) == 3


def test_a_list_is_as_long_as_the_number_was(hosts: Hosts) -> None:
    """Also when it is looked at later, and more has been recorded of the same day since."""
    hosts.sign_up("acme", "ada", "alan")
    ask = asking(wsgi(Dashboard(hosts.trackers["acme"], authorize=lambda environ: True)))
    rows = json.loads(ask(f"{PART}.json").text)["rows"]
    links = Links("").pinned_to(known_by=hosts.clock.now.isoformat())
    filters = Filters(as_of=hosts.clock.now)
    lists = [
        links.people("overview", "growth", n, "openings", filters, form="csv")
        for n in range(len(rows))
    ]
    hosts.clock.advance("1h")
    hosts.sign_up("acme", "late", days=20)
    other = asking(wsgi(Dashboard(hosts.trackers["acme"], authorize=lambda environ: True)))
    for seen in (ask, other):  # where the answer is still kept, and where nobody has it
        named = [name for one in lists for name in seen(one).text.splitlines()]
        assert sorted(name for name in named if name != "contact") == ["ada", "alan"]
    assert opened(other) == 3
