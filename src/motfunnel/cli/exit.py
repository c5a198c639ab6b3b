"""What goes wrong, as a line on standard error and an exit code.

0 done, 1 done with rejected rows or a failed check, 2 bad usage, 3 could not be done, 130 for an
interrupt.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from motfunnel.errors import MotfunnelError, StoreError

DEBUG: Final = "motfunnel.debug"
NOT_WHOLLY: Final = 1
IMPOSSIBLE: Final = 3
INTERRUPTED: Final = 130


@contextmanager
def telling_faults(ctx: click.Context) -> Iterator[None]:
    """Turn what a command raises into a line and an exit code; click sees to bad usage."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough. Nothing is left to be flushed at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ctx.exit(0)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        ctx.exit(INTERRUPTED)
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        if ctx.meta.get(DEBUG):
            raise
        click.echo(f"motfunnel: {describe(error)}", err=True)
        ctx.exit(IMPOSSIBLE)


def describe(error: Exception) -> str:
    """Say in one line what is wrong; of a database error, what the database said."""
    if isinstance(error, MotfunnelError) and not isinstance(error, StoreError):
        return _one_line(str(error))
    original = error.__cause__ if isinstance(error, StoreError) else getattr(error, "orig", None)
    if original is not None:
        return f"the database said: {_one_line(str(original))}"
    hint = "; --debug shows where (motfunnel --debug …)"
    return f"{type(error).__name__}: {_one_line(str(error))}{hint}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
