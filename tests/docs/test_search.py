"""A stranger finds the documents by the words of the field, and each term where it is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {page: page.read_text("utf-8") for page in sorted(DOCS.rglob("*.md"))}
TERMS = re.findall(r"^## (.*)$", PAGES[DOCS / "glossary.md"], re.MULTILINE)
OF_THE_FIELD = ["churn", "win-back", "privacy", "GDPR", "security", "dashboard", "quickstart"]


@pytest.mark.parametrize("word", OF_THE_FIELD)
def test_a_word_of_the_field_is_on_a_page(word: str) -> None:
    """In prose, where the search of the built pages looks; an example alone would not do."""
    prose = (re.sub(r"```.*?```", "", text, flags=re.DOTALL) for text in PAGES.values())
    assert any(re.search(rf"\b{word}", text, re.IGNORECASE) for text in prose)


def test_terms_are_in_the_glossary_once_and_linked() -> None:
    """The builder refuses a link to a term that is not there; here each linked page counts."""
    assert len(TERMS) == len({*TERMS}) > 50
    linked = [page for page, text in PAGES.items() if "glossary.md#" in text]
    assert len(linked) >= 10
