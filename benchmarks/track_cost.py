"""What a `track` costs, as a multiple of the same statements sent by hand through the driver.

The statements that a run of `track` sends are written down, and sent again, call by call, on one
connection of the driver alone: begin, look at the contact, insert the event, update the contact,
commit; without the settings, the savepoints and everything that Python does beside them. Both
sides take turns on the same tables, emptied before each, so that a machine that slows down slows
both. A ratio is the median of the turns, first by the clock and then by the processor time of this
process. Round trips are counted between the process and the server, where they are made: from
something sent to the next thing received.

    python benchmarks/track_cost.py [--calls 500] [--rounds 7] [URL ...]

Without URLs: SQLite in a temporary folder. A server's database is emptied of our tables' rows: name
one that is there for this alone. Where the package `eventsourcing` is installed, an aggregate of it
is loaded, told of an event and saved as often, for comparison.
"""

from __future__ import annotations

import argparse
import random
import selectors
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import frozen
from sqlalchemy import Column, Engine, Integer, MetaData, Table, event, insert, make_url

from motfunnel import Funnel, Tracker, leave, purchase, reach, touch

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={"saw": touch(), "signed_up": reach("lead"), "bought": purchase()},
)
WITH_LEAVE = Funnel(stages=FUNNEL.stages, rules={**FUNNEL.rules, "left": leave()})
STORY = ("saw", "saw", "signed_up", "saw", "saw", "bought", "saw", "saw", "saw", "saw")
START = datetime(2026, 1, 1, tzinfo=UTC)
ORDERS = Table(
    "cost_orders", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer)
)
OURS_ALONE = ("PRAGMA", "SELECT SET_CONFIG", "SET ", "SELECT @@", "SAVEPOINT", "RELEASE", "BEGIN")

Sent = tuple[str, Any, bool]
"""A statement, its parameters, and whether these are many sets of them."""


def main() -> None:
    """Measure on each database, and print the table of docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--calls", type=int, default=500, help="a multiple of 10")
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for url in given.urls or [f"sqlite:///{Path(folder) / 'cost.db'}"]:
            print(f"\n{make_url(url).get_backend_name()}\n")
            for line in rows(url, given.calls, given.rounds):
                print(line, flush=True)


def rows(url: str, calls: int, rounds: int) -> Iterator[str]:
    """The rows of one database's table."""
    yield "| | by the clock | processor time | µs a call, here and now |"
    yield "|---|--:|--:|--:|"
    for name, measure in (("own transaction", own), ("joined", joined), ("shuffled", shuffled)):
        yield row(name, measure(url, calls, rounds))
    yield row("`track_many`, beside executemany", many(url, calls, rounds))
    compared = against_eventsourcing(url, calls, rounds)
    if compared is not None:
        yield row("beside `eventsourcing`", compared)
    yield ""
    yield f"| {'round trips' if _is_server(url) else 'statements'} | own | joined |"
    yield "|---|--:|--:|"
    count = round_trips if _is_server(url) else statements
    found = [count(url, is_joined=is_joined) for is_joined in (False, True)]
    for name in found[0]:
        yield f"| {name} | {found[0][name]} | {found[1][name]} |"


@frozen
class Cost:
    """What one side, and then the other, took."""

    wall: float
    processor: float

    def __sub__(self, other: Cost) -> Cost:
        """Without another's share."""
        return Cost(self.wall - other.wall, self.processor - other.processor)


Pairs = Sequence[tuple[Cost, Cost]]


def row(name: str, pairs: Pairs) -> str:
    """Ratios, as a row of the table."""
    wall = statistics.median(ours.wall / theirs.wall for ours, theirs in pairs)
    processor = statistics.median(ours.processor / theirs.processor for ours, theirs in pairs)
    micros = statistics.median(ours.wall for ours, _ in pairs) * 1e6
    return f"| {name} | {wall:.2f} × | {processor:.2f} × | {micros:,.0f} |"


def own(url: str, calls: int, rounds: int, *, is_shuffled: bool = False) -> Pairs:
    """Each call in a transaction of its own."""
    said = story(calls, is_shuffled=is_shuffled)
    with fresh(url) as tracker:
        sent = traced(tracker, said)
        pairs = []
        for _ in range(rounds):
            empty(tracker)
            ours = timed(lambda: [tracker.track(who, what, **how) for who, what, how in said])
            empty(tracker)
            with raw(tracker) as driver:
                pairs.append((ours, timed(lambda: replay(driver, sent))))
    return per_call(pairs, calls)


