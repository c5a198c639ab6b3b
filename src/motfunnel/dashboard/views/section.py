"""A section as its template takes it: of each answer what is said, drawn, listed and handed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

from attrs import frozen

from motfunnel.answers.answer import Answer
from motfunnel.answers.cells import percent
from motfunnel.answers.words import in_clauses
from motfunnel.charts.labels import readable
from motfunnel.charts.scene import around, shares
from motfunnel.dashboard.asking import Question
from motfunnel.dashboard.filters import WINDOWS
from motfunnel.dashboard.views.cards import Card, cards
from motfunnel.dashboard.views.figures import (
    Figure,
    Point,
    drawn,
    figure_of,
    rate_point,
    score_point,
    series,
)
from motfunnel.dashboard.views.lists import away, cohorts, moved
from motfunnel.dashboard.views.sentences import (
    Part,
    Sentence,
    between,
    counts,
    name,
    people,
    sentence,
    strong,
    text,
)
from motfunnel.dashboard.views.tables import Table, tables
from motfunnel.dashboard.words import days
from motfunnel.domain.instant import format_duration
from motfunnel.domain.lens import ULTIMATE
from motfunnel.domain.moment import SILENCE
from motfunnel.reports.decisions.patience import FEW
from motfunnel.reports.experience.nps import Nps
from motfunnel.reports.measure.grouping import TOGETHER
from motfunnel.reports.measure.rate import Rate, RateRow
from motfunnel.reports.measure.trend import Trend
from motfunnel.reports.periods.growth import Growth
from motfunnel.reports.periods.value import Value
from motfunnel.reports.progress.lens import UltimateLens
from motfunnel.text import counted

Href = Callable[[int, str], str]
"""Gives the address of the people behind a count, by its row in the section and its name."""

Asked = Sequence[tuple[Question, Answer[Any]]]
"""What a section asked, and what was answered."""


_SILENT: Final = f"{TOGETHER}{SILENCE}"
"""How the name of a group ends that left by silence, where stage and reason tell them apart."""


@frozen(kw_only=True)
class Block:
    """An answer as it is shown.

    Attributes:
        label: what tells it apart from the others of its section.
        first: the row, counted through all answers of the section, that is its first.
        sentence: what it says first.
        figure: its picture; None: there is none.
        tables: its tables.
        definition: what its numbers mean.
        remarks: what a reader has to know besides.
        command: what to type for the same.
        count: how many rows it has.
        is_early: whether nobody was followed for long enough yet, as its sentence says.
    """

    label: str
    first: int
    sentence: Sentence
    figure: Figure | None
    tables: Sequence[Table]
    definition: str
    remarks: Sequence[str]
    command: str
    count: int = 0
    is_early: bool = False


def blocks(
    asked: Asked, commands: Sequence[str], href: Href, person: Callable[[str], str]
) -> list[Block]:
    """What is shown of each answer."""
    found, first = [], 0
    for (question, answer), command in zip(asked, commands, strict=True):
        found.append(
            Block(
                label=question.label,
                first=first,
                sentence=sentence(answer),
                figure=None if question.kind == "none" else figure_of(answer, question.kind),
                tables=list(tables(answer, _from(first, href), person)),
                definition=readable(answer.definition),
                remarks=[readable(one) for one in answer.remarks],
                command=command,
                count=len(answer.rows),
                is_early=isinstance(answer, Rate) and not any(r.denominator for r in answer.rows),
            )
        )
        first += len(answer.rows)
    return found


def shown(view: str, asked: Asked, href: Href) -> Any:
    """What a view shows besides, made of all answers of the section."""
    makes: dict[str, Callable[[Asked, Href], Any]] = {
        "cards": made_cards,
        "series": in_series,
        "shares": in_shares,
        "worklist": lambda asked, _: away(_only(asked)),
        "cohorts": lambda asked, href: cohorts(_only(asked), href),
        "moved": lambda asked, href: moved(_only(asked), href),
        "windows": lambda asked, _: WINDOWS,
        "worst": lambda asked, _: _only(asked).worst,
        "loop": lambda asked, _: led_to(_only(asked)),
        "warning": lambda asked, _: hasty(_only(asked)),
    }
    return makes[view](asked, href) if view in makes else None


def hasty(answer: Rate) -> Sentence:
    """Where more of those who left by silence are soon back than a patience is to let through.

    Args:
        answer: how many came back, by stage and reason.
    """
    silences = [(n, row) for n, row in enumerate(answer.rows) if f"{row.group}".endswith(_SILENT)]
    found = [
        (row.rate, n, row)
        for n, row in silences
        if row.rate is not None and row.interval is not None and row.interval.lower > FEW
    ]
    return list(_hasty(answer, *max(found)[1:])) if found else []


def _hasty(answer: Rate, n: int, row: RateRow) -> Iterator[Part]:
    yield strong(percent(row.rate))
    yield text(" of those who fell silent at ")
    yield name(f"{row.group}".removesuffix(_SILENT))
    within = days(format_duration(answer.within))
    yield text(
        f" for so long that they count as {answer.spoken['departed']} "
        f"{in_clauses(answer.spoken)['recidivism']} within {within} more{between(row.interval)}: "
    )
    yield from counts(answer, n)
    yield text(".")


def led_to(answer: UltimateLens) -> Sentence:
    """What good words led to: how many there were, whom they named, and who came by it."""
    return list(_led_to(answer))


def _led_to(answer: UltimateLens) -> Iterator[Part]:
    loop = answer.loop
    n = next(n for n, row in enumerate(answer.rows) if row.of_class == ULTIMATE)
    yield people(answer, n, "contacts")
    is_one = answer.rows[n].contacts == 1
    yield text(f" {'person' if is_one else 'people'} spoke well of us, in all ")
    yield text(f"{counted(loop.ultimate_moments, 'time')}; {loop.referrals:,} of these named ")
    yield text(f"somebody, {loop.zero_moments:,} of whom had not come before, and ")
    yield strong(f"{loop.openings:,}")
    yield text(f" {'was' if loop.openings == 1 else 'were'} {answer.spoken['opening']} by it.")


def _only(asked: Asked) -> Any:
    (_, answer), *_ = asked
    return answer


def in_series(asked: Asked, _: Href) -> tuple[Figure, int]:
    """A number by the time of its cohort, a dot for each; and the newest answer to tell of."""
    points = _points(asked, is_whole=False)
    each = points if len(asked) > 1 else []
    told = [n for n, one in enumerate(each) if one.n]
    first = next((n for n, one in enumerate(points) if one.value is not None), 0)
    are_scores = any(isinstance(answer, Nps) for _, answer in asked)
    axis = partial(around, "net promoter score") if are_scores else partial(shares, "share")
    return drawn(series(points[first:], axis)), told[-1] if told else len(asked) - 1


def in_shares(asked: Asked, _: Href) -> tuple[Figure, list[Point]]:
    """A rate within several windows, a dot for each; and the rates."""
    points = _points(asked, is_whole=True)
    return drawn(series(points, partial(shares, "share"))), points


def _points(asked: Asked, *, is_whole: bool) -> list[Point]:
    found = []
    for question, answer in asked:
        match answer:
            case Trend():
                found += [rate_point(one.period, one, is_whole=is_whole) for one in answer.rows]
            case Rate() if answer.rows:
                found.append(rate_point(question.label, answer.rows[0], is_whole=is_whole))
            case Nps():
                found.append(score_point(question.label, answer.rows[0]))
    return found


def made_cards(asked: Asked, href: Href) -> list[tuple[Card, str]]:
    """The cards, each with the address of the people behind it."""
    growth = next((one for _, one in asked if isinstance(one, Growth)), None)
    if growth is None:
        return []
    trends = [one for _, one in asked if isinstance(one, Trend)]
    values = [one for _, one in asked if isinstance(one, Value)]
    first = [0]
    for _, answer in asked:
        first.append(first[-1] + len(answer.rows))
    return [
        (card, href(first[card.answer] + card.row, card.column) if card.column else "")
        for card in cards(growth, trends, values)
    ]


def _from(first: int, href: Href) -> Href:
    return lambda row, column: href(first + row, column)
