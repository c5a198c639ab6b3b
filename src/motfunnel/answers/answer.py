"""The answer: what every report gives, in every form in which it is handed on.

A report adds its rows, the definition of them, and nothing else: text, JSON, CSV, data frames and
the names behind each number come from here. Holds values only; asks no database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from attrs import evolve, field, frozen

from motfunnel.answers import frames
from motfunnel.answers.cells import (
    COUNT,
    INSTANT,
    NUMBER,
    OURS,
    TEXT,
    Cell,
    Kind,
    cell,
    cells,
    flat,
    plain,
)
from motfunnel.answers.dots import dots_of_cells
from motfunnel.answers.html import in_notebook
from motfunnel.answers.table import csv_table, text_table, without_erased, wrapped
from motfunnel.answers.words import heading, in_own_words, own_moments
from motfunnel.charts.labels import label, moment, readable, visible
from motfunnel.charts.plotly import to_plotly
from motfunnel.charts.scene import EMPTY, Frame, Picture
from motfunnel.charts.style import WIDE
from motfunnel.charts.svg import to_svg
from motfunnel.charts.wording import reworded
from motfunnel.domain.event import to_readable_json
from motfunnel.domain.funnel.words import USUAL
from motfunnel.domain.instant import iso
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import QuestionError
from motfunnel.text import counted

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


@frozen(kw_only=True)
class Row:
    """One row of an answer: its fields are cells, and behind its counts stand names.

    Attributes:
        names: for each count that can be turned into names, the contacts that it counts; an
            episode-based count names a contact once for each of its episodes.
    """

    names: Mapping[str, Sequence[str]] = field(factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The row, ready for JSON; durations in seconds."""
        return plain(self)


NOTHING_KNOWN: Final = (
    "nothing had been recorded by the instant of known-by; an import records a whole history at "
    "the instant of the import"
)
BY_CONSTRUCTION: Final = "by construction"
"""What remarks say of a number that cannot be another, by the rules of the funnel."""
UNOBSERVED: Final = (
    "the newest event that was imported is of {}: what came later nobody knows, and here it "
    "counts as silence"
)
KINDS: Final = tuple(kind.value for kind in MomentKind)
_GIVEN: Final = ("group", "stage", "reason", "touchpoint", "contact", "arm")
R = TypeVar("R", bound=Row)
Table = tuple[str | None, Sequence[str], Sequence[Sequence[str]]]
"""A caption, a header and rows, as they are printed."""

Draw = Callable[[Any], Picture]
"""Makes the picture of an answer that has rows."""


def dots(answer: Answer[Any], before: str = "") -> Picture:
    """Draw the rows as dots with intervals, or as bars; something may be said before all else."""
    return dots_of_cells(answer.rows, answer.row_class, answer.words(), before)


