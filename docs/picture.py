"""The picture of the journey, drawn from the tables that the state machine walks.

``python docs/picture.py`` writes ``docs/_static/journey.svg``; a test holds the file to it. Lays
out and labels; says nothing that ``TRANSITIONS`` and ``SIGNALS`` do not say.
"""

from collections import defaultdict
from html import escape
from pathlib import Path

from motfunnel.domain.machine import (
    APOSTLE,
    COMPLAINT,
    CONVERSION,
    DEPART,
    LOYALIST,
    OPENING,
    RECIDIVISM,
    REFERRAL,
    TRANSITIONS,
)
from motfunnel.domain.moment import Presence
from motfunnel.domain.signal import SIGNALS

FILE = Path(__file__).parent / "_static" / "journey.svg"
MOMENTS = {
    OPENING: "OPENING",
    DEPART: "DEPART",
    RECIDIVISM: "RECIDIVISM",
    CONVERSION: "CONVERSION",
    LOYALIST: "LOYALIST",
    REFERRAL: "REFERRAL",
    APOSTLE: "APOSTLE",
    COMPLAINT: "COMPLAINT",
}
PRESENCES = tuple(presence.value for presence in Presence)

# Where each presence stands, and how each arrow runs: its path, and where its text begins.
WIDTH, HEIGHT = 940, 430
NODES = {"unknown": (90, 110), "active": (430, 110), "departed": (830, 110)}
ROUTES = {
    ("unknown", "active"): ("M160,110 H354", (257, 66), "middle"),
    ("active", "departed"): ("M506,92 C580,58 680,58 754,92", (630, 24), "middle"),
    ("departed", "active"): ("M754,128 C680,162 580,162 506,128", (630, 178), "middle"),
    ("active", "active"): ("M392,144 C360,212 500,212 468,144", (250, 226), "start"),
    ("departed", "departed"): ("M792,144 C760,212 900,212 868,144", (830, 226), "middle"),
}
LINE = 19

STYLE = """
  .journey { --ink: #1f2328; --soft: #59636e; --line: #818b98; --fill: #f6f8fa; --mark: #0550ae;
    font-family: system-ui, sans-serif; font-size: 14px; }
  @media (prefers-color-scheme: dark) { .journey { --ink: #f0f6fc; --soft: #9198a1;
    --line: #656c76; --fill: #1c2128; --mark: #79c0ff; } }
  .journey text { fill: var(--color-foreground-primary, var(--ink)); }
  .journey .soft { fill: var(--color-foreground-secondary, var(--soft)); font-size: 13px; }
  .journey .mono { font-family: ui-monospace, monospace; font-size: 12.5px; }
  .journey .moment { fill: var(--color-brand-content, var(--mark)); font-weight: 700; }
  .journey .presence { font-size: 17px; font-weight: 600; }
  .journey rect { fill: var(--color-background-secondary, var(--fill)); stroke-width: 1.5; }
  .journey rect, .journey path { stroke: var(--color-foreground-muted, var(--line)); }
  .journey path { fill: none; stroke-width: 1.8; }
  .journey marker path { fill: var(--color-foreground-muted, var(--line)); stroke: none; }
"""


def signals(column: str) -> list[str]:
    """The names of the signals that have a yes in a column of the table."""
    return [row.signal.label for row in SIGNALS if getattr(row, column)]


def text(x: float, y: float, words: str, kind: str, anchor: str = "middle") -> str:
    """One line of text."""
    return f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'


def node(presence: str) -> list[str]:
    """One presence, as a box."""
    x, y = NODES[presence]
    return [
        f'<rect x="{x - 70}" y="{y - 32}" width="140" height="64" rx="14"/>',
        text(x, y + 6, presence, "presence"),
    ]


def arrow(route: tuple[str, str], made: list[tuple[str, str]]) -> list[str]:
    """All transitions from one presence to another: one arrow, and a line for each moment."""
    path, (x, y), anchor = ROUTES[route]
    drawn = [f'<path d="{path}" marker-end="url(#journey-tip)"/>']
    for moment, when in made:
        right, below = (112, 0) if len(made) > 1 else (0, LINE)
        drawn.append(text(x, y, moment, "moment", anchor))
        drawn.append(text(x + right, y + below, when, "soft", anchor))
        y += below + LINE
    return drawn


def legend() -> list[str]:
    """Which signals the words on the arrows stand for."""
    some = {
        words: signals(words.replace(" ", "_")) for words in ("opens", "keeps alive", "returns")
    }
    named = {name for names in some.values() for name in names}
    rest = [row.signal.label for row in SIGNALS if row.signal.label not in named]
    rows = (*some.items(), ("none of these", rest))
    drawn = []
    for place, (words, names) in enumerate(rows):
        y = HEIGHT - 72 + place * LINE
        drawn.append(text(20, y, words, "soft", "start"))
        drawn.append(text(130, y, ", ".join(names), "mono", "start"))
    return drawn


def draw() -> str:
    """The whole picture."""
    routes: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for before, when, after, moment in TRANSITIONS:
        routes[PRESENCES[before], PRESENCES[after]].append((MOMENTS[moment], when))
    told = [
        f"{moment}: {start} to {end}, {when}."
        for (start, end), made in routes.items()
        for moment, when in made
    ]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="journey" viewBox="0 0 {WIDTH} {HEIGHT}"',
        '  role="img" aria-labelledby="journey-title journey-desc">',
        '<title id="journey-title">The presences of a contact, and the moments between</title>',
        f'<desc id="journey-desc">{escape(" ".join(told))}</desc>',
        f"<style>{STYLE}</style>",
        '<marker id="journey-tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"',
        '  markerHeight="7" orient="auto-start-reverse"><path d="M0,0 L10,5 L0,10 z"/></marker>',
        *(line for route, made in routes.items() for line in arrow(route, made)),
        *(line for presence in NODES for line in node(presence)),
        *legend(),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(draw(), encoding="utf-8")
