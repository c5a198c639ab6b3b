"""``motfunnel report``: rates, with what they count and how sure they are."""

from __future__ import annotations

from typing import Any, Final

import click
from attrs import frozen

from motfunnel.cli.output import formats, print_csv, print_json, print_lines
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import duration, read_funnel, read_instant, zone
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


def _form(takes: str, needs: str = "", cohort: str | None = None) -> Form:
    given = {*takes.split(), *needs.split(), "confidence"} | ({"from", "to"} if cohort else set())
    return Form(frozenset(given), frozenset(needs.split()), cohort)


REPORTS: Final = {
    "recidivism": _form("by unit", "within", "departed"),
    "reengagement": _form("by unit", "within", "attempted"),
    "coverage": _form("by unit", "within", "departed"),
    "reactivation": _form("by", "from to", "period"),
    "relapse": _form("by unit", "within", "returned"),
    "conversion": _form("by", "start goal within", "reached"),
    "loyalty": _form("by", "within", "bought"),
    "recovery": _form("by unit", "within", "complained"),
    "departure-after-complaint": _form("by unit", "within", "complained"),
    "referrals": _form("", "", "period"),
    "holdout": _form("", "within", "assigned"),
    "landmark": _form("", "after within", "departed"),
    "mantel-byar": _form("", "", "departed"),
    "funnel": _form(""),
    "worklist": _form("within limit"),
    "patience": _form("share horizon"),
    "simulate": _form("within", "other"),
}
_GIVEN: Final = {
    # option: the argument that it makes
    **{name: name for name in ("within", "after", "start", "goal", "by", "unit", "confidence")},
    **{name: name for name in ("limit", "share", "horizon")},
    "other": "other_funnel",
}
_EXAMPLES: Final = {
    "from": "2025-01-01",
    "to": "2025-02-01",
    "start": "lead",
    "goal": "customer",
    "other": "other.toml",
}


@click.command("report")
@click.argument("name", type=click.Choice(list(REPORTS)))
@with_tracker
@click.option("--within", type=duration, help="The window, e.g. 90d.")
@click.option("--after", type=duration, help="The landmark, e.g. 7d.")
@click.option("--start", metavar="STAGE", help="The stage at which a conversion starts.")
@click.option("--goal", metavar="STAGE", help="The stage that a conversion is to reach.")
@click.option("--by", help="Group by: stage, reason, source, a trait, or property:NAME.")
@click.option("--unit", type=click.Choice(["contact", "episode"]), help="What is counted.")
@click.option("--limit", type=click.IntRange(min=1), help="List no more than so many.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    help="The share below which a silence is a departure.",
)
@click.option("--horizon", type=duration, help="Within how much more somebody is to return.")
@click.option("--other", metavar="FILE", help="Another funnel: a file, or a preset.")
@click.option("--from", "since", metavar="INSTANT", help="The cohort: from this instant on.")
@click.option("--to", "until", metavar="INSTANT", help="The cohort: before this instant.")
@click.option("--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True))
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--known-by", metavar="INSTANT", help="By what had been recorded at this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Of naive instants and of periods.")
@formats("text", "json", "csv")
def report_command(tracker: Tracker, /, name: str, form: str, **options: Any) -> None:
    """Ask for the rate or report NAME."""
    timezone = options["timezone"]
    options["other"] = read_funnel(options["other"])
    given = {option: options[option] for option in _GIVEN if options[option] is not None}
    bounds = {"from": options["since"], "to": options["until"]}
    asked = {*given, *(side for side, bound in bounds.items() if bound is not None)}
    _check(name, asked)
    if asked & {"from", "to"}:
        cohort = tuple(read_instant(bounds[side], timezone, side) for side in ("from", "to"))
        given[str(REPORTS[name].cohort)] = cohort
    report = tracker.report(
        as_of=read_instant(options["as_of"], timezone, "as-of"),
        known_by=read_instant(options["known_by"], timezone, "known-by"),
        timezone=timezone,
    )
    arguments = {_GIVEN.get(option, option): value for option, value in given.items()}
    answer = getattr(report, name.replace("-", "_"))(**arguments)
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
        example = _EXAMPLES.get(option, "90d")
        raise click.UsageError(f"the report {name} needs --{option}, e.g. --{option} {example}")
