"""What a page is made of: sections, and the questions of the catalogue that they ask.

Data, and nothing else; ``pages`` has all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from motfunnel.domain.signal import Signal


@frozen(kw_only=True)
class Ask:
    """A question of the catalogue, as a section asks it.

    Attributes:
        question: its name in the catalogue.
        given: the options that do not follow from the filters.
        each: asked once with a row ``per`` each of the latest periods, or for each such ``period``
            where it has no such rows; for each ``window``; or for the ``patience`` that was
            chosen, if one was; empty: once.
        kind: of which kind its picture is; empty: the one that suits it best.
        by: by what to tell apart where the reader chose nothing; None: not at all then; empty:
            never.
        label: what tells it apart from the others of its section.
        of_meant: whether it is told whom of those who are away a reader means.
        of_values: whether it is asked only where the funnel says what purchases are worth.
    """

    question: str
    given: Mapping[str, Any] = field(factory=dict)
    each: str = ""
    kind: str = ""
    by: str | None = None
    label: str = ""
    of_meant: bool = False
    of_values: bool = False


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
        nothing: what is said in its place where it is about nobody: why, and what to do.
        lists: the count whose people are listed by name, and what is said above them.
    """

    slug: str
    heading: str
    asks: tuple[Ask, ...]
    meanwhile: str = ""
    view: str = "answer"
    needs: frozenset[Signal] = frozenset()
    nothing: str = ""
    lists: tuple[str, str] | None = None


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

    @property
    def asking(self) -> tuple[Section, ...]:
        """The sections that ask something."""
        return tuple(one for one in self.sections if one.asks)

    def section(self, slug: str) -> Section | None:
        """The section that an address names; None: there is none."""
        return next((one for one in self.sections if one.slug == slug), None)
