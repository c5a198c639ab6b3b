"""All addresses of the dashboard, made from the prefix under which a browser finds it.

Whatever a stranger may have named (a contact, a group) stands percent-encoded in the query, never
in the path, where browsers and servers would read dots and slashes. Asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Literal, Protocol
from urllib.parse import quote, urlencode

from attrs import evolve, field, frozen

from motfunnel.dashboard.assets import assets

HOME: Final = "overview"
"""The page that stands at the prefix itself."""

DataForm = Literal["csv", "json", "mailing"]
PeopleForm = Literal["html", "csv"]

_SAFE_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:", "/", "?", "#")
_WHOLE: Final = {"whole": "1"}
_UNSEEN: Final = re.compile(r"[\x00-\x20\\\x7f-\xa0]")


class Queried(Protocol):
    """What a page was asked for: filters, as the parameters of an address."""

    def query(self) -> Mapping[str, str]:
        """The parameters that say it; what is usual is left out."""


def clean_prefix(path: str) -> str:
    """A path under which the dashboard lies: it begins with one slash, or is empty.

    >>> clean_prefix("/a/b/"), clean_prefix("/"), clean_prefix("//elsewhere.example/")
    ('/a/b', '', '/elsewhere.example')
    """
    inside = path.replace("\\", "/").strip("/")
    return f"/{inside}" if inside else ""


@frozen
class Links:
    """The addresses of pages, of their parts and of people.

    Args:
        prefix: the path under which the dashboard lies, such as ``/a/b``; empty at the root.
        static_url: where a host serves the assets itself; by default below the prefix.
        contact_url: gives the address of the host's own page of a contact, or None.
        pinned: parameters that say of when a shown number is, so that the people behind it are
            those that it counts.
    """

    prefix: str = field(converter=clean_prefix)
    static_url: str | None = None
    contact_url: Callable[[str], str | None] | None = None
    pinned: Mapping[str, str] = field(factory=dict)

    def page(self, slug: str, filters: Queried | None = None, *, whole: bool = False) -> str:
        """A page; a whole one has all its sections in it, so that it needs no script."""
        path = "/" if slug == HOME else f"/{quote(slug, safe='')}"
        return self._to(path, filters, _WHOLE if whole else {})

    def section(self, page: str, section: str, filters: Queried | None = None) -> str:
        """A section alone, as the part of a page that is loaded when it is looked at."""
        return self._to(_part(page, section), filters)

    def data(self, page: str, section: str, form: DataForm, filters: Queried | None = None) -> str:
        """The answer that a section shows, for programs."""
        return self._to(f"{_part(page, section)}.{form}", filters)

    def people(
        self,
        page: str,
        section: str,
        row: int | str,
        column: str,
        filters: Queried | None = None,
        *,
        form: PeopleForm = "html",
    ) -> str:
        """Who is counted in a cell of a section's answer: exactly the ``members`` of that count.

        Args:
            page: the page's slug.
            section: the section's.
            row: which row, by its place in the answer.
            column: the count, by the name of its cell.
            filters: as the section was asked.
            form: a list to look at, or CSV.
        """
        ending = ".csv" if form == "csv" else ""
        which = {"row": str(row), "column": column}
        return self._to(f"{_part(page, section)}/people{ending}", filters, which | {**self.pinned})

    def person(self, contact: str) -> str:
        """The story of a contact."""
        return self._to("/person", None, {"contact": contact})

    def search(self) -> str:
        """Where a search for a contact is sent; its parameter is ``q``."""
        return self._to("/search")

    def asset(self, name: str) -> str:
        """A file that pages load, such as ``dashboard.css``."""
        served = quote(assets()[name].name)
        if self.static_url is not None:
            return f"{self.static_url.rstrip('/')}/{served}"
        return self._to(f"/assets/{served}")

    def of_host(self, contact: str) -> str | None:
        """The host's own page of a contact, where it has one and the address does no harm."""
        address = None if self.contact_url is None else self.contact_url(contact)
        if not address or not address.casefold().startswith(_SAFE_SCHEMES):
            return None
        return _UNSEEN.sub(lambda found: quote(found.group()), address)

    def pinned_to(self, **parameters: str) -> Links:
        """The same, with the people behind numbers asked as of when the numbers are."""
        return evolve(self, pinned=parameters)

    def _to(
        self, path: str, filters: Queried | None = None, more: Mapping[str, str] | None = None
    ) -> str:
        query = {**({} if filters is None else filters.query()), **(more or {})}
        told = f"?{_encoded(query)}" if query else ""
        return f"{quote(self.prefix)}{path}{told}"


def _part(page: str, section: str) -> str:
    return f"/{quote(page, safe='')}/{quote(section, safe='')}"


def _encoded(query: Mapping[str, str]) -> str:
    return urlencode(query, quote_via=quote, safe="", errors="surrogatepass")
