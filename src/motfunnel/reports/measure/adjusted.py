"""Groups compared with other things held alike: Cox's model of how fast the event comes.

Fitted by lifelines (the extra ``adjust``), stratified by stage, errors clustered by contact. Says
what the numbers say of those observed, and not why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from math import exp, isfinite
from typing import Any, ClassVar, Final

from attrs import evolve, field, frozen

from motfunnel.answers.cells import (
    COUNT,
    NAMED,
    NUMBER,
    P_VALUE,
    TEXT,
    Kind,
    between,
    cell,
    flat,
    plain,
)
from motfunnel.domain.funnel.condition import number
from motfunnel.domain.instant import MICROSECOND
from motfunnel.domain.moment import UNKNOWN
from motfunnel.errors import MissingExtraError, install
from motfunnel.reports.measure.clock import Readings
from motfunnel.reports.measure.grouping import Grouping, Partition
from motfunnel.statistics import Interval, holm
from motfunnel.text import counted

NOT_FITTED: Final = "the adjusted comparison could not be made"
_NOBODY: Final = "nobody is in it to whom the event came"
_ALIKE: Final = "all who are in it are alike"
_DECIDED: Final = "the stage says the group, and each stage has a pace of its own"
_FOLLOWS: Final = "some of what is held alike, or the group, follows from the rest"
_NO_NUMBERS: Final = (
    "no finite ratio fits: something occurs only with the event, or one more of a number says too "
    "little or too much"
)
_RATIO: Final = Kind("number", lambda ratio: f"{ratio:z,.2f}")
_DOUBT: Final = 0.05
IsTold = Callable[[Partition, str, str], bool]
"""Whether two groups of a partition may be compared."""
_NOTHING: Final = 1e-9  # of a number is what its mean leaves of it by rounding


@frozen(kw_only=True)
class HazardRow:
    """One thing of the model, and how much faster the event comes with it.

    Attributes:
        term: the group, or the value of what is held alike; of a number, one more of it.
        against: what it is compared with.
        coefficient: the logarithm of the ratio.
        ratio: the hazard with it over that without it, all else alike.
        interval: around the ratio, its errors clustered by contact.
        p_value: of Wald's test that the ratio is 1.
        adjusted: the same by Holm, for all the groups that are compared; None of what is held
            alike.
        proportional_p: of the test that the ratio is the same early and late; below 0.05 it is the
            mean of a ratio that changes.
    """

    term: str = field(metadata=cell(TEXT, "with"))
    against: str = field(metadata=cell(TEXT, NAMED))
    coefficient: float = field(metadata=cell(NUMBER))
    ratio: float = field(metadata=cell(_RATIO, "hazard ratio"))
    interval: Interval = field(metadata=cell(between(_RATIO), NAMED))
    p_value: float = field(metadata=cell(P_VALUE, NAMED))
    adjusted: float | None = field(default=None, metadata=cell(P_VALUE, "p by Holm"))
    proportional_p: float = field(metadata=cell(P_VALUE, NAMED))


@frozen(kw_only=True)
class Adjusted:
    """The adjusted comparison.

    Attributes:
        rows: first the groups, then what is held alike.
        observed: how many are in it.
        events: to how many of them the event came.
        left_out: of how many a number was not known.
        strata: the stages that have a pace of their own; empty where all left from one.
        not_held: what was to be held alike, and is unknown or the same of all who are in it.
        not_told: of what some ratios are not told, since the departures that they compare are of
            another patience, or were said.
        not_numbers: what is held alike value by value, for one that is no number.
    """

    row_class: ClassVar[type[HazardRow]] = HazardRow

    rows: tuple[HazardRow, ...]
    observed: int = field(metadata=cell(COUNT))
    events: int = field(metadata=cell(COUNT))
    left_out: int = field(metadata=cell(COUNT))
    strata: tuple[str, ...] = ()
    not_held: tuple[str, ...] = ()
    not_told: tuple[str, ...] = ()
    not_numbers: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The comparison, ready for JSON."""
        return plain(self) | {
            "strata": list(self.strata),
            "not_held": list(self.not_held),
            "not_told": list(self.not_told),
            "not_numbers": list(self.not_numbers),
            "rows": [plain(one) for one in self.rows],
        }

    def columns(self, terms: Sequence[str]) -> list[tuple[str, Kind, list[Any]]]:
        """What stands in lines of a table beside these terms; nothing beside the one compared with.

        What is held alike has no line there; ``to_dict`` has it.
        """
        of = {row.term: row for row in reversed(self.rows)}  # groups are the first of their term
        lines = [list(flat(HazardRow, of.get(term), "hazard_")) for term in terms]
        named = flat(HazardRow, before="hazard_")
        return [
            (name, kind, [line[n][2] for line in lines])
            for n, (name, kind, _) in enumerate(named)
            if name != "hazard_term"
        ]

    @property
    def caption(self) -> str:
        """What is printed above it."""
        apart = f", each stage at its own pace ({', '.join(self.strata)})" if self.strata else ""
        doubt = any(row.proportional_p < _DOUBT for row in self.rows)
        more = "; where the last column is below 0.05, the ratio changes with time" if doubt else ""
        gone = f"; {counted(self.left_out, 'other')} left out, a number unknown"
        compared = sum(row.adjusted is not None for row in self.rows)
        if compared > 1:
            more += f"; {compared} groups compared, their p adjusted for it by Holm"
        for told, names in (
            ("NOT held alike, as it is unknown or the same of all", self.not_held),
            ("no ratio between other patiences, or with what was said", self.not_told),
            ("value by value, as not all are numbers", self.not_numbers),
        ):
            more += f"; {told}: {', '.join(names)}" if names else ""
        return (
            f"All else alike, by Cox's model{apart}, over all of the observed time, whatever the "
            "window, errors clustered by contact: "
            f"{self.observed:,} observed, {counted(self.events, 'event')}"
            f"{gone if self.left_out else ''}{more}"
        )


