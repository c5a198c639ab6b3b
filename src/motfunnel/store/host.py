"""The host's own transaction: writing inside it, and learning whether it was really committed.

Opens savepoints on the host's connection, never commits or rolls back what is the host's, and
makes no tables (on MariaDB that would commit the host's work).

Works on the connection even where the host hands over a Session: a Session tells of a commit when
a savepoint is released, too, and of a close not at all. A connection tells of each savepoint, but
of a commit only that it is about to be tried; that it succeeded is known when the connection is
used again or goes back to its pool with neither an error nor a rollback in between. Not every
rollback is said to be one: databases roll back by themselves, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary, WeakSet

from attrs import define, field, frozen
from sqlalchemy import Connection, Dialect, Engine, NestedTransaction, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session, scoped_session
from sqlalchemy.pool import Pool

from motfunnel.store.engine import roll_back
from motfunnel.store.faults import undid_everything
from motfunnel.store.types import MARIADB

Callback = Callable[[], None]


@frozen
class SessionOn:
    """A session's transaction on one of the engines that it works with."""

    session: Session | scoped_session[Any]
    engine: Engine


Host = Connection | Session | scoped_session[Any] | SessionOn
Joined: TypeAlias = Connection
"""A host's connection, as the rooms above know it."""


def host_connection(bind: object) -> Connection:
    """The connection on which the host's transaction runs.

    Raises:
        TypeError: the bind is asynchronous, or neither a Session nor a Connection.
    """
    if isinstance(bind, Connection):
        if bind.closed:
            raise TypeError("the connection is closed; bind one that is open")
        return bind
    if isinstance(bind, Session | scoped_session):
        connection: Connection = bind.connection()
        return connection
    if isinstance(bind, SessionOn):
        return bind.session.connection(bind_arguments={"bind": bind.engine})
    if type(bind).__module__.startswith("sqlalchemy.ext.asyncio") or hasattr(bind, "run_sync"):
        raise TypeError(f"a {type(bind).__name__} is asynchronous; await tracker.atrack(…) instead")
    if isinstance(bind, Engine):
        raise TypeError("an Engine holds no transaction; bind a Session or a Connection")
    raise TypeError(f"bind must be a Session or a Connection, not {type(bind).__name__}")


def has_begun(bind: Host) -> bool:
    """Whether the host is in a transaction already, so that to ask in it begins none."""
    bind = bind.session if isinstance(bind, SessionOn) else bind
    return (bind() if isinstance(bind, scoped_session) else bind).in_transaction()


def has_joined(connection: Connection) -> bool:
    """Whether something of ours was written in the transaction that is open there."""
    watch = _watches.get(connection)
    return watch is not None and watch.is_joined


@contextmanager
def joined(connection: Connection) -> Iterator[Connection]:
    """A savepoint in the host's transaction, rolled back alone if what is inside fails.

    Raises:
        TypeError: the connection commits each statement by itself.
    """
    if _commits_by_itself(connection):
        raise TypeError("an AUTOCOMMIT connection holds no transaction to join; bind another")
    if connection.dialect.name == "sqlite":
        _begin_for_real(connection)
    watch = _watch(connection)
    watch.is_joined = True
    savepoint = connection.begin_nested()
    try:
        yield connection
        savepoint.commit()
    except BaseException as error:
        if isinstance(error, DBAPIError):
            watch.failed(connection, error.orig)
        # Where the database has rolled back more than this, the savepoint is not there any more;
        # that is told by the error which did it.
        _roll_back(savepoint, connection)
        raise


def is_undone(connection: Connection, error: BaseException) -> bool:
    """Whether with this error the database has rolled back the host's whole transaction.

    The host must hear of it: its COMMIT would report success, and its work be gone. MariaDB does
    that at a deadlock, SQLite where a disk is full.
    """
    watch = _watches.get(connection)
    if undid_everything(error) or (watch is not None and watch.is_undone):
        return True
    if not isinstance(error, DBAPIError) or connection.dialect.name != "sqlite":
        return False
    return is_doomed(connection)


def is_doomed(connection: Connection) -> bool:
    """Whether all that the host has done in its transaction is lost already."""
    if connection.invalidated or connection.closed:
        return True
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        return not getattr(driver, "in_transaction", True)
    return _status(connection) == "INERROR"


def _status(connection: Connection) -> str | None:
    """What psycopg knows of the transaction; None of any other driver."""
    driver: Any = connection.connection.driver_connection
    status = getattr(getattr(driver, "info", None), "transaction_status", None)
    name: str | None = getattr(status, "name", None)
    return name


def after_commit(connection: Connection, callback: Callback) -> None:
    """Call back once what ``joined`` has just written was committed with all else of the host's.

    Never, if the transaction or a savepoint around it is rolled back.
    """
    _watch(connection).add(callback)


def _roll_back(savepoint: NestedTransaction, connection: Connection) -> None:
    try:
        savepoint.rollback()
    except DBAPIError as error:
        number = error.orig.args[0] if error.orig is not None and error.orig.args else None
        if number == _NO_SAVEPOINT:
            watch = _watch(connection)
            watch.is_undone, watch.waiting = True, []
    except SQLAlchemyError:
        return


