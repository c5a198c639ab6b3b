"""The host's own transaction: writing in it, learning of its commit, and not getting in its way.

Opens savepoints on the host's connection, never commits or rolls back what is the host's, and
makes no tables (on MariaDB that would commit the host's work).

Works on the connection even where the host hands over a Session: a Session tells of a commit when
a savepoint is released, too, and of a close not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import frozen
from sqlalchemy import Connection, Engine, NestedTransaction, Table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, UnboundExecutionError
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from motfunnel.errors import TransactionError
from motfunnel.store.engine.compiled import cursor_of
from motfunnel.store.engine.faults import undid_everything
from motfunnel.store.engine.pipeline import pipelined, send
from motfunnel.store.hosts.commit import (
    Callback,
    Watch,
    latest_savepoint,
    status_of,
    watch_if_set,
    watch_of,
)
from motfunnel.store.hosts.lent import lender_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session


@frozen
class SessionOn:
    """A session's transaction on one of the engines that it works with."""

    session: Session | scoped_session[Any]
    engine: Engine


Host: TypeAlias = "Connection | Session | scoped_session[Any] | SessionOn"
Joined: TypeAlias = Connection
"""A host's connection, as the rooms above know it."""

_NAME: Final = "motfunnel"
_NO_SAVEPOINT: Final = 1305  # MariaDB's, after it has rolled back everything


def host_connection(bind: object) -> Connection:
    """The connection on which the host's transaction runs.

    Raises:
        TypeError: the bind is asynchronous, or neither a Session nor a Connection.
    """
    if isinstance(bind, Connection):
        if bind.closed:
            raise TypeError("the connection is closed; bind one that is open")
        return bind
    from sqlalchemy.orm import Session, scoped_session  # whoever binds one has loaded it

    if isinstance(bind, Session | scoped_session):
        connection: Connection = bind.connection()
        return connection
    if isinstance(bind, SessionOn):
        return bind.session.connection(bind_arguments={"bind": bind.engine})
    if type(bind).__module__.startswith("sqlalchemy.ext.asyncio") or hasattr(bind, "run_sync"):
        raise TypeError(f"{type(bind).__name__} is asynchronous; await tracker.atrack(…) instead")
    if isinstance(bind, Engine):
        raise TypeError(
            "an Engine holds no transaction; bind a Session or a Connection, or leave bind out"
        )
    called = "; call it: bind=Session()" if callable(bind) else ""
    if hasattr(type(bind), "engines"):  # an extension of Flask's
        called = "; bind its session"
    raise TypeError(f"bind must be a Session or a Connection, not {type(bind).__name__}{called}")


def has_begun(bind: Host) -> bool:
    """Whether the host is in a transaction already, so that to ask in it begins none."""
    if isinstance(bind, Connection):
        return bind.in_transaction()
    from sqlalchemy.orm import scoped_session

    session = bind.session if isinstance(bind, SessionOn) else bind
    return (session() if isinstance(session, scoped_session) else session).in_transaction()


def has_joined(connection: Connection) -> bool:
    """Whether something of ours was written in the transaction that is open there."""
    watch = watch_if_set(connection)
    return watch is not None and watch.is_joined


@contextmanager
def joined(connection: Connection, *, is_pipelined: bool = False) -> Iterator[Connection]:
    """A savepoint in the host's transaction, rolled back alone if what is inside fails.

    Args:
        connection: the host's.
        is_pipelined: whether what is done minds the pipeline, where there is one.

    Raises:
        TypeError: the connection commits each statement by itself.
    """
    lender = lender_of(connection)
    if lender is not None:
        with lender.transaction(to_write=True):
            yield connection
        return
    if _commits_by_itself(connection):
        raise TypeError("an AUTOCOMMIT connection holds no transaction to join; bind another")
    if connection.dialect.name == "sqlite":
        _begin_for_real(connection)
    watch = watch_of(connection)
    watch.is_joined = True
    opened = latest_savepoint(connection)
    if opened is not None:
        if not connection.in_transaction():  # as any statement that passes SQLAlchemy would
            connection.begin()
        watch.latest = max(watch.latest, opened)
        with _plain_savepoint(connection, watch, is_pipelined=is_pipelined):
            yield connection
        return
    with savepoint(connection):
        try:
            with pipelined(connection) if is_pipelined else nullcontext():
                yield connection
        except DBAPIError as error:
            watch.failed(connection, error.orig)
            raise


@contextmanager
def _plain_savepoint(connection: Connection, watch: Watch, *, is_pipelined: bool) -> Iterator[None]:
    """A savepoint that SQLAlchemy does not know of: it would compile it anew each time.

    In a pipeline it is sent with what is inside.
    """
    pipeline = None
    try:
        with pipelined(connection) if is_pipelined else nullcontext() as pipeline:
            send(connection, (f"SAVEPOINT {_NAME}", None))
            yield
            send(connection, (f"RELEASE SAVEPOINT {_NAME}", None))
    except BaseException as error:
        if isinstance(error, DBAPIError):
            watch.failed(connection, error.orig)
        if pipeline is None or pipeline.has_sent:  # else there is none to go back to
            with _going_back(connection), cursor_of(connection) as cursor:
                cursor.execute(f"ROLLBACK TO SAVEPOINT {_NAME}")
                watch.is_aborted = False
        raise


