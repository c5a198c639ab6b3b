"""What a database's error means for whoever was writing: a table, and how it is looked up.

Decides nothing about what is done then, and never gives the words of a database, in which keys of
contacts may stand.

An error may be wrapped twice: by SQLAlchemy, and below that by the framework that lent the
connection. Only the driver's own has all codes.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class Fault(Enum):
    """What can be done about an error.

    What is refused for its content will be at any time; what is final for now, such as a full disk,
    a missing right or a read-only server, may be mended from outside.
    """

    PASSING = "gave another's work precedence"
    LOST = "dropped the connection"
    UNREACHABLE = "cannot be reached"
    FINAL = "refused the write"
    REFUSED = "refused what was to be written"


FAULTS: Final = (DBAPIError, PoolTimeoutError, OSError, UnicodeError, OverflowError)
"""What is raised where a database, or the way to it, is at fault.

A driver encodes what it sends, and raises Python's own error of a text that the database has no
characters for, or of a number that is too large.
"""

_POSTGRESQL: Final = {
    "40001": Fault.PASSING,  # could not serialize
    "40P01": Fault.PASSING,  # deadlock
    "55P03": Fault.PASSING,  # lock not available
    "57014": Fault.PASSING,  # cancelled, as by a timeout
    "26000": Fault.PASSING,  # a pooler gave a session without the statement that was prepared
    "42P05": Fault.PASSING,  # a pooler gave one in which another client had prepared it
    "25P03": Fault.LOST,  # idle in a transaction for too long
    "57P01": Fault.LOST,  # shutting down
    "57P02": Fault.LOST,  # another process crashed
    "57P04": Fault.LOST,  # the database was dropped
    "57P05": Fault.LOST,  # idle for too long
    "08001": Fault.UNREACHABLE,
    "08004": Fault.UNREACHABLE,
    "53300": Fault.UNREACHABLE,  # too many connections
    "57P03": Fault.UNREACHABLE,  # starting up
    "44000": Fault.REFUSED,  # a view's check option
    "54000": Fault.REFUSED,  # too large for an index
    "P0001": Fault.REFUSED,  # raised by a trigger
}
_POSTGRESQL_CLASSES: Final = {
    "08": Fault.LOST,
    "22": Fault.REFUSED,  # data: a text without characters for it, a number out of range
    "23": Fault.REFUSED,  # a constraint
}
_MARIADB: Final = {
    1020: Fault.PASSING,  # changed meanwhile
    1205: Fault.PASSING,  # waited too long for a lock
    1213: Fault.PASSING,  # deadlock
    1317: Fault.PASSING,  # interrupted
    1969: Fault.PASSING,  # took too long
    1053: Fault.LOST,  # shutting down
    1152: Fault.LOST,  # aborted
    1158: Fault.LOST,
    1159: Fault.LOST,
    1160: Fault.LOST,
    1161: Fault.LOST,
    1184: Fault.LOST,
    1927: Fault.LOST,  # killed
    2006: Fault.LOST,  # gone away
    2013: Fault.LOST,  # in the middle of a query
    2014: Fault.LOST,
    2055: Fault.LOST,
    4031: Fault.LOST,  # idle for too long
    1040: Fault.UNREACHABLE,  # too many connections
    1129: Fault.UNREACHABLE,
    1203: Fault.UNREACHABLE,
    1226: Fault.UNREACHABLE,
    2002: Fault.UNREACHABLE,
    2003: Fault.UNREACHABLE,
    2005: Fault.UNREACHABLE,
    1048: Fault.REFUSED,  # a null
    1062: Fault.REFUSED,  # a key that is taken
    1118: Fault.REFUSED,  # a row that is too large
    1153: Fault.REFUSED,  # a packet that is too large
    1216: Fault.REFUSED,  # a foreign key
    1217: Fault.REFUSED,
    1264: Fault.REFUSED,  # out of range
    1265: Fault.REFUSED,
    1292: Fault.REFUSED,
    1366: Fault.REFUSED,  # a text without characters for it
    1406: Fault.REFUSED,  # too long
    1451: Fault.REFUSED,
    1452: Fault.REFUSED,
    1644: Fault.REFUSED,  # raised by a trigger
    4025: Fault.REFUSED,  # a constraint
}
_SQLITE: Final = {
    5: Fault.PASSING,  # busy
    6: Fault.PASSING,  # locked
    14: Fault.UNREACHABLE,  # cannot open
    18: Fault.REFUSED,  # too large
    19: Fault.REFUSED,  # a constraint, or raised by a trigger
    20: Fault.REFUSED,  # of another type
}
_SQLITE_WORDS: Final = {
    "is locked": Fault.PASSING,
    "unable to open": Fault.UNREACHABLE,
}
_MARIADB_NO_TABLE: Final = 1146
_POSTGRESQL_NO_TABLE: Final = "42P01"
_MARIADB_UNDOES_ALL: Final = (1020, 1206, 1213)


def fault_of(error: BaseException) -> Fault:
    """Say what an error of a database means."""
    if isinstance(error, PoolTimeoutError | OSError):
        return Fault.UNREACHABLE
    if isinstance(error, UnicodeError | OverflowError):
        return Fault.REFUSED
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Fault.LOST
    cause = driver_error(error)
    number = cause.args[0] if cause.args else None
    if type(number) is int:
        is_closed = number == 0 and _is_named(cause, "InterfaceError")
        return Fault.LOST if is_closed else _MARIADB.get(number, Fault.FINAL)
    if not (hasattr(cause, "sqlstate") or hasattr(cause, "pgcode")):
        return sqlite_fault(cause)
    state = _sqlstate(cause)
    if state is None:  # PostgreSQL's driver speaks, not the server
        at_the_way = _is_named(cause, "OperationalError") or _is_named(cause, "InterfaceError")
        refused = Fault.REFUSED if _is_named(cause, "DataError") else Fault.FINAL
        return Fault.UNREACHABLE if at_the_way else refused
    return _POSTGRESQL.get(state) or _POSTGRESQL_CLASSES.get(state[:2], Fault.FINAL)


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error below those that wrap it."""
    cause: BaseException = getattr(error, "orig", None) or error
    beneath = cause.__cause__  # who lends a connection names errors as the driver does
    is_wrapped = beneath is not None and _is_named(beneath, type(cause).__name__)
    return beneath if beneath is not None and is_wrapped else cause


