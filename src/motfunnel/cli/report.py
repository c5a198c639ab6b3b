"""``motfunnel report``: rates, with what they count and how sure they are."""

from __future__ import annotations

from typing import Any, Final

import click
from attrs import frozen

from motfunnel.cli.output import formats, print_csv, print_json, print_lines
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import duration, read_instant, zone
from motfunnel.tracking.tracker import Tracker


@frozen
class Form:
    """What a report is told.

    Attributes:
        takes: the options that it takes.
        needs: those of them that it cannot do without.
        cohort: the name of the argument that ``--from`` and ``--to`` make.
    """

    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    cohort: str | None = None


_RATE: Final = frozenset({"within", "by", "unit", "from", "to", "confidence"})
REPORTS: Final = {
    "recidivism": Form(_RATE, frozenset({"within"}), "departed"),
    "reengagement": Form(_RATE, frozenset({"within"}), "attempted"),
    "funnel": Form(frozenset({"confidence"})),
}


@click.command("report")
@click.argument("name", type=click.Choice(list(REPORTS)))
@with_tracker
@click.option("--within", type=duration, help="The window, e.g. 90d.")
@click.option("--by", help="Group by: stage, reason, source, or a trait.")
@click.option("--unit", type=click.Choice(["contact", "episode"]), help="What is counted.")
@click.option("--from", "start", metavar="INSTANT", help="The cohort: from this instant on.")
@click.option("--to", "end", metavar="INSTANT", help="The cohort: before this instant.")
@click.option("--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True))
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--known-by", metavar="INSTANT", help="By what had been recorded at this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Of naive instants and of periods.")
@formats("text", "json", "csv")
def report_command(tracker: Tracker, /, name: str, form: str, **options: Any) -> None:
    """Ask for the rate or report NAME."""
    timezone = options["timezone"]
    given = {option: options[option] for option in ("within", "by", "unit", "confidence")}
    bounds = {"from": options["start"], "to": options["end"]}
    asked = {key for key, value in (given | bounds).items() if value is not None}
    _check(name, asked)
    arguments = {key: given[key] for key in given if key in asked}
    if asked & {"from", "to"}:
        cohort = tuple(read_instant(bounds[side], timezone, side) for side in ("from", "to"))
        arguments[str(REPORTS[name].cohort)] = cohort
    report = tracker.report(
        as_of=read_instant(options["as_of"], timezone, "as-of"),
        known_by=read_instant(options["known_by"], timezone, "known-by"),
        timezone=timezone,
    )
    answer = getattr(report, name)(**arguments)
    if form == "json":
        print_json(answer.to_dict())
    elif form == "csv":
        print_csv(answer.to_csv())
    else:
        print_lines([str(answer)])


def _check(name: str, asked: set[str]) -> None:
    """Refuse options that the report does not take, and ask for those that it needs."""
    form = REPORTS[name]
    for option in sorted(asked - form.takes):
        raise click.UsageError(f"the report {name} takes no --{option}")
    for option in sorted(form.needs - asked):
        raise click.UsageError(f"the report {name} needs --{option}, e.g. --{option} 90d")
