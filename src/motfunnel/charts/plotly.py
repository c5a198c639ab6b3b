"""The printer to plotly: a scene as a Figure that can be pointed at, changed and saved.

The library is loaded when a figure is asked for. It reads tags and entities in every text, so each
text of ours is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from importlib import import_module
from typing import Any, Final

from motfunnel.charts.labels import width_of, wrapped
from motfunnel.charts.layout import named_marks, width_of_text
from motfunnel.charts.scene import (
    Axis,
    Band,
    Bars,
    Cells,
    Dots,
    Frame,
    Line,
    Links,
    Mark,
    Numbers,
    Panel,
    Picture,
    Ribbons,
    Rows,
    Rule,
    Text,
    fill_of,
    on,
)
from motfunnel.charts.style import FONT, INK, LIGHT, QUIET, RULE, WIDE, everyone, faint, stops
from motfunnel.errors import MissingExtraError, install

_EDGE: Final = 24
_LINE: Final = 16
_LEGEND: Final = 20
_KEY: Final = 46
_AXIS: Final = 56  # pixels of an axis below a panel
_GAP: Final = 20
_HEADING: Final = 26
_APART: Final = 24  # of names from the numbers in their rows
_LETTERED: Final = 0.012
"""Nodes below this share of the largest are too low for a name; pointing at them says it."""

_NARROW: Final = 0.05
"""A bar below this part of the axis is too short for what stands in it."""

_ROOM: Final = 34
"""Pixels of a cell in which a share fits."""

_ABOVE: Final = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom",
                 "traceorder": "normal", "font": {"size": 12}, "itemclick": False,
                 "itemdoubleclick": False}  # fmt: skip
"""The legend."""

Traced = dict[str, Any]


def to_plotly(picture: Picture, frame: Frame) -> Any:
    """Print a picture as a Figure of plotly, framed as on a slide.

    Raises:
        MissingExtraError: plotly is not installed.
    """
    try:
        library = import_module("plotly.graph_objects")
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"a figure needs plotly: {install('plot')}") from error
    data = [
        trace | ({"yaxis": f"y{n + 1}"} if n else {})
        for n, panel in enumerate(picture.panels)
        for mark in panel.marks
        if not isinstance(mark, Rule)
        for trace in _TRACES[type(mark)](mark, picture)
    ]
    known: set[str] = set()
    for trace in data:  # of each name one is in the legend
        if trace["type"] == "bar" and trace["showlegend"]:
            trace["showlegend"] = trace["name"] not in known
            known.add(trace["name"])
    return library.Figure({"data": data, "layout": _layout(picture, frame)})


def _band(band: Band, _: Picture) -> Iterator[Traced]:
    """The lower edge, and the upper one filled down to it."""
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": list(band.x),
        "line": {"width": 0, "shape": "hv" if band.is_stepped else "linear"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    yield edge | {"name": "lower", "y": list(band.lower)}
    fill = {"fill": "tonexty", "fillcolor": faint(band.colour, 0.16)}
    yield edge | {"name": "upper", "y": list(band.upper)} | fill


def _line(line: Line, _: Picture) -> Iterator[Traced]:
    colour = LIGHT[line.colour]
    shape = {"shape": "hv"} if line.is_stepped else {}
    trace: Traced = {
        "type": "scatter",
        "mode": "lines+markers" if line.has_dots else "lines",
        "name": escape(line.name, quote=False),
        "x": list(line.x),
        "y": list(line.y),
        "line": {"color": colour, "width": line.width} | shape,
        "hoverinfo": "text",
        "hovertext": _all(line.hovers),
    }
    if line.group:
        trace["legendgroup"] = escape(line.group, quote=False)
    if line.has_dots:
        hollow = [LIGHT["paper"] if one else colour for one in line.hollow] or colour
        trace["marker"] = {"size": 6, "color": hollow, "line": {"color": colour, "width": 1.5}}
    yield trace


def _dots(dots: Dots, _: Picture) -> Iterator[Traced]:
    trace: Traced = {
        "type": "scatter",
        "mode": "markers",
        "name": escape(dots.name, quote=False),
        "x": list(dots.x),
        "y": list(dots.y),
        "marker": {"size": dots.size, "color": LIGHT[fill_of(dots)],
                   "line": {"color": LIGHT[dots.colour], "width": 2 if dots.fill else 0}},
        "showlegend": dots.is_in_legend,
        "cliponaxis": False,
        **_hover(dots.hovers),
    }  # fmt: skip
    if dots.ends:
        values = dots.y if dots.is_upright else dots.x
        both = list(zip(values, dots.ends, strict=True))
        trace["error_y" if dots.is_upright else "error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [0 if v is None or e is None else e.upper - v for v, e in both],
            "arrayminus": [0 if v is None or e is None else v - e.lower for v, e in both],
            "color": faint(dots.colour, 1 if dots.is_upright else 0.55),
            "thickness": 1.5 if dots.is_upright else 2.5,
            "width": 4 if dots.is_upright else 0,
        }
    yield trace


def _links(links: Links, _: Picture) -> Iterator[Traced]:
    """One trace for all lines of a colour: two ends each, and nothing between them."""
    ends = zip(links.rows, links.first, links.second, strict=True)
    points = [point for n, a, b in ends for point in ((a, n), (b, n), (None, None))]
    yield {
        "type": "scatter",
        "mode": "lines",
        "name": links.name,
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"color": faint(links.colour, 0.6), "width": 5},
        "hoverinfo": "skip",
        "showlegend": bool(points),
    }


def _bars(bars: Bars, picture: Picture) -> Iterator[Traced]:
    places, sizes = list(range(len(bars.sizes))), list(bars.sizes)
    x, y = (places, sizes) if bars.is_upright else (sizes, places)
    trace: Traced = {
        "type": "bar",
        "name": escape(bars.name, quote=False),
        "x": x,
        "y": y,
        "marker": {"color": LIGHT[bars.colour]} | _hatching(bars),
        "showlegend": bars.is_in_legend,
        "legendgroup": escape(bars.name, quote=False),
        **_hover(bars.hovers),
        **_texts(bars, picture),
    }
    if not bars.is_upright:
        trace["orientation"] = "h"
    yield trace


def _texts(bars: Bars, picture: Picture) -> Traced:
    """What stands in bars or behind them."""
    if not bars.texts:
        return {}
    whole = picture.x.upper - picture.x.lower if picture.x else 1
    fits = [
        bars.are_outside or bars.are_steps or (size or 0) / whole > _NARROW for size in bars.sizes
    ]
    told: Traced = {
        "text": [_html(one) if fit else "" for one, fit in zip(bars.texts, fits, strict=True)],
        "textposition": "outside" if bars.are_outside else "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "cliponaxis": False,
        "insidetextfont": {"color": LIGHT[on(bars.colour)]},
    }
    if bars.are_steps:
        font = {"textfont": {"size": 13}, "outsidetextfont": {"color": LIGHT[INK]}}
        return told | {"textposition": "auto", "insidetextanchor": "start"} | font
    return told


def _hatching(bars: Bars) -> Traced:
    if not any(bars.hatched):
        return {}
    return {
        "opacity": [0.55 if one else 1 for one in bars.hatched],
        "pattern": {"shape": ["/" if one else "" for one in bars.hatched],
                    "fgcolor": LIGHT["paper"], "fillmode": "overlay", "size": 6, "solidity": 0.35},
    }  # fmt: skip


def _cells(cells: Cells, picture: Picture) -> Iterator[Traced]:
    rows = len(cells.values)
    columns = max(map(len, cells.values), default=0)
    whole = picture.x.upper - picture.x.lower if picture.x else 1
    wide = (WIDE - _left(picture) - _right(picture)) / whole
    high = min(_rows_high(panel.y) / max(rows, 1) for panel in picture.panels if _is_rows(panel))
    gap = 2 if max(columns, rows) <= 40 else 0  # noqa: PLR2004 - or there is nothing but gaps
    grey = [[0, everyone()], [1, everyone()]]
    shades = [[n / (len(stops()) - 1), one] for n, one in enumerate(stops())]
    trace: Traced = {
        "type": "heatmap",
        "x": list(range(cells.first, cells.first + columns)),
        "y": list(range(rows)),
        "z": [list(line) for line in cells.values],
        "text": [_all(line) for line in cells.texts],
        "hovertext": [_all(line) for line in cells.hovers],
        "hoverinfo": "text",
        "hoverongaps": False,
        "zmin": 0,
        "zmax": cells.most or 1,
        "xgap": gap,
        "ygap": gap,
        "colorscale": grey if cells.most is None else shades,
        "showscale": cells.most is not None,
        "colorbar": {"tickformat": "~%", "thickness": 12, "outlinewidth": 0, "lenmode": "pixels",
                     "len": max(0.6 * high * rows, 90), "nticks": 4, "y": 1, "yanchor": "top",
                     "tickfont": {"color": LIGHT[QUIET]}},
    }  # fmt: skip
    if wide >= _ROOM * 0.75 and high >= 13:  # noqa: PLR2004
        trace |= {"texttemplate": "%{text}", "textfont": {"size": 11 if wide >= _ROOM else 9}}
    yield trace


def _ribbons(ribbons: Ribbons, _: Picture) -> Iterator[Traced]:
    out, into = ([0] * len(ribbons.nodes) for _ in range(2))
    for source, target, count in ribbons.flows:
        out[source] += count
        into[target] += count
    sizes = [max(both) for both in zip(out, into, strict=True)]
    least = _LETTERED * max(sizes, default=0)
    to = "%{source.customdata} to %{target.customdata}: %{value:,}<extra></extra>"
    nodes = ribbons.nodes
    yield {
        "type": "sankey",
        "arrangement": "snap",
        "node": {
            "label": [escape(node.lettered, quote=False) if size >= least else ""
                      for node, size in zip(nodes, sizes, strict=True)],
            "customdata": _all([node.name for node in nodes]),
            "color": [LIGHT[node.colour] for node in nodes],
            "pad": 14,
            "thickness": 14,
            "line": {"width": 0},
            "hovertemplate": "%{customdata}: %{value:,}<extra></extra>",
        },
        "link": {
            "source": [source for source, _, _ in ribbons.flows],
            "target": [target for _, target, _ in ribbons.flows],
            "value": [count for _, _, count in ribbons.flows],
            "color": [faint(nodes[target].colour, 0.28) for _, target, _ in ribbons.flows],
            "hovertemplate": to,
        },
        "textfont": {"size": 12, "color": LIGHT[INK]},
    }  # fmt: skip


def _numbers(numbers: Numbers, _: Picture) -> Iterator[Traced]:
    yield {
        "type": "scatter",
        "mode": "text",
        "name": numbers.name,
        "x": list(numbers.at),
        "y": [numbers.row] * len(numbers.at),
        "text": _all(numbers.texts),
        "textfont": {"size": 11},
        "hoverinfo": "skip",
        "showlegend": False,
        "cliponaxis": False,
    }


_TRACES: Final[Mapping[type[Any], Callable[[Any, Picture], Iterator[Traced]]]] = {
    Band: _band,
    Line: _line,
    Dots: _dots,
    Links: _links,
    Bars: _bars,
    Cells: _cells,
    Ribbons: _ribbons,
    Numbers: _numbers,
}


def _layout(picture: Picture, frame: Frame) -> Traced:
    """All that is no trace: the frame, the axes, and what is lettered."""
    heading = wrapped(frame.title, WIDE - 2 * _EDGE, 20, "strong")
    said = wrapped(f"{frame.asked} · {picture.counted}", WIDE - 2 * _EDGE, 13)
    below = wrapped(frame.definition, WIDE - 2 * _EDGE, 11.5)
    left, right, high = _left(picture), _right(picture), _high(picture)
    above, under = _above(picture, left, right), _under(picture)
    top = 26 * len(heading) + 27 + 17 * len(said) + above
    height = top + high + under + _LINE * len(below) + 20
    at: Traced = {"x": 0, "xanchor": "left", "xshift": _EDGE - left, "y": 0, "yanchor": "top",
          "yshift": -under - 8, "align": "left"}  # fmt: skip
    definition = _note(_lines(below), name="definition", size=11.5, **at)
    return {
        "template": "none",
        "width": WIDE,
        "height": height,
        "margin": {"l": left, "r": right, "t": top, "b": height - top - high, "pad": 0},
        "font": {"family": FONT, "size": 12, "color": LIGHT[INK]},
        "paper_bgcolor": LIGHT["paper"],
        "plot_bgcolor": LIGHT["paper"],
        "hoverlabel": {"bgcolor": LIGHT["paper"], "font": {"color": LIGHT[INK]}},
        "barmode": "group" if any(bars.lanes > 1 for bars in _all_bars(picture)) else "relative",
        "bargap": 0.18 if any(bars.is_upright for bars in _all_bars(picture)) else 0.32,
        "showlegend": picture.has_legend,
        "legend": _ABOVE | {"y": 1 + _heading(picture) / high},
        "title": {
            "text": f"<b>{_lines(heading)}</b>",
            "subtitle": {"text": _lines(said), "font": {"size": 13, "color": LIGHT[QUIET]}},
            "font": {"size": 20, "color": LIGHT[INK]},
            "x": _EDGE / WIDE,
            "xanchor": "left",
            "y": 1 - 16 / height,
            "yanchor": "top",
        },
        "annotations": [*_annotations(picture), definition],
        "shapes": list(_shapes(picture)),
        **_all_axes(picture, high),
    }  # fmt: skip


def _all_bars(picture: Picture) -> list[Bars]:
    return [m for panel in picture.panels for m in panel.marks if isinstance(m, Bars)]


def _is_rows(panel: Panel) -> bool:
    return isinstance(panel.y, Rows)


def _left(picture: Picture) -> int:
    """How many pixels stand left of the axes."""
    return max((_left_of(panel) for panel in picture.panels), default=_EDGE)


def _left_of(panel: Panel) -> int:
    if isinstance(panel.y, Axis):
        return 52 + math.ceil(max((width_of(one.text) for one in panel.y.ticks), default=0))
    if panel.y is None:
        return _EDGE
    lines = [*panel.y.names, *(line for lines in panel.y.below for line in lines)]
    apart = _APART if panel.y.colours else 0
    return max(64, math.ceil(max(map(width_of, lines), default=0)) + 28) + apart


def _right(picture: Picture) -> int:
    """How many pixels stand right of them."""
    widest = 0.0
    for panel in picture.panels:
        if isinstance(panel.y, Rows):
            widest = max([widest, *map(width_of_text, panel.y.beside)])
        for mark in panel.marks:
            widest = max(widest, _beyond(mark))
    return 28 + math.ceil(widest)


def _beyond(mark: Mark) -> float:
    if isinstance(mark, Bars) and mark.are_outside:
        return max(map(width_of_text, mark.texts), default=0)
    if isinstance(mark, Cells):
        return _EDGE * 2.3
    if isinstance(mark, Rule) and not mark.is_upright:
        return max(map(width_of, mark.text), default=0)
    return 12 if isinstance(mark, Numbers) else 0


def _rows_high(rows: Axis | Rows | None) -> float:
    return len(rows.names) * rows.high if isinstance(rows, Rows) else 0


def _panel_high(panel: Panel) -> float:
    if isinstance(panel.y, Rows):
        return max(_rows_high(panel.y), panel.y.high * (1 if panel.y.is_packed else 2))
    return panel.high


def _gap(panel: Panel) -> int:
    """What lies between a panel and the one below it."""
    return _AXIS if panel.has_x else _GAP


def _high(picture: Picture) -> float:
    """How high all panels are, with what lies between them."""
    between = sum(_gap(panel) for panel in picture.panels[:-1])
    headings = _HEADING * sum(bool(panel.heading) for panel in picture.panels[1:])
    return between + headings + sum(map(_panel_high, picture.panels)) or 160


def _under(picture: Picture) -> int:
    axis, last = picture.x, picture.panels[-1] if picture.panels else None
    lettered = axis and axis.is_shown and not axis.is_above and last and last.has_x
    return _AXIS if lettered else 14


def _above(picture: Picture, left: int, right: int) -> int:
    """How many pixels the legend, a note, a heading and an axis need above the panels."""
    names = [name for name, _ in named_marks(picture)] if picture.has_legend else []
    beside = max(1, int((WIDE - left - right) / (_KEY + max(map(width_of, names), default=0))))
    rows = -(-len(names) // beside)
    axis = 40 if picture.x is not None and picture.x.is_above else 0
    note = _LEGEND if picture.note or _has_edge(picture) else 0
    return 12 + _LEGEND * rows + axis + _heading(picture) + note


def _heading(picture: Picture) -> int:
    """How many pixels the heading of the first panel needs."""
    return _HEADING if picture.panels and picture.panels[0].heading else 0


def _has_edge(picture: Picture) -> bool:
    return any(isinstance(m, Rule) and m.is_upright for one in picture.panels for m in one.marks)


def _all_axes(picture: Picture, high: float) -> Traced:
    """The common axis, and one of each panel, with the part of the height that it has."""
    told, top = {}, high
    for n, panel in enumerate(picture.panels):
        top -= _HEADING if n and panel.heading else 0
        domain = [max((top - _panel_high(panel)) / high, 0), top / high]
        told[f"yaxis{n + 1 if n else ''}"] = {"domain": domain} | _upward(panel)
        top -= _panel_high(panel) + _gap(panel)
    if picture.x is None:
        return (
            told | {"xaxis": {"visible": False}} | ({} if told else {"yaxis": {"visible": False}})
        )
    shown = next((n for n, panel in enumerate(picture.panels) if panel.has_x), 0)
    more = {"side": "top"} if picture.x.is_above else {}
    told["xaxis"] = _axis(picture.x) | {"anchor": f"y{shown + 1 if shown else ''}"} | more
    return told


def _upward(panel: Panel) -> Traced:
    if isinstance(panel.y, Axis):
        return _axis(panel.y)
    if panel.y is None:
        return {"visible": False}
    rows = panel.y
    below = list(rows.below) or [()] * len(rows.names)
    heading = "<b>{}</b>" if rows.below else "{}"
    quiet = f"<br><span style='color:{LIGHT[QUIET]}'>{{}}</span>"
    colours = [*rows.colours] or [INK] * len(rows.names)
    texts = [
        heading.format(_coloured(name, colour))
        + "".join(quiet.format(escape(line, quote=False)) for line in lines)
        for name, lines, colour in zip(rows.names, below, colours, strict=True)
    ]
    return _look() | {
        "ticklabelstandoff": _APART if rows.colours else 8,
        "tickvals": list(range(len(texts)))[:: rows.each],
        "ticktext": texts[:: rows.each],
        "tickfont": {"size": 11 if rows.colours else 12, "color": LIGHT[INK]},
        "showgrid": False,
        "range": [len(texts) - 0.5, -0.5],
    }


def _coloured(name: str, colour: str) -> str:
    """A name beside an axis; one of a line has its colour."""
    told = escape(name, quote=False)
    return told if colour == INK else f"<span style='color:{LIGHT[colour]}'>{told}</span>"


def _axis(axis: Axis) -> Traced:
    ends = [axis.lower, axis.upper]
    told = _look() | {
        "tickvals": [tick.at for tick in axis.ticks],
        "ticktext": _all([tick.text for tick in axis.ticks]),
        "range": [math.log10(end) for end in ends] if axis.is_log else ends,
        "showgrid": axis.has_grid,
        "visible": axis.is_shown,
        "type": "log" if axis.is_log else "linear",
    }
    if axis.zero:
        told |= {"zeroline": True, "zerolinecolor": LIGHT[INK], "zerolinewidth": 1}
    if axis.title:
        font = {"size": 12, "color": LIGHT[QUIET]}
        title = _lines(wrapped(axis.title, 300))
        told["title"] = {"text": title, "font": font, "standoff": 8}
    return told


def _look() -> Traced:
    return {
        "gridcolor": LIGHT["grid"],
        "zeroline": False,
        "linecolor": LIGHT[RULE],
        "tickfont": {"size": 12, "color": LIGHT[QUIET]},
        "tickangle": 0,
        "fixedrange": True,
    }


def _annotations(picture: Picture) -> Iterator[Traced]:
    """What stands beside rows, above panels, at rules, and above all."""
    for n, panel in enumerate(picture.panels):
        yref = f"y{n + 1 if n else ''}"
        if isinstance(panel.y, Rows):
            right: Traced = {"x": 1, "xanchor": "left", "xshift": 12, "yref": yref}
            for row, text in enumerate(panel.y.beside):
                yield _note(_html(text), y=row, colour=INK, **right)
        corner: Traced = {
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "yref": f"{yref} domain",
        }
        if panel.heading:
            yield _note(f"<b>{escape(panel.heading, quote=False)}</b>", **corner)
        for mark in panel.marks:
            if isinstance(mark, Rule):
                yield _meaning(mark, picture, yref)
    if picture.note:
        at: Traced = {"x": 1, "xanchor": "right", "y": 1, "yanchor": "bottom", "yshift": 4}
        yield _note(escape(picture.note, quote=False), size=11, **at)
    if picture.blank:
        yield _note(escape(picture.blank, quote=False), x=0.5, y=0.5)


def _meaning(rule: Rule, picture: Picture, yref: str) -> Traced:
    if rule.is_upright and picture.x is not None:
        at = rule.at / (picture.x.upper or 1)
        return _note(_lines(rule.text), x=at, y=1, yref=f"{yref} domain", yanchor="bottom")
    at_right: Traced = {"x": 1, "xanchor": "left", "xshift": 8, "y": rule.at, "yref": yref}
    return _note(_lines(rule.text), align="left", size=11, **at_right)


def _shapes(picture: Picture) -> Iterator[Traced]:
    for n, panel in enumerate(picture.panels):
        yref = f"y{n + 1 if n else ''}"
        for mark in panel.marks:
            if isinstance(mark, Rule):
                across = {"x0": mark.at, "x1": mark.at, "y0": 0, "y1": 1, "yref": f"{yref} domain"}
                along = {"xref": "x domain", "x0": 0, "x1": 1, "y0": mark.at, "y1": mark.at,
                         "yref": yref}  # fmt: skip
                line = {"color": LIGHT[mark.colour], "width": 1, "dash": "dot"}
                yield {"type": "line", "line": line} | (across if mark.is_upright else along)


def _note(text: str, *, size: float = 12, colour: str = QUIET, **more: Any) -> Traced:
    """A text in the picture, without an arrow."""
    font = {"size": size, "color": LIGHT[colour]}
    place = {"xref": "paper", "yref": "paper"}
    return {"text": text, "showarrow": False, "font": font} | place | more


def _html(text: Text) -> str:
    forms = {"strong": "<b>{}</b>", "quiet": f"<span style='color:{LIGHT[QUIET]}'>{{}}</span>"}
    return " ".join(forms.get(run.look, "{}").format(escape(run.text, quote=False)) for run in text)


def _lines(lines: Sequence[str]) -> str:
    return "<br>".join(_all(lines))


def _all(texts: Sequence[str]) -> list[str]:
    return [escape(text, quote=False) for text in texts]


def _hover(hovers: Sequence[str]) -> Traced:
    if not hovers:
        return {"hoverinfo": "skip"}
    return {"hovertext": _all(hovers), "hoverinfo": "text"}
