"""The page on Django can be followed to the letter, from a fresh project on, and names all keys."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, follow

PAGE = ROOT / "docs/how-to/django.md"


@pytest.mark.slow
def test_the_page(tmp_path: Path) -> None:
    """A reader who does what it says sees what it says."""
    follow(PAGE, tmp_path)


def test_every_key_of_the_setting() -> None:
    """Every key stands in the table of keys."""
    pytest.importorskip("django")
    from motfunnel.integrations.django.settings import KEYS

    page = PAGE.read_text("utf-8")
    assert [key for key in KEYS if f"| `{key}` |" not in page] == []


def test_every_signal_and_property() -> None:
    """Every signal, and every property that a request gives, is named."""
    from motfunnel.integrations.django.request import NAMES

    page = PAGE.read_text("utf-8")
    from motfunnel import MomentKind

    named = [*(kind.value for kind in MomentKind), *NAMES]
    assert [name for name in named if f"`{name}`" not in page] == []
