"""Addresses: from whatever prefix, and however hostile a name is, a link leads to what it names."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from motfunnel.dashboard.assets import assets
from motfunnel.dashboard.links import Links

HOSTILE = (
    "", " ", ".", "..", "../../etc/passwd", "a/b", "a//b", "a?b=c", "a#b", "a&b=c", "a%2Fb", "%",
    "a+b", "a;b", "a\\b", "a\r\nSet-Cookie: x=1", "a\tb", '"><script>hurt()</script>', "'",
    "javascript:hurt()", "//elsewhere.example", "https://elsewhere.example/", "ada@example.com",
    "é", "e\u0301", "\u202etxt.exe", "\u0085", "\u2028", "\ufeff", "日本", "😀", "=1+1", "a" * 255,
    "null", "0", "-1", "{{7*7}}", "${7*7}", "<!--", "]]>", "\x7f",
)  # fmt: skip
"""Names that strangers gave themselves."""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_comes_back_as_it_was(name: str) -> None:
    """It stands in the query alone, in plain ASCII, and is read as what it was."""
    link = Links("/a/b/").person(name)
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", "/a/b/person", "")
    assert parse_qs(parts.query, keep_blank_values=True, strict_parsing=True) == {"contact": [name]}
    assert link.isascii()
    assert link.isprintable()
    assert not set(link) & set("\"'<> \\")


@pytest.mark.parametrize(
    ("prefix", "home"),
    [("", "/"), ("/", "/"), ("/a", "/a/"), ("/a/b/", "/a/b/"), ("//x.example", "/x.example/"),
     ("/\\x.example", "/x.example/"), ("/a b", "/a%20b/"), ('/"><b>', "/%22%3E%3Cb%3E/")],
)  # fmt: skip
def test_prefixes(prefix: str, home: str) -> None:
    """No prefix leads out of the host."""
    links = Links(prefix)
    assert links.page("overview") == home
    assert links.page("growth") == f"{home}growth"
    assert links.section("growth", "bars") == f"{home}growth/bars"
    assert links.data("growth", "bars", "csv") == f"{home}growth/bars.csv"
    people = links.people("growth", "bars", 3, "left", form="csv")
    assert people == f"{home}growth/bars/people.csv?row=3&column=left"
    assert links.asset("dashboard.css").startswith(f"{home}assets/dashboard.")


@pytest.mark.parametrize(
    ("address", "shown"),
    [("/crm/7", "/crm/7"), ("https://crm.example/7", "https://crm.example/7"), (None, None),
     ("javascript:hurt()", None), (" javascript:hurt()", None), ("JAVASCRIPT:hurt()", None),
     ("java\nscript:hurt()", None), ("data:text/html,x", None), ("crm/7", None), ("", None),
     ("/crm/a b\n", "/crm/a%20b%0A")],
)  # fmt: skip
def test_a_host_page_does_no_harm(address: str | None, shown: str | None) -> None:
    """What a host makes of a hostile name is a link only where a browser would just go there."""
    assert Links("", contact_url=lambda contact: address).of_host("x") == shown


def test_a_host_that_serves_assets_itself() -> None:
    """Then nothing of ours does."""
    assert Links("/a", static_url="/static/mf/").asset("dashboard.css") == (
        f"/static/mf/{assets()['dashboard.css'].name}"
    )