def _commits_by_itself(connection: Connection) -> bool:
    chosen = connection.get_execution_options().get("isolation_level")
    if chosen is None:  # then it is as the engine was made
        chosen = getattr(connection.dialect, "_on_connect_isolation_level", None)
    return str(chosen).upper() == "AUTOCOMMIT"


def _begin_for_real(connection: Connection) -> None:
    """Begin what pysqlite only pretends to have begun.

    It sends BEGIN before the first write. A savepoint that comes before that is a transaction of
    its own, and its release a commit that the host cannot undo.
    """
    driver = connection.connection.driver_connection
    if driver is not None and not getattr(driver, "in_transaction", True):
        connection.exec_driver_sql("BEGIN")


@define
class _Watch:
    """What waits for a commit on one connection.

    Each callback has the number of the savepoint that it belongs to. Savepoints are numbered in
    the order in which they are opened, so that going back to one undoes all with a higher number.
    """

    latest: int = 0
    waiting: list[tuple[int, Callback]] = field(factory=list)
    is_joined: bool = False  # something of ours was written in the open transaction
    is_committing: bool = False
    is_aborted: bool = False  # PostgreSQL: an error was swallowed, and a COMMIT will roll back
    is_undone: bool = False  # MariaDB: everything was rolled back, by whatever error

    def add(self, callback: Callback) -> None:
        self.waiting.append((self.latest, callback))

    def released(self, _: Connection, name: str, __: object) -> None:
        self.latest = max(self.latest, _number(name))

    def undone(self, _: Connection, name: str, __: object) -> None:
        self.waiting = [one for one in self.waiting if one[0] < _number(name)]
        self.is_aborted = False

    def committing(self, connection: Connection, *_: object) -> None:
        self.is_committing = not self.is_aborted and _status(connection) != "INERROR"

    def failed(self, connection: Connection, error: BaseException | None) -> None:
        if self.is_committing or _is_rolled_back(connection, error):
            self.rolled_back()
        elif connection.dialect.name == "postgresql" and _status(connection) is None:
            self.is_aborted = self.is_aborted or _is_the_servers(error)

    def rolled_back(self, *_: object) -> None:
        self.waiting, self.is_committing = [], False
        self.is_aborted = self.is_undone = self.is_joined = False

    def settle(self, *_: object) -> None:
        """Call back for a commit that was tried and did not fail; else all was rolled back."""
        waiting, was_committing = self.waiting, self.is_committing
        self.rolled_back()
        for _number_of, callback in waiting if was_committing else ():
            callback()


def _watch(connection: Connection) -> _Watch:
    """The watch on a connection, set when it is first asked for."""
    watch = _watches.get(connection)
    if watch is None:
        watch = _watches[connection] = _Watch()
        for name, listener in (
            ("release_savepoint", watch.released),
            ("rollback_savepoint", watch.undone),
            ("commit", watch.committing),
            ("commit_twophase", watch.committing),
            ("rollback", watch.rolled_back),
            ("rollback_twophase", watch.rolled_back),
            ("begin", watch.settle),
            ("begin_twophase", watch.settle),
        ):
            event.listen(connection, name, listener)
        _listen_once(_pools, connection.engine.pool, "checkin", _checked_in)
        if connection.dialect.name == "sqlite":
            _listen_once(_sqlite_pools, connection.engine.pool, "invalidate", roll_back)
        _listen_once(_dialects, connection.dialect, "handle_error", _failed)
    # A Connection may have been given another driver's connection since it was last seen.
    connection.info[_KEY] = watch
    return watch


def _listen_once(heard: WeakSet[Any], target: object, name: str, listener: Any) -> None:
    if target not in heard:
        heard.add(target)
        event.listen(target, name, listener)


def _checked_in(_: object, record: Any) -> None:
    watch = record.info.pop(_KEY, None)
    if watch is not None:
        watch.settle()


def _failed(context: ExceptionContext) -> None:
    watch = None if context.connection is None else _watches.get(context.connection)
    if watch is not None and context.connection is not None:
        watch.failed(context.connection, context.original_exception)


def _is_rolled_back(connection: Connection, error: BaseException | None) -> bool:
    """Whether the database rolled back the whole transaction, savepoints or not."""
    if connection.dialect.name == "sqlite":
        driver = None if connection.invalidated else connection.connection.driver_connection
        return not getattr(driver, "in_transaction", True)
    return connection.dialect.name in MARIADB and error is not None and undid_everything(error)


def _is_the_servers(error: BaseException | None) -> bool:
    """Whether a server sent the error; one that the driver found itself harms no transaction."""
    return getattr(error, "sqlstate", getattr(error, "pgcode", "")) is not None


def _number(savepoint: str) -> int:
    """The number in a savepoint's name, which SQLAlchemy counts up on each connection."""
    return int(savepoint.rpartition("_")[2])


_NO_SAVEPOINT: Final = 1305  # MariaDB's, after it has rolled back everything
_KEY: Final = "motfunnel_watch"
_watches: WeakKeyDictionary[Connection, _Watch] = WeakKeyDictionary()
_pools: WeakSet[Pool] = WeakSet()
_sqlite_pools: WeakSet[Pool] = WeakSet()
_dialects: WeakSet[Dialect] = WeakSet()
