"""What a URL says reaches the driver as what it is, and what is secret in it reaches nobody."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, Engine, create_engine, event, make_url

from motfunnel import AsyncTracker, Tracker
from motfunnel.cli.group import group
from motfunnel.errors import MissingExtraError, UrlError
from motfunnel.store.database.database import Database
from motfunnel.store.engine.engine import make_engine
from motfunnel.store.engine.urls import read_url, without_secrets
from tests.tracking.scene import FUNNEL, NOON

SECRET = "Tr0ub4dor&3"
MALFORMED = [
    "u:{}@h/db",
    "//u:{}@h/db",
    "://u:{}@h/db",
    "postgresql:/u:{}@h/db",
    "postgresql//u:{}@h/db",
    "postgresql//:u:{}@h/db",
    "postgresql://u:{}/db",
    "postgresql://u:{}@h:port/db",
    "postgresql://u:pw@h:{}/db",
    "postgresql://h:{}",
    "postgresql://u:p@{}@h/db",
    "postgresql://u:@{}@h:5432/db",
    "mysql://u:p@{}/s@h/db",
    "postgres://u:p@/{}@h/db",
    "postgresql://u:@p/{}@h/db",
    "sqlite://u:{}@h/db",
    "nosuch://u:{}@h/db",
    "postgresql+nosuch://u:{}@h/db",
    "postgresql://u:{}@h/db?connect_timeout=soon",
    "postgresql://u:{}@h/db?host=a&host=b:c",
    "host=h password={}",
    "{}",
]


class Seized(Exception):
    """The driver was about to be called."""


def connected_with(url: str) -> dict[str, Any]:
    """The arguments that a driver of asyncio would be called with."""
    engine = make_engine(url, lambda _: None, is_async=True)
    found: dict[str, Any] = {}

    def seize(_: object, __: object, ___: object, options: dict[str, Any]) -> Any:
        found.update(options)
        raise Seized

    event.listen(engine, "do_connect", seize)
    with pytest.raises(Seized):
        engine.connect()
    return found


@contextmanager
def connection_by(url: str, query: str) -> Iterator[Any]:
    """A driver's connection, made by an engine of ours for a URL with a query."""
    engine = make_engine(f"{url}{'&' if '?' in url else '?'}{query}", lambda _: None)
    with engine.connect() as connection:
        yield connection.connection.driver_connection
    engine.dispose()


@pytest.mark.parametrize("malformed", MALFORMED)
@pytest.mark.parametrize("kind", [Tracker, AsyncTracker])
def test_a_password_is_never_shown(malformed: str, kind: Any) -> None:
    """Whatever is wrong with the URL, no error, and nothing on the way to it, quotes it."""
    with pytest.raises((UrlError, MissingExtraError)) as refused:
        kind(malformed.format(SECRET))
    shown = "".join(traceback.format_exception(refused.value))
    assert SECRET not in shown
    assert SECRET not in repr(refused.value)


