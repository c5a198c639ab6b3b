"""The page: answers as one HTML document, each definition beside its numbers and its figure.

One file, without a script, that loads nothing. Each figure is in it twice, for a screen and for a
phone, and the style shows one. All that strangers wrote is escaped.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from attrs import frozen

from motfunnel.answers.answer import Answer, kinds, picture
from motfunnel.answers.html import safe, tabulated
from motfunnel.charts.labels import moment, readable
from motfunnel.charts.scene import Picture
from motfunnel.charts.style import NARROW, WIDE
from motfunnel.charts.svg import style, to_svg


@frozen
class Section:
    """One answer on a page.

    Attributes:
        anchor: by which a link finds it.
        answer: the answer.
    """

    anchor: str
    answer: Answer[Any]


def page(sections: Sequence[Section], *, title: str = "", left_out: Sequence[str] = ()) -> str:
    """Write answers as a page of HTML.

    Args:
        sections: the answers, in order.
        title: of the page; by default that of its one answer.
        left_out: what was not asked, and why; told at the end.
    """
    parts = [*_begun(sections, title or _title(sections))]
    for section in sections:
        parts += _section(section, beside=len(sections) > 1)
    parts += _ended(left_out)
    return "\n".join(parts) + "\n"


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


def _begun(sections: Sequence[Section], title: str) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">'
    yield f"<title>{safe(title)}</title>\n<style>\n{_file('page.css')}{style()}\n</style>"
    yield "</head>\n<body>"
    yield f"<header>\n<h1>{safe(title)}</h1>"
    if sections:
        yield f"<p>{safe(_asked(sections[0].answer))}</p>"
    yield "</header>"
    if len(sections) > 1:
        yield '<nav aria-label="Reports on this page">\n<ul>'
        for one in sections:
            named = safe(readable(one.answer.said(one.answer.title)))
            yield f'<li><a href="#{escape(one.anchor)}">{named}</a></li>'
        yield "</ul>\n</nav>"
    yield "<main>"


def _section(section: Section, *, beside: bool) -> Iterator[str]:
    answer, anchor = section.answer, escape(section.anchor)
    title = safe(readable(answer.said(answer.title)))
    if beside:
        yield f'<section id="{anchor}" aria-labelledby="{anchor}-title">'
        yield f'<h2 id="{anchor}-title">{title}</h2>'
    else:
        yield f'<section id="{anchor}" aria-label="{title}">'
    drawn = [(kind, picture(answer, kind)) for kind in kinds(answer)]
    yield f'<p class="asked">{safe(drawn[0][1].counted)}</p>'
    yield f'<p class="definition"><dfn>Definition:</dfn> {safe(readable(answer.definition))}.</p>'
    yield from _notes(answer)
    for _, one in drawn:
        yield from _figure(one)
    for table in answer.tables():
        yield from tabulated(table)
    yield "</section>"


def _notes(answer: Answer[Any]) -> Iterator[str]:
    if notes := answer.remarks:
        yield f'<ul class="notes">{"".join(f"<li>{safe(readable(n))}.</li>" for n in notes)}</ul>'


def _figure(drawn: Picture) -> Iterator[str]:
    """A figure for a screen and for a phone, with its words for who does not see it."""
    if drawn.blank:
        yield f'<p class="asked">No figure: {safe(drawn.blank)}.</p>'
        return
    yield f'<figure role="img" aria-label="{safe(drawn.told)}">'
    yield f'<div class="wide">{to_svg(drawn, width=WIDE)}</div>'
    yield f'<div class="narrow">{to_svg(drawn, width=NARROW)}</div>'
    yield "</figure>"


def _ended(left_out: Sequence[str]) -> Iterator[str]:
    if left_out:
        yield '<section id="left-out"><h2>Not on this page</h2>\n<ul class="notes">'
        yield from (f"<li>{safe(one)}</li>" for one in left_out)
        yield "</ul></section>"
    yield "</main>\n<footer>Made by motfunnel.</footer>\n</body>\n</html>"


def _title(sections: Sequence[Section]) -> str:
    if len(sections) != 1:
        return "Reports"
    answer = sections[0].answer
    return readable(answer.said(answer.title))


def _asked(answer: Answer[Any]) -> str:
    told = [f"As of {moment(answer.as_of)}"]
    if answer.known_by is not None:
        told.append(f"as known by {moment(answer.known_by)}")
    if answer.timezone != "UTC":
        told.append(f"periods in {answer.timezone}")
    if answer.tenant != "default":
        told.append(f"tenant {answer.tenant}")
    return ", ".join(told)


@cache
def _file(name: str) -> str:
    return files("motfunnel.pages").joinpath(name).read_text("utf-8")
