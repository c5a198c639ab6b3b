"""Django's connections, lent to the store: its cursors, its transactions, its commit hooks.

Opens and closes nothing that Django would not open and close by itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC
from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS, connections, transaction, utils
from django.utils.asyncio import async_unsafe

_LEVELS: Final = {True: "READ COMMITTED", False: "REPEATABLE READ"}
"""How transactions of our own are isolated: those that write, and those that only read."""

_IN_ERROR: Final = 3  # libpq's PQTRANS_INERROR


class DjangoLender:
    """The connection of one of the project's databases, for the thread that asks.

    Args:
        alias: the database, as it is called in DATABASES.
    """

    errors: Any = utils

    def __init__(self, alias: str) -> None:
        self.alias = alias
        where = "" if alias == DEFAULT_DB_ALIAS else f" --database {alias}"
        self.remedy = f"python manage.py migrate{where}"
        self.vendor: str = self._django.vendor
        self.driver: Any = self._django.Database

    @property
    def _django(self) -> Any:
        return connections[self.alias]

    def name(self, schema: str) -> str:
        """What tells the database from others, in the words of the store."""
        settings = self._django.settings_dict
        if self.vendor != "sqlite":
            place = f"{settings['HOST']} {settings['PORT']}"
            return f"{self.vendor} {place} {settings['NAME']} {schema}"
        if self._django.is_in_memory_db():
            return ""
        return f"sqlite {os.path.realpath(settings['NAME'])} {schema}"

    def cursor(self) -> Any:
        """Django's cursor, which gives instants with their zone whatever USE_TZ says."""
        django = self._django
        cursor = django.cursor()
        if self.vendor == "postgresql" and django.timezone is not UTC:
            _keep_zones(cursor.cursor)
        return cursor

    def raw(self) -> Any:
        """The driver's own connection."""
        django = self._django
        django.ensure_connection()
        return django.connection

    def version(self) -> tuple[int, ...]:
        """The version of the server, which Django or its driver has learnt while connecting."""
        django = self._django
        if self.vendor == "sqlite":
            return tuple(self.driver.sqlite_version_info)
        if self.vendor == "mysql":
            return tuple(django.mysql_version)
        return divmod(self.raw().info.server_version, 10_000)

    def revive(self) -> None:
        """Part with a connection that was lost: Django looks only between two requests."""
        django = self._django
        if self.vendor != "sqlite" and django.errors_occurred:
            django.close_if_unusable_or_obsolete()

    @async_unsafe  # so that a call on an event loop is refused before anything else is done
    def is_in_transaction(self) -> bool:
        """Whether the host is in ``atomic``, or has turned autocommit off."""
        django = self._django
        if django.in_atomic_block:
            return True
        is_open = django.connection is not None
        autocommit = django.autocommit if is_open else django.settings_dict["AUTOCOMMIT"]
        return not autocommit

    def is_broken(self) -> bool:
        """Whether Django, or PostgreSQL, will only roll the host's transaction back."""
        if self._is_given_up():
            return True
        info = getattr(self._django.connection, "info", None)
        status = getattr(info, "transaction_status", None)
        return status is not None and int(status) == _IN_ERROR

    def has_undone(self, error: BaseException) -> bool:
        """Whether Django came to give the transaction up: it would not say so at the end."""
        cause = getattr(error, "orig", None) or error
        was_before = isinstance(cause, transaction.TransactionManagementError)
        return self._is_given_up() and not was_before

    @contextmanager
    def transaction(self, *, to_write: bool) -> Iterator[None]:
        """Enter ``atomic``: a savepoint where the host is in a transaction already."""
        if self.is_in_transaction():
            self._begin_for_real()
            with transaction.atomic(using=self.alias):
                yield
            return
        with ExitStack() as stack:
            with self._locking("IMMEDIATE" if to_write else "DEFERRED"):
                stack.enter_context(transaction.atomic(using=self.alias))
            self._isolate(_LEVELS[to_write])
            yield

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Leave it to ``on_commit``, which a host without autocommit has only inside ``atomic``."""

        def told() -> None:  # Django logs the name of a function, which not every callable has
            callback()

        with ExitStack() as stack:
            if not self._django.in_atomic_block and self.is_in_transaction():
                stack.enter_context(transaction.atomic(using=self.alias, savepoint=False))
            transaction.on_commit(told, using=self.alias, robust=True)

    def _is_given_up(self) -> bool:
        django = self._django
        return bool(
            django.closed_in_transaction or (django.in_atomic_block and django.needs_rollback)
        )

    def _begin_for_real(self) -> None:
        """Begin what sqlite3 without autocommit only pretends to have begun.

        A savepoint that comes first would be a transaction of its own, and its release a commit.
        """
        django = self._django
        if self.vendor != "sqlite" or django.in_atomic_block or self.raw().in_transaction:
            return
        with django.cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")

    @contextmanager
    def _locking(self, mode: str) -> Iterator[None]:
        """On SQLite, have the next transaction begin in a mode."""
        django = self._django
        if self.vendor != "sqlite":
            yield
            return
        django.ensure_connection()  # which sets the mode anew
        usual, django.transaction_mode = django.transaction_mode, mode
        try:
            yield
        finally:
            django.transaction_mode = usual

    def _isolate(self, level: str) -> None:
        """Isolate the transaction that has just begun, where it would be otherwise."""
        if self.vendor == "sqlite":
            return
        django = self._django
        usual = django.isolation_level
        name = getattr(usual, "name", None) or str(usual).upper()
        if name.replace("_", " ") != level:
            with django.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")


def _keep_zones(cursor: Any) -> None:
    """Have a cursor of PostgreSQL's driver give instants with the offset that they came with."""
    if hasattr(cursor, "tzinfo_factory"):
        from psycopg2.tz import FixedOffsetTimezone

        cursor.tzinfo_factory = FixedOffsetTimezone
        return
    from psycopg.types.datetime import TimestamptzLoader

    cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