def shuffled(url: str, calls: int, rounds: int) -> Pairs:
    """The same, where most events come late."""
    return own(url, calls, rounds, is_shuffled=True)


def joined(url: str, calls: int, rounds: int) -> Pairs:
    """Each call in a transaction in which the host inserts a row; the host's part subtracted."""
    said = story(calls)
    with fresh(url) as tracker:
        engine = tracker.database.engine
        sent = traced(tracker, said, is_joined=True)
        alone = [[("INSERT INTO cost_orders (n) VALUES (1)", (), False)] for _ in said]

        def ours(is_tracking: bool) -> None:
            for who, what, how in said:
                with engine.begin() as host:
                    host.execute(insert(ORDERS).values(n=1))
                    if is_tracking:
                        tracker.track(who, what, bind=host, **how)

        pairs = []
        for _ in range(rounds):
            took = []
            for is_tracking in (True, False):
                empty(tracker)
                took.append(timed(lambda: ours(is_tracking)))  # noqa: B023
            for script in ([a + s for a, s in zip(alone, sent, strict=True)], alone):
                empty(tracker)
                with raw(tracker) as driver:
                    took.append(timed(lambda: replay(driver, script)))  # noqa: B023
            pairs.append((took[0] - took[1], took[2] - took[3]))
    return per_call(pairs, calls)


def many(url: str, calls: int, rounds: int) -> Pairs:
    """One `track_many` of all, beside the driver's executemany of the events alone."""
    said = story(calls)
    events = [{"contact": who, "event": what, **how} for who, what, how in said]
    with fresh(url) as tracker:
        sent = traced(tracker, said)
        inserts = [
            one
            for call in sent
            for one in call
            if one[0].startswith("INSERT") and "_events" in one[0].split("(")[0]
        ]
        assert len(inserts) == len(said)
        pairs = []
        for _ in range(rounds):
            empty(tracker)
            ours = timed(lambda: tracker.track_many(events))
            empty(tracker)
            with raw(tracker) as driver:
                bulk = [(inserts[0][0], [one[1] for one in inserts], True)]
                pairs.append((ours, timed(lambda: replay(driver, [bulk]))))  # noqa: B023
    return per_call(pairs, calls)


def against_eventsourcing(url: str, calls: int, rounds: int) -> Pairs | None:
    """A call, beside loading an aggregate, an event of it, and saving it."""
    try:
        application = import_module("eventsourcing.application")
        domain: Any = import_module("eventsourcing.domain")
    except ImportError:
        return None

    class Contact(domain.Aggregate):  # type: ignore[misc]
        @domain.event("Said")  # type: ignore[untyped-decorator]
        def say(self, what: str, plan: str) -> None:
            self.last = what, plan

    with fresh(url) as tracker, tempfile.TemporaryDirectory() as folder:
        environment = _environment(tracker, Path(folder))
        if environment is None:
            return None
        kept: Any = application.Application(environment)
        said, pairs = story(calls), []
        for _ in range(rounds):
            empty(tracker)
            ours = timed(lambda: [tracker.track(who, what, **how) for who, what, how in said])
            known: dict[str, Any] = {}

            def theirs() -> None:
                for who, what, _ in said:
                    if who in known:  # noqa: B023
                        contact = kept.repository.get(known[who])  # noqa: B023
                    else:
                        contact = Contact()
                        known[who] = contact.id  # noqa: B023
                    contact.say(what, "pro")
                    kept.save(contact)

            pairs.append((ours, timed(theirs)))
        kept.close()
    return per_call(pairs, calls)


def _environment(tracker: Tracker, folder: Path) -> dict[str, str] | None:
    url = tracker.database.engine.url
    if url.get_backend_name() == "sqlite":
        module = {"PERSISTENCE_MODULE": "eventsourcing.sqlite"}
        return module | {"SQLITE_DBNAME": str(folder / "aggregates.db")}
    if url.get_backend_name() != "postgresql":
        return None
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.database or "",
        "POSTGRES_HOST": url.host or "127.0.0.1",
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "postgres",
        "POSTGRES_PASSWORD": url.password or "",
    }