@frozen(kw_only=True, repr=False)
class Answer(Generic[R]):
    """The answer of a report.

    Attributes:
        name: what it is called.
        definition: what its numbers mean, numerator and denominator in words.
        as_of: the instant of the question.
        known_by: what had been recorded by this instant was taken into account; None: everything.
        timezone: the IANA zone of calendar periods.
        tenant: whose contacts they are.
        confidence: of all intervals.
        erased: how many contacts were erased without their counts, and are in no row.
        rows: what was counted.
        notes: what a reader has to know besides.
        is_anything_known: whether anything had been recorded by ``known_by``.
        unfinished: how many rows are in of imports that were broken off.
        observed_until: the last instant that was imported, where nothing else has come in and
            somebody asked as of an instant that was named.
        lacking: what the funnel does not set up, without which nothing is counted, and the rule to
            add; empty where it does. It is printed in place of empty figures.
        spoken: the word for all that has one, the funnel's own before the usual one.
    """

    row_class: ClassVar[type[Row]] = Row
    """Of which class the rows are, so that there are columns even where there are no rows."""

    _pictures: ClassVar[Mapping[str, Draw]] = {"dots": dots}
    """What is drawn of it, by kind."""

    unnamed: ClassVar[Mapping[str, str]] = {}
    """The counts behind which no names stand, each with why."""

    name: str = field(metadata=cell(TEXT))
    definition: str = field(metadata=cell(TEXT))
    as_of: datetime = field(metadata=cell(INSTANT))
    known_by: datetime | None = field(default=None, metadata=cell(INSTANT))
    timezone: str = field(default="UTC", metadata=cell(TEXT))
    tenant: str = field(default="default", metadata=cell(TEXT))
    confidence: float = field(metadata=cell(NUMBER))
    erased: int = field(default=0, metadata=cell(COUNT))
    rows: tuple[R, ...]
    notes: tuple[str, ...] = ()
    is_anything_known: bool = True
    unfinished: int = 0
    observed_until: datetime | None = None
    lacking: str = ""
    spoken: Mapping[str, str] = field(factory=lambda: dict(USUAL), repr=False)

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that a reader has to know besides: the notes, and who and what is not in it."""
        remarks = [*([self.lacking] if self.lacking else []), *self.notes]
        if not self.is_anything_known:
            remarks.append(NOTHING_KNOWN)
        if self.erased:
            remarks.append(without_erased(self.erased))
        if self.unfinished:
            remarks.append(
                f"an import is not finished, of which {counted(self.unfinished, 'row')} came: "
                "import the file again, and it goes on there"
            )
        if self.observed_until is not None and self.observed_until < self.as_of:
            remarks.append(UNOBSERVED.format(self.observed_until.date()))
        return tuple(map(self.said, remarks))

    @property
    def beside_data(self) -> tuple[str, ...]:
        """Those of the remarks without which bare data mislead: why nothing is in them.

        What the funnel does not set up, and what is 0 for that reason; where no row is, all.
        """
        if self.lacking:
            return (self.said(self.lacking),)
        return tuple(one for one in self.remarks if not self.rows or BY_CONSTRUCTION in one)

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return self.name.capitalize()

    def members(self, row: R | None = None, part: str | None = None) -> list[str]:
        """Name who was counted in a cell of a row.

        Args:
            row: one of the rows; of an answer of one row it need not be said.
            part: the cell; by default the first that has names.

        Raises:
            QuestionError: there are several rows, or no names behind such a cell.
        """
        names = (self._only_row() if row is None else row).names
        chosen = next(iter(names), "") if part is None else self.count_meant(part, names)
        if chosen not in names:
            raise QuestionError(self.nobody_behind(chosen, names))
        return list(names[chosen])

    def count_meant(self, said: str, known: Collection[str]) -> str:
        """The name of a count that was called by its name, or by the word that stands above it.

        What is neither, or the word of several counts, is given back.
        """
        if said in known:
            return said
        alike = [one for one in known if _plainly(said) in map(_plainly, self.words_of(one))]
        return alike[0] if len(alike) == 1 else said

    def words_of(self, part: str) -> Collection[str]:
        """By which words a count may be called beside its name: what stands above it."""
        shown = cells(self.row_class)
        named = (shown[one] for one in (part, f"{part}_count") if one in shown)
        above = [str(one.heading).format_map(self.words()) for one in named if one.heading]
        return tuple(dict.fromkeys([self.word(part), *above]))

    def nobody_behind(self, part: str, known: Iterable[str]) -> str:
        """Why no names stand behind a count, and behind which there are, by all their words."""
        why = self.unnamed.get(self.count_meant(part, self.unnamed))
        there_are = ", ".join(map(self._offered, known)) or "none"
        return f"no names stand behind {part!r}{(why and f': {why}') or ''}; there are: {there_are}"

    def _offered(self, part: str) -> str:
        """A count by its name, and by the words that mean it, too."""
        words = [one for one in self.words_of(part) if _plainly(one) != _plainly(part)]
        return f"{part} ({', '.join(dict.fromkeys(words))})" if words else part

    def to_dict(self) -> dict[str, Any]:
        """The whole answer, ready for JSON; instants as ISO 8601, durations in seconds."""
        return plain(self) | {"notes": list(self.remarks), "rows": [r.to_dict() for r in self.rows]}

    def to_json(self) -> str:
        """The same as a JSON text."""
        return to_readable_json(self.to_dict())

    def to_csv(self) -> str:
        """A line for each row, under one header; what was asked stands in each line.

        A text that a spreadsheet would run as a formula gets an apostrophe before it.
        """
        columns = self.columns()
        lines = zip(*(map(_writer(kind), values) for _, kind, values in columns), strict=True)
        return csv_table([name for name, _, _ in columns], list(lines))

    def to_pandas(self) -> pandas.DataFrame:
        """The same columns as a pandas DataFrame; the extra ``pandas``."""
        return frames.to_pandas(self.columns())

    def to_polars(self) -> polars.DataFrame:
        """The same columns as a Polars DataFrame; the extra ``polars``."""
        return frames.to_polars(self.columns())

    def to_arrow(self) -> pyarrow.Table:
        """The same columns as an Arrow table; the extra ``arrow``."""
        return frames.to_arrow(self.columns())

    def figure(self, kind: str | None = None) -> Any:
        """The answer as a picture: a Figure of plotly; the extra ``plot``.

        Args:
            kind: of which kind, where there are several: of a rate ``curve`` or ``rates``.

        Raises:
            MissingExtraError: plotly is not installed.
            QuestionError: there is no picture of this kind.
        """
        return to_plotly(picture(self, kind), self._frame())

    def svg(self, kind: str | None = None, *, width: int = WIDE) -> str:
        """The same picture as a text of SVG, light or dark as the reader's screen is.

        Needs nothing besides this package. Has its title, the instant of the question, how many
        were counted and the definition in it, and its words for who does not see it.

        Args:
            kind: of which kind, where there are several.
            width: in pixels, from 320 on. Below 600 it is laid out for a phone.

        Raises:
            QuestionError: there is no picture of this kind, or the width is too small.
        """
        return to_svg(picture(self, kind), width=width, frame=self._frame())

    def __repr__(self) -> str:
        """On one line: what was asked, and the number or how many rows there are."""
        return f"<{type(self).__name__} {self.title}: {self._gist()}, as of {iso(self.as_of)}>"

    def _repr_html_(self) -> str:
        """The answer as a notebook shows it: the picture that suits it best, and the tables."""
        drawn = picture(self)
        figure = "" if drawn.blank else to_svg(drawn, frame=self._frame())
        said = [] if figure else [self._heading(), self.definition]
        return in_notebook(said, self.remarks, figure, self.tables())

    def _frame(self) -> Frame:
        """What stands around a picture that stands alone."""
        asked = [f"as of {moment(self.as_of)}"]
        if self.known_by is not None:
            asked.append(f"as known by {moment(self.known_by)}")
        if self.tenant != "default":
            asked.append(f"tenant {label(self.tenant)}")
        said = readable(visible(self.definition))
        title = readable(visible(self.said(self.title)))
        return Frame(title=title, asked=" · ".join(asked), definition=said)

    def columns(self) -> list[tuple[str, Kind, list[Any]]]:
        """All that is written in a line of a table: first the row, then what was asked."""
        lines = [list(flat(self.row_class, row)) for row in self.rows]
        asked = list(flat(type(self), self))
        taken = {name for name, _, _ in flat(self.row_class)}
        return [
            *((name, kind, [line[n][2] for line in lines])
              for n, (name, kind, _) in enumerate(flat(self.row_class))),
            *((name, kind, [value] * len(lines))
              for name, kind, value in asked if name not in taken),
        ]  # fmt: skip

    def to_text(self, width: int | None = None, *, detail: bool = False) -> str:
        """The answer as one reads it: what was asked, the numbers, and what they mean.

        Args:
            width: how many columns the terminal has: wider tables fold their names over several
                lines. Without it they are as wide as they are. No name is ever cut.
            detail: whether also what is looked at second, such as the curve beside a rate.
        """
        parts = [wrapped(self._heading(), width)]
        if self.lacking:
            return "\n\n".join([*parts, wrapped(self.lacking, width)])
        for caption, header, rows in self.tables() if detail else self._first_tables():
            above = "" if caption is None else f"{wrapped(caption, width)}\n"
            parts.append(f"{above}{text_table(header, rows, width)}")
        told = (self.definition, *self.remarks)
        return "\n\n".join([*parts, "\n".join(wrapped(one, width) for one in told)])

    def __str__(self) -> str:
        """The answer as a text, however wide its names are."""
        return self.to_text()

    def _first_tables(self) -> Iterator[Table]:
        """Those of the tables that are printed where no detail is asked for."""
        return self.tables()

    def tables(self) -> Iterator[Table]:
        """What is printed below the heading: the rows, then what is nested in them."""
        shown = columns_of(self.row_class)
        yield self.table(None, shown, self.rows)
        for name, one in cells(self.row_class).items():
            if one.kind.row is not None:
                caption = getattr(one.kind.row, "caption", None)
                yield self.table(caption, shown[:1] + columns_of(one.kind.row, name), self.rows)

    def table(
        self, caption: str | None, shown: Sequence[tuple[str, Cell]], rows: Sequence[Any]
    ) -> Table:
        """Write rows as they are printed, below their headings."""
        words = self.words()
        header = [str(one.heading).format_map(words) for _, one in shown]
        said = None if caption is None else self.said(caption)
        say = self._teller()
        return (
            said,
            header,
            [[say(one.kind, show(one.kind, row, path)) for path, one in shown] for row in rows],
        )

    def _teller(self) -> Callable[[Kind, str], str]:
        """What tells a cell as it is printed: a kind of moment in the funnel's word for it."""
        if self.spoken == USUAL:
            return lambda kind, text: text
        names, kinds, told = self.given_names(), self.moments_told(), dict[str, str]()

        def say(kind: Kind, text: str) -> str:
            if kind is not OURS:
                return text
            if text not in told:
                own = own_moments(text, self.spoken, kinds)
                told[text] = in_own_words(own, self.spoken, names)
            return told[text]

        return say

    def moments_told(self) -> Collection[str]:
        """The kinds of moments, where rows are about them."""
        return KINDS if any(one.kind is OURS for one in cells(self.row_class).values()) else ()

    def words(self) -> dict[str, str]:
        """What stands in headings for what is asked, or said, differently each time."""
        return {**self.spoken, "level": f"{self.confidence * 100:.4g}%"}

    def word(self, name: str) -> str:
        """What stands above a column, by its name: ``left`` of ``departures``."""
        return heading(name).format_map(self.words())

    def said(self, text: str) -> str:
        """A sentence of ours, in the funnel's own words."""
        if self.spoken == USUAL:
            return text
        return in_own_words(text, self.spoken, self.given_names())

    def given_names(self) -> frozenset[str]:
        """What somebody else than us called so: groups, stages, reasons and the like."""
        return frozenset(
            value
            for row in self.rows
            for name in _GIVEN
            if isinstance(value := getattr(row, name, None), str)
        )

    def _heading(self) -> str:
        known = "" if self.known_by is None else f", as known by {iso(self.known_by)}"
        whose = "" if self.tenant == "default" else f", of the tenant {self.tenant}"
        return f"{self.said(self.title)}, as of {iso(self.as_of)}{known}{whose}"

    def _gist(self) -> str:
        """What the answer is, in a few words."""
        return counted(len(self.rows), "row")

    def _kinds(self) -> tuple[str, ...]:
        return tuple(self._pictures)

    def _only_row(self) -> R:
        if len(self.rows) != 1:
            raise QuestionError(f"this answer has {len(self.rows)} rows; say which")
        return self.rows[0]


