"""``motfunnel report``: what each report is told, the asking of one or all, and the answer's form.

A table says which options each report takes. What it is called and says of itself, ``Report`` has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import click
from attrs import evolve, field, frozen
from click.core import ParameterSource

from motfunnel.answers.answer import Answer
from motfunnel.answers.named import Named
from motfunnel.classified import Files
from motfunnel.cli.arguments import duration, read_bound, read_funnel, read_instant, zone
from motfunnel.cli.help import Choice, Command
from motfunnel.cli.output import formats, print_lines, print_whole, safe, terminal_width
from motfunnel.cli.store import with_tracker_or_files
from motfunnel.dashboard.filters import Filters
from motfunnel.dashboard.page import Page
from motfunnel.dashboard.pages import PAGES
from motfunnel.dashboard.render import render_file
from motfunnel.domain.calendar import UNITS, WEEKDAYS
from motfunnel.domain.instant import Duration
from motfunnel.domain.lens import LENSES
from motfunnel.errors import QuestionError
from motfunnel.pages import Section, page, write_whole
from motfunnel.reports.catalogue import CATALOGUE, Entry
from motfunnel.reports.decisions.worklist import Worklist
from motfunnel.reports.measure.grouping import NO_TRAITS, By
from motfunnel.reports.report import Report
from motfunnel.trackers.tracker import Tracker

ALL: Final = "all"
"""The name under which all reports are asked for at once."""
_CALLED: Final = {"name": "lens", "other_funnel": "other"}
"""The options of those arguments that are called otherwise."""
_ONLY_IN_PYTHON: Final = {"step", "fewest"}
"""The arguments that have no option."""
HOW: Final = {"in": "in", "in-or-after": "in or after", "with-us": "with-us"}
"""What counts as kept, by what it is called here."""
FORMS: Final = ("text", "json", "csv", "html")
"""The forms in which answers are written."""
MONTH: Final = timedelta(days=30)
"""The window of the dashboard's pages, where no other is asked for."""
QUARTER: Final = timedelta(days=90)
"""The window of those reports that need one, where all are asked for."""
_PERIODS: Final = ((4, "month"), (12, "quarter"))
"""For at most so many years, which periods to tell apart."""
_TYPES: Final = {Duration: duration, int: int, float: float, bool: bool}
"""How the values of options are read that need no more words than their question gives them."""


@frozen
class Form:
    """What a report is told.

    Attributes:
        entry: the question.
        called: the argument of each option that it takes, but for ``--from`` and ``--to``.
        takes: the options that it takes.
        needs: those of them that it cannot do without.
    """

    entry: Entry
    called: Mapping[str, str]
    takes: frozenset[str]
    needs: frozenset[str]

    @classmethod
    def of(cls, entry: Entry) -> Form:
        """Derive it from the question's signature."""
        aside = {*entry.cohort, *_ONLY_IN_PYTHON}
        called = {option_of(name): name for name in entry.options if name not in aside}
        bounds = {"from", "to"} if entry.cohort else set()
        needed = {option for option, name in called.items() if entry.options[name].needed}
        needs = bounds if any(entry.options[name].needed for name in entry.cohort) else set()
        return cls(entry, called, frozenset({*called} | bounds), frozenset(needed | needs))


def option_of(argument: str) -> str:
    """What an argument is called on the command line."""
    return _CALLED.get(argument, argument.replace("_", "-"))


REPORTS: Final = {name.replace("_", "-"): Form.of(entry) for name, entry in CATALOGUE.items()}
"""What each report is told, by its name on the command line."""
_FIRST: Final = [
    ask.question.replace("_", "-")
    for one in PAGES.values()
    for section in one.sections
    if section.view != "warning"
    for ask in section.asks
]
_SENT: Final = [one.slug for one in PAGES.values() if one.sections]
"""The pages of the dashboard that can be sent as a file."""
ORDER: Final = tuple(dict.fromkeys([*_FIRST, *REPORTS]))
"""The reports in the order of the dashboard's pages."""
OPTIONS: Final = {
    option: form.entry.options[name]
    for form in REPORTS.values()
    for option, name in form.called.items()
}
"""The options that make one argument each."""

