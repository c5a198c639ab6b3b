"""The tables that the documents print are those that the program uses."""

from pathlib import Path

import pytest
from sqlalchemy import Column, Table

from motfunnel.domain.signal import SIGNALS, SignalTraits
from motfunnel.store.schema.tables import tables

DOCS = Path(__file__).parents[2] / "docs"
TABLES = tables().metadata.sorted_tables


def rows(page: str, heading: str) -> list[list[str]]:
    """The body of the first table below a heading, cell by cell."""
    below = (DOCS / page).read_text("utf-8").split(f"\n## {heading}\n", 1)[1]
    lines = below[below.index("\n|") :].strip().split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_signals() -> None:
    """The table of signals is printed as the state machine reads it."""

    def printed(row: SignalTraits) -> list[str]:
        marks = ("yes" if mark else "–" for mark in (row.opens, row.keeps_alive, row.returns))
        return [str(int(row.signal)), f"`{row.signal.label}`", row.acts, *marks, row.effect]

    assert rows("explanation/journey.md", "The signals") == [printed(row) for row in SIGNALS]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_columns(table: Table) -> None:
    """Every column is described, in its order, with its place in the key."""

    def mark(column: Column[object]) -> str:
        return "key" if column.primary_key else "may be empty" if column.nullable else ""

    described = rows("reference/tables.md", table.name)
    assert [(row[0], row[2]) for row in described] == [
        (f"`{column.name}`", mark(column)) for column in table.columns
    ]
    assert all(row[3] for row in described)


def test_no_table_is_invented() -> None:
    """The page describes the tables that there are."""
    page = (DOCS / "reference/tables.md").read_text("utf-8")
    headings = {line[3:] for line in page.splitlines() if line.startswith("## ")}
    assert headings == {table.name for table in TABLES}
