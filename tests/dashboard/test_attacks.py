"""Requests that nobody means well by: answered, refused or not found, and never a way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from motfunnel import Tracker
from motfunnel.dashboard import Dashboard, Request
from motfunnel.dashboard.pages import PAGES
from motfunnel.testing import Clock
from tests.dashboard.test_links import HOSTILE
from tests.reports.drawn import AS_OF, FUNNEL, make_tracker

FIELDS = ("period", "step", "window", "group", "zone", "as_of", "whole", "known_by", "row",
          "column", "contact", "q", "token", "form", "prefix", "tenant")  # fmt: skip
VALUES = (
    "0", "1", "9" * 12, "1e309", "nan", "٣", "30d", "0d", "99999999d", "0.5d", "2025-01-01",
    "0001-01-01", "9999-12-31", "2025-02-30", "..", "2025-01-01..2024-01-01", "9000-01-01..",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "month", "stage", "source",
    "property:plan", "property:", "__class__", "../../etc/passwd", "/etc/passwd", "localtime",
    "UTC\x00", "UTC\n", "\r\nSet-Cookie: a=b", "\x00", "\ud800", "😀" * 50, "' OR 1=1 --", "%s%n",
    *HOSTILE,
)  # fmt: skip
PARTS = tuple(f"/{page.slug}/{one.slug}" for page in PAGES.values() for one in page.sections)
PATHS = (
    "/", *(f"/{slug}" for slug in PAGES), *PARTS, *(f"{one}.csv" for one in PARTS[:9]),
    "/overview/growth/people", "/overview/growth/people.csv", "/overview/growth/people/../..",
    "/overview/./growth", "/overview//growth", "/overview/../../x", "/assets/../dashboard.css",
    "/assets/..%2f..%2fetc/passwd", "/assets/\x00", "/assets/", "//evil.example/",
    "/\\evil.example",
    "/\r\nX: y", "/\x00", "/" + "a/" * 500, "/OVERVIEW", "/person", "/search", "/people.csv",
)  # fmt: skip
PREFIXES = ("", "/a", "//evil.example", "/\\evil.example", "/\r\nX: y", "/a/../..", "/é", '/"><b>')


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    """Pages of a short history, open to all."""
    with make_tracker("sqlite://") as tracker:
        tracker.clock = lambda: AS_OF
        yield Dashboard(tracker, authorize=lambda _: True)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "get", "\r\n"]),
    path=st.sampled_from(PATHS) | st.text(max_size=20).map("/".__add__),
    prefix=st.sampled_from(PREFIXES),
    query=st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES), max_size=3),
    accepted=st.fixed_dictionaries(
        {"if-none-match": st.sampled_from(["", "*", 'W/""', ",,,", "\r\n"]),
         "accept-encoding": st.sampled_from(["", "gzip", "gzip;q=0"])}
    ),
)  # fmt: skip
def test_whatever_is_asked(dashboard: Dashboard, method: str, query: Any, **asked: Any) -> None:
    """A status of ours, headers of one line, and links that stay below the prefix."""
    told = urlencode(query, errors="surrogatepass")
    response = dashboard.respond(Request(method=method, query=told, **asked))
    assert response.status in (200, 202, 304, 400, 404, 405)
    assert "Location" not in response.headers
    for name, value in response.headers.items():
        assert f"{name}{value}".isascii(), name
        assert f"{name}{value}".isprintable(), name
    if response.media_type.startswith("text/html") and b"<html" in response.body:
        _check_page(response.body.decode(), asked["prefix"])


def _check_page(html: str, prefix: str) -> None:
    soup = BeautifulSoup(html, "html.parser")
    assert all(one.has_attr("src") for one in soup.find_all("script"))
    root = quote("/" + prefix.replace("\\", "/").strip("/")).rstrip("/")
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "hx-get"):
            address = str(tag.get(name, ""))
            if address and not address.startswith(("#", "data:")):
                parts = urlsplit(address)
                assert (parts.scheme, parts.netloc) == ("", ""), address
                assert address.startswith(f"{root}/"), address


def test_answers_of_a_refresh_go_to_their_tenant_alone() -> None:
    """However alike the questions are; also the parts, and what is written for programs."""
    from motfunnel.dashboard import refresh

    clock = Clock(AS_OF)
    with Tracker("sqlite://", FUNNEL, tenant="acme", clock=clock) as acme:
        bolt = Tracker(acme.database.engine, FUNNEL, tenant="bolt", clock=clock)
        trackers = {"acme": acme, "bolt": bolt}
        for name, tracker in trackers.items():
            for n in range(3):
                at = AS_OF.replace(month=1 + n)
                tracker.track(f"{name} {n}", "signed_up", occurred_at=at)
                tracker.track(f"{name} {n}", "unsubscribed", occurred_at=at.replace(day=20))
        refresh(acme, pages=["overview", "who-to-write-to"])
        dashboard = Dashboard(lambda who: trackers[who], authorize=lambda who: who in trackers)
        for path in ("/", "/who-to-write-to", "/overview/first", "/overview/first.csv",
                     "/overview/first.json", "/who-to-write-to/worklist"):  # fmt: skip
            for who, other in (("acme", "bolt"), ("bolt", "acme")):
                seen = dashboard.respond(
                    Request(method="GET", path=path, query="whole=1", native=who)
                )
                assert seen.status == 200
                assert f"{who} 0".encode() in seen.body
                assert f"{other} 0".encode() not in seen.body
            assert dashboard.respond(Request(method="GET", path=path, native="eve")).status == 403
