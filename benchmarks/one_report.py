"""One report, asked once in a process of its own: what it cost, as a line of JSON.

``report_cost`` starts it; by the sources that stand first on the path, which may be those of an
earlier commit. So it uses nothing that is newer than the first reports.
"""

from __future__ import annotations

import json
import platform
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from os import sysconf
from pathlib import Path
from time import process_time
from typing import Any

from filling import make_tracker, schema_of
from made_up import UNTIL
from questions import QUESTIONS, ByHand
from sqlalchemy import create_engine, event, select, text
from sqlalchemy.pool import Pool

from motfunnel import Tracker
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.versions import VERSION

_KIBIBYTES_IN_ONE = 1 if platform.system() == "Linux" else 1024  # what ru_maxrss counts in


def main(url: str, events: str, question_number: str, by_hand: str) -> None:
    """Ask one question of one size on a connection that is warm, and print what it cost."""
    size, question = int(events), QUESTIONS[int(question_number)]
    backends: list[int] = []
    event.listen(Pool, "connect", lambda driver, _: backends.extend(_backend(url, driver)))
    with _let_in(url, size), make_tracker(url, size) as tracker:
        tracker.report(as_of=UNTIL).reactivation(period=(UNTIL.replace(year=2023), UNTIL))
        sent: list[str] = []
        event.listen(
            tracker.database.engine,
            "before_cursor_execute",
            lambda _, __, sql, *___: sent.append(sql),
        )
        known_by = datetime.now(UTC) if question.known_by else None
        report = tracker.report(as_of=UNTIL, known_by=known_by)
        held = _most_held()
        cost, answer = _measured(
            lambda: getattr(report, question.report)(**question.asked), backends
        )
        cost |= {"mebibytes": (_most_held() - held) / 1024, "sent": len(sent)}
        cost |= {"rows": len(answer.rows)}
        if int(by_hand) and question.by_hand is not None and backends:
            cost |= _compared(tracker, size, question.by_hand, answer, backends)
    print(json.dumps(cost))


@contextmanager
def _let_in(url: str, size: int) -> Iterator[None]:
    """Have the store say meanwhile that it is of the version that these sources know.

    What has come since are columns that they do not ask for.
    """
    version = tables(schema_of(size) if url.startswith("postgresql") else None).version
    engine = create_engine(url)
    with engine.begin() as connection:
        found = connection.scalar(select(version.c.version))
        connection.execute(version.update().values(version=VERSION))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(version.update().values(version=found))
        engine.dispose()


def _measured(do: Callable[[], Any], backends: list[int]) -> tuple[dict[str, Any], Any]:
    """Do something; the processor seconds of this process and of the server's, and the outcome."""
    own, server = process_time(), _server_seconds(backends)
    done = do()
    own, after = process_time() - own, _server_seconds(backends)
    told = None if server is None or after is None else after - server
    return {"own": own, "server": told}, done


def _compared(
    tracker: Tracker, size: int, by_hand: ByHand, answer: Any, backends: list[int]
) -> dict[str, Any]:
    """The same question by hand: the counts alone, and the rows behind them."""
    counts, found = _measured(lambda: _rows(tracker, size, by_hand.sql), backends)
    named, _ = _measured(lambda: _rows(tracker, size, by_hand.named, keep=False), backends)
    return {"counts": counts, "named": named, "alike": found == by_hand.counts(answer)}


def _rows(tracker: Tracker, size: int, sql: str, *, keep: bool = True) -> list[tuple[Any, ...]]:
    """The rows of a statement by hand, some thousand at a time; or none, once they are here."""
    with tracker.database.engine.connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL search_path TO {schema_of(size)}")
        asked = {"tenant": tracker.tenant, "as_of": UNTIL}
        result = connection.execute(text(sql), asked, execution_options={"yield_per": 5000})
        return [tuple(row) for row in result if keep]


def _backend(url: str, driver: Any) -> list[int]:
    """The process that serves a connection, where a server of PostgreSQL does, and it alone."""
    if not url.startswith("postgresql"):
        return []
    cursor = driver.cursor()
    cursor.execute("SET max_parallel_workers_per_gather = 0")
    cursor.execute("SELECT pg_backend_pid()")
    (number,) = cursor.fetchone()
    driver.commit()
    return [number]


def _server_seconds(backends: list[int]) -> float | None:
    """The processor seconds of the server's processes so far; None where it runs elsewhere."""
    with suppress(OSError):
        stats = [Path(f"/proc/{number}/stat").read_text() for number in backends]
        used = [stat.rpartition(")")[2].split()[11:13] for stat in stats]
        ticks = sum(int(ticks) for both in used for ticks in both)
        return ticks / sysconf("SC_CLK_TCK") if backends else None
    return None


def _most_held() -> float:
    """The most memory that this process has held so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIBIBYTES_IN_ONE