@pytest.mark.parametrize("malformed", MALFORMED)
@pytest.mark.parametrize("command", [["check"], ["report", "funnel"], ["demo"]])
def test_no_command_prints_it(
    malformed: str, command: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does the command line, or a log."""
    with caplog.at_level(logging.DEBUG):
        done = CliRunner().invoke(group, [*command, "--db", malformed.format(SECRET)])
    assert done.exit_code != 0
    assert SECRET not in done.output + caplog.text + repr(done.exception)


@given(st.from_regex(r"[a-z0-9:/@?&=#\[\]%.+ -]{0,30}", fullmatch=True))
def test_no_text_is_quoted_that_could_hold_one(text: str) -> None:
    """Only what has no place for a password is quoted."""
    try:
        read_url(text)
    except UrlError as error:
        if set(text) & set("@:="):
            assert repr(text) not in str(error)


def test_a_path_is_named_in_the_error() -> None:
    """The commonest mistake: the file alone."""
    with pytest.raises(UrlError, match=r"'crm\.db' is not a database URL; write e\.g\. sqlite:///"):
        Tracker("crm.db")


def test_what_is_shown_has_its_passwords_starred_out() -> None:
    """That before the host, and those behind it."""
    url = f"postgresql://u:{SECRET}@h/db?sslpassword=hush&sslmode=require"
    assert without_secrets(url) == "postgresql://u:***@h/db?sslmode=require&sslpassword=%2A%2A%2A"


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("driver", ["", "+psycopg", "+psycopg2"])
def test_what_hosting_platforms_hand_out(url: str, driver: str) -> None:
    """``postgres://`` is ``postgresql://``."""
    handed = f"postgres{driver}://" + url.partition("://")[2]
    with Tracker(handed, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw", occurred_at=NOON)
        assert tracker.contact("ada").events == 1
        assert tracker.database.name == Tracker(url, funnel=FUNNEL).database.name


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"prepare_threshold": None}),
        ("prepare_threshold=5", {"prepare_threshold": 5}),
        ("prepare_threshold=0", {"prepare_threshold": 0}),
        ("prepare_threshold=None", {"prepare_threshold": None}),
        ("prepare_threshold=", {"prepare_threshold": None}),
        ("connect_timeout=7", {"connect_timeout": 7}),
        ("autocommit=false", {"autocommit": False}),
        ("sslmode=require&application_name=7", {"sslmode": "require", "application_name": "7"}),
    ],
)
def test_what_reaches_psycopg(query: str, wanted: dict[str, Any]) -> None:
    """Numbers as numbers, flags as flags, none as None, and a text that looks like one as it is."""
    found = connected_with(f"postgresql://u@h/db?{query}")
    assert {name: found.get(name, "missing") for name in wanted} == wanted
    assert [type(found[name]) for name in wanted] == [type(value) for value in wanted.values()]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_what_becomes_of_it(url: str) -> None:
    """The same with psycopg's own connections."""
    with connection_by(url, "connect_timeout=7&application_name=7&autocommit=no") as driver:
        assert driver.prepare_threshold is None
        assert driver.autocommit is False
        parameters = driver.info.get_parameters()
        assert (parameters["connect_timeout"], parameters["application_name"]) == ("7", "7")
    with connection_by(url, "prepare_threshold=3") as driver:
        assert driver.prepare_threshold == 3


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", {"statement_cache_size": 0, "prepared_statement_cache_size": 0}),
        ("statement_cache_size=9", {"statement_cache_size": 9}),
        ("command_timeout=2.5&timeout=3", {"command_timeout": 2.5, "timeout": 3}),
        ("direct_tls=true&sslmode=require", {"direct_tls": True, "ssl": "require"}),
    ],
)
def test_what_reaches_asyncpg(query: str, wanted: dict[str, Any]) -> None:
    """The same; and it has another name for libpq's sslmode."""
    found = connected_with(f"postgresql+asyncpg://u@h/db?{query}")
    assert {name: found.get(name, "missing") for name in wanted} == wanted
    assert "sslmode" not in found


@pytest.mark.parametrize("url", ["mariadb"], indirect=True)
def test_what_reaches_a_driver_of_mariadbs(url: str) -> None:
    """SQLAlchemy reads some of these itself."""
    query = "connect_timeout=7&local_infile=no&max_allowed_packet=1024"
    found = connected_with(f"mysql://u@h/db?{query}&charset=utf8mb4")
    assert (found["connect_timeout"], found["local_infile"]) == (7, False)
    assert found["charset"] == "utf8mb4"
    with connection_by(url, query) as driver:
        assert (driver.connect_timeout, driver.max_allowed_packet) == (7, 1024)


@pytest.mark.parametrize(
    "query", ["connect_timeout=soon", "prepare_threshold=often", "autocommit=maybe"]
)
def test_what_is_no_number_is_refused(query: str) -> None:
    """When the tracker is made, and by name."""
    with pytest.raises(UrlError, match=query.partition("=")[0]):
        Tracker(f"postgresql://u@h/db?{query}")


@pytest.mark.parametrize(("level", "found"), [("", 2), ("?synchronous=normal", 1)])
def test_how_sqlite_waits_for_the_disk(tmp_path: Any, level: str, found: int) -> None:
    """At each commit, unless one asks for less; what is neither is refused."""
    with Tracker(f"sqlite:///{tmp_path}/crm.db{level}", funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw")
        with tracker.database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == found
    with pytest.raises(UrlError, match="full or normal"):
        Tracker("sqlite:///crm.db?synchronous=off", funnel=FUNNEL)


def test_a_file_of_sqlites_by_uri_is_opened_as_before(tmp_path: Any) -> None:
    """What SQLAlchemy reads itself of a URL of SQLite's is left to it."""
    url = f"sqlite:///file:{tmp_path}/crm.db?uri=true&timeout=3"
    with Tracker(url, funnel=FUNNEL) as tracker:
        tracker.track("ada", "saw")
    assert (tmp_path / "crm.db").exists()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_an_engine_of_a_hosts_is_left_as_it_is(url: str) -> None:
    """It prepares where it did."""
    engine: Engine = create_engine(make_url(url))
    assert Database(engine).engine is engine
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver.prepare_threshold == 5
    engine.dispose()


def test_a_url_object_is_read_too() -> None:
    """It is a URL already."""
    assert read_url(URL.create("postgres+psycopg", host="h")).drivername == "postgresql+psycopg"