def _plainly(name: str) -> str:
    """A name without what one need not know of how it is written."""
    return name.strip().casefold().replace("_", " ").replace("-", " ")


@frozen(kw_only=True)
class GroupedRow(Row):
    """A row of one group.

    Attributes:
        group: the value by which contacts are told apart; None: all of them.
    """

    group: str | None = field(metadata=cell(TEXT))


G = TypeVar("G", bound=GroupedRow)


@frozen(kw_only=True, repr=False)
class Grouped(Answer[G]):
    """An answer that may tell contacts apart.

    Attributes:
        by: by what; None: not at all.
    """

    by: str | None = field(default=None, metadata=cell(TEXT))

    def tables(self) -> Iterator[Table]:
        """What is printed below the heading, for each group under its name."""
        if self.by is None:
            yield from super().tables()
            return
        for group, mine in grouped(self.rows).items():
            alone = evolve(self, rows=tuple(mine), by=None)
            for caption, header, rows in alone.tables():
                more = "" if caption is None else f"; {caption}"
                yield f"{self.by}: {group}{more}", header, rows


def kinds(answer: Answer[Any]) -> tuple[str, ...]:
    """Name the pictures that there are of an answer, the one that suits it best first."""
    return answer._kinds()


def picture(answer: Answer[Any], kind: str | None = None) -> Picture:
    """Make the picture of an answer: its marks as plain data, not drawn yet.

    Args:
        answer: the answer.
        kind: one of ``kinds``; by default the first.

    Raises:
        QuestionError: there is no picture of this kind.
    """
    chosen = kinds(answer)[0] if kind is None else kind
    if chosen not in answer._pictures:
        known = ", ".join(answer._pictures)
        raise QuestionError(f"{answer.name} has no picture {kind!r}; there are: {known}")
    if answer.lacking:
        return evolve(EMPTY, told=answer.lacking, blank=answer.lacking)
    return _in_words(answer, answer._pictures[chosen](answer)) if answer.rows else EMPTY


def _in_words(answer: Answer[Any], drawn: Picture) -> Picture:
    """A picture in the funnel's own words."""
    if answer.spoken == USUAL:
        return drawn
    names, ours = answer.given_names(), answer.moments_told()

    def say(text: str) -> str:
        if text in names:
            return text
        return in_own_words(own_moments(text, answer.spoken, ours), answer.spoken, names)

    return reworded(drawn, say)


def grouped(rows: Iterable[G]) -> dict[str | None, list[G]]:
    """The rows of each group, in their order; where there are no groups, all under None."""
    groups: dict[str | None, list[G]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    return groups


def _writer(kind: Kind) -> Any:
    return lambda value: None if value is None else kind.plain(value)


def columns_of(row_class: type, within: str = "") -> list[tuple[str, Cell]]:
    """The cells of a row that are shown to people, each with the path to its value."""
    before = f"{within}." if within else ""
    return [
        (before + name, one) for name, one in cells(row_class).items() if one.heading is not None
    ]


def show(kind: Kind, row: Any, path: str) -> str:
    """Write one value for people; what is undefined is a dash."""
    value = attrgetter(path)(row)
    return kind.missing if value is None else kind.show(value)
