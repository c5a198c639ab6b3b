"""``manage.py motfunnel …``: the command line of motfunnel on the project's own database."""

from __future__ import annotations

import sys
from argparse import REMAINDER, ArgumentParser
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from motfunnel.errors import install
from motfunnel.trackers.configured import tracker

_INSTALL = f"the command line needs more: {install('cli')}"
_IMPOSSIBLE = 3


class Command(BaseCommand):
    """Hands its arguments to the commands of motfunnel, and gives their exit code."""

    help = "Moments of truth: who left, who came back, and why. Try: manage.py motfunnel --help"
    requires_system_checks: ClassVar[list[str]] = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Run as ``motfunnel`` would, so that ``--help`` and exit codes are the same."""
        django = ArgumentParser(add_help=False, allow_abbrev=False)
        for option in ("--settings", "--pythonpath"):  # Django has seen to them already
            django.add_argument(option)
        _, arguments = django.parse_known_args(argv[2:])
        try:
            code = _run(arguments)
        except CommandError as error:
            self.stderr.write(str(error), self.style.ERROR)
            code = error.returncode
        finally:
            connections.close_all()
        sys.exit(code)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whatever the commands take."""
        parser.add_argument("arguments", nargs=REMAINDER)

    def handle(self, *_: Any, arguments: list[str], **options: Any) -> None:
        """Run from ``call_command``.

        Raises:
            CommandError: the command did not end with 0.
        """
        with ExitStack() as stack:
            if options.get("stdout") is not None:
                stack.enter_context(redirect_stdout(options["stdout"]))
            if options.get("stderr") is not None:
                stack.enter_context(redirect_stderr(options["stderr"]))
            code = _run(arguments)
        if code:
            raise CommandError(f"motfunnel ended with {code}", returncode=code)


def _run(arguments: list[str]) -> int:
    try:
        import click
        import rich  # noqa: F401
    except ImportError:
        raise CommandError(_INSTALL, returncode=_IMPOSSIBLE) from None
    from motfunnel.cli.group import group
    from motfunnel.cli.help import HOST

    host = click.Context(click.Command("manage.py"), info_name="manage.py")
    host.meta[HOST] = tracker
    try:
        group.main(arguments, prog_name="motfunnel", parent=host)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0
