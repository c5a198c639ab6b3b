"""The store that a command works on: the one that ``--db`` names, or the host's own.

A host that mounts the group puts a function that gives its tracker under ``HOST`` in the click
context's ``meta``; ``--db`` is then not needed, and the environment's is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from motfunnel.cli.words import read_funnel
from motfunnel.tracking.tracker import Tracker

HOST: Final = "motfunnel.host"


def with_tracker(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a store, and the tracker of it as first argument."""

    @click.option("--db", envvar="MOTFUNNEL_DB", metavar="URL", help="The database.")
    @click.option(
        "--funnel",
        metavar="FILE|PRESET",
        help="The funnel: a file, or ecommerce or saas; the stored one if not given.",
    )
    @click.option("--tenant", help="Whose contacts.")
    @click.option("--schema", help="The database schema of the tables.")
    @click.pass_context
    @wraps(command)
    def opened(
        ctx: click.Context, /, db: Any, funnel: Any, tenant: Any, schema: Any, **options: Any
    ) -> Any:
        host = ctx.meta.get(HOST)
        if host is not None and not _is_written(ctx, "db"):
            _refuse_others(ctx)
            return command(host(), **options)
        if db is None:
            raise click.UsageError(
                "name the database: --db URL (or the environment variable MOTFUNNEL_DB), "
                "e.g. --db sqlite:///crm.db"
            )
        where = {"schema": schema} | ({} if tenant is None else {"tenant": tenant})
        with Tracker(db, read_funnel(funnel), **where) as tracker:
            return command(tracker, **options)

    return opened


def _is_written(ctx: click.Context, option: str) -> bool:
    """Whether an option stands on the command line, and not only in the environment."""
    return ctx.get_parameter_source(option) is ParameterSource.COMMANDLINE


def _refuse_others(ctx: click.Context) -> None:
    for option in ("funnel", "tenant", "schema"):
        if _is_written(ctx, option):
            raise click.UsageError(
                f"--{option} goes with --db; without that, the application's own tracker is used"
            )
