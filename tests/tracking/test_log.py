"""The log: every line, in every log that a host may have, holds nothing that was said."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine

from motfunnel.store.database.database import Database
from motfunnel.tracking.recording.policy import write_line
from tests.databases import BACKENDS
from tests.tracking.every_line import NAME, SECRETS, drive, logged_lines

ROOT = Path(__file__).parents[2]
Log = Callable[[io.BytesIO], None]
"""Sets up a host's log, which writes to this."""


@pytest.fixture(autouse=True)
def host_log() -> Iterator[None]:
    """A host whose log is as it was before."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root, mine = logging.getLogger(), logging.getLogger("motfunnel")
    handlers, level, kind = root.handlers[:], root.level, logging.getLoggerClass()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.setLoggerClass(kind)
    root.handlers[:], mine.handlers[:] = handlers, []
    root.setLevel(level)


def add_handler(written: io.BytesIO, formatter: logging.Formatter | None = None) -> None:
    handler = logging.StreamHandler(text_of(written))
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(logging.INFO)


def text_of(written: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(written, "utf-8", write_through=True)


class AllThereIs(logging.Formatter):
    """Writes down a record as a whole."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {vars(record)}"


def tell_what_is_handled(_: Any, __: str, said: Any) -> Any:
    """Add the exception that is being handled, as some processors do, with all local variables."""
    kind, error, trace = sys.exc_info()
    if kind is not None and error is not None:
        found = structlog.tracebacks.extract(kind, error, trace, show_locals=True)
        said["handled"] = repr(found)
    return said


PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.TimeStamper("iso"),
    tell_what_is_handled,
    structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=True)
    ),
]
JSON = [*PROCESSORS, structlog.processors.JSONRenderer()]
BYTES = structlog.processors.JSONRenderer(lambda said, **_: json.dumps(said).encode())


def the_standard_log(written: io.BytesIO) -> None:
    add_handler(written, AllThereIs("%(name)s %(message)s"))


def json_lines(written: io.BytesIO) -> None:
    factory = structlog.PrintLoggerFactory(text_of(written))
    filtering = structlog.make_filtering_bound_logger(logging.INFO)
    structlog.configure(JSON, filtering, logger_factory=factory)


def written_lines(written: io.BytesIO) -> None:
    console = structlog.dev.ConsoleRenderer(colors=False)
    factory = structlog.WriteLoggerFactory(text_of(written))
    structlog.configure([*PROCESSORS, console], logger_factory=factory)


def lines_of_bytes(written: io.BytesIO) -> None:
    structlog.configure(
        [*PROCESSORS, BYTES],
        structlog.BoundLogger,
        logger_factory=structlog.BytesLoggerFactory(written),
        cache_logger_on_first_use=True,
    )


