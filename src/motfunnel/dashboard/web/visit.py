"""A visit: one request that may look, on its way through pages, parts and people to a response."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Final

from attrs import evolve, frozen

from motfunnel.answers.table import csv_table
from motfunnel.charts.labels import moment
from motfunnel.classified import Files
from motfunnel.dashboard import asking, render
from motfunnel.dashboard.assets import served
from motfunnel.dashboard.cache import Busy, Unfinished
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.kept import Asking, KeptReport
from motfunnel.dashboard.links import HOME, Links
from motfunnel.dashboard.page import Page, Section
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.precomputed import html_of, is_shown, is_usual, kept_of
from motfunnel.dashboard.source import Source, finder, telling_faults
from motfunnel.dashboard.web.message import CSV, FOR_EVER, JSON, Request, Response, Unreadable
from motfunnel.domain.event import contact_key
from motfunnel.domain.instant import read_iso, utc
from motfunnel.domain.moment import Presence
from motfunnel.errors import MotfunnelError, QuestionError
from motfunnel.store.kept.answers import KeptAnswer

AGAIN: Final = "3"
"""After so many seconds a browser asks again for what is still computed."""

LISTED: Final = 10_000
"""So many people are listed on a page; all of them are in its CSV."""

_GLANCE: Final = 0.05  # seconds that a page waits for what it can do without
_FOUND: Final = 50


@frozen(kw_only=True)
class Visit:
    """One request that may look, on its way to a response.

    Attributes:
        request: what is asked for.
        links: the addresses from its prefix.
        asked: gives whom it asks, and how.
    """

    request: Request
    links: Links
    asked: Callable[[], tuple[Source, Asking]]

    def respond(self) -> Response:
        """Find what the path names.

        Raises:
            Unreadable: the query is none.
            MotfunnelError: there is no answer.
        """
        match self.request.path.strip("/").split("/"):
            case [""]:
                return self._page(PAGES[HOME])
            case ["assets", name] if name in served():
                return self._asset(name)
            case ["person"]:
                return self._person()
            case ["search"]:
                return self._search()
            case [slug] if slug in PAGES:
                return self._page(PAGES[slug])
            case [slug, part, *rest] if slug in PAGES:
                return self._part(PAGES[slug], part, rest)
        return self._nothing()

    def _part(self, page: Page, part: str, rest: Sequence[str]) -> Response:
        name, _, form = part.partition(".")
        section = page.section(name)
        if section is None:
            return self._nothing()
        match [form, *rest]:
            case [""]:
                return self._section(page, section)
            case ["mailing"] if section.view == "worklist":
                return self._mailing(page, section)
            case ["csv" | "json"]:
                return self._data(page, section, form)
            case ["", "people"]:
                return self._people(page, section, in_csv=False)
            case ["", "people.csv"]:
                return self._people(page, section, in_csv=True)
        return self._nothing()

    def _page(self, page: Page) -> Response:
        filters = self._filters()
        tracker, how = self.asked()
        kept = self._kept(page, tracker, how, filters)
        parts = {slug: html_of(one, self.links) for slug, one in kept.items()}
        missing = [one for one in page.sections if filters.whole and one.slug not in parts]
        if missing:
            report, links = self._report(tracker, how, filters), self._pinned(how)
            parts |= {one.slug: _answered(page, one, report, filters, links)[0] for one in missing}
            groups, foot = _groups(report), _foot(report, how)
        else:
            groups, foot = self._glance(tracker, how.soon(_GLANCE), filters)
        anew = ""
        if kept:
            foot = _foot_of_kept(kept.values())
            anew = self.links.page(page.slug, filters.at(how.epoch(tracker.clock())))
        told = render.render_page(
            page,
            filters,
            self.links,
            sections=parts,
            groups=groups,
            foot=foot,
            anew=anew,
            spoken=tracker.funnel.spoken,
        )
        return Response(body=told.encode())

    def _glance(self, tracker: Source, how: Asking, filters: Filters) -> tuple[Sequence[str], str]:
        """What stands around the sections, as far as it is known at a glance."""
        try:
            report = self._report(tracker, how, filters)
            return _groups(report), _foot(report, None)
        except (Unfinished, Busy):
            return (), ""

    def _section(self, page: Page, section: Section) -> Response:
        filters = self._filters()
        tracker, how = self.asked()
        kept = self._kept(page, tracker, how, filters).get(section.slug)
        if kept is not None:
            return Response(body=html_of(kept, self.links).encode())
        links = self._pinned(how)
        try:
            report = self._report(tracker, how, filters)
        except (Unfinished, Busy) as error:
            told, is_there = _waiting(page, section, None, filters, links, error), False
        else:
            told, is_there = _answered(page, section, report, filters, links)
        if is_there:
            return Response(body=told.encode())
        return Response(status=202, body=told.encode(), headers={"Retry-After": AGAIN})

    def _data(self, page: Page, section: Section, form: str) -> Response:
        filters = self._filters()
        tracker, how = self.asked()
        kept = self._kept(page, tracker, how, filters).get(section.slug)
        if kept is not None and kept.csv:
            told = kept.csv if form == "csv" else kept.json
        else:
            found = asking.answers(section, self._report(tracker, how, filters), filters)
            told = asking.to_csv(found) if form == "csv" else asking.to_json(found)
        if form == "csv":
            return _file(told, f"{page.slug}-{section.slug}.csv")
        return Response(body=told.encode(), media_type=JSON)

    def _mailing(self, page: Page, section: Section) -> Response:
        """Whom a worklist names, for a mailing tool."""
        filters = self._filters()
        tracker, how = self.asked()
        asks = [evolve(one, given={**one.given, "without_held_out": True}) for one in section.asks]
        meant = evolve(section, asks=tuple(asks))
        [answer] = asking.answers(meant, self._report(tracker, how, filters), filters)
        told: str = answer.to_mailing_csv()  # type: ignore[attr-defined]  # it is a worklist
        return _file(told, f"{page.slug}-mailing.csv")

    def _people(self, page: Page, section: Section, *, in_csv: bool) -> Response:
        filters, given = self._filters(), self.request.parameters()
        row, column = _number(given.get("row", "0")), given.get("column", "")
        tracker, how = self.asked()
        report = self._report(tracker, how, filters)
        names = asking.people(section, report, filters, row, column)
        if in_csv:
            told = csv_table(["contact"], [[name] for name in names])
            return _file(told, f"{page.slug}-{section.slug}-people.csv")
        if len(names) > LISTED:
            links = evolve(self.links, pinned=_known_by(given))
            whole = links.people(page.slug, section.slug, row, column, filters, form="csv")
            reason = f"A page lists {LISTED:,} people. All of them are in the file {whole}"
            return said(200, f"{len(names):,} people", reason, self.links)
        links = evolve(self.links, pinned=_known_by(given))
        spoken = report.definition.spoken
        told = render.render_people(
            page, section, row, column, names, filters, links, spoken=spoken
        )
        return Response(body=told.encode())

    def _person(self) -> Response:
        filters, given = self._filters(), self.request.parameters()
        key = _key(given.get("contact", ""))
        tracker, _ = self.asked()
        with telling_faults(tracker):
            profile = tracker.contact(key, as_of=filters.as_of)
            spoken = tracker.funnel.spoken
        told = render.render_story(profile, filters, self.links, spoken=spoken)
        is_there = profile.presence is not Presence.UNKNOWN or profile.events
        return Response(status=200 if is_there else 404, body=told.encode())

    def _search(self) -> Response:
        filters, sought = self._filters(), self.request.parameters().get("q", "")
        tracker, how = self.asked()
        found = how.get(("search", sought), _finder(tracker, sought)).value if sought else []
        told = render.render_search(sought, found, filters, self.links)
        return Response(body=told.encode())

    def _asset(self, name: str) -> Response:
        one = served()[name]
        is_packed = "gzip" in self.request.accepted.get("accept-encoding", "")
        return Response(
            body=one.packed if is_packed else one.content,
            media_type=one.media_type,
            kept=FOR_EVER,
            headers={"Content-Encoding": "gzip"} if is_packed else {},
        )

    def _nothing(self) -> Response:
        return said(404, "Not found", "There is no such page.", self.links)

    def _filters(self) -> Filters:
        return Filters.read(self.request.parameters())

    def _report(self, tracker: Source, how: Asking, filters: Filters) -> KeptReport:
        known = _known_by(self.request.parameters()).get("known_by")
        return KeptReport(
            tracker,
            how,
            as_of=how.as_of(tracker) if filters.as_of is None else filters.as_of,
            known_by=None if known is None else _instant(known),
            timezone=filters.zone,
        )

    def _kept(
        self, page: Page, tracker: Source, how: Asking, filters: Filters
    ) -> dict[str, KeptAnswer]:
        """What a refresh has kept of a page, where it is what these filters ask."""
        if isinstance(tracker, Files) or not (page.asking and is_usual(filters)):
            return {}
        found = kept_of(tracker, how.whose, page)
        oldest = tracker.clock() - how.oldest
        return {slug: one for slug, one in found.items() if is_shown(one, filters, oldest)}

    def _pinned(self, how: Asking) -> Links:
        return evolve(self.links, pinned=how.pinned)


def said(status: int, title: str, reason: str, links: Links | None) -> Response:
    """A page that says why there is no other."""
    return Response(status=status, body=render.render_error(title, reason, links).encode())


def meanwhile(error: Exception) -> str:
    """What is said while there is no answer yet."""
    if isinstance(error, Busy):
        return "Much is being counted already; look again in a moment."
    return "This takes longer than a page waits. It is still being counted; look again soon."


def _answered(
    page: Page, section: Section, report: KeptReport, filters: Filters, links: Links
) -> tuple[str, bool]:
    """A section, and whether it is there already."""
    try:
        return render.render_section(page, section, report, filters, links), True
    except (Unfinished, Busy) as error:
        return _waiting(page, section, report, filters, links, error), False


def _groups(report: KeptReport) -> Sequence[str]:
    """The traits by which contacts can be told apart, as far as they can be had."""
    try:
        groups: Sequence[str] = report.trait_names()
    except (Unfinished, Busy, MotfunnelError):
        return ()
    return groups


def _waiting(
    page: Page,
    section: Section,
    report: KeptReport | None,
    filters: Filters,
    links: Links,
    error: Exception,
) -> str:
    """A section that is not there yet, and asks for itself again."""
    address = escape(links.section(page.slug, section.slug, filters))
    slug, command = escape(section.slug), _command(section, report, filters)
    return (
        f'<section id="{slug}" aria-labelledby="{slug}-heading" aria-busy="true" '
        f'hx-get="{address}" hx-trigger="load delay:{AGAIN}s" hx-swap="outerHTML">'
        f'<h2 id="{slug}-heading">{escape(section.heading)}</h2>'
        f'<p class="quiet">{escape(meanwhile(error))}{command}</p></section>'
    )


def _command(section: Section, report: KeptReport | None, filters: Filters) -> str:
    """What to type for the answer of a section that takes too long for a page.

    Where not even the instant of the question is known yet, how to ask is told by the command.
    """
    try:
        if report is None:
            names = [one.question.replace("_", "-") for one in section.asks]
            lines = [f"motfunnel report {name} --help" for name in names]
        else:
            lines = [one.command(report) for one in asking.questions(section, report, filters)]
    except QuestionError:  # the section will say so
        return ""
    typed = " and ".join(f"<code>{escape(one)}</code>" for one in dict.fromkeys(lines) if one)
    return f" Without waiting for a page: {typed}." if typed else ""


def _foot(report: KeptReport, how: Asking | None) -> str:
    """As of when a page is, and in what time it was computed."""
    told = f"As of {moment(report.as_of)}"
    if how is None or not how.computed:
        return f"{told}."
    return f"{told}. Computed in {sum(one.took for one in how.computed):.2f} s."


def _foot_of_kept(kept: Collection[KeptAnswer]) -> str:
    """The same of answers that a refresh has kept."""
    oldest = min(kept, key=lambda one: one.known_by)
    took = sum(one.took for one in kept) / 1_000
    known = f"kept by a refresh of {moment(oldest.known_by)}, in {took:.2f} s"
    return f"As of {moment(oldest.as_of)}; {known}."


def _file(text: str, name: str) -> Response:
    told = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body=text.encode(), media_type=CSV, headers=told)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004
        raise Unreadable(f"row: {text[:20]!r} is not a number")
    return int(text)


def _key(text: str) -> str:
    try:
        return contact_key(text)
    except ValueError as error:
        raise Unreadable(str(error)) from None


def _known_by(given: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in given.items() if name == "known_by" and text}


def _instant(text: str) -> datetime:
    try:
        return utc(read_iso(text))
    except (ValueError, OverflowError):
        raise Unreadable(f"known_by: {text[:40]!r} is not an instant") from None


def _finder(tracker: Source, sought: str) -> Callable[[], list[str]]:
    """What looks for contacts that have a text in their keys."""
    try:
        return finder(tracker, _key(sought), _FOUND)
    except Unreadable:
        return list
