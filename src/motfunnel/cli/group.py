"""The one group of commands, for ``motfunnel …`` and for hosts that mount it among their own.

Each command's module is loaded when the command is called, so that ``--help`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from motfunnel.cli.exit import DEBUG, telling_faults

# The commands in the order of the help: the module of each, and what it says that it does.
COMMANDS: Final = {
    "demo": ("show", "Classify the Git project's own history, and ask about it."),
    "init": ("imports", "Look at FILE, write a funnel for it, and print the command that imports "
                     "it."),
    "import": (
        "imports",
        "Take the events of a CSV, JSON lines or Parquet FILE, or of a folder or ZIP of them.",
    ),
    "classify": ("imports", "Classify whole histories in FILES, without a database, into the "
                            "folder OUT."),
    "rejects": ("imports", "Look at the rows that could not be taken: count, list, show ID, drop "
                           "ID, or retry."),
    "report": ("report", "Ask for the rate or report NAME, or for all of them."),
    "serve": ("show", "Show the dashboard in a browser of this machine, until it is "
                       "interrupted."),
    "refresh": ("show", "Ask what the dashboard asks, and keep the answers, so that its pages are "
                        "there at once."),
    "mcp": ("show", "Let an assistant ask the reports: a server of the Model Context Protocol, on "
                    "stdio."),
    "moments": ("contact", "List moments, contact by contact, each contact's in order."),
    "contact": ("contact", "Tell a contact's story: its moments, and why each of them holds."),
    "sweep": ("upkeep", "Write down the departures by silence whose deadline has come."),
    "rebuild": ("upkeep", "Fold every contact anew, after the funnel changed."),
    "check": ("upkeep", "Replay contacts from their events, and compare with what is stored."),
    "migrate": ("upkeep", "Bring the tables of an earlier version to this one's; all data is "
                          "kept."),
    "health": ("upkeep", "Say how the store is: whether it can be written, and what waits."),
    "dump": ("transfer", "Write everything of a tenant into the folder OUT, as Parquet, from one "
                         "state of the store."),
    "load": ("transfer", "Put what dump wrote into the folder IN into a store that has nothing of "
                         "the tenant yet."),
    "merge": ("people", "Say that the keys OLD and NEW are one contact, which answers under NEW."),
    "unmerge": ("people", "Take the key OLD out of the contact that it was merged into."),
    "forget": ("people", "Erase the contact KEY: its keys, its events, and every mention of it."),
    "tombstones": ("people", "Write down of whom there are tombstones, to be kept apart from the "
                             "database's backups."),
    "assign": ("people", "Print to which arm of a trial the contact KEY belongs: treatment, or "
                         "control."),
    "export": ("people", "Print everything that is recorded of the contact KEY, as JSON."),
    "subscribe": ("queues.outbox", "Keep the moments that are stored from now on for NAME, until "
                                   "they are delivered."),
    "subscriptions": ("queues.outbox", "List the subscriptions, and what waits for each."),
    "unsubscribe": ("queues.outbox", "End the subscription NAME, and drop what waits for it."),
    "relay": ("queues.outbox", "Deliver what waits for the subscription NAME: to a URL, a "
                               "command, or here."),
    "spool": ("queues.spool", "Look at what waits in the spool, or deliver it."),
}  # fmt: skip


class Commands(click.Group):
    """A group that loads its commands as they are asked for, and turns faults into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        module = import_module(f"motfunnel.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, without loading those of ours."""
        listed = [(name, told) for name, (_, told) in COMMANDS.items()]
        for name in super().list_commands(ctx):
            listed.append((name, self.commands[name].get_short_help_str(1000)))
        with formatter.section("Commands"):
            formatter.write_dl(listed)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; of a name that is none, say what was meant."""
        if self.get_command(ctx, args[0]) is None:
            from motfunnel.cli.help import refuse
            from motfunnel.cli.report import REPORTS

            refuse(ctx, args[0], self.list_commands(ctx), REPORTS)
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
