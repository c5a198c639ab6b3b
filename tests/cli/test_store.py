"""The store that a command is pointed at: it has to be there, and the tenant too."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

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


@pytest.mark.parametrize(
    "command",
    [one for one in READING if one != ("migrate",)],  # which says that there are none
    ids=lambda command: str(command[0]),
)
def test_a_database_without_our_tables_gets_none(
    run: Run, url: str, engine: Engine, command: tuple[str, ...]
) -> None:
    """What reads or keeps a store makes no tables in a database that is another's."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE of_others (id INTEGER)")
    told = run(*command, "--db", url, "--funnel", "saas", code=3).output
    assert "the tables of motfunnel are not there" in told
    assert "motfunnel import makes the tables" in told
    assert inspect(engine).get_table_names() == ["of_others"]


def test_health_of_a_tenant_that_is_not_there(filled: Run) -> None:
    """It names those that there are; of one with a funnel, that nothing was ever recorded."""
    told = filled("health", "--tenant", "nobody", code=3).output
    assert "there are the tenants: default" in told
    told = filled("health", "--tenant", "nobody", "--funnel", "saas").output
    assert "nothing was ever recorded of the tenant 'nobody'" in told


def test_health_of_a_store_that_cannot_be_written(filled: Run) -> None:
    """The exit code is 1, and the line says what to do, also as JSON."""
    url = os.environ["MOTFUNNEL_DB"].replace("sqlite:///", "sqlite:///file:")
    url += "?mode=ro&uri=true"
    told = filled("health", "--db", url, code=1).output
    assert told.startswith("the store cannot be written: it is read-only; end that, or have")
    found = json.loads(filled("health", "--db", url, "--format", "json", code=1).stdout)
    assert (found["is_well"], found["is_writable"]) == (False, False)


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
