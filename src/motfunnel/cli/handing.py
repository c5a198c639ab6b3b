"""How the answers of reports are handed on: in which form, and to a terminal or into a file.

Asks nothing. A page's figures are drawn by a script: beside a file it lies as a file; a page that
is printed finds it where it is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import click
from attrs import field, frozen

from motfunnel.answers.answer import Answer
from motfunnel.cli.output import print_lines, print_whole, terminal_width
from motfunnel.figures import Section, page, place_script, plotly_script, write_whole
from motfunnel.figures.page import SCRIPT

FORMS: Final = ("text", "json", "csv", "html")


@frozen
class Asked:
    """What came of the questions.

    Attributes:
        answers: by the name of the report.
        left_out: why there is no answer, by the name of the report.
    """

    answers: dict[str, Answer[Any]]
    left_out: dict[str, str] = field(factory=dict)


def must_draw(form: str) -> None:
    """Make sure, before anything is asked, that a page can be drawn if one is wanted.

    Raises:
        MissingExtraError: what draws it is not installed.
    """
    if form == "html":
        plotly_script()


def file_to_write(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """Refuse a file in a folder that is not there."""
    if file is not None and not file.parent.is_dir():
        raise click.BadParameter(f"there is no folder {file.parent}")
    return file


def hand_on(asked: Asked, form: str, output: Path | None, *, title: str = "") -> None:
    """Print answers in a form, or write them into a file.

    Args:
        asked: the answers.
        form: one of ``FORMS``.
        output: the file; None: they are printed.
        title: of all of them together; of one answer none is needed.
    """
    text = _written(asked, form, title, beside=output is not None)
    if output is not None:
        write_whole(output, text.encode())
        if form == "html":
            place_script(output.parent)
    elif form in ("csv", "html"):
        print_whole(text)
    else:
        print_lines([text.removesuffix("\n")])


def _written(asked: Asked, form: str, title: str, *, beside: bool) -> str:
    answers = asked.answers
    if form == "html":
        sections = [Section(name, answer) for name, answer in answers.items()]
        script = SCRIPT if beside else plotly_script().as_uri()
        return page(sections, title=title, left_out=_left_out(asked), script=script)
    if form == "csv":
        return "".join(answer.to_csv() for answer in answers.values())
    if form == "json":
        return _json(asked, title)
    width = None if beside else terminal_width()
    told = [answer.to_text(width) for answer in answers.values()]
    if asked.left_out:
        told.append("\n".join(["Not asked:", *(f"  {one}" for one in _left_out(asked))]))
    return "\n\n\n".join(told) + "\n"


def _json(asked: Asked, title: str) -> str:
    told = {name: answer.to_dict() for name, answer in asked.answers.items()}
    whole = {"reports": told, "left_out": asked.left_out} if title else next(iter(told.values()))
    return json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _left_out(asked: Asked) -> list[str]:
    return [f"{name}: {why}" for name, why in asked.left_out.items()]
