"""``flask motfunnel …``: the commands of ``motfunnel``, on the application's own tracker.

Defines no command. Handlers of the application are told, as in a request.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any, Final

import click
from flask import Flask, current_app, has_app_context

from motfunnel.errors import install

_IMPOSSIBLE: Final = 3


def commands_of(app: Flask) -> click.Group:
    """The group of commands for one application."""
    from motfunnel.cli.group import group

    mounted = copy(group)
    mounted.callback = _within(app, group.callback)
    return mounted


def _within(app: Flask, begin: Callable[..., Any] | None) -> Callable[..., Any]:
    @click.pass_context
    def begin_within(ctx: click.Context, /, **options: Any) -> Any:
        from motfunnel.cli.help import HOST

        try:
            import rich  # noqa: F401
        except ImportError:
            click.echo(f"the commands need more: {install('cli')}", err=True)
            ctx.exit(_IMPOSSIBLE)
        if not has_app_context() or current_app != app:
            ctx.with_resource(app.app_context())
        ctx.meta[HOST] = lambda: app.extensions["motfunnel"].tracker
        return None if begin is None else begin(**options)

    return begin_within
