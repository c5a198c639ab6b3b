"""The funnel files in the documents can be used, and say what the Python beside them says."""

import re
from pathlib import Path
from typing import Any

import pytest

from motfunnel import Funnel

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
CAPTIONED = re.compile(r"```\{code-block\} toml\n:caption: (\S+)\n\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_funnel_files_can_be_read(page: Path, tmp_path: Path) -> None:
    """A funnel file with a name can be copied and used as it is."""
    for name, text in CAPTIONED.findall(page.read_text("utf-8")):
        (tmp_path / name).write_text(text, "utf-8")
        assert Funnel.from_toml(tmp_path / name).stages


def test_the_same_funnel_twice(tmp_path: Path) -> None:
    """The funnel in Python and the funnel in TOML are one funnel."""
    page = (DOCS / "how-to/write-a-funnel.md").read_text("utf-8")
    [(name, text)] = CAPTIONED.findall(page)
    (tmp_path / name).write_text(text, "utf-8")
    told: dict[str, Any] = {}
    exec(PYTHON.search(page)[1], told)  # type: ignore[index]  # the page's first block
    assert Funnel.from_toml(tmp_path / name).to_dict() == told["funnel"].to_dict()
