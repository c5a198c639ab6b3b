"""The pace of return: how many returned in each state, beside how many a common pace would give."""

from __future__ import annotations

from motfunnel.charts.labels import label, room
from motfunnel.charts.picture import Picture
from motfunnel.charts.style import BLUE, GREY, axis, names
from motfunnel.reports.pace import PaceComparison


def picture(answer: PaceComparison) -> Picture:
    """Two bars for each state."""
    rows = answer.rows
    labels = [f"{label(row.group)} (n = {row.contacts:,})" for row in rows]
    at = list(range(len(rows)))
    returned = [row.observed for row in rows]
    expected = [row.expected for row in rows]
    said = [
        f"{row.group}: {row.observed:,} returned, "
        f"{'–' if row.expected is None else f'{row.expected:.1f}'} expected"
        for row in rows
    ]
    look = {"type": "bar", "orientation": "h", "y": at, "textposition": "outside"}
    return Picture(
        traces=[
            look | {"name": "returned", "x": returned, "marker": {"color": BLUE},
                    "text": [f"{count:,}" for count in returned]},
            look | {"name": "expected of a common pace", "x": expected, "marker": {"color": GREY},
                    "text": ["" if one is None else f"{one:,.1f}" for one in expected]},
        ],
        layout={
            "xaxis": axis("contacts", rangemode="tozero"),
            "yaxis": names(labels),
            "showlegend": True,
            "bargap": 0.4,
        },
        counted=label(answer.verdict(), 120),
        told=f"Bars. {'; '.join(said)}.",
        left=room(labels),
        above=36,
        height=400,
    )  # fmt: skip
