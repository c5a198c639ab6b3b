"""All that is stored of a tenant, as a value to compare; and a tenant copied as it stands.

Knows the tables from their metadata, so that a table that is new is compared as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, Table, insert, inspect, literal, select

from motfunnel.store.schema.tables import tables

Snapshot = dict[str, list[tuple[Any, ...]]]


def snapshot(engine: Engine, tenant: str, *, without: Iterable[str] = ()) -> Snapshot:
    """Every row of a tenant, table by table, in one order; without some columns.

    Nor is it counted how often what is stored was changed: what is done again counts again.
    """
    left_out = {"tenant", "number", *without}
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (
                    tuple(row)
                    for row in connection.execute(
                        select(
                            literal(1), *(c for c in table.columns if c.name not in left_out)
                        ).where(table.c.tenant == tenant)
                    )
                ),
                key=repr,
            )
            for table in tenants_tables()
        }


def copy_tenant(engine: Engine, tenant: str, copy: str) -> None:
    """Give a tenant that has no rows yet the same rows as another."""
    with engine.begin() as connection:
        for table in tenants_tables():
            names = [column.name for column in table.columns]
            values = [literal(copy) if name == "tenant" else table.c[name] for name in names]
            rows = select(*values).where(table.c.tenant == tenant)
            connection.execute(insert(table).from_select(names, rows))


def everything(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table, whosever, as the driver shows it."""
    quote = engine.dialect.identifier_preparer.quote
    with engine.connect() as connection:
        return {
            name: sorted(
                repr(sorted(row._mapping.items()))
                for row in connection.exec_driver_sql(f"SELECT * FROM {quote(name)}")
            )
            for name in inspect(engine).get_table_names()
        }


def tenants_tables() -> list[Table]:
    """The tables whose rows belong to a tenant."""
    return [table for table in tables().metadata.sorted_tables if "tenant" in table.columns]
