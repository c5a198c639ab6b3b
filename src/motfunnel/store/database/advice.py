"""What is wrong with a database, in words for whoever is on call, and what to do about it.

Told from the codes of drivers and servers. Never gives the words of a database, in which keys of
contacts may stand.
"""

from __future__ import annotations

from typing import Any, Final

from motfunnel.errors import MotfunnelError, StoreError
from motfunnel.store.database.database import Database
from motfunnel.store.engine.deadline import is_over
from motfunnel.store.engine.faults import Fault, driver_error, fault_of, name_of

_READ_ONLY: Final = (
    "it is read-only; end that, or have the URL name the server and the user that may write"
)
_STANDBY: Final = (
    "it is a standby, which only follows another server; have the URL name the primary, or promote "
    "this one"
)
_NO_RIGHT: Final = (
    "this user may not do it; grant it SELECT, INSERT, UPDATE and DELETE on the tables of motfunnel"
)
_FULL: Final = "its disk, or the space that it may use, is full; make room"
_DISK: Final = "its disk does not take what is written: full, over a quota or failing; look there"
_NO_ENTRY: Final = "it does not let this user in; see to the user and the password in the URL"
_NOT_THERE: Final = "the server has no such database; see to its name in the URL"
_BUSY: Final = "others held what it needed; look for a transaction that is left open"
_LOST: Final = "the connection broke; see whether the server runs, and what its log says"
_AWAY: Final = "it cannot be reached; see whether it runs, and to host and port in the URL"
_NO_FILE: Final = "its file cannot be opened; this user needs its folder, and the right to write it"
_REFUSED: Final = "it refused; its own log, or the same statement by hand, says why"

_POSTGRESQL: Final = {
    "25006": _READ_ONLY,
    "42501": _NO_RIGHT,
    "53100": _FULL,
    "58030": _DISK,
    "28000": _NO_ENTRY,
    "28P01": _NO_ENTRY,
    "3D000": _NOT_THERE,
}
_POSTGRESQL_WORDS: Final = {  # a connection that is refused comes without a code
    "password": _NO_ENTRY,
    "pg_hba.conf": _NO_ENTRY,
    "role ": _NO_ENTRY,
    "database ": _NOT_THERE,
}
_MARIADB: Final = {
    1290: _READ_ONLY,  # the server's option
    1792: _READ_ONLY,  # the transaction's
    1836: _READ_ONLY,
    1044: _NO_RIGHT,
    1142: _NO_RIGHT,
    1143: _NO_RIGHT,
    1227: _NO_RIGHT,
    1021: _FULL,
    1114: _FULL,
    1026: _DISK,
    1030: _DISK,
    1045: _NO_ENTRY,
    1698: _NO_ENTRY,
    1049: _NOT_THERE,
}
_SQLITE: Final = {
    3: _NO_RIGHT,
    8: _READ_ONLY,
    10: _DISK,
    13: _FULL,
    14: _NO_FILE,
}
_BY_FAULT: Final = {
    Fault.PASSING: _BUSY,
    Fault.LOST: _LOST,
    Fault.UNREACHABLE: _AWAY,
}


def describe(database: Database, error: Exception) -> tuple[str, str]:
    """Name what went wrong, and say what it comes from and what to do about it.

    Asks PostgreSQL, where it is read-only, whether it is a standby. Raises nothing.
    """
    cause = error.__cause__ if isinstance(error, StoreError) else error
    if isinstance(error, MotfunnelError) and not (isinstance(error, StoreError) and cause):
        return type(error).__name__, str(error)
    assert cause is not None
    advice = "it did not answer within the budget" if is_over() else _advice_on(cause)
    if advice == _READ_ONLY and _is_standby(database):
        advice = _STANDBY
    return name_of(cause), advice


def _advice_on(error: BaseException) -> str:
    cause = driver_error(error)
    number = cause.args[0] if cause.args else None
    state: Any = getattr(cause, "sqlstate", None)
    code = getattr(cause, "sqlite_errorcode", None)
    if type(number) is int:
        found = _MARIADB.get(number)
    elif code is not None:
        found = _SQLITE.get(code & 0xFF)
    elif state is not None:
        found = _POSTGRESQL.get(state)
    else:
        _, _, said = str(cause).partition("FATAL:")
        found = next((one for word, one in _POSTGRESQL_WORDS.items() if word in said), None)
    return found or _BY_FAULT.get(fault_of(error), _REFUSED)


def _is_standby(database: Database) -> bool:
    if database.engine.dialect.name != "postgresql":
        return False
    try:
        with database.read() as connection:
            return bool(connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar())
    except Exception:  # what it was asked for is told anyhow
        return False