@frozen
class Covariates:
    """What a model holds: columns of numbers, and what each stands for.

    Attributes:
        columns: by number; NaN where it is unknown.
        terms: of each column the term, and against what.
        held: which columns each thing has that is held alike, by its name.
        values: which columns each thing has that is no number, whether held alike or compared.
        not_numbers: what would be a number but for some of its values.
        not_told: columns that are held alike, and whose ratio is not told, each with whose it is.
    """

    columns: list[list[float]] = field(factory=list)
    terms: list[tuple[str, str]] = field(factory=list)
    held: dict[str, range] = field(factory=dict)
    values: list[tuple[str, range]] = field(factory=list)
    not_numbers: list[str] = field(factory=list)
    not_told: dict[int, str] = field(factory=dict)

    def add_values(self, called: str, parted: Partition, is_told: IsTold) -> None:
        """Add a column for each value but the one that others are compared with."""
        names, before = parted.names, len(self.columns)
        largest = Counter(names).most_common(1)[0][0]
        for value in sorted({*names} - {largest}):
            if not is_told(parted, value, largest):
                self.not_told[len(self.columns)] = called
            self.columns.append([float(one == value) for one in names])
            self.terms.append((f"{called} {value}", largest))
        self.values.append((called, range(before, len(self.columns))))

    def add(self, called: str, grouping: Grouping, parted: Partition, is_told: IsTold) -> None:
        """Add what is held alike: numbers as they are, everything else value by value."""
        before, names = len(self.columns), parted.names
        read = {name: number(name) for name in {*names} - {UNKNOWN}}
        others = sorted(name for name, one in read.items() if one is None)
        if not grouping.bands and 0 < len(others) < len(read) - len(others):
            of = f"{names.count(others[0]):,} of {len(names):,}"
            self.not_numbers.append(f"{called} (such as {others[0]!r}, {of})")
        if read and not grouping.bands and None not in read.values():
            nothing = float("nan")
            self.columns.append(
                [float(nothing if (n := read.get(x)) is None else n) for x in names]
            )
            self.terms.append((called, "1 less"))
        else:
            self.add_values(called, parted, is_told)
        self.held[called] = range(before, len(self.columns))


def adjust(
    chosen: Readings,
    groups: Partition,
    by: str,
    held: Sequence[tuple[str, Grouping, Partition]],
    confidence: float,
    is_told: IsTold,
) -> Adjusted | str:
    """Compare the groups of a cohort with other things held alike; or why that cannot be.

    Args:
        chosen: the cohort.
        groups: its groups.
        by: what these are.
        held: what is held alike, as it was written, and the values of each.
        confidence: of the intervals.
        is_told: whether two groups of a partition may be compared.

    Raises:
        MissingExtraError: lifelines is not installed.
    """
    model = Covariates()
    if len(chosen):
        model.add_values(by, groups, is_told)
        for called, grouping, values in held:
            model.add(called, grouping, values, is_told)
    day = timedelta(days=1) // MICROSECOND
    data: dict[str, list[Any]] = {
        "duration": [waited / day for waited in chosen.waited],
        "event": [*chosen.happened],
        "contact": [*chosen.contact],
        "stage": [stage or "" for stage in chosen.texts("stage")] or [""] * len(chosen),
    }
    return fit(data, model, confidence)


def fit(data: Mapping[str, list[Any]], model: Covariates, confidence: float) -> Adjusted | str:
    """Fit the model; or say why there is nothing to tell apart, or it cannot be fitted.

    Args:
        data: the columns ``duration``, ``event``, ``contact`` and ``stage``.
        model: the covariates.
        confidence: of the intervals.
    """
    lifelines, pandas = _lifelines(), import_module("pandas")
    numbers = {f"x{n}": values for n, values in enumerate(model.columns)}
    whole = pandas.DataFrame({**data, **numbers})
    frame = whole.dropna()
    vary = [name for name in numbers if frame[name].nunique() > 1]
    held = {f"x{n}" for own in model.held.values() for n in own}
    told, why = _told(frame, vary, held, model)
    if why:
        return why
    stages = sorted(frame["stage"].unique())
    frame = frame[["duration", "event", "contact", *["stage"][: len(stages) - 1], *told]]
    rows = _fitted(lifelines, frame, told, model.terms, confidence)
    if rows is None:
        return _NO_NUMBERS
    hidden = {f"x{n}": called for n, called in model.not_told.items() if f"x{n}" in rows}
    compared = [name for name in rows if name not in held and name not in hidden]
    adjusted = dict(zip(compared, holm([rows[one].p_value for one in compared]), strict=True))
    shown = (name for name in rows if name not in hidden)
    return Adjusted(
        rows=tuple(evolve(rows[name], adjusted=adjusted.get(name)) for name in shown),
        observed=len(frame),
        events=int(frame["event"].sum()),
        left_out=len(whole) - len(frame),
        strata=tuple(stages) if len(stages) > 1 else (),
        not_held=tuple(
            name for name, own in model.held.items() if not any(f"x{n}" in vary for n in own)
        ),
        not_told=tuple(dict.fromkeys(hidden.values())),
        not_numbers=tuple(model.not_numbers),
    )


