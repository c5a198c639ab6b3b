"""A story on a terminal says the funnel's own words, and JSON the names of programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.cli.conftest import COLUMNS, FUNNEL, Run

WORDS: Final = """[words]
contact = "fan"
purchase = ["box", "boxes"]
active = "subscribed"
departed = "gone"
depart = "cancelled"
recidivism = "rejoined after all"
"""


def test_a_story_in_own_words(run: Run) -> None:
    """What happened, what it is, what it was until then; an event that is called left stays."""
    Path("funnel.toml").write_text(FUNNEL + WORDS)
    run("import", "events.csv", "--funnel", "funnel.toml", *COLUMNS)
    asked = ("contact", "ada", "--as-of", "2024-02-01")
    lines = run(*asked).stdout.splitlines()
    assert lines[0] == "ada is subscribed, at stage customer, after 4 events"
    said = " | ".join(" ".join(line.split()) for line in lines)
    assert "2024-01-03 00:00:00 cancelled said left: price" in said
    assert "until then subscribed at customer, 1 box" in said and 'bought = "purchase"' in said
    assert "2024-01-10 00:00:00 rejoined after all seen after 7 days gone" in said
    assert "until then gone at customer, 1 box" in said
    assert "departed" not in said and "recidivism" not in said and " depart " not in said
    told = json.loads(run(*asked, "--format", "json").stdout)
    kinds = [one["moment"] for one in told["moments"]]
    assert kinds == ["opening", "conversion", "depart", "recidivism"]
    assert told["presence"] == "active"


def test_a_story_in_the_usual_words_stays_as_it_is(run: Run) -> None:
    """Kinds of moments as programs call them, in columns."""
    Path("funnel.toml").write_text(FUNNEL)
    run("import", "events.csv", "--funnel", "funnel.toml", *COLUMNS)
    said = run("contact", "ada", "--as-of", "2024-02-01").stdout
    assert "ada is active, at stage customer" in said
    assert "2024-01-03 00:00:00  depart      said left: price" in said
