"""Answers computed beforehand: what the pages ask is asked now, and kept in the store.

For stores so large that their answers take longer than a page waits. An erasure, a rebuild and an
import end what is kept. Counts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version
from secrets import token_hex
from time import monotonic
from typing import Final

from attrs import define, evolve, frozen

from motfunnel.dashboard.asking import answers, to_csv, to_json
from motfunnel.dashboard.cache import Cache, Deadline
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.kept import Asking, KeptReport, Whose
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.page import Page, Section
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import render_section
from motfunnel.errors import QuestionError
from motfunnel.store.database.retry import asking, persist
from motfunnel.store.kept.answers import KeptAnswer, find_answers, put_answers
from motfunnel.store.kept.changes import gather_merges
from motfunnel.text import counted
from motfunnel.trackers.tracker import Tracker

Progress = Callable[[str, int], object]

_TRIES: Final = 3


@frozen(kw_only=True)
class Refreshed:
    """What a refresh did.

    Attributes:
        kept: the answers of how many sections are kept.
        asked: how many sections were asked; fewer are kept where somebody was erased, or something
            was imported or rebuilt, each time before it was done.
    """

    kept: int
    asked: int

    @property
    def is_whole(self) -> bool:
        """Whether all are kept."""
        return self.kept == self.asked

    def __str__(self) -> str:
        """One line."""
        told = f"the answers of {counted(self.kept, 'section')} are kept"
        if self.is_whole:
            return told
        return f"{told}, of {self.asked:,}: contacts were erased, imported or rebuilt meanwhile"


def refresh(
    tracker: Tracker, *, pages: Iterable[str] | None = None, progress: Progress | None = None
) -> Refreshed:
    """Ask what the pages of the dashboard ask, and keep the answers in the store.

    Pages show what is kept where nothing was filtered, and say of when it is. Takes as long as
    these questions take, in this thread. Where contacts are erased, imported or rebuilt meanwhile,
    it begins again, three times at most.

    Args:
        tracker: whose contacts.
        pages: the slugs of pages, such as ``overview``; by default all.
        progress: is called with a word and the number of sections that are done.

    Raises:
        QuestionError: there is no such page.
        OutdatedError: another funnel classified contacts: run a rebuild first.
        StoreError: the database is not there.
    """
    chosen = _chosen(pages)
    asked = sum(len(page.asking) for page in chosen)
    kept = 0
    for _ in range(_TRIES):
        tracker.check_current()
        attempt = _Attempt.of(tracker)
        kept = sum(attempt.keep(page, progress) for page in chosen)
        if kept == asked:
            break
    where = (tracker.database.tables, tracker.tenant)
    persist(tracker.database, lambda on: gather_merges(on, *where))
    return Refreshed(kept=kept, asked=asked)


def kept_of(tracker: Tracker, whose: Whose, page: Page) -> dict[str, KeptAnswer]:
    """What is kept of a page, by the slugs of its sections."""
    database = tracker.database
    with asking(database), database.read() as connection:
        return find_answers(
            connection, database.tables, whose.tenant, whose.fingerprint, page.slug, _version()
        )


def is_usual(filters: Filters) -> bool:
    """Whether nothing was filtered, so that its answer may be kept; an instant counts later."""
    return evolve(filters, as_of=None, whole=False) == Filters()


def is_shown(one: KeptAnswer, filters: Filters, oldest: datetime) -> bool:
    """Whether a kept answer is the one at an instant, or, where none was named, not too old."""
    return one.known_by > oldest if filters.as_of is None else one.as_of == filters.as_of


def html_of(one: KeptAnswer, links: Links) -> str:
    """A kept section as a part of a page, with its addresses below the prefix of these links."""
    return one.html.replace(one.prefix, links.page("overview").rstrip("/"))


@define
class _Attempt:
    """An attempt: all of it as of one instant.

    Attributes:
        tracker: whose contacts.
        report: what is asked.
        how: how it asks.
        begun: when it began.
        is_over: whether answers have been ended since.
        kept: how many sections are kept so far.
    """

    tracker: Tracker
    report: KeptReport
    how: Asking
    begun: datetime
    is_over: bool = False
    kept: int = 0

    @classmethod
    def of(cls, tracker: Tracker) -> _Attempt:
        how = Asking(
            cache=Cache(),
            fresh=timedelta(),
            deadline=Deadline(None),
            surroundings=nullcontext,
            whose=Whose.of(tracker, ""),
        )
        report = KeptReport(tracker, how, as_of=tracker.as_of(None))
        return cls(tracker, report, how, tracker.clock())

    def keep(self, page: Page, progress: Progress | None) -> int:
        """Ask what a page asks, and keep it, unless answers have been ended since it began."""
        if self.is_over:
            return 0
        found = [self._ask(page, one) for one in page.asking]
        database, whose = self.tracker.database, self.how.whose
        where = (database.tables, whose.tenant, whose.fingerprint)
        resets = whose.changes.resets
        is_kept = persist(database, lambda on: put_answers(on, *where, found, resets=resets))
        self.is_over = not is_kept
        self.kept += len(found)
        if progress is not None:
            progress("sections", self.kept)
        return 0 if self.is_over else len(found)

    def _ask(self, page: Page, section: Section) -> KeptAnswer:
        """Ask what a section asks, and put it in all its forms."""
        began, prefix = monotonic(), f"/{token_hex(16)}"
        links = Links(prefix, pinned=self.how.pinned)
        html = render_section(page, section, self.report, Filters(), links)
        try:
            found = answers(section, self.report, Filters())
        except QuestionError:  # the section says so
            found = ()
        return KeptAnswer(
            page=page.slug,
            section=section.slug,
            version=_version(),
            as_of=self.report.as_of,
            known_by=self.begun,
            took=round((monotonic() - began) * 1_000),
            prefix=prefix,
            html=html,
            csv=to_csv(found) if found else "",
            json=to_json(found) if found else "",
        )


def _chosen(pages: Iterable[str] | None) -> list[Page]:
    if pages is None:
        return list(PAGES.values())
    named = list(pages)
    if unknown := [one for one in named if one not in PAGES]:
        raise QuestionError(f"there is no page {unknown[0]!r}; there are: {', '.join(PAGES)}")
    return [page for slug, page in PAGES.items() if slug in named]


@cache
def _version() -> str:
    return version("motfunnel")