def _told(
    frame: Any, vary: Sequence[str], held: Collection[str], model: Covariates
) -> tuple[list[str], str]:
    """Of which columns there is a ratio; or why the model cannot be fitted at all."""
    if not frame["event"].any():
        return [], _NOBODY
    if not vary:
        return [], _ALIKE
    told, decided = _within_stages(frame, vary)
    if not decided <= {*held}:
        return [], _DECIDED
    if not told:
        return [], _FOLLOWS
    without = next(filter(None, (_without_event(frame, model, *one) for one in model.values)), "")
    return told, without and f"to nobody with {without} the event came"


def _fitted(
    lifelines: Any,
    frame: Any,
    told: list[str],
    terms: Sequence[tuple[str, str]],
    confidence: float,
) -> dict[str, HazardRow] | None:
    """The ratio of each column; None where some is no finite number."""
    error = lifelines.exceptions
    failures = (error.ConvergenceError, error.ConvergenceWarning, ValueError, ArithmeticError)
    try:
        rows = dict(zip(told, _rows(lifelines, frame, told, terms, confidence), strict=True))
    except failures:  # a warning, where the host makes errors of them
        return None
    return rows if all(map(_is_finite, rows.values())) else None


def _rows(
    lifelines: Any,
    frame: Any,
    told: list[str],
    terms: Sequence[tuple[str, str]],
    confidence: float,
) -> Iterator[HazardRow]:
    unit = frame[told].std()  # lifelines warns of small numbers, and fails at large ones
    frame = frame.assign(**(frame[told] - frame[told].mean()) / unit)
    strata = ["stage"] if "stage" in frame else None
    fitter = lifelines.CoxPHFitter(alpha=1 - confidence)
    fitter.fit(frame, "duration", "event", strata=strata, cluster_col="contact")
    steady = lifelines.statistics.proportional_hazard_test(fitter, frame, time_transform="km")
    for name, p in zip(told, steady.p_value, strict=True):
        yield _row(fitter, name, unit[name], terms[int(name[1:])], float(p))


def _within_stages(frame: Any, vary: Sequence[str]) -> tuple[list[str], set[str]]:
    """What differs within stages, or nothing where one follows from others; and what does not.

    What a stage decides is held alike by that each stage has a pace of its own.
    """
    within = frame[vary] - frame.groupby("stage")[list(vary)].transform("mean")
    size = within.abs().max()
    told = [name for name in vary if size[name] > _NOTHING * frame[name].abs().max()]
    rank = import_module("numpy").linalg.matrix_rank((within / size)[told].to_numpy())
    return (told if rank == len(told) else []), {*vary} - {*told}


def _without_event(frame: Any, model: Covariates, called: str, own: range) -> str:
    """A value that occurs only without the event, of which no ratio has a bound; or nothing."""
    if not own:
        return ""
    values = frame[[f"x{n}" for n in own]]
    levels = {model.terms[n][0]: frame[f"x{n}"] > 0 for n in own}
    levels[f"{called} {model.terms[own[0]][1]}"] = values.sum(axis=1) == 0
    never = (
        name for name, level in levels.items() if level.any() and not frame["event"][level].any()
    )
    return next(never, "")


def _is_finite(row: HazardRow) -> bool:
    ends = (row.interval.lower, row.interval.upper)
    return all(map(isfinite, (row.coefficient, row.ratio, *ends, row.p_value, row.proportional_p)))


def _row(fitter: Any, name: str, unit: float, term: tuple[str, str], steady: float) -> HazardRow:
    one = fitter.summary.loc[name]
    lower, upper = (exp(float(end) / unit) for end in fitter.confidence_intervals_.loc[name])
    coefficient = float(one["coef"] / unit)
    return HazardRow(
        term=term[0],
        against=term[1],
        coefficient=coefficient,
        ratio=exp(coefficient),
        interval=Interval(lower=lower, upper=upper),
        p_value=float(one["p"]),
        proportional_p=steady,
    )


def _lifelines() -> Any:
    try:
        import_module("lifelines.statistics")
        import_module("lifelines.exceptions")
        return import_module("lifelines")
    except ModuleNotFoundError as error:
        needs = install("adjust")
        raise MissingExtraError(f"an adjusted comparison needs lifelines: {needs}") from error