_BY_PROPERTY: Final = [name for name, form in REPORTS.items() if form.entry.by_property]
"""The reports in which a plain name is a property."""
BY: Final = (
    "Group by: stage, reason, source, event (the name of the event that began it), a trait "
    "(trait:NAME where it is called so), or property:NAME of the event. Of "
    f"{' and '.join(_BY_PROPERTY)} a plain name is a property; trait:NAME is a trait. A number is "
    "grouped in bands: seats:1,5,20. Given twice, both count at once."
)
"""What is said of ``--by``."""
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "The question": ("within", "by", "from", "to", "per", "unit", "confidence"),
    "The instant": ("as-of", "known-by", "timezone"),
    "The answer": (
        *("format", "detail", "html", "pages", "output", "members", "limit", "worst", "help"),
    ),
    "Of some reports only": (
        *("start", "goal", "after", "period", "periods", "week-start", "how", "horizon"),
        *("adjust", "share", "trial", "planned", "sequential", "effect", "baseline", "power"),
        *("other", "lens", "steps", "stepwise"),
        *("stage", "reason", "away-at-least", "away-at-most"),
        *("not-written-to", "without-held-out", "mailing"),
    ),
}
"""Under which heading options stand in the help."""
EXAMPLES: Final = (
    "recidivism --within 90d --by stage",
    "retention --period month --format csv",
    "--html --output report.html",
)
"""What one asks first."""
_EXAMPLES: Final = {
    "from": "2025-01-01",
    "to": "2025-02-01",
    "start": "lead",
    "goal": "customer",
    "lens": "ultimate",
    "baseline": "0.08",
    "effect": "0.02",
    "other": "other.toml",
}
"""What to write, by the option that is missing; of all others a duration."""


def list_reports() -> list[tuple[str, str]]:
    """The reports, each with the first line of what it says of itself."""
    return [*((name, form.entry.summary) for name, form in REPORTS.items()), (ALL, "All of them.")]


@frozen
class Told:
    """What somebody has given.

    Attributes:
        options: the value of each option.
        cohort: what ``--from`` and ``--to`` say; None: neither was given.
        named: the names of all options that were given.
    """

    options: Mapping[str, Any]
    cohort: tuple[Any, Any] | None
    named: frozenset[str]

    def filled(self, name: str, usual: Mapping[str, Any]) -> Told:
        """The same, with what the report cannot do without where nobody gave it."""
        needed = {one: value for one, value in usual.items() if one in self.missing(name)}
        return evolve(self, options={**self.options, **needed}, named=self.named | needed.keys())

    def missing(self, name: str) -> list[str]:
        """The options that a report cannot do without."""
        return sorted(REPORTS[name].needs - self.named)

    def check(self, name: str) -> None:
        """Refuse options that a report does not take, and ask for those that it needs.

        Raises:
            click.UsageError: there is one.
        """
        for option in sorted(self.named - REPORTS[name].takes):
            raise click.UsageError(f"the report {name} takes no --{option}")
        for option in self.missing(name):
            example = _EXAMPLES.get(option, "90d")
            raise click.UsageError(f"the report {name} needs --{option}, e.g. --{option} {example}")

    def arguments(self, name: str) -> dict[str, Any]:
        """The arguments of a report, made of those options that it takes."""
        form = REPORTS[name]
        told = {
            form.called[option]: value
            for option, value in self.options.items()
            if option in form.called
        }
        return told | self._bounds(form.entry.cohort)

    def _bounds(self, called: Sequence[str]) -> dict[str, Any]:
        if self.cohort is None or not called:
            return {}
        return (
            dict(zip(called, self.cohort, strict=True)) if called[1:] else {called[0]: self.cohort}
        )


@frozen
class Asked:
    """What came of the questions.

    Attributes:
        answers: by the name of the report.
        left_out: why there is no answer, by the name of the report.
    """

    answers: dict[str, Answer[Any]]
    left_out: dict[str, str] = field(factory=dict)


