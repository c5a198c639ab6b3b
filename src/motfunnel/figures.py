"""Figures and pages by their earlier name; what they are now, ``answers`` and ``pages`` say."""

from __future__ import annotations

from typing import Any

from motfunnel.answers.answer import Answer, kinds
from motfunnel.pages import Section, page, write_whole

__all__ = ["Section", "draw", "kinds", "page", "write_whole"]


def draw(answer: Answer[Any], kind: str | None = None) -> Any:
    """Draw an answer as a Figure of plotly; see ``Answer.figure``."""
    return answer.figure(kind)
