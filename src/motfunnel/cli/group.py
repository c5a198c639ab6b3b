"""The one group of commands, for ``motfunnel …`` and for hosts that mount it among their own.

Each command's module is loaded when the command is called, so that ``--help`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from motfunnel.cli.exit import DEBUG, telling_faults

# The commands in the order of the help: the module of each, and what it does.
COMMANDS: Final = {
    "demo": "demo",
    "import": "imports",
    "report": "report",
    "moments": "contact",
    "contact": "contact",
    "sweep": "upkeep",
    "rebuild": "upkeep",
    "check": "upkeep",
    "migrate": "upkeep",
    "health": "upkeep",
    "merge": "people",
    "unmerge": "people",
    "forget": "people",
    "tombstones": "people",
    "export": "people",
    "spool": "spool",
}


class Commands(click.Group):
    """A group that loads its commands as they are asked for, and turns faults into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"motfunnel.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; of a report's name, say where it belongs."""
        if self.get_command(ctx, args[0]) is None:
            from motfunnel.cli.report_forms import REPORTS

            if args[0] in REPORTS:
                ctx.fail(f"{args[0]} is a report; write {ctx.command_path} report {args[0]}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with telling_faults(ctx):
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="motfunnel")
@click.option("--debug", is_flag=True, envvar="MOTFUNNEL_DEBUG", help="Show where a fault arose.")
@click.pass_context
def group(ctx: click.Context, debug: bool) -> None:
    """Moments of truth: who left, who came back, and why."""
    ctx.meta[DEBUG] = debug