def is_of_missing_table(error: BaseException) -> bool:
    """Whether one of our tables was not there."""
    cause = driver_error(error)
    number = cause.args[0] if cause.args else None
    is_missing = number == _MARIADB_NO_TABLE or _sqlstate(cause) == _POSTGRESQL_NO_TABLE
    return is_missing or str(cause).startswith("no such table: motfunnel_")


def _sqlstate(cause: BaseException) -> str | None:
    state: str | None = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state


def _is_named(error: BaseException, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(error).__mro__)


def undid_everything(error: BaseException) -> bool:
    """Whether MariaDB has, with this error, rolled back the whole transaction, savepoints or not.

    Who swallows it lets the transaction's earlier work vanish, and its COMMIT report success.
    """
    cause = driver_error(error)
    number = cause.args[0] if cause.args else None
    return isinstance(number, int) and number in _MARIADB_UNDOES_ALL


def name_of(error: BaseException) -> str:
    """Name an error by its type and code, which say nothing of anybody."""
    cause = driver_error(error)
    number = cause.args[0] if cause.args else None
    code: Any = number if type(number) is int else None
    if code is None:
        code = _sqlstate(cause) or getattr(cause, "sqlite_errorname", None)
    return type(cause).__name__ if code is None else f"{type(cause).__name__} {code}"


def sqlite_fault(cause: Any) -> Fault:
    """Say what an error of SQLite's driver means."""
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, Fault.FINAL)
    words = str(cause)
    return next((f for part, f in _SQLITE_WORDS.items() if part in words), Fault.FINAL)
