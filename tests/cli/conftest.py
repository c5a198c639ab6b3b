"""What the tests of the command line share: a way to run it, and a store with a short history."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from motfunnel.cli.group import group

FUNNEL = """stages = ["visitor", "lead", "customer"]
[patience]
default = "30d"
[rules]
seen = "touch"
bought = "purchase"
left = { leave = "reason" }
"""
HISTORY = """who,what,when,reason
ada,seen,2024-01-01,
ada,bought,2024-01-02T10:00:00,
ada,left,2024-01-03,price
ada,seen,2024-01-10,
bob,seen,2024-03-01,
"""
COLUMNS = ["--contact", "who", "--event", "what", "--at", "when"]

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line in an empty directory, on a database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTFUNNEL_DB", "sqlite:///store.db")
    Path("funnel.toml").write_text(FUNNEL)
    Path("events.csv").write_text(HISTORY)

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(group, arguments)
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def filled(run: Run) -> Run:
    """The same, with the history imported."""
    run("import", "events.csv", "--funnel", "funnel.toml", *COLUMNS)
    return run
