"""No name that hosts use changes unseen: what can be imported, called, asked for and read.

`MOTFUNNEL_GOLDEN=write` writes the names of now; read the difference before you commit it. Which
modules they can be imported from, the documents say.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from motfunnel.cli.group import group
from tests.golden.histories import drawn
from tests.golden.names import commands, front_door, reports, tables

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENTS = (
    *(ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.py")),
    *(ROOT / "src/motfunnel/integrations/django/migrations").glob("*.py"),
    *(ROOT / "tests/typing").rglob("*.py"),
)
IMPORT = re.compile(r"\bfrom (motfunnel[\w.]*) import (?:\(([^)]*)\)|([^\n#;`]+))")
PATH = re.compile(r"(?<![\w./-])motfunnel(?:\.[A-Za-z_]\w*)+")
NOT_IMPORTED = {
    "motfunnel.Contact": "a model of Django",
    "motfunnel.sweep": "a task of Celery",
    "motfunnel.refresh": "another",
    "motfunnel.relay": "a third",
    "motfunnel.view_contact": "a permission of Django",
    "motfunnel.reports.progress.invitation": "a question that a page adds",
    "motfunnel.reports.progress.invitation.invitation": "the same",
    **{
        f"motfunnel.{key}": "a key of the log"
        for key in (
            "error",
            "event_name",
            "handler",
            "handler_at",
            "moment",
            "raised_at",
            "taken_as",
        )
    },
}


def test_names_are_as_frozen(tmp_path: Path) -> None:
    """What can be imported, called, asked for and read is called as it was."""
    url = f"sqlite:///{tmp_path / 'names.db'}"
    with drawn(url, 1) as tracker:
        told = [*front_door(), *reports(tracker), *tables(url), "\n# commands"]
    now = "\n".join([*told, *commands("motfunnel", group), ""])
    file = HERE / "names.txt"
    if os.environ.get("MOTFUNNEL_GOLDEN") == "write":
        file.write_text(now, "utf-8")
    frozen = file.read_text("utf-8")
    difference = unified_diff(frozen.splitlines(), now.splitlines(), "frozen", "now", lineterm="")
    assert now == frozen, "\n".join(difference)


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, "--version"),
        (1, "import bad.csv --funnel saas --contact a --event b --at c --db sqlite:///new.db"),
        (2, "nonsense"),
        (3, "health --db sqlite:///not-there.db"),
        (130, "interrupted"),
    ],
)
def test_exit_codes(
    code: int, arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Done, done with rejected rows, bad usage, not to be done, interrupted."""

    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    Path("bad.csv").write_text("a,b,c\nada,signed_up,never\n")
    monkeypatch.setitem(group.commands, "interrupted", click.Command("x", callback=interrupt))
    result = CliRunner().invoke(group, arguments.split())
    assert result.exit_code == code, result.output


def named_in_documents() -> set[str]:
    """Every path within the package that a document names."""
    named: set[str] = set()
    for text in (document.read_text("utf-8") for document in DOCUMENTS):
        for module, several, one in IMPORT.findall(text):
            things = re.sub(r"#.*| as \w+", "", several or one)
            named |= {f"{module}.{thing}" for thing in re.findall(r"[A-Za-z_]\w*", things)}
        named |= {*PATH.findall(text)}
    return named


def test_paths_in_documents_lead_somewhere() -> None:
    """Whatever README, docs, examples, migrations and typed user code name can be imported."""
    named = named_in_documents()
    assert {*NOT_IMPORTED} <= named
    script = (
        "import sys, django, pkgutil\n"
        "django.setup()\n"
        "for path in sys.argv[1:]:\n"
        "    try: pkgutil.resolve_name(path)\n"
        "    except Exception as error: print(path, error)\n"
    )
    settings = {"DJANGO_SETTINGS_MODULE": "tests.integrations.django_project.settings"}
    command = [sys.executable, "-c", script, *sorted(named - {*NOT_IMPORTED})]
    assert not subprocess.check_output(command, cwd=ROOT, env=os.environ | settings, text=True)