CASES: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    # the call that is counted is the last of each; days since the start
    ("an event in order, no moment", (("saw", 0), ("saw", 1))),
    ("one that makes a moment", (("saw", 0), ("signed_up", 1))),
    ("the first of a contact", (("saw", 0),)),
    ("a farewell", (("saw", 0), ("left", 1))),
    ("a return", (("saw", 0), ("left", 1), ("saw", 2))),
    ("a late one", (("saw", 0), ("saw", 2), ("saw", 1))),
    ("one that is there already", (("saw", 0), ("saw", 0))),
)


def statements(url: str, *, is_joined: bool) -> dict[str, int]:
    """How many statements SQLite runs in a call of each kind, its BEGIN and COMMIT among them."""
    seen: list[str] = []

    def listen(driver: Any, _: object) -> None:
        driver.set_trace_callback(seen.append)

    with Tracker(url, funnel=WITH_LEAVE, tenant=uuid4().hex) as tracker:
        event.listen(tracker.database.engine, "connect", listen)
        return counted(tracker, lambda: len(seen), is_joined=is_joined)


def round_trips(url: str, *, is_joined: bool) -> dict[str, int]:
    """How often a call of each kind waits for the server."""
    parts = make_url(url)
    port = parts.port or (5432 if parts.get_backend_name() == "postgresql" else 3306)
    with Relay(parts.host or "127.0.0.1", port) as relay:
        through = parts.set(host="127.0.0.1", port=relay.port)
        with Tracker(through, funnel=WITH_LEAVE, tenant=uuid4().hex) as tracker:
            return counted(tracker, lambda: relay.turns, is_joined=is_joined)


def counted(tracker: Tracker, count: Callable[[], int], *, is_joined: bool) -> dict[str, int]:
    """Count the last call of each case; where joined, without the host's own begin and commit."""
    engine = tracker.database.engine
    tracker.track("somebody", "saw")  # the funnel is stored, and the connection made
    with engine.begin() as host:  # and it is listened to
        tracker.track("somebody", "saw", bind=host)
    found = {}
    for number, (name, steps) in enumerate(CASES):
        who = f"counted {number}"
        said: list[dict[str, Any]] = [
            {"event": what, "occurred_at": START + timedelta(days=day), "id": f"{day:g}"}
            for what, day in steps
        ]
        *before, last = said
        for step in before:
            tracker.track(who, **step)
        if is_joined:
            with engine.begin() as host:
                host.exec_driver_sql("INSERT INTO cost_orders (n) VALUES (1)")
                seen = count()
                tracker.track(who, bind=host, **last)
                found[name] = count() - seen
        else:
            seen = count()
            tracker.track(who, **last)
            found[name] = count() - seen
    return found


class Relay:
    """Stands between the process and a server, and counts how often the one waits for the other."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.turns = 0

    def __enter__(self) -> Relay:
        """Begin to relay."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        selector = selectors.DefaultSelector()
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        is_waiting = False
        while True:
            for key, _ in selector.select():
                source: Any = key.fileobj
                data = source.recv(1 << 16)
                if not data:
                    client.close()
                    server.close()
                    return
                if source is client:
                    is_waiting = True
                elif is_waiting:
                    self.turns, is_waiting = self.turns + 1, False
                key.data.sendall(data)


def story(calls: int, *, is_shuffled: bool = False) -> list[tuple[str, str, dict[str, Any]]]:
    """Ten events of each contact, everybody's first before anybody's second, or in disorder."""
    contacts = calls // len(STORY)
    said: list[tuple[str, str, dict[str, Any]]] = [
        (f"contact {number}", what, {"properties": {"plan": "pro", "seats": number}})
        for what in STORY
        for number in range(contacts)
    ]
    if not is_shuffled:
        return said
    for n, (_, _, how) in enumerate(said):
        how["occurred_at"] = START + timedelta(minutes=n)
    random.Random(1).shuffle(said)
    return said


@contextmanager
def fresh(url: str) -> Iterator[Tracker]:
    """A tracker on empty tables."""
    with Tracker(url, funnel=FUNNEL, spool=False) as tracker:
        tracker.create_tables()
        ORDERS.create(tracker.database.engine, checkfirst=True)
        empty(tracker)
        yield tracker


def empty(tracker: Tracker) -> None:
    """Delete all rows of contacts; the funnel, which is stored once, stays."""
    tables = tracker.database.tables
    keep = {tables.version.name, tables.funnels.name}
    engine = tracker.database.engine
    quote = engine.dialect.identifier_preparer.format_table
    with engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            if table.name not in keep:
                verb = "DELETE FROM" if engine.dialect.name == "sqlite" else "TRUNCATE"
                connection.exec_driver_sql(f"{verb} {quote(table)}")


