"""What a `track` costs, as a multiple of the same statements sent by hand through the driver.

The hand-written side does no more than a careful host would: begin, make or lock the contact's row,
insert the event, update the row, commit. It classifies nothing, checks nothing, and does not try
again. Both sides write to the same kind of tables in turn, so that a machine that slows down slows
both down.

    python benchmarks/track_cost.py [URL ...]

Without URLs: SQLite in a temporary folder. On a server it works in tables of a tenant of its own.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from motfunnel import Funnel, Tracker, purchase, reach, touch

FUNNEL = Funnel(
    stages=("visitor", "lead", "customer"),
    rules={"saw": touch(), "signed_up": reach("lead"), "bought": purchase()},
)
ROUNDS = 15
CALLS = 100
CONTACTS = 20


def main() -> None:
    """Measure on each database, and print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    with tempfile.TemporaryDirectory() as folder:
        for url in parser.parse_args().urls or [f"sqlite:///{Path(folder) / 'cost.db'}"]:
            print(measure(url))


def measure(url: str) -> str:
    """Time both sides in turn."""
    with Tracker(url, funnel=FUNNEL, tenant=uuid4().hex) as tracker:
        tracker.create_tables()
        ours = _tracked(tracker)
        theirs = _by_hand(tracker)
        pairs = [(_time(ours), _time(theirs)) for _ in range(ROUNDS + 1)][1:]
        name = tracker.database.engine.dialect.name
    ratio = statistics.median(one / other for one, other in pairs)
    micros = statistics.median(one for one, _ in pairs) * 1e6 / CALLS
    return f"{name}: {ratio:.2f} times the same by hand ({micros:,.0f} µs a call, here and now)"


def _time(call: Callable[[int], object]) -> float:
    began = time.perf_counter()
    for number in range(CALLS):
        call(number)
    return time.perf_counter() - began


def _tracked(tracker: Tracker) -> Callable[[int], object]:
    return lambda number: tracker.track(f"contact {number % CONTACTS}", "saw")


def _by_hand(tracker: Tracker) -> Callable[[int], object]:
    """The statements of a step, through SQLAlchemy's connection and the driver's own cursor."""
    engine, tenant = tracker.database.engine, uuid4().hex
    sqlite = engine.dialect.name == "sqlite"
    mark = "?" if sqlite else "%s"
    now = datetime.now(UTC).replace(tzinfo=None)
    instant: Any = now.isoformat(" ") if sqlite else now
    with engine.begin() as connection:
        columns = "tenant, contact, fingerprint, known, presence, stage, purchases, referrals,"
        columns += " apostle, open_cases, episodes, outreaches, moments, aliases"
        for number in range(CONTACTS):
            connection.execute(
                text(
                    f"INSERT INTO motfunnel_contacts ({columns}) VALUES (:t, :c, 'x', false,"
                    " 'active', 'visitor', 0, 0, false, '[]', 0, 0, 0, 0)"
                ),
                {"t": tenant, "c": f"contact {number}"},
            )
    lock = f"SELECT * FROM motfunnel_contacts WHERE tenant = {mark} AND contact = {mark}"
    add = (
        "INSERT INTO motfunnel_events (tenant, contact, id, event, occurred_at, recorded_at, "
        f"{'`signal`' if engine.dialect.name in ('mysql', 'mariadb') else 'signal'}, properties, "
        f"alive) VALUES ({', '.join([mark] * 9)})"
    )
    change = (
        f"UPDATE motfunnel_contacts SET last_touch_at = {mark}, last_at = {mark}, "
        f"last_id = {mark} WHERE tenant = {mark} AND contact = {mark}"
    )

    def call(number: int) -> None:
        contact, id = f"contact {number % CONTACTS}", str(uuid4())
        raw = engine.raw_connection()
        cursor = raw.cursor()
        if sqlite:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(lock if sqlite else f"{lock} FOR UPDATE", (tenant, contact))
        cursor.fetchall()
        cursor.execute(add, (tenant, contact, id, "saw", instant, instant, "touch", "{}", True))
        cursor.execute(change, (instant, instant, id, tenant, contact))
        cursor.close()
        raw.commit()
        raw.close()

    return call


if __name__ == "__main__":
    main()
