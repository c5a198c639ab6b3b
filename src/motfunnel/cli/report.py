"""``motfunnel report``: rates, with what they count and how sure they are."""

from __future__ import annotations

from typing import Any, Final

import click
from attrs import frozen

from motfunnel.cli.output import formats, print_csv, print_json, print_lines
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import duration, read_funnel, read_instant, zone
from motfunnel.domain.lens import LENSES
from motfunnel.domain.period import UNITS, WEEKDAYS
from motfunnel.tracking.tracker import Tracker


@frozen
class Form:
    """What a report is told.

    Attributes:
        takes: the options that it takes.
        needs: those of them that it cannot do without.
        cohort: the name of the argument that ``--from`` and ``--to`` make; or the names of two.
    """

    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    cohort: str | None = None


def _form(takes: str, needs: str = "", cohort: str | None = None) -> Form:
    given = {*takes.split(), *needs.split()} | ({"from", "to"} if cohort else set())
    return Form(frozenset(given), frozenset(needs.split()), cohort)


_CALENDAR: Final = "period week-start by"
REPORTS: Final = {
    "recidivism": _form("by unit confidence", "within", "departed"),
    "reengagement": _form("by unit confidence", "within", "attempted"),
    "coverage": _form("by unit confidence", "within", "departed"),
    "reactivation": _form("by confidence", "from to", "period"),
    "relapse": _form("by unit confidence", "within", "returned"),
    "conversion": _form("by confidence", "start goal within", "reached"),
    "loyalty": _form("by confidence", "within", "bought"),
    "recovery": _form("by unit confidence", "within", "complained"),
    "departure-after-complaint": _form("by unit confidence", "within", "complained"),
    "referrals": _form("confidence", "", "period"),
    "holdout": _form("confidence", "within", "assigned"),
    "landmark": _form("confidence", "after within", "departed"),
    "mantel-byar": _form("confidence", "", "departed"),
    "funnel": _form("within by confidence", cohort="opened"),
    "lifecycle": _form(_CALENDAR, cohort="since until"),
    "growth": _form(_CALENDAR, cohort="since until"),
    "retention": _form(f"{_CALENDAR} how periods confidence", cohort="since until"),
    "flows": _form("steps stepwise by", cohort="opened"),
    "worklist": _form("within limit confidence"),
    "patience": _form("share horizon confidence"),
    "simulate": _form("within confidence", "other"),
    "lens": _form("confidence", "lens", "period"),
    "touchpoints": _form("by worst confidence", "", "period"),
    "journey-map": _form("confidence", "", "period"),
    "nps": _form("confidence", "", "period"),
    "complaints": _form("by within confidence", "", "complained"),
}
_GIVEN: Final = {
    # option: the argument that it makes
    **{name: name for name in ("within", "after", "start", "goal", "by", "unit", "confidence")},
    **{name: name for name in ("period", "week_start", "how", "periods", "steps", "stepwise")},
    **{name: name for name in ("limit", "share", "horizon", "worst")},
    "other": "other_funnel",
    "lens": "name",
}
_EXAMPLES: Final = {
    "from": "2025-01-01",
    "to": "2025-02-01",
    "start": "lead",
    "goal": "customer",
    "other": "other.toml",
    "lens": "ultimate",
}


@click.command("report")
@click.argument("name", type=click.Choice(list(REPORTS)))
@with_tracker
@click.option("--within", type=duration, help="The window, e.g. 90d.")
@click.option("--after", type=duration, help="The landmark, e.g. 7d.")
@click.option("--start", metavar="STAGE", help="The stage at which a conversion starts.")
@click.option("--goal", metavar="STAGE", help="The stage that a conversion is to reach.")
@click.option("--by", help="Group by: stage, reason, source, a trait, or property:NAME.")
@click.option("--lens", type=click.Choice(list(LENSES)), help="Through which of the older models.")
@click.option("--worst", type=click.IntRange(0), help="How many of the worst to name.")
@click.option("--unit", type=click.Choice(["contact", "episode"]), help="What is counted.")
@click.option("--limit", type=click.IntRange(min=1), help="List no more than so many.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    help="The share below which a silence is a departure.",
)
@click.option("--horizon", type=duration, help="Within how much more somebody is to return.")
@click.option("--other", metavar="FILE", help="Another funnel: a file, or a preset.")
@click.option("--period", type=click.Choice(UNITS), help="How long periods are.")
@click.option("--week-start", type=click.Choice(WEEKDAYS), help="The day on which weeks begin.")
@click.option("--how", type=click.Choice(["in", "in-or-after"]), help="What counts as kept.")
@click.option("--periods", type=click.IntRange(0), help="The last period after the opening.")
@click.option("--steps", type=click.IntRange(1), help="How many steps of a flow are told.")
@click.option("--stepwise/--together", default=None, help="Tell steps apart by their number.")
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
    asked = {option.replace("_", "-") for option in given}
    asked |= {side for side, bound in bounds.items() if bound is not None}
    _check(name, asked)
    if asked & {"from", "to"}:
        cohort = tuple(read_instant(bounds[side], timezone, side) for side in ("from", "to"))
        given |= _cohort(str(REPORTS[name].cohort), cohort)
    if "how" in given:
        given["how"] = given["how"].replace("-", " ")
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


def _cohort(called: str, cohort: tuple[Any, ...]) -> dict[str, Any]:
    first, *second = called.split()
    return dict(zip((first, *second), cohort, strict=True)) if second else {called: cohort}


def _check(name: str, asked: set[str]) -> None:
    """Refuse options that the report does not take, and ask for those that it needs."""
    form = REPORTS[name]
    for option in sorted(asked - form.takes):
        raise click.UsageError(f"the report {name} takes no --{option}")
    for option in sorted(form.needs - asked):
        example = _EXAMPLES.get(option, "90d")
        raise click.UsageError(f"the report {name} needs --{option}, e.g. --{option} {example}")
