"""SQLAlchemy's dialects for connections that are lent: they write SQL, and leave all else alone.

They ask the server nothing, so that a host which counts its statements counts none of theirs.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mysql.mysqldb import MySQLDialect_mysqldb
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import NullPool

from motfunnel.store.hosts.lent import Borrowed, Lender, LentConnection


class _Lent:
    """What a dialect does not do to a connection that is somebody else's."""

    lender: Lender
    server_version_info: Any
    supports_server_side_cursors = False

    def create_connect_args(self, url: URL, _translate_args: Any = None) -> Any:
        """There is nothing to connect by."""
        return [], {}

    def connect(self, *_: Any, **__: Any) -> LentConnection:
        """Take the lender's connection."""
        return LentConnection(self.lender)

    def initialize(self, connection: Connection) -> None:
        """Ask nothing."""
        self.server_version_info = self.lender.version()

    def on_connect(self) -> Any:
        """Set nothing."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """The lender begins."""

    def do_commit(self, dbapi_connection: Any) -> None:
        """The lender commits."""

    def do_rollback(self, dbapi_connection: Any) -> None:
        """The lender rolls back."""

    def do_close(self, dbapi_connection: Any) -> None:
        """The lender closes."""

    def do_terminate(self, dbapi_connection: Any) -> None:
        """The lender closes."""

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """The lender sees to that."""
        return False

    def get_driver_connection(self, connection: Any) -> Any:
        """The driver's own connection."""
        return self.lender.raw()


class LentSQLite(_Lent, SQLiteDialect_pysqlite):
    """SQLite through a lender whose cursors take ``%s``."""

    supports_statement_cache = True


class LentPsycopg(_Lent, PGDialect_psycopg):
    """PostgreSQL through a lender that uses psycopg."""

    supports_statement_cache = True


class LentPsycopg2(_Lent, PGDialect_psycopg2):
    """PostgreSQL through a lender that uses psycopg2."""

    supports_statement_cache = True

    def do_executemany(
        self, cursor: Any, statement: Any, parameters: Any, context: Any = None
    ) -> None:
        """Execute many as the lender does it."""
        cursor.executemany(statement, parameters)


class LentMariaDB(_Lent, MySQLDialect_mysqldb):
    """MariaDB through a lender that uses mysqlclient, or what stands in for it."""

    supports_statement_cache = True

    def initialize(self, connection: Connection) -> None:
        """Take it for MariaDB: the tables cannot be on anything else."""
        super().initialize(connection)
        self._set_mariadb(True, self.server_version_info)


_DIALECTS: Final[dict[tuple[str, str], type]] = {
    ("sqlite", ""): LentSQLite,
    ("postgresql", "psycopg"): LentPsycopg,
    ("postgresql", "psycopg2"): LentPsycopg2,
    ("mysql", ""): LentMariaDB,
}
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "sqlite": {"paramstyle": "format"},
    "postgresql": {"use_native_hstore": False},
    "mysql": {"paramstyle": "format"},
}
VENDORS: Final = tuple(_OPTIONS)
"""The kinds of databases whose connections can be lent."""

for (_vendor, _driver), _dialect in _DIALECTS.items():
    registry.register(f"{_vendor}.lent{_driver}", __name__, _dialect.__name__)


def lent_engine(lender: Lender) -> Engine:
    """Make an engine whose every connection is the lender's."""
    by_driver = (lender.vendor, lender.driver.__name__)
    driver = by_driver[1] if by_driver in _DIALECTS else ""
    engine = create_engine(
        URL.create(f"{lender.vendor}+lent{driver}", database="lent"),
        module=Borrowed(lender),
        poolclass=NullPool,
        hide_parameters=True,
        **_OPTIONS[lender.vendor],
    )
    engine.dialect.lender = lender  # type: ignore[attr-defined]
    return engine
