"""Help: options in groups, examples, whole sentences; and what was meant by a name that is not one.

Says nothing of its own: each command brings its groups and examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click

from motfunnel.tracking.recording.habits import near

STORE: Final = ("db", "app", "files", "funnel", "tenant", "schema")
"""The options that name a store; they come last."""

HOST: Final = "motfunnel.host"
"""Under this name a host that mounts the group says in ``meta`` which tracker is its own."""


class Choice(click.Choice[str]):
    """A choice that asks back where it was nearly one of the names."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say which there are, and which was probably meant."""
        said = super().get_invalid_choice_message(value, ctx)
        meant = near(str(value), [str(one) for one in self.choices])
        return f"{meant.capitalize()} {said}" if meant else said


class Command(click.Command):
    """A command whose help has its options in groups, and then examples.

    Args:
        groups: the names of options by the heading under which they stand; those in no group
            come first.
        lists: what else there is to name: by a heading, names with what each is.
        examples: what stands behind the command's own name, without the database.
    """

    def __init__(
        self,
        *args: Any,
        groups: Mapping[str, Sequence[str]] | None = None,
        lists: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        examples: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        asks = "app" in {one.name for one in self.params}
        store = {"The store": STORE} if asks else {}
        self.groups: Mapping[str, Sequence[str]] = {**(groups or {}), **store}
        self.lists: Mapping[str, Sequence[tuple[str, str]]] = lists or {}
        self.examples: Sequence[str] = examples

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section for each group."""
        heads = {name: head for head, names in self.groups.items() for name in names}
        found: dict[str, list[tuple[str, str]]] = {
            "Options": [],
            **{one: [] for one in self.groups},
        }
        for one in self.get_params(ctx):
            record = one.get_help_record(ctx) if isinstance(one, click.Option) else None
            if record is not None:
                found[heads.get(one.opts[-1].lstrip("-"), "Options")].append(record)
        for head, records in found.items():
            if records:
                with formatter.section(head):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lists, then the examples; a host's own store needs no naming."""
        for head, records in self.lists.items():
            with formatter.section(head):
                formatter.write_dl(records)
        if self.examples:
            is_asked = HOST not in ctx.meta and "db" in {one.name for one in self.params}
            store = " --db sqlite:///crm.db" if is_asked else ""
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"  {ctx.command_path} {line}{store}\n")
        super().format_epilog(ctx, formatter)


def refuse(ctx: click.Context, name: str, commands: Iterable[str], reports: Iterable[str]) -> None:
    """Say what was meant by the name of a command that there is not, if anything is near.

    Raises:
        click.UsageError: something is.
    """
    path, called = ctx.command_path, [*reports]
    if name in called:
        ctx.fail(f"{name} is a report; write {path} report {name}")
    meant = near(name, [*commands]) or near(name, called).replace("mean ", "mean report ")
    if meant:
        ctx.fail(f"no such command {name!r}; {meant}")
