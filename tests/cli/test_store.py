"""The store that a command is pointed at: it has to be there, and the tenant too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import COLUMNS, Run

READING = (
    ("report", "recidivism", "--within", "7d"),
    ("moments",),
    ("contact", "ada"),
    ("sweep",),
    ("rebuild",),
    ("check",),
    ("migrate",),
    ("health",),
    ("merge", "ada", "bob"),
    ("unmerge", "ada"),
    ("forget", "ada"),
    ("export", "ada"),
)


@pytest.mark.parametrize("command", READING, ids=lambda command: str(command[0]))
def test_a_mistyped_path_is_refused_and_makes_no_file(run: Run, command: tuple[str, ...]) -> None:
    """What reads or keeps a store names the path that is not there, and leaves nothing behind."""
    refused = run(*command, "--db", "sqlite:///mistyped.db", code=3)
    assert "there is no database mistyped.db" in refused.output
    assert not Path("mistyped.db").exists()


def test_an_import_makes_the_store(run: Run) -> None:
    """What records may begin with nothing."""
    run("import", "events.csv", "--funnel", "funnel.toml", *COLUMNS, "--db", "sqlite:///new.db")
    assert Path("new.db").exists()
    assert "recidivism" in run("moments", "--db", "sqlite:///new.db").stdout


def test_a_database_that_is_no_file_is_not_looked_for(run: Run) -> None:
    """One in memory begins empty, as it must."""
    assert "0 contacts" in run("check", "--db", "sqlite://", "--funnel", "saas").stdout


def test_an_unknown_tenant_is_told_from_a_missing_funnel(filled: Run) -> None:
    """It has no contacts; which tenants there are, whoever holds the database may know."""
    told = filled("report", "recidivism", "--within", "7d", "--tenant", "nobody", code=3).output
    assert "the tenant 'nobody' has none in this database, nor any contacts" in told
    assert "there are the tenants: default" in told
