"""What waits for a commit of the host's: a watch on its connection, which tells it from a rollback.

A connection tells of each savepoint, but of a commit only that it is about to be tried; that it
succeeded is known when the connection is used again or goes back to its pool with neither an error
nor a rollback in between. Not every rollback is said to be one: databases roll back by themselves,
too. Begins and ends nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet

from attrs import define, field
from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.pool import Pool

from motfunnel.store.engine.engine import roll_back
from motfunnel.store.engine.faults import undid_everything
from motfunnel.store.schema.types import MARIADB

Callback = Callable[[], None]

_KEY: Final = "motfunnel_watch"
_watches: WeakKeyDictionary[Connection, Watch] = WeakKeyDictionary()
_engines: WeakSet[Engine] = WeakSet()
# Of connections that were made since their engine is listened to, the latest savepoint.
_opened: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()
_pools: WeakSet[Pool] = WeakSet()
_sqlite_pools: WeakSet[Pool] = WeakSet()
_dialects: WeakSet[Dialect] = WeakSet()


@define
class Watch:
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
        """Have something called back once what was just written is committed."""
        self.waiting.append((self.latest, callback))

    def released(self, _: Connection, name: str, __: object) -> None:
        """A savepoint was released."""
        self.latest = max(self.latest, _number(name))

    def undone(self, _: Connection, name: str, __: object) -> None:
        """All since a savepoint was rolled back."""
        self.waiting = [one for one in self.waiting if one[0] < _number(name)]
        self.is_aborted = False

    def committing(self, connection: Connection, *_: object) -> None:
        """A commit is tried."""
        self.is_committing = not self.is_aborted and status_of(connection) != "INERROR"

    def failed(self, connection: Connection, error: BaseException | None) -> None:
        """An error came: perhaps a commit has failed, or the database rolled everything back."""
        if self.is_committing or _is_rolled_back(connection, error):
            self.rolled_back()
        elif connection.dialect.name == "postgresql" and status_of(connection) is None:
            self.is_aborted = self.is_aborted or _is_the_servers(error)

    def rolled_back(self, *_: object) -> None:
        """Everything was rolled back."""
        self.waiting, self.is_committing = [], False
        self.is_aborted = self.is_undone = self.is_joined = False

    def settle(self, *_: object) -> None:
        """Call back for a commit that was tried and did not fail; else all was rolled back."""
        waiting, was_committing = self.waiting, self.is_committing
        self.rolled_back()
        for _number_of, callback in waiting if was_committing else ():
            callback()


def watch_of(connection: Connection) -> Watch:
    """The watch on a connection, set when it is first asked for."""
    watch = _watches.get(connection)
    if watch is None:
        watch = _watches[connection] = Watch()
        if connection not in _opened:
            _listen(connection)
        if connection.engine not in _engines:
            _engines.add(connection.engine)
            event.listen(connection.engine, "engine_connect", _made)
            event.listen(connection.engine, "savepoint", _savepoint_opened)
            _listen(connection.engine)
        _listen_once(_pools, connection.engine.pool, "checkin", _checked_in)
        if connection.dialect.name == "sqlite":
            _listen_once(_sqlite_pools, connection.engine.pool, "invalidate", roll_back)
        _listen_once(_dialects, connection.dialect, "handle_error", _failed)
    # A Connection may have been given another driver's connection since it was last seen.
    connection.info[_KEY] = watch
    return watch


def _listen(target: Connection | Engine) -> None:
    """Have the watch on a connection told; to listen to each costs more than all that it does."""
    for name, heard in _EVENTS.items():
        event.listen(target, name, heard)


def _made(connection: Connection) -> None:
    _opened[connection] = 0


def _savepoint_opened(connection: Connection, _: str | None) -> None:
    if connection in _opened:
        _opened[connection] += 1  # its name comes later, and counts them likewise


def _telling(tell: Callable[..., None]) -> Callable[..., None]:
    def heard(connection: Connection, *details: Any) -> None:
        watch = _watches.get(connection)
        if watch is not None:
            tell(watch, connection, *details)

    return heard


_EVENTS: Final = {
    "release_savepoint": _telling(Watch.released),
    "rollback_savepoint": _telling(Watch.undone),
    "commit": _telling(Watch.committing),
    "commit_twophase": _telling(Watch.committing),
    "rollback": _telling(Watch.rolled_back),
    "rollback_twophase": _telling(Watch.rolled_back),
    "begin": _telling(Watch.settle),
    "begin_twophase": _telling(Watch.settle),
}


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


def latest_savepoint(connection: Connection) -> int | None:
    """The number of the savepoint that was opened last; None where nobody has counted them."""
    return _opened.get(connection)


def watch_if_set(connection: Connection) -> Watch | None:
    """The watch on a connection, if one was set."""
    return _watches.get(connection)


def status_of(connection: Connection) -> str | None:
    """What psycopg knows of the transaction; None of any other driver."""
    driver: Any = connection.connection.driver_connection
    status = getattr(getattr(driver, "info", None), "transaction_status", None)
    name: str | None = getattr(status, "name", None)
    return name
