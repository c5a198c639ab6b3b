"""``motfunnel demo``: the bundled real history, end to end."""

from __future__ import annotations

import click


@click.command("demo")
@click.option("--db", "database", metavar="URL", help="Where to keep it; else a file here.")
def demo_command(database: str | None) -> None:
    """Classify the Git project's own history, and ask about it."""
    from rich.console import Console

    from motfunnel.demo import run

    run(Console(), database)
