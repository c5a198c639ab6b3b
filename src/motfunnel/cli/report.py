"""``motfunnel report``: rates and reports, with what they count and how sure they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from attrs import frozen

from motfunnel.cli.handing import FORMS, Asked, file_to_write, hand_on, must_draw
from motfunnel.cli.output import formats
from motfunnel.cli.store import with_tracker
from motfunnel.cli.words import duration, read_funnel, read_instant, zone
from motfunnel.domain.lens import LENSES
from motfunnel.errors import QuestionError
from motfunnel.reports.report import Report
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
    "lens": _form("", "lens", "period"),
    "touchpoints": _form("by worst", "", "period"),
    "journey-map": _form("", "", "period"),
    "nps": _form("", "", "period"),
    "complaints": _form("by within", "", "complained"),
    "worklist": _form("within limit"),
    "patience": _form("share horizon"),
    "simulate": _form("within", "other"),
}
ALL: Final = "all"
_COHORT: Final = "cohort"
_CALLED: Final = {"lens": "name", "other": "other_funnel"}
"""What a report's argument is called, where its option has another name."""

_GIVEN: Final = (
    *("within", "after", "start", "goal", "by", "unit", "confidence", "lens", "worst"),
    *("limit", "share", "horizon", "other"),
)
_EXAMPLES: Final = {
    "from": "2025-01-01",
    "to": "2025-02-01",
    "start": "lead",
    "goal": "customer",
    "lens": "ultimate",
    "other": "other.toml",
}


@click.command("report")
@click.argument("name", type=click.Choice([*REPORTS, ALL]))
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
@click.option("--share", type=float, help="The share below which a silence is a departure.")
@click.option("--horizon", type=duration, help="Within how much more somebody is to return.")
@click.option("--other", metavar="FILE", help="Another funnel: a file, or a preset.")
@click.option("--from", "since", metavar="INSTANT", help="The cohort: from this instant on.")
@click.option("--to", "until", metavar="INSTANT", help="The cohort: before this instant.")
@click.option("--confidence", type=click.FloatRange(0, 1, min_open=True, max_open=True))
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--known-by", metavar="INSTANT", help="By what had been recorded at this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Of naive instants and of periods.")
@formats(*FORMS)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_to_write,
    help="The file to write; without it the answer is printed.",
)
def report_command(tracker: Tracker, /, name: str, form: str, **options: Any) -> None:
    """Ask for the rate or report NAME, or for all of them."""
    timezone, output = options["timezone"], options["output"]
    must_draw(form)
    options["other"] = read_funnel(options["other"])
    given = {option: options[option] for option in _GIVEN if options[option] is not None}
    bounds = {"from": options["since"], "to": options["until"]}
    asked = {*given, *(side for side, bound in bounds.items() if bound is not None)}
    if name != ALL:
        _check(name, asked)
    elif form == "csv":
        raise click.UsageError("each report has columns of its own; ask for one at a time as CSV")
    if asked & {"from", "to"}:
        given[_COHORT] = tuple(read_instant(bounds[s], timezone, s) for s in ("from", "to"))
    report = tracker.report(
        as_of=read_instant(options["as_of"], timezone, "as-of"),
        known_by=read_instant(options["known_by"], timezone, "known-by"),
        timezone=timezone,
    )
    if name == ALL:
        hand_on(_ask_all(report, given, asked), form, output, title="Reports")
    else:
        hand_on(Asked({name: _ask(report, name, given)}), form, output)


def _ask(report: Report, name: str, given: dict[str, Any]) -> Any:
    form = REPORTS[name]
    told = {_CALLED.get(o, o): value for o, value in given.items() if o in form.takes}
    if form.cohort is not None and _COHORT in given:
        told[form.cohort] = given[_COHORT]
    return getattr(report, name.replace("-", "_"))(**told)


def _ask_all(report: Report, given: dict[str, Any], asked: set[str]) -> Asked:
    """Ask for each report with those options that it takes; what cannot be answered is told."""
    found = Asked({})
    for name, form in REPORTS.items():
        missing = sorted(form.needs - asked)
        if missing:
            found.left_out[name] = f"it needs {', '.join(f'--{option}' for option in missing)}"
            continue
        try:
            found.answers[name] = _ask(report, name, given)
        except QuestionError as error:
            found.left_out[name] = str(error)
    return found


def _check(name: str, asked: set[str]) -> None:
    """Refuse options that the report does not take, and ask for those that it needs."""
    form = REPORTS[name]
    for option in sorted(asked - form.takes):
        raise click.UsageError(f"the report {name} takes no --{option}")
    for option in sorted(form.needs - asked):
        example = _EXAMPLES.get(option, "90d")
        raise click.UsageError(f"the report {name} needs --{option}, e.g. --{option} {example}")
