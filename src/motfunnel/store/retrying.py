"""Transactions of our own that are done again, where the database gave another's precedence.

What the host began is never done again here: its work is not ours to repeat.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from motfunnel.store.database import Database

_ATTEMPTS: Final = 5
_PAUSE: Final = 0.1
_MARIADB_PASSING: Final = (1020, 1205, 1213)  # changed meanwhile, waited too long, deadlock
_POSTGRESQL_PASSING: Final = ("40001", "40P01")

Result = TypeVar("Result")


def persist(database: Database, work: Callable[[Connection], Result]) -> Result:
    """Do work in a transaction; again, if the database gave another's transaction precedence."""
    for attempt in range(_ATTEMPTS):
        try:
            with database.write() as connection:
                return work(connection)
        except DBAPIError as error:
            if attempt == _ATTEMPTS - 1 or not _is_passing(error.orig):
                raise
        database.pause(random.random() * _PAUSE * (attempt + 1))
    raise AssertionError("the last attempt returns or raises")


def _is_passing(error: BaseException | None) -> bool:
    """Whether an error is a deadlock or the like, which goes away when one tries again."""
    if getattr(error, "sqlstate", None) in _POSTGRESQL_PASSING:
        return True
    return error is not None and bool(error.args) and error.args[0] in _MARIADB_PASSING
