"""``motfunnel demo``, ``serve``, ``refresh``, ``mcp``: what is there to look at, and to ask."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from threading import Lock
from typing import Any, TextIO

import click

from motfunnel.classified import Files
from motfunnel.cli.exit import NOT_WHOLLY
from motfunnel.cli.output import print_lines, showing_progress
from motfunnel.cli.store import with_tracker, with_tracker_or_files
from motfunnel.domain.instant import Duration
from motfunnel.errors import SettingError
from motfunnel.trackers.tracker import Tracker

_PORT = 8765


@click.command("demo")
@click.option("--db", "database", metavar="URL", help="Where to keep it; else a file here.")
def demo_command(database: str | None) -> None:
    """Classify the Git project's own history, and ask about it."""
    from rich.console import Console

    from motfunnel.demo import run

    run(Console(), database)


@click.command("serve")
@with_tracker_or_files
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=_PORT,
    show_default=True,
    help="The port on 127.0.0.1; 0: any that is free.",
)
@click.option("--fresh", metavar="SPAN", default="5m", show_default=True,
              help="How old an answer may be; 0s: each is computed anew.")  # fmt: skip
def serve_command(tracker: Any, /, port: int, fresh: Duration) -> None:
    """Show the dashboard in a browser of this machine, until it is interrupted."""
    from motfunnel.dashboard.web.local import LocalServer

    if type(tracker) not in (Tracker, Files):
        raise click.UsageError(
            "this shows the store that --db names; within an application, mount the dashboard"
        )
    try:
        source = _renewed(tracker) if isinstance(tracker, Files) else tracker
        server = LocalServer(source, port, fresh=fresh)
    except OSError as error:
        remedy = "name another with --port, or 0 for any that is free"
        raise SettingError("port", f"{port} cannot be had: {error.strerror}; {remedy}") from error
    print_lines([f"open {server.address}", "it opens once; Ctrl-C ends this"])
    sys.stdout.flush()
    for name in "SIGTERM", "SIGHUP":  # what ends a service ends it as Ctrl-C does
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        server.serve()


def _renewed(files: Files) -> Callable[[Any], Files]:
    """What gives, for each request, the files that are there by then."""
    lock, latest = Lock(), [files]

    def give(_: object) -> Files:
        with lock:
            latest[0] = latest[0].anew()
            return latest[0]

    return give


@click.command("refresh")
@with_tracker
@click.option("--page", "pages", metavar="PAGE", multiple=True,
              help="Only this page, such as overview; more than one may be named.")  # fmt: skip
@click.pass_context
def refresh_command(ctx: click.Context, tracker: Tracker, /, pages: tuple[str, ...]) -> None:
    """Ask what the dashboard asks, and keep the answers, so that its pages are there at once."""
    from motfunnel.dashboard.precomputed import refresh

    with showing_progress() as progress:
        done = refresh(tracker, pages=pages or None, progress=progress)
    print_lines([str(done)])
    if not done.is_whole:
        ctx.exit(NOT_WHOLLY)


def _quiet(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the standard output for itself: whatever else prints does so on the other."""

    @wraps(command)
    def quiet(**options: Any) -> Any:
        with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
            os.dup2(2, 1)  # also of a process that is started, or of an application's import
            try:
                return command(output=output, **options)
            finally:
                sys.stdout.flush()
                os.dup2(output.fileno(), 1)

    return quiet


@click.command("mcp")
@_quiet
@with_tracker
@click.option("--people", is_flag=True, help="Let it learn who the contacts are.")
def mcp_command(tracker: Tracker, /, people: bool, output: TextIO) -> None:
    """Let an assistant ask the reports: a server of the Model Context Protocol, on stdio."""
    from motfunnel.mcp import Assistant

    with suppress(RuntimeError):  # there is none
        asyncio.get_running_loop()
        raise click.UsageError("an application under asyncio cannot be asked; name its --db")
    Assistant(tracker, people).run(output)
