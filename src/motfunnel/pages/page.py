"""The page: answers as one HTML document, each definition beside its numbers and its figure.

Stands alone except for the script that draws, which lies beside it once, however many pages there
are. Loads nothing from elsewhere. All that strangers wrote is escaped, in markup and in data.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from motfunnel.answers.answer import Answer, kinds, picture
from motfunnel.charts.labels import moment, readable
from motfunnel.charts.picture import Picture, draw_unframed, library
from motfunnel.pages.table import safe, tabulated

SCRIPT: Final = "plotly.min.js"
"""The name of the script beside the page."""


@frozen
class Section:
    """One answer on a page.

    Attributes:
        anchor: by which a link finds it.
        answer: the answer.
    """

    anchor: str
    answer: Answer[Any]


def page(
    sections: Sequence[Section],
    *,
    title: str = "",
    left_out: Sequence[str] = (),
    script: str = SCRIPT,
) -> str:
    """Write answers as a page of HTML.

    Args:
        sections: the answers, in order.
        title: of the page; by default that of its one answer.
        left_out: what was not asked, and why; told at the end.
        script: where the page finds the script that draws.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    library()
    parts = [*_begun(sections, title or _title(sections), script)]
    for section in sections:
        parts += _section(section, beside=len(sections) > 1)
    parts += _ended(left_out)
    return "\n".join(parts) + "\n"


def plotly_script() -> Path:
    """Where the installed library keeps the script that draws.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    return Path(str(library().__file__)).parent / "package_data" / SCRIPT


def place_script(folder: Path) -> Path:
    """Put the script that draws into a folder, unless it lies there already.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    source, target = plotly_script(), folder / SCRIPT
    text = source.read_bytes()
    if not (target.is_file() and target.read_bytes() == text):
        write_whole(target, text)
    return target


def write_whole(target: Path, text: bytes) -> None:
    """Write a file so that it is there wholly, or as it was before."""
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        Path(beside).chmod(target.stat().st_mode if target.exists() else 0o666 & ~_umask())
        Path(beside).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(beside).unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _begun(sections: Sequence[Section], title: str, script: str) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">'
    yield f"<title>{safe(title)}</title>\n<style>\n{_file('page.css')}</style>"
    yield f'<script defer src="{escape(script)}"></script>\n</head>\n<body>'
    yield f"<header>\n<h1>{safe(title)}</h1>"
    if sections:
        yield f"<p>{safe(_asked(sections[0].answer))}</p>"
    yield "</header>"
    if len(sections) > 1:
        yield '<nav aria-label="Reports on this page">\n<ul>'
        for one in sections:
            named = safe(readable(one.answer.title))
            yield f'<li><a href="#{escape(one.anchor)}">{named}</a></li>'
        yield "</ul>\n</nav>"
    yield "<main>"


def _section(section: Section, *, beside: bool) -> Iterator[str]:
    answer, anchor = section.answer, escape(section.anchor)
    title = safe(readable(answer.title))
    if beside:
        yield f'<section id="{anchor}" aria-labelledby="{anchor}-title">'
        yield f'<h2 id="{anchor}-title">{title}</h2>'
    else:
        yield f'<section id="{anchor}" aria-label="{title}">'
    drawn = [(kind, picture(answer, kind)) for kind in kinds(answer)]
    yield f'<p class="asked">{drawn[0][1].counted}</p>'
    yield f'<p class="definition"><dfn>Definition:</dfn> {safe(readable(answer.definition))}.</p>'
    yield from _notes(answer)
    for kind, one in drawn:
        yield from _figure(f"{anchor}-{kind}", one)
    for table in answer.tables():
        yield from tabulated(table)
    yield "</section>"


def _notes(answer: Answer[Any]) -> Iterator[str]:
    if notes := answer.remarks:
        yield f'<ul class="notes">{"".join(f"<li>{safe(readable(n))}.</li>" for n in notes)}</ul>'


def _figure(name: str, drawn: Picture) -> Iterator[str]:
    """A figure's place, with its words for who does not see it, and its data."""
    if drawn.blank:
        yield f'<p class="asked">No figure: {safe(drawn.blank)}.</p>'
        return
    told = json.dumps(
        json.loads(draw_unframed(drawn).to_json()), allow_nan=False, separators=(",", ":")
    )
    yield f'<figure data-picture="{name}-data">'
    yield f'<div role="img" aria-label="{safe(drawn.told)}"></div>'
    yield "<noscript>The figure is drawn by a script; its numbers are in the table.</noscript>"
    yield f'<script type="application/json" id="{name}-data">{_within_script(told)}</script>'
    yield "</figure>"


def _ended(left_out: Sequence[str]) -> Iterator[str]:
    if left_out:
        yield '<section id="left-out"><h2>Not on this page</h2>\n<ul class="notes">'
        yield from (f"<li>{safe(one)}</li>" for one in left_out)
        yield "</ul></section>"
    yield "</main>\n<footer>Made by motfunnel.</footer>"
    yield f'<script type="module">\n{_file("page.js")}</script>\n</body>\n</html>'


def _title(sections: Sequence[Section]) -> str:
    return readable(sections[0].answer.title) if len(sections) == 1 else "Reports"


def _asked(answer: Answer[Any]) -> str:
    told = [f"As of {moment(answer.as_of)}"]
    if answer.known_by is not None:
        told.append(f"as known by {moment(answer.known_by)}")
    if answer.timezone != "UTC":
        told.append(f"periods in {answer.timezone}")
    if answer.tenant != "default":
        told.append(f"tenant {answer.tenant}")
    return ", ".join(told)


def _within_script(text: str) -> str:
    """JSON that ends no script and begins no comment, whatever is in it."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


@cache
def _file(name: str) -> str:
    return files("motfunnel.pages").joinpath(name).read_text("utf-8")
