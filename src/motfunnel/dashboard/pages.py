"""The pages: which questions each asks, under a heading in a reader's words.

Data, and nothing else: what is asked follows from a section and the filters (``asking``), how it
looks from its view (``render``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from motfunnel.domain.signal import Signal


@frozen(kw_only=True)
class Ask:
    """A question of the catalogue, as a section asks it.

    Attributes:
        question: its name in the catalogue.
        given: the options that do not follow from the filters.
        each: asked once for each of the latest ``periods``, or of the ``windows``; empty: once.
        kind: of which kind its picture is; empty: the one that suits it best.
        by: by what to tell apart; None: as the reader chose; empty: not at all.
    """

    question: str
    given: Mapping[str, Any] = field(factory=dict)
    each: str = ""
    kind: str = ""
    by: str | None = None


@frozen(kw_only=True)
class Section:
    """A section of a page.

    Attributes:
        slug: by which an address names it.
        heading: the question that it answers.
        asks: what is asked for it.
        meanwhile: what is being counted, said until it is there.
        view: how it is shown.
        needs: the signals without any of which the funnel has nothing to show here.
    """

    slug: str
    heading: str
    asks: tuple[Ask, ...]
    meanwhile: str = ""
    view: str = "answer"
    needs: frozenset[Signal] = frozenset()


@frozen(kw_only=True)
class Page:
    """A page.

    Attributes:
        slug: by which an address names it.
        title: what stands above it, and in the list of pages.
        says: what it is about, in a sentence.
        sections: in order.
    """

    slug: str
    title: str
    says: str
    sections: tuple[Section, ...]

    def section(self, slug: str) -> Section | None:
        """The section that an address names; None: there is none."""
        return next((one for one in self.sections if one.slug == slug), None)


OVERVIEW: Final = Page(
    slug="overview",
    title="Overview",
    says="Who is with us, who left, who came back, and whom to write to first.",
    sections=(
        Section(
            slug="now",
            heading="How are we doing?",
            asks=(Ask(question="growth", by=""),),
            meanwhile="who is with us, who is new, who left and who came back",
            view="cards",
        ),
        Section(
            slug="growth",
            heading="Is it growing?",
            asks=(Ask(question="growth", by=""),),
            meanwhile="who opened, came back and left in each period",
        ),
        Section(
            slug="returns",
            heading="Do those who leave come back sooner than before?",
            asks=(Ask(question="recidivism", by=""),),
            meanwhile="who came back, by when each left",
        ),
        Section(
            slug="first",
            heading="Whom to write to first?",
            asks=(Ask(question="worklist", given={"limit": 5}),),
            meanwhile="who is away, and how likely each is to return",
            view="people",
        ),
    ),
)

PAGES: Final[Mapping[str, Page]] = {page.slug: page for page in (OVERVIEW,)}
"""All pages by their slugs, in the order in which they are listed."""
