"""``motfunnel subscribe``, ``subscriptions``, ``unsubscribe``, ``relay``: moments for somebody."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import current_thread, main_thread
from typing import Any, Self

import click

from motfunnel.cli.arguments import duration
from motfunnel.cli.exit import NOT_WHOLLY, describe
from motfunnel.cli.help import Choice
from motfunnel.cli.output import formats, print_json, print_lines, safe
from motfunnel.cli.store import with_tracker
from motfunnel.domain.moment import MomentKind
from motfunnel.errors import StoreError
from motfunnel.text import counted
from motfunnel.trackers.tracker import Tracker
from motfunnel.tracking.outbox.message import Message
from motfunnel.tracking.outbox.relay import GoneError, Relayed, Send, relay_at_once
from motfunnel.tracking.outbox.subscription import Subscription

_SECONDS = 60
_MOST_AT_ONCE = 64
_TERMINATED = 128 + signal.SIGTERM


@click.command("subscribe")
@with_tracker
@click.argument("name")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=Choice([one.value for one in MomentKind]),
    help="Of this kind alone.",
)
@click.option("--stage", "stages", multiple=True, help="Of contacts at this stage alone.")
@click.option(
    "--reason", "reasons", multiple=True, help="Departures for this reason alone, e.g. silence."
)
@click.option("--from-beginning", is_flag=True, help="What is stored already comes first.")
@click.option("--erasures", is_flag=True, help="Tell who was forgotten, too.")
def subscribe_command(tracker: Tracker, /, name: str, **wanted: Any) -> None:
    """Keep the moments that are stored from now on for NAME, until they are delivered.

    Options that can be given several times: --kind, --stage and --reason. Of a NAME that is there
    already, what is asked for changes.
    """
    asked = {key: value or None for key, value in wanted.items() if isinstance(value, tuple)}
    subscription = tracker.subscribe(name, **{**wanted, **asked})
    waiting = counted(subscription.waiting().waiting, "message")
    print_lines([safe(f"{name} is subscribed; {waiting} waiting")])


@click.command("subscriptions")
@with_tracker
@formats("text", "json")
def subscriptions_command(tracker: Tracker, /, form: str) -> None:
    """List the subscriptions, and what waits for each."""
    every = tracker.subscriptions()
    if form == "json":
        print_json([one.to_dict() for one in every])
    else:
        print_lines(safe(str(one)) for one in every)


@click.command("unsubscribe")
@with_tracker
@click.argument("name")
@click.pass_context
def unsubscribe_command(ctx: click.Context, tracker: Tracker, /, name: str) -> None:
    """End the subscription NAME, and drop what waits for it."""
    ended = tracker.unsubscribe(name)
    print_lines([safe(f"{name} is ended" if ended else f"there is no subscription {name}")])
    if not ended:
        ctx.exit(NOT_WHOLLY)


@click.command("relay")
@with_tracker
@click.argument("name")
@click.option("--to", "url", metavar="URL", help="Post each message there, signed.")
@click.option(
    "--secret",
    envvar="MOTFUNNEL_WEBHOOK_SECRET",
    show_envvar=True,
    help="Sign with it: whsec_ and base64; several, with blanks between them.",
)
@click.option("--link", metavar="URL", help="Where a contact is found; {contact} in it is its key.")
@click.option("--allow-private", is_flag=True, help="Post to private networks, and by plain http.")
@click.option("--command", metavar="CMD", help="Run this for each, with the message as its input.")
@click.option("--stdout", is_flag=True, help="Print each message as a line of JSON.")
@click.option(
    "--at-once",
    type=click.IntRange(1, _MOST_AT_ONCE),
    default=1,
    show_default=True,
    help="So many messages are on their way at once; never two of one contact.",
)
@click.option(
    "--watch", type=duration, metavar="DURATION", help="Look again after so long, for ever."
)
@click.option("--failed", is_flag=True, help="List what is set aside after too many attempts.")
@click.option("--again", is_flag=True, help="Have what is set aside tried again.")
@click.option("--drop", is_flag=True, help="Drop what is set aside.")
@click.pass_context
def relay_command(
    ctx: click.Context,
    tracker: Tracker,
    /,
    name: str,
    at_once: int,
    watch: timedelta | None,
    failed: bool,
    again: bool,
    drop: bool,
    **how: Any,
) -> None:
    """Deliver what waits for the subscription NAME: to a URL, a command, or here.

    A message is tried again after growing pauses, and set aside after sixteen attempts; until then
    nothing that came behind it of the same contact is delivered. Ends when nothing is due; the exit
    code is then 1 if a message could not be delivered.
    """
    subscription = tracker.subscription(name)
    if failed:
        print_lines(safe(f"{one}: {error}") for one, error in subscription.failed())
    elif again:
        print_lines([f"{counted(subscription.retry(), 'message')} will be tried again"])
    elif drop:
        print_lines([f"{counted(subscription.drop_failed(), 'message')} dropped"])
    else:
        sends = [_sender(**how) for _ in range(at_once)]
        _relay(ctx, tracker, subscription, sends, watch)


def _relay(
    ctx: click.Context,
    tracker: Tracker,
    subscription: Subscription,
    sends: Sequence[Send],
    watch: timedelta | None,
) -> None:
    done = Relayed()
    with _Service() as service:
        while True:
            try:
                with service.busy():
                    done = relay_at_once(subscription, [*map(service.unless_ended, sends)])
            except GoneError as error:
                tracker.unsubscribe(subscription.name)
                click.echo(f"{error}; {subscription.name} is ended", err=True)
                ctx.exit(NOT_WHOLLY)
            except StoreError as error:
                if watch is None:
                    raise
                click.echo(f"{describe(error)}; it is tried again", err=True)
            if watch is None:
                break
            if done.failed:
                click.echo(_line(done), err=True)
            time.sleep(max(watch, done.wait or watch).total_seconds())
    _tell(ctx, done)


class _Service:
    """Has what ends a service end a relay between two messages, and not within one."""

    def __init__(self) -> None:
        self._is_busy = False
        self._asked = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if current_thread() is main_thread():  # none other is told of signals
            for one in (signal.SIGTERM, signal.SIGINT):
                self._before[one] = signal.signal(one, self._end)
        return self

    def __exit__(self, *_: object) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Do not end in here, but where a message begins, or when this is over."""
        self._is_busy = True
        try:
            yield
        finally:
            self._is_busy = False
        self._end_if_asked()

    def unless_ended(self, send: Send) -> Send:
        """Deliver a message only while nobody has asked for the end."""

        def deliver(message: Message) -> None:
            self._end_if_asked()
            send(message)

        return deliver

    def _end(self, asked: int, _: object) -> None:
        is_first, self._asked = not self._asked, asked
        if not (is_first and self._is_busy):
            self._end_if_asked()

    def _end_if_asked(self) -> None:
        if self._asked == signal.SIGINT:
            raise KeyboardInterrupt
        if self._asked:
            sys.exit(_TERMINATED)


