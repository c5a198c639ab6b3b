"""URLs of databases: read as people write them, and never shown with what is secret in them.

Says which driver a URL gets, and what it asks of that driver. Connects to nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from motfunnel.errors import UrlError

_DRIVERS: Final = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}
_ASYNC_DRIVERS: Final = {
    "sqlite": "aiosqlite",
    "postgresql": "psycopg_async",
    "postgresql+psycopg": "psycopg_async",
    "mysql": "aiomysql",
    "mariadb": "aiomysql",
}
_HAS_NO_SECRET: Final = re.compile(r"[\w./\\ -]*")  # a path, perhaps; nothing before an @

_IS_SECRET: Final = re.compile("pass(wor)?d|secret|token")


def read_url(url: str | URL) -> URL:
    """Read a URL; ``postgres://``, as hosting platforms write it, is ``postgresql://``.

    Raises:
        UrlError: it is no URL of a database; the error shows nothing that may be a password.
    """
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):  # a port that is not a number may be a piece of a password
        shown = f"{url!r}" if isinstance(url, str) and _HAS_NO_SECRET.fullmatch(url) else "this"
        raise UrlError(f"{shown} is not a database URL; write e.g. sqlite:///crm.db") from None
    backend, plus, driver = read.drivername.partition("+")
    rest = [read.host, None if read.password is None else read.database]
    if any("@" in part for part in rest if part):
        # It stands in the password, and what comes after it would be shown as the host's name.
        raise UrlError("the database URL has more than one @; write the password's as %40")
    return read.set(drivername=f"postgresql{plus}{driver}") if backend == "postgres" else read


def without_secrets(url: str | URL) -> str:
    """A URL for people to see, with its passwords starred out."""
    read = read_url(url)
    secret = [name for name in read.query if _IS_SECRET.search(name)]
    return read.update_query_dict(dict.fromkeys(secret, "***")).render_as_string()


def shown(url: URL) -> str:
    """The URL of an engine for people to see; its backend alone where it may show a secret."""
    try:
        return without_secrets(url)
    except UrlError:
        return f"{url.get_backend_name()}://…"


def with_driver(url: URL, *, is_async: bool) -> URL:
    """The URL with the driver that it gets where it names none."""
    drivers = _ASYNC_DRIVERS if is_async else _DRIVERS
    driver = drivers.get(url.drivername)
    return url if driver is None else url.set(drivername=f"{url.get_backend_name()}+{driver}")


def is_in_memory(url: URL) -> bool:
    """Whether it is a SQLite database that lives and dies with its connection."""
    return url.get_backend_name() == "sqlite" and (not url.database or ":memory:" in url.database)


def missing_file(url: str | URL) -> str | None:
    """The path of the SQLite file that a URL names, if it is not there; None for any other URL.

    Raises:
        UrlError: it is no URL of a database.
    """
    read = read_url(url)
    path = read.database
    if read.get_backend_name() != "sqlite" or path is None or is_in_memory(read):
        return None
    return None if path.startswith("file:") or os.path.exists(path) else path


def take_options(url: URL) -> tuple[URL, dict[str, Any]]:
    """Take out of a server's URL the numbers and flags that a driver wants as such.

    SQLAlchemy hands most of them on as text, in which ``false`` is true; those of SQLite, and a
    few of PyMySQL's, it reads itself. But ``synchronous`` is a setting of SQLite's that is ours.

    Returns:
        The URL without them, and they as what they are.

    Raises:
        UrlError: one of them is neither.
    """
    if url.get_backend_name() == "sqlite":
        level = str(url.query.get("synchronous", "full")).lower()
        if level not in ("full", "normal"):
            raise UrlError("synchronous in the database URL is full or normal")
        return url.difference_update_query(["synchronous"]), {"synchronous": level}
    if url.drivername.endswith("+asyncpg") and "sslmode" in url.query:
        mode = url.query["sslmode"]  # asyncpg knows libpq's name for it in a DSN alone
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    found: dict[str, Any] = {}
    for name, value in url.query.items():
        read = _OPTIONS.get(name)
        if read is None or not isinstance(value, str):
            continue
        try:
            found[name] = read(value.strip().lower())
        except (KeyError, ValueError):
            kind = _KINDS[read]
            raise UrlError(f"{name} in the database URL is no {kind}") from None
    return url.difference_update_query(found), found


def _read_flag(value: str) -> bool:
    return _FLAGS[value]


def _read_number(value: str) -> int | float:
    return int(value) if value.lstrip("-").isdecimal() else float(value)


def _read_number_or_none(value: str) -> int | float | None:
    return None if value in ("", "none", "null") else _read_number(value)


_FLAGS: Final = {
    **dict.fromkeys(("1", "true", "yes", "on", "t", "y"), True),
    **dict.fromkeys(("0", "false", "no", "off", "f", "n"), False),
}
_KINDS: Final[dict[Callable[[str], Any], str]] = {
    _read_flag: "flag; write true or false",
    _read_number: "number",
    _read_number_or_none: "number, and not none",
}
_OPTIONS: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(
        (
            "autocommit",
            "binary_prefix",
            "compress",
            "direct_tls",
            "local_infile",
            "ssl_disabled",
            "ssl_verify_cert",
            "ssl_verify_identity",
            "use_unicode",
        ),
        _read_flag,
    ),
    **dict.fromkeys(
        (
            "connect_timeout",
            "keepalives",
            "keepalives_count",
            "keepalives_idle",
            "keepalives_interval",
            "max_allowed_packet",
            "max_cacheable_statement_size",
            "max_cached_statement_lifetime",
            "prepared_statement_cache_size",
            "statement_cache_size",
            "tcp_user_timeout",
            "timeout",
        ),
        _read_number,
    ),
    **dict.fromkeys(
        ("command_timeout", "prepare_threshold", "read_timeout", "write_timeout"),
        _read_number_or_none,
    ),
}
"""How those are read that are not a text, by name: no two drivers mean different things by one."""
