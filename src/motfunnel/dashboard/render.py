"""Render: pages and sections as HTML, from answers that are given.

Each function gives a text for a browser; all that strangers wrote is escaped on the way. Needs the
extra ``web``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import percent
from motfunnel.charts.labels import moment
from motfunnel.dashboard.asking import Question, questions, stretch, stretches
from motfunnel.dashboard.assets import SHEET, assets
from motfunnel.dashboard.filters import GROUPS, PERIODS, SHARED, STEPS, WINDOWS, Filters, Meant
from motfunnel.dashboard.kept import KeptReport
from motfunnel.dashboard.links import Links
from motfunnel.dashboard.page import Page, Section
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.source import ONLY_STORES
from motfunnel.dashboard.views import about
from motfunnel.dashboard.views.absence import NothingError, check_answers, check_funnel
from motfunnel.dashboard.views.lists import listed
from motfunnel.dashboard.views.section import blocks, shown
from motfunnel.dashboard.views.story import revoked, state, story
from motfunnel.dashboard.words import blank, days, own
from motfunnel.dashboard.words import column as word
from motfunnel.domain.funnel.words import USUAL
from motfunnel.domain.instant import format_duration
from motfunnel.errors import (
    MissingExtraError,
    MotfunnelError,
    OutdatedError,
    QuestionError,
    install,
)
from motfunnel.reports.report import Report
from motfunnel.tracking.profile.profile import Profile

if TYPE_CHECKING:
    from jinja2 import Environment


EACH_SAYS: Final = "as each section says"
"""Of what a page tells whose sections tell of several times."""
LACKING: Final = '<p class="lacking"'
"""How what a page lacks begins."""


def render_page(
    page: Page,
    filters: Filters,
    links: Links,
    *,
    sections: Mapping[str, str],
    groups: Sequence[str] = (),
    foot: str = "",
    anew: str = "",
    spoken: Mapping[str, str] = USUAL,
) -> str:
    """A page.

    Args:
        page: which.
        filters: what was chosen.
        links: the addresses of all that it leads to.
        sections: its sections by their slugs, rendered; the others load themselves.
        groups: the traits by which contacts can be told apart.
        foot: when it was computed, and in what time.
        anew: the address of the same, asked now; empty: it is that.
        spoken: the word for all that has one.
    """
    return _rendered(
        "page.html",
        page=page,
        pages=PAGES.values(),
        filters=filters,
        links=links,
        usual=Filters(),
        shared=SHARED,
        sections=_in_order(page, sections),
        is_lazy=len(sections) < len(page.sections),
        choices=_choices(page, filters, groups),
        foot=foot,
        anew=anew,
        spoken=spoken,
    )


def _in_order(page: Page, sections: Mapping[str, str]) -> list[tuple[Section, str | None]]:
    """The sections of a page, rendered or not yet; what it lacks comes last, as a line each."""
    each = [(one, sections.get(one.slug)) for one in page.sections]
    return sorted(each, key=lambda one: (one[1] or "").lstrip().startswith(LACKING))


def render_section(
    page: Page, section: Section, report: Report, filters: Filters, links: Links | None
) -> str:
    """A section of a page, asked of a report; what has no answer says why.

    Args:
        page: on which it is.
        section: which.
        report: what is asked.
        filters: what was chosen.
        links: the addresses of all that it leads to; None: it leads nowhere.
    """
    told = {
        "section": section,
        "anchor": section.slug if links else f"{page.slug}-{section.slug}",
        "stretch": _told_apart(page, section, filters),
    }
    try:
        return _shown(page, section, report, filters, links, told)
    except OutdatedError as error:
        first = section is page.sections[0]
        return _rendered("warning.html", **told, reason=str(error)) if first else ""
    except NothingError as error:
        reason = own(str(error), report.definition.spoken)
        return _rendered("lacking.html", **told, reason=reason, rule=error.rule)
    except MotfunnelError as error:
        return _rendered("unanswered.html", **told, reason=str(error))


def _shown(
    page: Page,
    section: Section,
    report: Report,
    filters: Filters,
    links: Links | None,
    told: Mapping[str, Any],
) -> str:
    if section.view in ("subscriptions", "health"):
        return _waiting(section, report, told)
    if section.view == "warning" and isinstance(report, KeptReport) and report.has_store:
        health = report.health()
        if late := about.late(health):
            return _rendered("late.html", **told, late=late)
        told = {**told, "rejects": health.rejects}
    check_funnel(section, report.definition)
    asked = questions(section, report, filters)
    both = [(one, _put(one, section, report)) for one in asked]
    then = filters.at(report.as_of)
    _check(section, filters, [answer for _, answer in both])

    def href(row: int, column: str) -> str:
        return links.people(page.slug, section.slug, row, column, then) if links else ""

    def person(contact: str) -> str:
        return links.person(contact) if links else ""

    return _rendered(
        f"{section.view}.html",
        **told,
        page=page,
        blocks=blocks(both, [one.command(report, found) for one, found in both], href, person),
        shown=shown(section.view, both, href),
        listed=None if section.lists is None else listed(*section.lists, both, href),
        definition=report.definition,
        href=href,
        filters=then,
        chosen=filters,
        links=links,
    )


def _told_apart(page: Page, section: Section, filters: Filters) -> str:
    """Of which time a section tells, where those of its page tell of several; else empty."""
    are_alike = len(stretches(page.asking, filters)) == 1
    return "" if filters.period or are_alike else stretch(section, filters)


def _check(section: Section, filters: Filters, found: Sequence[Answer[Any]]) -> None:
    """Make sure that there is somebody to tell of, unless a reader said who is meant.

    Then the fields stay, to say it otherwise.

    Raises:
        NothingError: there is nobody.
    """
    if filters.meant == Meant() or not any(ask.of_meant for ask in section.asks):
        check_answers(section, found)


def _waiting(section: Section, report: Report, told: Mapping[str, Any]) -> str:
    """What waits, for a sweep and the like or for subscriptions."""
    if not isinstance(report, KeptReport):
        raise NothingError("what waits is about now, and not in what is sent")
    if not report.has_store:
        raise NothingError(ONLY_STORES)
    if section.view == "health":
        health, spoken = about.waiting(report.health()), report.definition.spoken
        said = [(own(what, spoken), own(many, spoken)) for what, many in health]
        return _rendered("health.html", **told, waiting=said)
    waiting = report.waiting()
    if not waiting:
        raise NothingError("nobody has subscribed to moments (motfunnel subscribe)")
    return _rendered("subscriptions.html", **told, waiting=waiting)


def _put(question: Question, section: Section, report: Report) -> Answer[Any]:
    """The answer to a question; what a section needs of the funnel may be more than a rule."""
    try:
        return question.put(report)
    except OutdatedError:
        raise
    except QuestionError as error:
        if section.needs:
            raise NothingError(str(error)) from None
        raise


def render_file(pages: Sequence[Page], report: Report, filters: Filters) -> str:
    """Pages as one file to be sent: it loads nothing, leads nowhere, and has no script.

    Args:
        pages: which, in order.
        report: what is asked.
        filters: what was chosen.
    """
    parts = []
    for page in pages:
        sections = {
            one.slug: render_section(page, one, report, filters, None) for one in page.sections
        }
        parts.append((page, _in_order(page, sections)))
    style = assets()[SHEET].content.decode()
    asked, spoken = f"As of {moment(report.as_of)}", report.definition.spoken
    return _rendered("file.html", pages=pages, parts=parts, style=style, asked=asked, spoken=spoken)


def render_people(
    page: Page,
    section: Section,
    row: int,
    column: str,
    names: Sequence[str],
    filters: Filters,
    links: Links,
    *,
    spoken: Mapping[str, str] = USUAL,
) -> str:
    """The people behind a number.

    Args:
        page: on which the number is.
        section: in which section.
        row: in which row, counted through all answers of the section.
        column: the name of the number.
        names: who they are, one as often as the number counts it.
        filters: as they were.
        links: the addresses of all that it leads to.
        spoken: the word for all that has one.
    """
    return _rendered(
        "people.html",
        page=page,
        pages=PAGES.values(),
        section=section,
        row=row,
        column=column,
        word=word(column, spoken),
        names=names,
        as_of="" if filters.as_of is None else moment(filters.as_of),
        filters=filters,
        links=links,
    )


def render_story(
    profile: Profile, filters: Filters, links: Links, *, spoken: Mapping[str, str] = USUAL
) -> str:
    """What is known of a contact, the newest first."""
    return _rendered(
        "story.html",
        profile=profile,
        state=state(profile, spoken),
        story=story(profile, spoken),
        revoked=revoked(profile, spoken),
        pages=PAGES.values(),
        filters=filters,
        links=links,
    )


def render_search(sought: str, found: Sequence[str], filters: Filters, links: Links) -> str:
    """A field to look for a contact by its key, and who was found."""
    return _rendered(
        "search.html",
        sought=sought,
        found=found,
        pages=PAGES.values(),
        filters=filters,
        links=links,
    )


def render_error(title: str, reason: str, links: Links | None) -> str:
    """A page that says what was wrong, and leads back."""
    return _rendered(
        "error.html",
        title=title,
        reason=reason,
        pages=PAGES.values(),
        filters=Filters(),
        links=links,
    )


def _choices(page: Page, filters: Filters, groups: Sequence[str]) -> dict[str, Any]:
    """What the form offers, each with what was chosen among it."""
    window = format_duration(filters.window)
    offered: dict[str, Iterable[str]] = {
        "window": [*WINDOWS, window],
        "step": STEPS,
        "period": ["", *PERIODS, filters.period],
        "group": ["", *GROUPS, *groups, filters.group],
    }
    words = {one: days(one) for one in [*WINDOWS, window]}
    times = stretches(page.asking, filters)
    usual = EACH_SAYS if len(times) > 1 else "".join(times) or "all time"
    lasts = {"": usual, **{one: f"the last {days(one)}" for one in PERIODS}}
    each_once = {name: list(dict.fromkeys(values)) for name, values in offered.items()}
    return {**each_once, "chosen": window, "words": words, "lasts": lasts}


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"the dashboard needs Jinja2: {install('web')}") from error
    environment = Environment(
        loader=PackageLoader("motfunnel.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["own"] = own
    environment.globals.update(about=about, days=days, percent=percent, blank=blank)
    return environment


def _rendered(template: str, **told: Any) -> str:
    return _environment().get_template(template).render(told)
