"""PyMySQL in the place of the driver that Django asks for, where that could not be built."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def stand_in() -> None:
    """Have ``import MySQLdb`` mean PyMySQL, with each module of it there once.

    PyMySQL's own way names the package alone: Django's import of ``MySQLdb.converters`` then
    makes every exception a second time, and ``pymysql.err`` is no longer what the driver raises.
    """
    if find_spec("MySQLdb") is not None:
        return
    import pymysql

    pymysql.version_info = (2, 2, 7, "final", 0)
    pymysql.install_as_MySQLdb()
    for name, module in list(sys.modules.items()):
        if name.startswith("pymysql."):
            sys.modules["MySQLdb" + name.removeprefix("pymysql")] = module
