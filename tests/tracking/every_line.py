"""Drives every line that the library logs, with contacts and texts that no log may hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

from sqlalchemy import Engine, text

import motfunnel
from motfunnel import Moment, Tracker
from motfunnel.errors import StoreError
from motfunnel.store.database.pace import Pace
from motfunnel.store.hosts.transaction import Attempt
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.spool.keeper import Keeper
from tests.tracking.scene import DAY, FUNNEL, NOON

CONTACT = "carl.nobody@example.com"
NUMBER = 471_100_815
WORDS = "words that were said"
SECRETS = ("example.com", "nobody", str(NUMBER), "words that", "were said", "odd name")
NAME = "order_placde"
"""A mistyped name, which the log is to hold once three contacts have sent it."""

_BUDGET = timedelta(seconds=0.5)
_ROOT = Path(motfunnel.__file__).parent


def logged_lines() -> set[str]:
    """The fixed texts of all lines that the source can log."""
    found = set()
    for file in _ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = {"log_error": 0, "write_line": 1}.get(node.func.id)
                if at is not None and ast.unparse(node.args[at]) != "line":  # log_error's own
                    found.add(ast.literal_eval(node.args[at]))
    return found


def drive(engine: Engine, folder: Path) -> None:
    """Have every line logged, each in the ways in which it could say too much."""
    _Scene(engine, folder).play()


class _Scene:
    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def play(self) -> None:
        self._unmapped_names()
        self._failing_handlers()
        self._what_is_not_recorded()
        self._what_is_not_kept()
        self._what_is_not_delivered()
        self._what_is_not_folded()
        self._what_is_damaged()

    def _tracker(self, database: Any = None, **options: Any) -> Tracker:
        given: dict[str, Any] = {
            "funnel": FUNNEL,
            "tenant": uuid4().hex,
            "spool": False,
            "on_error": "log",
        }
        return Tracker(database or self._engine, **(given | options))

    def _nowhere(self) -> str:
        return f"sqlite:///{self._folder}/no folder/crm.db"

    def _unmapped_names(self) -> None:
        tracker = self._tracker()
        contacts = (CONTACT, NUMBER, WORDS, "saw", "Order Completed")
        names = (NAME, CONTACT, WORDS + "!", str(NUMBER), f"odd name\n{WORDS}", "x" * 65)
        said = [(contact, name) for contact in contacts for name in names]
        said += [(name, WORDS) for name in FUNNEL.rules]  # the arguments were swapped
        tracker.track_many({"contact": contact, "event": name} for contact, name in said)

    def _failing_handlers(self) -> None:
        tracker = self._tracker()

        def fail(moment: Moment) -> NoReturn:
            try:
                raise KeyError(NUMBER)
            except KeyError as error:
                raise RuntimeError(WORDS, moment.contact) from error

        tracker.on("opening", fail)
        tracker.on("depart", _Callable())
        tracker.on("conversion", "{0[%s]}".format)
        tracker.track(CONTACT, "saw", occurred_at=NOON, properties={"said": WORDS})
        tracker.track(CONTACT, "bought", occurred_at=NOON + DAY / 24)
        tracker.sweep(as_of=NOON + 30 * DAY)

    def _what_is_not_recorded(self) -> None:
        def key(contact: object) -> object:
            raise LookupError(WORDS) from KeyError(NUMBER)

        def fail(error: Exception, call: Call) -> None:
            raise OSError(NUMBER, WORDS, CONTACT) from error

        def events() -> Iterator[dict[str, Any]]:
            yield {"contact": CONTACT, "event": "saw", WORDS: WORDS}
            raise ValueError(WORDS, CONTACT, NUMBER)

        for options in ({}, {"contact_key": key}, {"on_error": fail}):
            tracker = self._tracker(**options)
            tracker.track(CONTACT, "saw", id=WORDS, occurred_at=NOON)
            tracker.track(CONTACT, "left", id=WORDS, occurred_at=NOON)
            tracker.track(NUMBER, WORDS, properties={WORDS: float("nan")})
            tracker.track_many(events())
            with self._engine.connect() as connection:
                tracker.track(f"{CONTACT}\0", "saw", bind=connection)

    def _what_is_not_kept(self) -> None:
        (self._folder / "file").touch()
        spool: Any = self._folder / "file" / "spool"
        with self._tracker(self._nowhere(), spool=spool, budget=_BUDGET) as tracker:
            tracker.track(CONTACT, "saw", properties={"said": WORDS})
            tracker.track(f"{CONTACT}\0", "saw")
            # No connection at all: what a host's connection can do wrong is not to be enumerated.
            call = Call(verb="track", contact=CONTACT, event="saw")
            attempt = Attempt(host=WORDS)  # type: ignore[arg-type]
            Keeper(tracker.database, WORDS, tracker.spool).keep(
                [(call, StoreError(WORDS))], attempt
            )

    def _what_is_not_delivered(self) -> None:
        spool = self._folder / "spool"
        with self._tracker(self._nowhere(), spool=spool, budget=_BUDGET) as away:
            away.track(CONTACT, "saw", properties={"said": WORDS})
        with spool.open("ab") as file:
            file.write(f"{CONTACT} {WORDS}\n".encode())
        tracker = self._tracker(spool=spool)
        lock = self._folder / "spool.lock"
        lock.unlink(missing_ok=True)
        lock.mkdir()
        tracker.track(CONTACT, "saw")
        lock.rmdir()
        tracker.deliver()

    def _what_is_not_folded(self) -> None:
        tracker = self._tracker()
        tracker.database.pace = Pace(most=0)
        tracker.track(CONTACT, "saw", occurred_at=NOON)
        tracker.track(CONTACT, "saw", occurred_at=NOON - DAY / 24)
        made = tracker.database.tables.moments
        with self._engine.begin() as connection:
            damaged = made.update().where(made.c.tenant == tracker.tenant)
            connection.execute(damaged.values(moment="damaged"))
        tracker.track(CONTACT, "saw", occurred_at=NOON + DAY)

    def _what_is_damaged(self) -> None:
        tracker = self._tracker()
        tracker.track(CONTACT, "saw", occurred_at=NOON, properties={"said": WORDS})
        with self._engine.begin() as connection:
            for column, table in (("open_cases", "contacts"), ("properties", "events")):
                connection.execute(
                    text(f"UPDATE motfunnel_{table} SET {column} = '[1]' WHERE tenant = :tenant"),
                    {"tenant": tracker.tenant},
                )
        tracker.sweep(as_of=NOON + 30 * DAY)


class _Callable:
    """A handler that is not a function."""

    def __repr__(self) -> str:
        return WORDS

    def __call__(self, moment: Moment) -> object:
        raise _Nameless(moment.contact)


class _Nameless(Exception):
    @property
    def __cause__(self) -> BaseException:  # type: ignore[override]
        raise ValueError(WORDS)