def _tell(ctx: click.Context, done: Relayed) -> None:
    """Say on the other stream what was done: this one may hold the messages."""
    click.echo(_line(done), err=True)
    if done.failed:
        ctx.exit(NOT_WHOLLY)


def _line(done: Relayed) -> str:
    line = f"{counted(done.delivered, 'message')} delivered"
    if not done.failed:
        return line
    return f"{line}, {done.failed:,} to be tried again; the last: {safe(str(done.error))}"


def _sender(
    url: str | None,
    secret: str | None,
    link: str | None,
    allow_private: bool,
    command: str | None,
    stdout: bool,
) -> Send:
    if sum((url is not None, command is not None, stdout)) != 1:
        raise click.UsageError("say where to: one of --to URL, --command CMD and --stdout")
    if stdout:
        return _print
    if command is not None:
        return _run(shlex.split(command))
    if secret is None:
        raise click.UsageError("--to needs a --secret, by which the receiver knows the sender")
    from motfunnel.tracking.outbox.webhook import Webhook

    return Webhook(str(url), secret.split(), allow_private=allow_private, link=link)


def _print(message: Message) -> None:
    print_lines([json.dumps(message.to_dict())])
    sys.stdout.flush()


def _run(arguments: list[str]) -> Send:
    def send(message: Message) -> None:
        given = json.dumps(message.to_dict()) + "\n"
        subprocess.run(arguments, input=given, text=True, check=True, timeout=_SECONDS)

    return send