def standard_integration(written: io.BytesIO) -> None:
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=PROCESSORS,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    add_handler(written, formatter)
    structlog.configure(
        [
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_logger_name,
            *PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def extras_of_records(written: io.BytesIO) -> None:
    add_handler(written, AllThereIs("%(name)s %(message)s"))
    structlog.configure(
        [*PROCESSORS, structlog.stdlib.render_to_log_kwargs],
        structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def an_async_logger(written: io.BytesIO) -> None:
    add_handler(written)
    structlog.configure(
        JSON, structlog.stdlib.AsyncBoundLogger, logger_factory=structlog.stdlib.LoggerFactory()
    )


LOGS: dict[str, Log] = {
    log.__name__: log
    for log in (
        the_standard_log,
        json_lines,
        written_lines,
        lines_of_bytes,
        standard_integration,
        extras_of_records,
        an_async_logger,
    )
}
IN_JSON = {"json_lines", "lines_of_bytes", "standard_integration", "an_async_logger"}


def assert_nothing_said(log: str) -> None:
    """The log has every line, and the mistyped name, and of what else was said nothing."""
    assert [line for line in logged_lines() if line not in log] == []
    assert NAME in log
    assert [secret for secret in SECRETS if secret in log] == []


FIRST = {"the_standard_log", "json_lines"}
"""The logs that most hosts have; the others are slow, and with one database."""


@pytest.mark.parametrize(
    ("shared_engine", "name"),
    [
        pytest.param(backend, one, marks=() if one in FIRST else pytest.mark.slow)
        for backend in BACKENDS
        for one in LOGS
        if one in FIRST or backend == "sqlite"
    ],
    indirect=["shared_engine"],
)
def test_every_line(shared_engine: Engine, tmp_path: Path, name: str) -> None:
    """All lines are driven; none has what was said, and each says who speaks."""
    written = io.BytesIO()
    Database(shared_engine).create_tables()
    LOGS[name](written)
    drive(shared_engine, tmp_path)
    log = written.getvalue().decode()
    assert_nothing_said(log)
    lines = log.splitlines()
    if name in IN_JSON:
        assert {json.loads(line)["logger"] for line in lines} == {"motfunnel"}
    else:
        assert all("motfunnel" in line for line in lines)


@pytest.mark.slow
def test_every_line_under_sentry(shared_engine: Engine, tmp_path: Path) -> None:
    """Nothing that Sentry would send has what was said: events, breadcrumbs, logs, spans."""
    url = shared_engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.tracking.sentry_host", url, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    sent = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert '"logger":"motfunnel"' in sent
    assert '"type":"transaction"' in sent
    assert_nothing_said(sent)


def test_all_that_is_logged_is_found() -> None:
    """Nothing else in the library has a log, so that the lines that were driven are all."""
    own = Path("tracking/recording/policy.py")
    source = ROOT / "src/motfunnel"
    found = {
        file.relative_to(source)
        for file in source.rglob("*.py")
        if any(f"import {name}" in file.read_text("utf-8") for name in ("logging", "structlog"))
    }
    assert found == {own}
    assert "configure(" not in (source / own).read_text("utf-8")
    assert len(logged_lines()) >= 10


def test_the_manual_has_every_line() -> None:
    """The page on the log lists what is logged, and nothing else."""
    page = (ROOT / "docs/reference/log.md").read_text("utf-8")
    assert (
        set(re.findall(r"^\| `([^`]+)` \| (?:error|warning) ", page, re.MULTILINE))
        == logged_lines()
    )


@pytest.mark.filterwarnings("ignore:.structlog.threadlocal:DeprecationWarning")
def test_the_hosts_context_stays_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """What a host binds under names like ours is its own, and what we say is ours."""
    theirs = dict.fromkeys(("error", "handler", "logger", "event", "motfunnel", "verb"), "theirs")
    for context_class in (dict, structlog.threadlocal.wrap_dict(dict)):
        written = io.BytesIO()
        json_lines(written)
        structlog.configure(context_class=context_class)
        structlog.contextvars.bind_contextvars(**theirs)
        write_line("error", "on_error failed", error="KeyError", kept="spool")
        structlog.get_logger().info("theirs")
        ours, after = (json.loads(line) for line in written.getvalue().splitlines())
        assert (ours["logger"], ours["event"]) == ("motfunnel", "on_error failed")
        assert (ours["motfunnel.error"], ours["motfunnel.kept"]) == ("KeyError", "spool")
        assert not {key for key in after if key.startswith("motfunnel.")}
        assert after["logger"] == "theirs"
    assert capsys.readouterr().out == ""


class Awaited(structlog.BoundLogger):
    """A host's own logger, which is awaited."""

    async def error(self, event: str, **said: Any) -> None:
        self._proxy_to_logger("error", event, **said)


class AwaitedByName(structlog.BoundLogger):
    """Another, of which that cannot be seen beforehand."""

    def __getattr__(self, name: str) -> Any:
        async def say(event: str, **said: Any) -> None:
            self._proxy_to_logger(name, event, **said)

        return say


@pytest.mark.parametrize(
    "wrapper_class", [structlog.stdlib.AsyncBoundLogger, Awaited, AwaitedByName]
)
def test_a_logger_that_is_awaited(wrapper_class: Any) -> None:
    """It gets its lines, within a loop and without, and nothing waits for ever to be awaited."""
    written = io.BytesIO()
    json_lines(written)
    structlog.configure(wrapper_class=wrapper_class)

    async def within() -> None:
        write_line("error", "within a loop")

    write_line("error", "without one")
    asyncio.run(within())
    gc.collect()
    lines = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert lines == ["without one", "within a loop"]


def test_a_hosts_level_is_kept() -> None:
    """What the host does not want to read is not written anywhere."""
    written, elsewhere = io.BytesIO(), io.BytesIO()
    json_lines(written)
    add_handler(elsewhere)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    write_line("warning", "unwanted")
    write_line("error", "wanted")
    assert b"unwanted" not in written.getvalue()
    assert b"wanted" in written.getvalue()
    assert elsewhere.getvalue() == b""


class Broken(structlog.BoundLogger):
    """A host's own logger, with a mistake in it."""

    def error(self, *_: Any, **__: Any) -> None:
        raise ZeroDivisionError


def refuse(*_: Any) -> Any:
    raise ZeroDivisionError


MISTAKES: dict[str, dict[str, Any]] = {
    "a logger that raises": {"wrapper_class": Broken},
    "no logger": {"wrapper_class": object},
    "a processor that raises": {"processors": [refuse]},
    "no renderer": {"processors": []},
    "a factory that raises": {"logger_factory": refuse},
    "a factory that takes no name": {"logger_factory": lambda: None},
    "a context that raises": {"context_class": refuse},
    "a logger without a name": {
        "processors": [structlog.stdlib.add_logger_name],
        "logger_factory": structlog.PrintLoggerFactory(),
    },
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_structlog_that_fails(mistake: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The line goes to the standard log, and the host goes on."""
    written = io.BytesIO()
    add_handler(written)
    structlog.configure(**MISTAKES[mistake])
    write_line("error", "heard", lines=3)
    assert written.getvalue() == b"heard: lines=3\n"
    assert capfd.readouterr().out == ""


def test_a_standard_log_that_fails_too() -> None:
    """Then the line is lost, and the host goes on."""

    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise ZeroDivisionError

    logging.getLogger("motfunnel").addHandler(Failing())
    structlog.configure(wrapper_class=Broken)
    write_line("error", "not heard")