def traced(
    tracker: Tracker, said: Sequence[tuple[str, str, dict[str, Any]]], *, is_joined: bool = False
) -> list[list[Sent]]:
    """Make the calls once, and give what each has sent, but for what is ours alone."""
    script: list[list[Sent]] = []
    with Tracker(tracker.database.engine.url, funnel=FUNNEL, spool=False) as watched:
        engine = watched.database.engine
        _watch(engine, script)
        script.append([])
        watched.track("somebody", "saw")
        for who, what, how in said:
            script.append([])
            if is_joined:
                with engine.begin() as host:
                    script[-1].clear()
                    watched.track(who, what, bind=host, **how)
            else:
                watched.track(who, what, **how)
    return [[one for one in call if _counts(one)] for call in script[1:]]


def _counts(sent: Sent) -> bool:
    words = sent[0].lstrip().upper()
    return not words.startswith((*OURS_ALONE, "COMMIT")) and "_SUBSCRIPTIONS" not in words


def _watch(engine: Engine, script: list[list[Sent]]) -> None:
    """Have the cursors of new connections write down what they are given."""

    class Watched(sqlite3.Connection):
        def cursor(self, factory: Any = _noting(sqlite3.Cursor, script)) -> Any:  # noqa: B008
            return super().cursor(factory)

    @event.listens_for(engine, "do_connect")
    def choose(*given: Any) -> None:
        if engine.dialect.name == "sqlite":
            given[-1]["factory"] = Watched

    @event.listens_for(engine, "connect")
    def connected(driver: Any, _: object) -> None:
        name = "cursor_factory" if engine.dialect.name == "postgresql" else "cursorclass"
        if engine.dialect.name != "sqlite":
            setattr(driver, name, _noting(getattr(driver, name), script))


def _noting(base: Any, script: list[list[Sent]]) -> Any:
    """A class of cursors that write down what they are given."""

    class Cursor(base):  # type: ignore[misc]
        is_within = False  # PyMySQL makes of many some few

        def note(self, sent: Sent, send: Callable[[], Any]) -> Any:
            if self.is_within:
                return send()
            script[-1].append(sent)
            self.is_within = True
            try:
                return send()
            finally:
                self.is_within = False

        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            sent = query, args[0] if args else (), False
            return self.note(sent, lambda: base.execute(self, query, *args, **kwargs))

        def executemany(self, query: Any, rows: Any, *args: Any, **kwargs: Any) -> Any:
            rows = [*rows]
            sent = query, rows, True
            return self.note(sent, lambda: base.executemany(self, query, rows, *args, **kwargs))

    return Cursor


@contextmanager
def raw(tracker: Tracker) -> Iterator[Any]:
    """One connection of the driver, made as anybody would make it."""
    url = tracker.database.engine.url
    where: dict[str, Any] = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
    }
    where = {key: value for key, value in where.items() if value is not None}
    driver: Any
    if url.get_backend_name() == "sqlite":
        driver = sqlite3.connect(url.database or "", isolation_level=None)
    elif url.get_backend_name() == "postgresql":
        import psycopg

        driver = psycopg.connect(dbname=url.database, **where)
    else:
        import pymysql

        driver = pymysql.connect(database=url.database, **where)
    yield driver
    driver.close()


def replay(driver: Any, script: Sequence[Sequence[Sent]]) -> None:
    """Send what was written down, a transaction a call."""
    is_sqlite = hasattr(driver, "total_changes")
    cursor = driver.cursor()
    for call in script:
        if is_sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        for words, given, are_many in call:
            if are_many:
                cursor.executemany(words, given)
                continue
            cursor.execute(words, given)
            if cursor.description:
                cursor.fetchall()
        driver.commit()


def timed(work: Callable[[], object]) -> Cost:
    """What some work takes of the clock and of this process's processors."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - processor)


def per_call(pairs: Pairs, calls: int) -> Pairs:
    """The same, of one call."""
    return [
        tuple(Cost(one.wall / calls, one.processor / calls) for one in pair)  # type: ignore[misc]
        for pair in pairs
    ]


def _is_server(url: str) -> bool:
    return make_url(url).get_backend_name() != "sqlite"


if __name__ == "__main__":
    main()
