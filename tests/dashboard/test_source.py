"""Pages over classified files: the same as over a store of the same rows, but for what waits."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from motfunnel.batch import classify
from motfunnel.classified import Files
from motfunnel.dashboard import Dashboard, wsgi
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.source import ONLY_STORES, Source
from tests.classified.test_files import ROWS, Both, classified, drawn, groceries
from tests.dashboard.conftest import Ask, asking

HISTORIES = {"groceries": groceries, "drawn": drawn}
COMPUTED = re.compile(r" Computed in [0-9.]+ s\.")
PINNED = re.compile(r"(&amp;)?known_by=[^&\"]*")
TYPED = re.compile(r" --db &#34;\$MOTFUNNEL_DB&#34;| --files out")
SECTION = re.compile(r'<section id="(?P<slug>[^"]*)".*?</section>', re.DOTALL)


def dashboard(source: Source) -> Ask:
    """Its pages, which wait for each answer."""
    return asking(wsgi(Dashboard(source, authorize=lambda _: True, patience=None)))


@pytest.fixture(scope="module", params=HISTORIES)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    """A store, and files of the same rows."""
    with HISTORIES[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


def sections(text: str) -> dict[str, str]:
    """The sections of a page, without what an address or a clock is about."""
    plain = TYPED.sub("", PINNED.sub("", COMPUTED.sub("", text)))
    return {found["slug"]: found[0] for found in SECTION.finditer(plain)}


@pytest.mark.parametrize("slug", PAGES)
def test_each_page_is_as_over_a_store(both: Both, slug: str) -> None:
    """Section by section; where files cannot answer, they say what they lack."""
    tracker, files = both
    asked = f"/{slug}/?whole=1&zone=Europe/Berlin" if slug != "overview" else "/?whole=1"
    stored, filed = (dashboard(one)(asked) for one in (tracker, files))
    assert (stored.status, filed.status) == (200, 200)
    expected, found = sections(stored.text), sections(filed.text)
    lacking = {"health"} if slug == "about" else set()
    assert {*expected} - {*found} == lacking
    assert (ONLY_STORES in filed.text) == bool(lacking)
    for name in {*found} - {"warning"}:  # which says of a store who waits
        assert found[name] == expected[name]


def test_stories_and_searches_are_those_of_a_store(both: Both) -> None:
    """Of everybody whom a part of a key finds."""
    tracker, files = both
    stored, filed = dashboard(tracker), dashboard(files)
    key = next(iter(tracker.moments())).contact
    for sought in (key[:2], key.upper(), key, "%", "'", "nobody"):
        address = f"/search?q={quote(sought)}"
        assert stored(address).text == filed(address).text
    for contact in (key, "nobody"):
        address = f"/person?contact={quote(contact)}"
        assert stored(address).status == filed(address).status
        assert stored(address).text == filed(address).text
    for as_of in (None, datetime(2024, 2, 1, tzinfo=UTC), "-30d"):
        told = tracker.contact(key, as_of=as_of or files.now())
        if as_of != "-30d":
            assert files.contact(key, as_of=as_of) == told


def test_names_behind_a_number_are_those_of_a_store(both: Both) -> None:
    address = "/returns/"
    pages = [dashboard(one) for one in both]
    links = re.findall(r'href="([^"]*people[^"]*)"', pages[1](f"{address}?whole=1").text)
    for link in links[:6]:
        assert len({PINNED.sub("", ask(link.replace("&amp;", "&")).text) for ask in pages}) == 1


def test_without_events_pages_say_so(tmp_path: Path) -> None:
    with Files(classified(tmp_path, events=False)) as files:
        ask = dashboard(files)
        assert "--no-events" in ask("/retention/?whole=1").text
        assert "--no-events" in ask("/person?contact=ada").text
        assert ask("/?whole=1").status == 200
        assert "when events were recorded" in ask("/?known_by=2024-01-01T00:00:00Z&whole=1").text


def test_what_is_classified_anew_shows_at_the_next_look(tmp_path: Path) -> None:
    """And what is damaged is told on the page, and shows again once that is mended."""
    out = classified(tmp_path)
    command = [sys.executable, "-m", "motfunnel", "serve", "--files", str(out), "--port", "0"]
    with subprocess.Popen([*command, "--fresh", "0s"], stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        address = urlsplit(served.stdout.readline().split()[1])
        connection = HTTPConnection(str(address.hostname), address.port)
        connection.request("GET", f"/?{address.query}")
        opened = connection.getresponse()
        opened.read()
        cookie = {"Cookie": str(opened.headers["Set-Cookie"]).partition(";")[0]}

        def look(path: str) -> str:
            connection.request("GET", path, headers=cookie)
            return connection.getresponse().read().decode()

        assert ">cyd<" not in look("/search?q=c")
        more = [*ROWS, {**ROWS[0], "contact": "cyd"}]
        file = tmp_path / "rows.jsonl"
        file.write_text("\n".join(map(json.dumps, more)), "utf-8")
        classify(file, out, "ecommerce")
        assert ">cyd<" in look("/search?q=c")
        (out / "contacts" / "000000.parquet").unlink()
        assert "contacts/000000.parquet" in look("/search?q=cy")
        classify(file, out, "ecommerce")
        assert ">cyd<" in look("/search?q=cyd")
        served.terminate()
    assert served.wait() == 0
