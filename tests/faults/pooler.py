"""A PgBouncer of a test's own before PostgreSQL, which lends a session for one transaction."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from tests.faults.servers import PATIENCE, wait_until_it_answers

NO_PGBOUNCER = "pgbouncer is not installed, so no pooler was tested with"
SESSIONS = 3  # fewer than clients, so that each gets now this one and now that

_SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listens_at}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 100
logfile = {directory}/log
pidfile = {directory}/pid
"""


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """The URL of the same database through a pooler in transaction mode; gone afterwards.

    It knows nothing of prepared statements, as all poolers did once and many do.
    """
    command = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if command is None:
        pytest.skip(NO_PGBOUNCER)
    directory = Path(tempfile.mkdtemp(prefix="motfunnel-pooler-"))
    server = make_url(url)
    process = None
    try:
        settings = _write_settings(directory, server, _version(command))
        process = subprocess.Popen(
            [command, "--quiet", *_as_whom(directory), str(settings)], stderr=subprocess.DEVNULL
        )
        through = server.set(host="127.0.0.1", port=_port_in(settings), username="postgres")
        written = through.render_as_string(hide_password=False)
        wait_until_it_answers(written)
        yield written
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
        shutil.rmtree(directory, ignore_errors=True)


def _version(command: str) -> tuple[int, ...]:
    said = subprocess.run([command, "--version"], check=True, capture_output=True, text=True)
    return tuple(int(part) for part in said.stdout.split()[1].split("."))


def _write_settings(directory: Path, server: URL, version: tuple[int, ...]) -> Path:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(
            host=server.query.get("host") or server.host,  # a directory, if it has a socket
            port=server.port or 5432,
            user=server.username,
            listens_at=port,
            sessions=SESSIONS,
            directory=directory,
        )
        + ("max_prepared_statements = 0\n" if version >= (1, 21) else "")
    )
    return settings


def _port_in(settings: Path) -> int:
    written = dict(line.split(" = ") for line in settings.read_text().splitlines() if " = " in line)
    return int(written["listen_port"])


def _as_whom(directory: Path) -> list[str]:
    """It refuses to be root."""
    if os.geteuid() != 0:
        return []
    user = next(one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
    os.chown(directory, user.pw_uid, user.pw_gid)
    return ["--user", user.pw_name]
