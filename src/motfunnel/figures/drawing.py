"""Which picture is drawn of which answer, and the drawing of it.

A table. An answer that is not in it is drawn by its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from motfunnel.answers.answer import Answer
from motfunnel.charts.labels import label, moment
from motfunnel.charts.picture import EMPTY, Picture
from motfunnel.charts.picture import draw as drawn
from motfunnel.errors import QuestionError
from motfunnel.figures import (
    calendar,
    curves,
    dots,
    flows,
    gaps,
    heat,
    outcomes,
    pace,
    shares,
    silences,
    stages,
)

Draw = Callable[[Any], Picture]

_PICTURES: Final[Mapping[str, Mapping[str, Draw]]] = {
    "Rate": {"curve": curves.picture, "rates": dots.picture},
    "StageFunnel": {"funnel": stages.picture},
    "PaceComparison": {"pace": pace.picture},
    "Lifecycle": {"bars": calendar.lifecycle},
    "Growth": {"bars": calendar.growth},
    "Retention": {"heatmap": heat.picture},
    "Flows": {"sankey": flows.picture},
    "LensAnswer": {"events": shares.lens},
    "Touchpoints": {"gaps": gaps.touchpoints, "verdicts": shares.verdicts},
    "JourneyMap": {"gaps": gaps.journey_map},
    "Nps": {"shares": shares.nps},
    "Complaints": {"outcomes": outcomes.picture},
    "Patience": {"lines": silences.picture},
    "Simulation": {"changes": shares.simulation},
    "Answer": {"dots": dots.picture},
}
"""By the name of the answer's class, or of one that it inherits from."""


def kinds(answer: Answer[Any]) -> tuple[str, ...]:
    """Name the pictures that there are of an answer, the one that suits it best first."""
    known = _pictures(answer)
    if "curve" in known:
        return ("curve",) if getattr(answer, "by", None) is None else ("rates", "curve")
    return tuple(known)


def picture(answer: Answer[Any], kind: str | None = None) -> Picture:
    """Make the picture of an answer.

    Raises:
        QuestionError: there is no such picture of it.
    """
    known = _pictures(answer)
    chosen = kinds(answer)[0] if kind is None else kind
    if chosen not in known:
        raise QuestionError(f"{answer.name} has no picture {kind!r}; there are: {', '.join(known)}")
    return known[chosen](answer) if answer.rows else EMPTY


def draw(answer: Answer[Any], kind: str | None = None) -> Any:
    """Draw an answer as a Figure of plotly, with its title, its instant and its definition.

    Raises:
        MissingExtraError: plotly is not installed.
        QuestionError: there is no such picture of the answer.
    """
    told = [f"as of {moment(answer.as_of)}"]
    if answer.known_by is not None:
        told.append(f"as known by {moment(answer.known_by)}")
    if answer.tenant != "default":
        told.append(f"tenant {label(answer.tenant)}")
    asked = " · ".join(told)
    made = picture(answer, kind)
    return drawn(made, title=answer.title, asked=asked, definition=answer.definition)


def _pictures(answer: Answer[Any]) -> Mapping[str, Draw]:
    return next(
        _PICTURES[one.__name__] for one in type(answer).__mro__ if one.__name__ in _PICTURES
    )
