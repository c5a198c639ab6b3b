"""The tour: imports the bundled history, and prints what motfunnel has to say of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from time import perf_counter

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from motfunnel.answers.cells import percent, span
from motfunnel.demo.findings import YEAR, Findings, YearOfDeparture, find, returns_by_year
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.moment import MomentKind
from motfunnel.intake import import_file
from motfunnel.reports.report import Report
from motfunnel.statistics import ClusteredShare
from motfunnel.store.engine.urls import without_secrets
from motfunnel.trackers.tracker import Tracker

DATABASE = "motfunnel-demo.db"
TENANT = "demo"  # apart from all else in a database that one names
EVENTS = 250_786
CONTACTS = 3_423
_BARS = " ▁▂▃▄▅▆▇█"
_MEANINGS = {
    MomentKind.OPENING: "first act of any kind",
    MomentKind.REFERRAL: "mentored somebody",
    MomentKind.CONVERSION: "reached a higher stage",
    MomentKind.DEPART: "silent for over a year",
    MomentKind.RECIDIVISM: "came back after that",
    MomentKind.APOSTLE: "reviewed others' work",
    MomentKind.COMPLAINT: "a bug, or a revert",
    MomentKind.LOYALIST: "another commit taken",
}


def run(console: Console, database: str | None = None) -> None:
    """Take the tour, on a database that is left behind for one's own questions.

    Args:
        console: where to print.
        database: a URL, where a tenant of the demo's own is used; without one a file in the
            current folder.
    """
    url = database or f"sqlite:///{DATABASE}"
    tenant = "default" if database is None else TENANT
    began = perf_counter()
    with _unpacked() as (history, funnel), Tracker(url, funnel, tenant=tenant) as tracker:
        console.print(Text("The Git project, 2005–2026, as a funnel of contributors", "bold"))
        rows = _import(console, tracker, history)
        findings = find(tracker.iter_moments())
        report = tracker.report()
        _print(console, "The eight moments of truth", _moments_table(findings))
        title = "Recidivism: of those who departed in a year, who was back within 365 days"
        _print(console, title, _returns_table(report))
        console.print(Text(_all_years(report), "dim"))
        title = "What became of complaints: the contact's next moment"
        _print(console, title, _complaints_table(findings))
        story = Text(str(tracker.contact(findings.teller, as_of=report.as_of)))
        _print(console, "One contact's story, with the reason for each moment", story)
        console.print()
        seconds = perf_counter() - began
        console.print(f"{rows:,} events classified and questioned in {seconds:.0f} s.")
        asked_of = None if database is None else TENANT
        _say_what_next(console, without_secrets(url), asked_of, findings.teller)


def _import(console: Console, tracker: Tracker, history: Path) -> int:
    """Import the history; say what came of it."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,}"),
        TimeElapsedColumn(),
    )
    totals = {"rows": ("events in", EVENTS), "contacts": ("contacts folded", CONTACTS)}
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {what: progress.add_task(text, total=n) for what, (text, n) in totals.items()}
        imported = import_file(
            tracker,
            history,
            contact="contact",
            event="event",
            at="ts",
            at_format="unix",
            progress=lambda what, done: progress.update(tasks[what], completed=done),
        )
    console.print(
        f"{imported.rows:,} events of {CONTACTS:,} contacts: {imported.added:,} added, "
        f"{imported.duplicates:,} there before, {imported.rejected:,} rejected."
    )
    return imported.rows


def _print(console: Console, title: str, shown: Table | Text) -> None:
    console.print()
    console.print(Text(title, "bold"))
    console.print(shown)


@contextmanager
def _unpacked() -> Iterator[tuple[Path, Funnel]]:
    here = resources.files("motfunnel.demo")
    with (
        resources.as_file(here / "git_history.csv.gz") as history,
        resources.as_file(here / "git.toml") as funnel,
    ):
        yield history, Funnel.from_toml(funnel)


def _table() -> Table:
    """One that leaves room for words in 80 columns."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)


def _moments_table(findings: Findings) -> Table:
    """The counts of the eight kinds, and how they spread over the years."""
    table = _table()
    first = min(min(years) for years in findings.years.values())
    last = max(max(years) for years in findings.years.values())
    table.add_column("moment")
    table.add_column("moments", justify="right")
    table.add_column("contacts", justify="right")
    table.add_column(f"{first}–{last}", no_wrap=True, style="green")
    table.add_column("here it means")
    for kind, meaning in _MEANINGS.items():
        counts = [findings.years[kind][year] for year in range(first, last + 1)]
        table.add_row(
            kind.value,
            f"{findings.moments[kind]:,}",
            f"{findings.contacts[kind]:,}",
            _sparkline(counts),
            meaning,
        )
    return table


def _returns_table(report: Report) -> Table:
    """Recidivism by year of departure."""
    table = _table()
    for header in ("departed in", "observed", "back", "rate", "95% interval"):
        table.add_column(header, justify="right")
    table.add_column("", style="green", no_wrap=True)
    for one in returns_by_year(report, range(2006, report.as_of.year)):
        table.add_row(*_returns_cells(one))
    return table


def _all_years(report: Report) -> str:
    """The rate of all years, and how the numbers above are to be read."""
    row = report.recidivism(within=YEAR).row
    return (
        "Each contact's first departure of that year; 95% interval by Wilson.\n"
        "* Not all were observed for 365 days; those who were not are left out.\n"
        f"Over all years {row.numerator:,} of {row.denominator:,} were back within 365 days of "
        f"their first departure:\n{percent(row.rate)} ({span(row.interval)})."
    )


def _returns_cells(one: YearOfDeparture) -> tuple[str, ...]:
    row = one.rate.row
    bar = "" if row.rate is None else "█" * round(row.rate * 100)
    mark = "*" if row.immature else ""
    counts = (f"{row.denominator:,}", f"{row.numerator:,}")
    return (f"{one.year}{mark}", *counts, percent(row.rate), span(row.interval), bar)


def _complaints_table(findings: Findings) -> Table:
    """What followed a complaint; a contact may have made several."""
    table = _table()
    table.add_column("next moment")
    for header in ("complaints", "of", "share", "95% interval"):
        table.add_column(header, justify="right")
    everyone = [who for each in findings.after_complaint.values() for who in each]
    for kind, who in sorted(findings.after_complaint.items(), key=lambda one: -len(one[1])):
        share = ClusteredShare.by_name(who, everyone)
        counts = (f"{share.numerator:,}", f"{share.denominator:,}")
        name = "none yet" if kind is None else kind.value
        table.add_row(name, *counts, percent(share.value), span(share.interval()))
    return table


def _say_what_next(console: Console, url: str, of: str | None, teller: str) -> None:
    console.print(Text("Ask it yourself:", "bold"))
    tenant = "" if of is None else f" --tenant {of}"
    for command in (
        f"export MOTFUNNEL_DB={url}",
        f"motfunnel report recidivism --within 365d --by stage{tenant}",
        f"motfunnel moments --kind recidivism --format csv{tenant} | head",
        f"motfunnel contact {teller}{tenant}",
    ):
        console.print(Text(f"  {command}", "cyan"), soft_wrap=True)


def _sparkline(counts: list[int]) -> str:
    """Counts as bars of eight heights; none at all is a blank, however few are a bar."""
    most = max(counts)
    return "".join(_BARS[0 if not n else max(1, round(n / most * 8))] for n in counts)
