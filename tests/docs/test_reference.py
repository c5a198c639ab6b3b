"""Nothing that a user can name is missing from the pages that list it."""

from pathlib import Path

import motfunnel
from motfunnel import errors
from motfunnel.cli.group import COMMANDS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "motfunnel"


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def test_public_names() -> None:
    """Every name of the front door stands in the page on Python."""
    assert [name for name in motfunnel.__all__ if f"`{name}`" not in page("reference/python")] == []


def test_errors() -> None:
    """Every error stands in the table of errors."""
    names = [name for name, thing in vars(errors).items() if isinstance(thing, type)]
    table = page("reference/errors")
    assert [n for n in names if f"`{n}`" not in table] == []


def test_commands() -> None:
    """Every subcommand stands in the page on the command line."""
    listed = page("reference/command-line")
    assert [name for name in COMMANDS if f"`motfunnel {name}" not in listed] == []


def test_rooms() -> None:
    """Every room stands in the table of the architecture."""
    rooms = [path.stem for path in SOURCE.iterdir() if path.is_dir() or path.name == "errors.py"]
    table = page("architecture")
    assert [r for r in rooms if r != "__pycache__" and f"| `{r}` |" not in table] == []