def file_to_write(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """Refuse a file in a folder that is not there."""
    if file is not None and not file.parent.is_dir():
        raise click.BadParameter(f"there is no folder {file.parent}")
    return file


def pages_to_send(_: click.Context, __: click.Parameter, named: str | None) -> list[Page]:
    """Read which pages of the dashboard were named."""
    slugs = [] if named is None else [one.strip() for one in named.split(",")]
    for slug in slugs:
        if slug not in _SENT:
            raise click.BadParameter(f"there is no page {slug!r}; there are: {', '.join(_SENT)}")
    return [PAGES[slug] for slug in slugs]


def hand_on(
    asked: Asked, form: str, output: Path | None, *, title: str = "", detail: bool = False
) -> None:
    """Print answers in a form, or write them into a file.

    Args:
        asked: the answers.
        form: one of ``FORMS``.
        output: the file; None: they are printed.
        title: of all of them together; of one answer none is needed.
        detail: whether a text tells what is looked at second, too; the other forms always do.
    """
    if form == "text":
        width = None if output is not None else terminal_width()
        _print(_told(asked, width, detail=detail), form, output)
        return
    _print(_written(asked, form, title), form, output)
    if form == "csv":
        for answer in asked.answers.values():
            _say_beside(answer.beside_data)


def _print(text: str, form: str, output: Path | None) -> None:
    if output is not None:
        write_whole(output, text.encode())
    elif form in ("csv", "html"):
        print_whole(text)
    else:
        print_lines([text.removesuffix("\n")])


def _say_beside(remarks: Iterable[str]) -> None:
    """Say on the other stream what bare data do not say of themselves."""
    for remark in remarks:
        click.echo(safe(f"Note: {remark}"), err=True)


def _names(named: Named, form: str, *, beside: bool) -> str:
    if form == "csv":
        return named.to_csv()
    if form == "json":
        return named.to_json() + "\n"
    return named.to_text(None if beside else terminal_width()) + "\n"


def _told(asked: Asked, width: int | None, *, detail: bool) -> str:
    told = [answer.to_text(width, detail=detail) for answer in asked.answers.values()]
    if asked.left_out:
        told.append("\n".join(["Not asked:", *(f"  {one}" for one in _left_out(asked))]))
    return "\n\n\n".join(told) + "\n"


def _written(asked: Asked, form: str, title: str) -> str:
    answers = asked.answers
    if form == "html":
        sections = [Section(name, answers[name]) for name in sorted(answers, key=_place)]
        return page(sections, title=title, left_out=_left_out(asked))
    if form == "csv":
        return "".join(answer.to_csv() for answer in answers.values())
    return _json(asked, title)


def _place(anchor: str) -> int:
    """Where a report stands on a page: as in the dashboard, what is looked at first comes first."""
    name = next(one for one in ORDER if anchor.startswith(one))
    return ORDER.index(name)


def _json(asked: Asked, title: str) -> str:
    told = {name: answer.to_dict() for name, answer in asked.answers.items()}
    whole = {"reports": told, "left_out": asked.left_out} if title else next(iter(told.values()))
    return json.dumps(whole, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _left_out(asked: Asked) -> list[str]:
    return [f"{name}: {why}" for name, why in asked.left_out.items()]


@click.command(
    "report", cls=Command, groups=GROUPS, lists={"Reports": list_reports()}, examples=EXAMPLES
)
@click.argument("name", metavar="[NAME]", type=Choice([*REPORTS, ALL]), default=ALL)
@with_tracker_or_files
@click.option("--within", type=duration, help="The window, e.g. 90d.")
@click.option("--after", type=duration, help="The landmark, e.g. 7d.")
@click.option("--start", metavar="STAGE", help="The stage at which a conversion starts.")
@click.option("--goal", metavar="STAGE", help="The stage that a conversion is to reach.")
@click.option("--by", multiple=True, help=BY)
@click.option("--adjust", multiple=True, help="Hold this alike between groups, named as in --by.")
@click.option("--lens", type=Choice(list(LENSES)), help="Through which of the older models.")
@click.option("--worst", type=click.IntRange(0), help="How many of the worst to name.")
@click.option("--unit", type=Choice(["contact", "episode"]), help="What is counted.")
@click.option("--limit", type=click.IntRange(min=1), help="List no more than so many.")
@click.option("--stage", metavar="STAGE", help="Only those who left from it.")
@click.option("--reason", metavar="REASON", help="Only those who left for it, e.g. silence.")
@click.option("--away-at-least", type=duration, help="Only those who are away for so long.")
@click.option("--away-at-most", type=duration, help="Only those who are away for no longer.")
@click.option(
    "--not-written-to", is_flag=True, default=None, help="Only those not written to since."
)
@click.option(
    "--without-held-out", is_flag=True, default=None, help="Only those whom no trial holds out."
)
@click.option("--mailing", is_flag=True, help="A worklist as CSV for a mailing tool.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    help="Of patience, below which a silence is a departure; of a trial, held out as planned.",
)
@click.option("--trial", metavar="NAME", help="Which of several trials.")
@click.option("--planned", metavar="INSTANT", help="When a trial was to be looked at.")
@click.option(
    "--sequential", is_flag=True, default=None, help="Have a trial's interval hold at every look."
)
@click.option(
    "--effect",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The difference that a trial was planned for, e.g. 0.05.",
)
@click.option("--horizon", type=duration, help="Within how much more somebody is to return.")
@click.option("--other", metavar="FILE", help="Another funnel: a file, or a preset.")
@click.option("--period", type=Choice(UNITS), help="How long periods are.")
@click.option("--week-start", type=Choice(WEEKDAYS), help="The day on which weeks begin.")
@click.option("--how", type=Choice(["in", "in-or-after", "with-us"]), help="What counts as kept.")
@click.option("--periods", type=click.IntRange(0), help="The last period after the opening.")
@click.option("--steps", type=click.IntRange(1), help="How many steps of a flow are told.")
@click.option(
    "--stepwise/--together", default=None, help="Whether each step of a flow stands apart."
)
@click.option("--from", "since", metavar="INSTANT", help="The cohort: from this instant on.")
@click.option("--to", "until", metavar="INSTANT", help="The cohort: before this instant.")
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Of the intervals; 0.95 if not given.",
)
@click.option(
    "--per",
    type=Choice(UNITS),
    help="A row for each such period, with the change from the one before.",
)
@click.option("--as-of", metavar="INSTANT", help="As of this instant.")
@click.option("--known-by", metavar="INSTANT", help="By what had been recorded at this instant.")
@click.option("--timezone", type=zone, default="UTC", help="Of naive instants and of periods.")
@click.option(
    "--members",
    metavar="COUNT",
    help="Name who was counted, by a count's name or its word, e.g. left, and nothing else.",
)
@click.option(
    "--detail", is_flag=True, help="Print what is looked at second, too: the curve beside a rate."
)
@formats(*FORMS)
@click.option("--html", "is_page", is_flag=True, help="The same as --format html.")
@click.option(
    "--pages",
    callback=pages_to_send,
    help=f"Pages of the dashboard as one file of HTML, with commas: {', '.join(_SENT)}.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=file_to_write,
    help="The file to write; without it the answer is printed.",
)
def report_command(tracker: Tracker | Files, /, name: str, form: str, **options: Any) -> None:
    """Ask for the rate or report NAME, or for all of them.

    All of them are asked from the first stage to the last, by periods that suit the length of the
    history, and with a window of 90 days where they need one, if you do not say otherwise; a
    worklist looks 30 days ahead, and a funnel has no window. Then a plain name after --by is the
    trait of that name in touchpoints and complaints too, if any contact has it.
    """
    timezone, output = options["timezone"], options["output"]
    form = "html" if options["is_page"] else form
    told = _read(options, timezone)
    _check(name, form, told, options)
    report = tracker.report(
        as_of=read_bound(options["as_of"], timezone, "as-of"),
        known_by=read_bound(options["known_by"], timezone, "known-by"),
        timezone=timezone,
    )
    if options["pages"]:
        _send(options["pages"], report, told, output)
    elif name == ALL:
        asked, title = _ask_all(report, told, tracker.funnel.stages), "Reports"
        hand_on(asked, form, output, title=title, detail=options["detail"])
    elif options["mailing"]:
        told = evolve(told, options={**told.options, "without-held-out": True})
        _mail(_ask(report, name, told), output)
    elif options["members"]:
        named = Named(_ask(report, name, told), options["members"])
        _print(_names(named, form, beside=output is not None), form, output)
        if form == "csv":
            _say_beside(named.answer.beside_data)
    else:
        answers = Asked({name: _ask(report, name, told)})
        hand_on(answers, form, output, detail=options["detail"])


def _mail(worklist: Worklist, output: Path | None) -> None:
    """Hand on the lines of a mailing; where there are none, say why."""
    _print(worklist.to_mailing_csv(), "csv", output)
    _say_beside([one for one in (worklist.empty_mailing, *worklist.beside_data) if one])


def _check(name: str, form: str, told: Told, options: Mapping[str, Any]) -> None:
    """Refuse what does not go together."""
    _check_mailing(name, form, options)
    if name != ALL:
        told.check(name)
    elif form == "csv" or options["members"]:
        raise click.UsageError("each report has columns of its own; ask for one at a time")
    if options["members"] and form == "html":
        raise click.UsageError("names are written as text, json or csv; a page has none")


def _check_mailing(name: str, form: str, options: Mapping[str, Any]) -> None:
    """Refuse what a mailing, or a file of pages, cannot be."""
    typed = click.get_current_context().get_parameter_source("form")
    is_asked = options["is_page"] or typed is ParameterSource.COMMANDLINE
    if options["pages"] and ((is_asked and form != "html") or options["members"]):
        raise click.UsageError("pages are one file of HTML; ask for anything else without --pages")
    if not options["mailing"]:
        return
    if name != "worklist":
        raise click.UsageError("a mailing is made of a worklist; write report worklist --mailing")
    if options["members"] or options["pages"] or (is_asked and form != "csv"):
        raise click.UsageError(
            "a mailing is CSV; for another form, names or pages leave --mailing out"
        )


def _send(pages: Sequence[Page], report: Report, told: Told, output: Path | None) -> None:
    """Write pages of the dashboard as one file, or print it."""
    asked = told.options
    filters = Filters(
        step=asked.get("period", "month"),
        window=asked.get("within", MONTH),
        group=_one(asked.get("by", "")),
        zone=report.timezone.key,
    )
    text = render_file(pages, report, filters)
    if output is None:
        print_whole(text)
    else:
        write_whole(output, text.encode())


def _one(by: By) -> str:
    """What the dashboard's pages are grouped by, which is one thing."""
    if isinstance(by, str):
        return by
    raise click.UsageError("the pages are grouped by one thing; give --by once")


def _read(options: dict[str, Any], timezone: str) -> Told:
    """Read what was given, as the reports are to be told it."""
    given = {one: options[one.replace("-", "_")] for one in OPTIONS}
    given["other"] = read_funnel(given["other"])
    given["how"] = given["how"] and HOW[given["how"]]
    given["adjust"] = given["adjust"] or None
    given["planned"] = read_instant(given["planned"], timezone, "planned")
    given["by"] = (given["by"][0] if len(given["by"]) == 1 else given["by"]) or None
    given = {option: value for option, value in given.items() if value is not None}
    bounds = {"from": options["since"], "to": options["until"]}
    sides = {side for side, bound in bounds.items() if bound is not None}
    first, last = (read_bound(bound, timezone, side) for side, bound in bounds.items())
    return Told(given, (first, last) if sides else None, frozenset({*given, *sides}))


def _ask(report: Report, name: str, told: Told) -> Any:
    return getattr(report, REPORTS[name].entry.name)(**told.arguments(name))


def _ask_all(report: Report, told: Told, stages: Sequence[str]) -> Asked:
    """Ask for each report with those options that it takes; what cannot be answered is told."""
    found = Asked({})
    usual = {"within": QUARTER, "start": stages[0], "goal": stages[-1]}
    if "period" not in told.named:
        told = evolve(told, options={**told.options, "period": _period(report)})
    traits = _as_trait(report, told.options.get("by"))
    for name, lens in _each(told):
        anchor = name if lens is None else f"{name}-{lens}"
        filled = told.filled(name, usual | {"lens": lens})
        if name in _BY_PROPERTY:
            filled = evolve(filled, options={**filled.options, **traits})
        missing = ", ".join(f"--{option}" for option in filled.missing(name))
        if missing:
            found.left_out[anchor] = f"it needs {missing}"
            continue
        try:
            found.answers[anchor] = _ask(report, name, filled)
        except QuestionError as error:
            found.left_out[anchor] = str(error)
    return found


def _as_trait(report: Report, by: By) -> dict[str, By]:
    """What to tell apart by where a plain name is a property: the trait, if one is called so."""
    each = (by,) if isinstance(by, str) else by or ()
    traits = {*report.trait_names()} - {*NO_TRAITS} if each else set()
    meant = tuple(f"trait:{one}" if one in traits else one for one in each)
    return {"by": meant} if traits & {*each} else {}


def _each(told: Told) -> Iterator[tuple[str, str | None]]:
    """The names of all reports; of lenses each, unless one was chosen."""
    for name in REPORTS:
        if name == "lens" and name not in told.named:
            yield from ((name, lens) for lens in LENSES)
        else:
            yield name, None


def _period(report: Report) -> str:
    """Months; or quarters or years, of a history with too many months to look at."""
    years = len(report.growth("year").rows)
    return next((unit for most, unit in _PERIODS if years <= most), "year")


def _add_other_options(command: click.Command) -> None:
    """Add those options that need no other words than their question gives them."""
    worded = {name for one in command.params for name in one.opts}
    for name, told in OPTIONS.items():
        if f"--{name}" not in worded:
            choices = get_args(told.type) if get_origin(told.type) is Literal else ()
            kind = Choice(choices) if choices else _TYPES.get(told.type, str)
            command.params.append(click.Option([f"--{name}"], type=kind, help=told.help))


_add_other_options(report_command)
