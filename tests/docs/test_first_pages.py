"""The pages that stand beside the code: whatever they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md"), *ROOT.glob("examples/*/*.md")]
LINK = re.compile(r"\]\((?!https?://)([^)#\s]+)")
TARGET = re.compile(r"\bmake ([a-z-]+)(?=[`\s]*(?:$|\n| #|`|,| run| set| is|:))", re.MULTILINE)
PATHS = re.compile(r"`((?:docs|src|tests|benchmarks|examples|domain|store|reports)/[\w/.-]+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_names_is_there(page: Path) -> None:
    """Its links and paths lead to files, and its targets are those of the Makefile."""
    text = page.read_text("utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(TARGET.findall(text)) <= targets
    places = (ROOT, ROOT / "src/motfunnel")
    wanting = [
        path for path in PATHS.findall(text) if not any((at / path).exists() for at in places)
    ]
    if page.name != "CHANGELOG.md":  # which tells of what was
        assert wanting == []
