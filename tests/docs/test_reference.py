"""Nothing that a user can name is missing from the pages that list it."""

import re
from pathlib import Path
from typing import Any

import click
import pytest

import motfunnel
from motfunnel import charts, errors, intake, pages, statistics, testing
from motfunnel.cli.group import COMMANDS, group

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "motfunnel"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
REFERENCE = sorted((ROOT / "docs" / "reference").rglob("*.md"))
# The pages whose paths are those of the project; how-to guides have a project of their own.
OURS = (
    "architecture",
    "reliability",
    "explanation/costs",
    *(f"decisions/{file.stem}" for file in DECISIONS),
)


def page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


def test_public_names() -> None:
    """Every name of the front door stands in the page on Python."""
    assert [name for name in motfunnel.__all__ if f"`{name}`" not in page("reference/python")] == []


@pytest.mark.parametrize(
    "room", [charts, intake, pages, statistics, testing], ids=lambda room: str(room.__name__)
)
def test_names_of_rooms(room: Any) -> None:
    """Every name of a room that users import from stands in a page of the reference."""
    listed = "".join(file.read_text("utf-8") for file in REFERENCE)
    assert [n for n in room.__all__ if f":: {room.__name__}.{n}\n" not in listed] == []


def test_errors() -> None:
    """Every error stands in the table of errors."""
    names = [name for name, thing in vars(errors).items() if isinstance(thing, type)]
    table = page("reference/errors")
    assert [n for n in names if f"`{n}`" not in table] == []


def test_commands() -> None:
    """Every subcommand stands in the page on the command line."""
    listed = page("reference/command-line") + page("reference/command-line-files")
    assert [name for name in COMMANDS if f"`motfunnel {name}" not in listed] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_options(name: str) -> None:
    """Every option of every subcommand stands there too."""
    command = group.get_command(click.Context(group), name)
    assert command is not None
    options = [one.opts[0] for one in command.params if isinstance(one, click.Option)]
    listed = page("reference/command-line") + page("reference/command-line-files")
    assert [o for o in options if not re.search(rf"{o}[ `\]]", listed)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_short_help(name: str) -> None:
    """The help lists a command, which it does not load, by the command's own first sentence."""
    command = group.get_command(click.Context(group), name)
    assert command is not None
    listed = click.Command(name, help=COMMANDS[name][1])
    assert listed.get_short_help_str(200) == command.get_short_help_str(200)


def test_rooms() -> None:
    """Every room, and every room in it, stands in the table of the architecture."""
    faces = [*SOURCE.glob("*/__init__.py"), *SOURCE.glob("*/*/__init__.py")]
    rooms = {face.parent.relative_to(SOURCE).as_posix() for face in faces}
    table = page("architecture")
    assert [room for room in sorted({"errors", *rooms}) if f"| `{room}` |" not in table] == []


@pytest.mark.parametrize("name", OURS)
def test_files(name: str) -> None:
    """Every file, and every room in a room, that a page names is there."""
    named = re.findall(r"`((?:\w+/)+(?:\w+(?:\.py)?)?)`", page(name))
    places = (SOURCE, SOURCE.parent, ROOT)
    assert [one for one in named if not any((place / one).exists() for place in places)] == []


def test_decisions_are_numbered() -> None:
    """One after the other, each by the number in its name."""
    numbers = [int(page(f"decisions/{file.stem}")[2:].partition(".")[0]) for file in DECISIONS]
    assert numbers == [int(file.stem[:4]) for file in DECISIONS] == [*range(1, len(numbers) + 1)]
