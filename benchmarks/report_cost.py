"""What every report costs, and how that grows with the events.

Makes up histories (see ``made_up``), imports them into one database, each size a tenant with
tables of its own, and asks each of them for every report, each in a process of its own.

Prints the seconds by the clock and of this process's own processor time, the memory beyond what the
process held before, the rows of the answer, and the statements sent; how many times the seconds
(by the clock, and its own) are those of the size before, for so many times the events; and of a
question that is one statement of SQL, the seconds of that as written by hand, in the same run, and
whether it counted the same; and last, the seconds of bringing the rows behind these counts here,
with names and instants and nothing done about them, and how many times those the report took.

    createdb motfunnel_report_cost
    python benchmarks/report_cost.py --db postgresql://localhost/motfunnel_report_cost

Leaves the database as a next run can use it; drop it when done.
"""

from __future__ import annotations

import argparse
import platform
import resource
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Any

from attrs import frozen
from filling import fill, make_tracker, schema_of
from made_up import UNTIL
from questions import QUESTIONS, ByHand, Question
from sqlalchemy import event, text

from motfunnel import Tracker
from motfunnel.reports import report as _  # noqa: F401 - once, for all processes

HEADER = (
    f"{'':34}{'events':>11}{'clock s':>9}{'own s':>8}{'MiB':>7}{'rows':>7}{'sent':>5}"
    f"{'grew':>13}{'by hand':>9}{'ratio':>7}{'named':>7}{'ratio':>7}"
)
_KIBIBYTES_IN_ONE = 1 if platform.system() == "Linux" else 1024  # what ru_maxrss counts in


@frozen(kw_only=True)
class Cost:
    """What one report cost once."""

    clock: float
    own: float
    mebibytes: float
    rows: int
    sent: int
    by_hand: float | None = None
    named: float = 0.0
    alike: bool = True


def main() -> None:
    """Fill, ask and print."""
    arguments = _arguments()
    print(f"{platform.python_implementation()} {platform.python_version()}, {datetime.now(UTC):%F}")
    sizes = sorted({*arguments.sizes, arguments.events})
    for size in sizes:
        print(fill(arguments.db, size), flush=True)
    print(HEADER)
    for question in QUESTIONS:
        if not arguments.only or {*arguments.only} & {*str(question).split()}:
            for line in _lines(question, arguments.db, sizes):
                print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--db", required=True, metavar="URL")
    parser.add_argument("--events", type=int, default=1_000_000, help="the largest size")
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000], help="those before it")
    parser.add_argument("--only", nargs="*", metavar="WORD", help="of the first column")
    return parser.parse_args()


def _lines(question: Question, url: str, sizes: list[int]) -> Iterator[str]:
    """A line for each size; from the second on, how the time has grown."""
    before: tuple[int, Cost] | None = None
    for size in sizes:
        # A process of its own, so that its memory is this report's.
        with ProcessPoolExecutor(1, mp_context=get_context("fork")) as process:
            cost = process.submit(measure, url, size, QUESTIONS.index(question)).result()
        grew = _grew(cost, before[1], size / before[0]) if before else ""
        yield (
            f"{str(question) if before is None else '':34}{size:>11,}{cost.clock:>9.2f}"
            f"{cost.own:>8.2f}{cost.mebibytes:>7.0f}{cost.rows:>7,}{cost.sent:>5}{grew:>13}"
            + _compared(cost)
        )
        before = size, cost


def _grew(cost: Cost, before: Cost, events: float) -> str:
    return f"{cost.clock / before.clock:.1f} {cost.own / before.own:.1f}/{events:.0f}"


def _compared(cost: Cost) -> str:
    if cost.by_hand is None:
        return ""
    other = "" if cost.alike else "  (other counts)"
    return (
        f"{cost.by_hand:>9.2f}{cost.clock / cost.by_hand:>7.1f}"
        f"{cost.named:>7.2f}{cost.clock / cost.named:>7.1f}{other}"
    )


def measure(url: str, size: int, number: int) -> Cost:
    """Ask one question of one size, on a connection that is warm."""
    question = QUESTIONS[number]
    with make_tracker(url, size) as tracker:
        tracker.report(as_of=UNTIL).reactivation(period=(UNTIL.replace(year=2023), UNTIL))
        sent: list[str] = []
        event.listen(
            tracker.database.engine,
            "before_cursor_execute",
            lambda _, __, sql, *___: sent.append(sql),
        )
        held, own, began = _most_held(), process_time(), perf_counter()
        answer = _ask(tracker, question)
        clock, own = perf_counter() - began, process_time() - own
        cost = {
            "clock": clock,
            "own": own,
            "mebibytes": (_most_held() - held) / 1024,
            "rows": len(answer.rows),
            "sent": len(sent),
        }
        if question.by_hand is None or tracker.database.engine.name != "postgresql":
            return Cost(**cost)
        seconds, alike = _by_hand(tracker, size, question.by_hand, answer)
        named = _named(tracker, size, question.by_hand)
        return Cost(**cost, by_hand=seconds, named=named, alike=alike)


def _ask(tracker: Tracker, question: Question) -> Any:
    known_by = datetime.now(UTC) if question.known_by else None
    report = tracker.report(as_of=UNTIL, known_by=known_by)
    return getattr(report, question.report)(**question.asked)


def _by_hand(tracker: Tracker, size: int, by_hand: ByHand, answer: Any) -> tuple[float, bool]:
    """Ask by hand; the seconds, and whether the counts are those of the answer."""
    with tracker.database.engine.connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL search_path TO {schema_of(size)}")
        began = perf_counter()
        asked = {"tenant": tracker.tenant, "as_of": UNTIL}
        found = connection.execute(text(by_hand.sql), asked).all()
        seconds = perf_counter() - began
    return seconds, [tuple(row) for row in found] == by_hand.counts(answer)


def _named(tracker: Tracker, size: int, by_hand: ByHand) -> float:
    """Bring the rows behind the counts here, some thousand at a time; the seconds."""
    with tracker.database.engine.connect() as connection:
        connection.exec_driver_sql(f"SET LOCAL search_path TO {schema_of(size)}")
        began = perf_counter()
        asked = {"tenant": tracker.tenant, "as_of": UNTIL}
        streaming = {"yield_per": 5000}
        for _ in connection.execute(text(by_hand.named), asked, execution_options=streaming):
            pass
        return perf_counter() - began


def _most_held() -> float:
    """The most memory that this process has held so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIBIBYTES_IN_ONE


if __name__ == "__main__":
    main()