def keep_writers_out(connection: Connection, table: Table) -> None:
    """Take SQLite's write lock, in the host's transaction, if it is not had yet.

    A transaction that reads before it writes is thrown out as soon as another has written in
    between. A statement that writes nothing locks all the same.
    """
    name = connection.dialect.identifier_preparer.format_table(table)
    with cursor_of(connection) as cursor:
        cursor.execute(f"DELETE FROM {name} WHERE 0")


@contextmanager
def savepoint(connection: Connection) -> Iterator[None]:
    """A savepoint in a transaction that is open, rolled back if what is inside fails."""
    nested = connection.begin_nested()
    try:
        yield
        nested.commit()
    except BaseException:
        # Where the database has rolled back more than this, the savepoint is not there any more;
        # that is told by the error which did it.
        _roll_back(nested, connection)
        raise


def is_undone(connection: Connection, error: BaseException) -> bool:
    """Whether with this error the database has rolled back the host's whole transaction.

    The host must hear of it: its COMMIT would report success, and its work be gone. MariaDB does
    that at a deadlock, SQLite where a disk is full.
    """
    lender = lender_of(connection)
    if lender is not None:
        return undid_everything(error) or lender.has_undone(error)
    watch = watch_if_set(connection)
    if undid_everything(error) or (watch is not None and watch.is_undone):
        return True
    if not isinstance(error, DBAPIError) or connection.dialect.name != "sqlite":
        return False
    return is_doomed(connection)


def is_doomed(connection: Connection) -> bool:
    """Whether all that the host has done in its transaction is lost already."""
    lender = lender_of(connection)
    if lender is not None:
        return lender.is_broken()
    if connection.invalidated or connection.closed:
        return True
    if connection.dialect.name == "sqlite":
        driver = connection.connection.driver_connection
        return not getattr(driver, "in_transaction", True)
    return status_of(connection) == "INERROR"


def after_commit(connection: Connection, callback: Callback) -> None:
    """Call back once what ``joined`` has just written was committed with all else of the host's.

    Never, if the transaction or a savepoint around it is rolled back.
    """
    lender = lender_of(connection)
    if lender is not None:
        lender.after_commit(callback)
    else:
        watch_of(connection).add(callback)


def is_shared(engine: Engine) -> bool:
    """Whether one connection serves everybody, as for a SQLite database in memory."""
    return isinstance(engine.pool, StaticPool | SingletonThreadPool)


def check_nothing_is_shared(engine: Engine) -> None:
    """Make sure that a connection of our own is not the one on which somebody's work is open.

    Ours would commit it, or roll it back as it is given back.

    Raises:
        TransactionError: it is that one.
    """
    pool: Any = engine.pool
    if isinstance(pool, StaticPool):
        is_open = getattr(pool.connection.driver_connection, "in_transaction", False)
    elif isinstance(pool, SingletonThreadPool):
        with engine.connect() as connection:  # the very one, if the thread has it already
            is_open = _is_open(connection)
    else:
        return
    if is_open:
        raise TransactionError("its database has one connection for everybody")


def check_not_amid(host: Host | None) -> None:
    """Make sure that a transaction of our own will not wait for the host's, which waits for us.

    Raises:
        TransactionError: the host's holds what ours would need.
    """
    if host is None or not has_begun(host):
        return
    connection = host_connection(host)
    if connection.dialect.name == "sqlite" and _is_open(connection):
        raise TransactionError("it holds the lock of the database")
    if has_joined(connection):
        raise TransactionError("it holds the contacts that it has tracked")


def _roll_back(savepoint: NestedTransaction, connection: Connection) -> None:
    with _going_back(connection):
        savepoint.rollback()


@contextmanager
def _going_back(connection: Connection) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        number = error.orig.args[0] if error.orig is not None and error.orig.args else None
        if number == _NO_SAVEPOINT:
            watch = watch_of(connection)
            watch.is_undone, watch.waiting = True, []
    except SQLAlchemyError:
        return


def _commits_by_itself(connection: Connection) -> bool:
    chosen = connection.get_execution_options().get("isolation_level")
    if chosen is None:  # then it is as the engine was made, which SQLAlchemy 2.1 tells nobody
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


def _is_open(connection: Connection) -> bool:
    return bool(getattr(connection.connection.driver_connection, "in_transaction", False))


@frozen(kw_only=True)
class Attempt:
    """What became of asking for the connection of the host's transaction.

    Attributes:
        host: the host's connection; None where there is none to join, or it could not be had.
        error: why it could not be had.
    """

    host: Joined | None = None
    error: Exception | None = None

    @property
    def is_in_vain(self) -> bool:
        """Whether the host's own session failed: what is said in it shares the fate of its work.

        A flush has failed before, the connection is lost, or the database away. A thing
        that is no session, or has no engine, is a mistake in the host's program; no work is lost.
        """
        return isinstance(self.error, SQLAlchemyError | OSError) and not isinstance(
            self.error, UnboundExecutionError
        )


def attempt_to_join(bind: object) -> Attempt:
    """Ask for the connection of the host's transaction, if there is one to join."""
    try:
        return Attempt(host=None if bind is None else host_connection(bind))
    except Exception as error:
        return Attempt(error=error)
