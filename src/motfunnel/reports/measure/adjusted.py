"""Groups compared with other things held alike: Cox's model of how fast the event comes.

Fitted by lifelines (the extra ``adjust``), stratified by stage, errors clustered by contact. Says
what the numbers say of those observed, and not why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from math import exp
from typing import Any, ClassVar, Final

from attrs import field, frozen

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
from motfunnel.statistics import Interval
from motfunnel.text import counted

NOT_FITTED: Final = (
    "the adjusted comparison could not be made: some of what is held alike occurs only with the "
    "event, or only without it, or says the same as the groups"
)
_RATIO: Final = Kind("number", lambda ratio: f"{ratio:.2f}")
_DOUBT: Final = 0.05


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
        proportional_p: of the test that the ratio is the same early and late; below 0.05 it is the
            mean of a ratio that changes.
    """

    term: str = field(metadata=cell(TEXT, "with"))
    against: str = field(metadata=cell(TEXT, NAMED))
    coefficient: float = field(metadata=cell(NUMBER))
    ratio: float = field(metadata=cell(_RATIO, "hazard ratio"))
    interval: Interval = field(metadata=cell(between(_RATIO), NAMED))
    p_value: float = field(metadata=cell(P_VALUE, NAMED))
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
    """

    row_class: ClassVar[type[HazardRow]] = HazardRow

    rows: tuple[HazardRow, ...]
    observed: int = field(metadata=cell(COUNT))
    events: int = field(metadata=cell(COUNT))
    left_out: int = field(metadata=cell(COUNT))
    strata: tuple[str, ...] = ()
    not_held: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The comparison, ready for JSON."""
        return plain(self) | {
            "strata": list(self.strata),
            "not_held": list(self.not_held),
            "rows": [plain(one) for one in self.rows],
        }

    def columns(self, terms: Sequence[str]) -> list[tuple[str, Kind, list[Any]]]:
        """What stands in lines of a table beside these terms; nothing beside the one compared with.

        What is held alike has no line there; ``to_dict`` has it.
        """
        of = {row.term: row for row in self.rows}
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
        if self.not_held:
            more += f"; NOT held alike, as it is unknown or the same of all: {self.not_held[0]}"
            more += "".join(f", {one}" for one in self.not_held[1:])
        return (
            f"All else alike, by Cox's model{apart}, errors clustered by contact: "
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
    """

    columns: list[list[float]] = field(factory=list)
    terms: list[tuple[str, str]] = field(factory=list)
    held: dict[str, range] = field(factory=dict)

    def add_values(self, called: str, names: Sequence[str], largest: str) -> None:
        """Add a column for each value but the one that others are compared with."""
        for value in sorted({*names} - {largest}):
            self.columns.append([float(one == value) for one in names])
            self.terms.append((f"{called} {value}", largest))

    def add(self, grouping: Grouping, names: Sequence[str]) -> None:
        """Add what is held alike: numbers as they are, everything else value by value."""
        before = len(self.columns)
        read = {name: number(name) for name in {*names} - {UNKNOWN}}
        if read and not grouping.bands and None not in read.values():
            nothing = float("nan")
            self.columns.append(
                [float(nothing if (n := read.get(x)) is None else n) for x in names]
            )
            self.terms.append((grouping.written, "1 less"))
        else:
            self.add_values(grouping.written, names, Counter(names).most_common(1)[0][0])
        self.held[grouping.written] = range(before, len(self.columns))


def adjust(
    chosen: Readings,
    groups: Partition,
    by: str,
    held: Sequence[tuple[Grouping, Partition]],
    confidence: float,
) -> Adjusted | None:
    """Compare the groups of a cohort with other things held alike; None where that cannot be.

    Args:
        chosen: the cohort.
        groups: its groups.
        by: what these are.
        held: what is held alike, and the values of each.
        confidence: of the intervals.

    Raises:
        MissingExtraError: lifelines is not installed.
    """
    model = Covariates()
    if len(chosen):
        model.add_values(by, groups.names, Counter(groups.names).most_common(1)[0][0])
        for grouping, values in held:
            model.add(grouping, values.names)
    day = timedelta(days=1) // MICROSECOND
    data: dict[str, list[Any]] = {
        "duration": [waited / day for waited in chosen.waited],
        "event": [*chosen.happened],
        "contact": [*chosen.contact],
        "stage": [stage or "" for stage in chosen.texts("stage")] or [""] * len(chosen),
    }
    return fit(data, model, confidence)


def fit(data: Mapping[str, list[Any]], model: Covariates, confidence: float) -> Adjusted | None:
    """Fit the model; None where there is nothing to tell apart, or it cannot be fitted.

    Args:
        data: the columns ``duration``, ``event``, ``contact`` and ``stage``.
        model: the covariates.
        confidence: of the intervals.
    """
    lifelines, pandas = _lifelines(), import_module("pandas")
    numbers = {f"x{n}": values for n, values in enumerate(model.columns)}
    whole = pandas.DataFrame({**data, **numbers})
    frame = whole.dropna()
    told = [name for name in numbers if frame[name].nunique() > 1]
    if not told or not frame["event"].any():
        return None
    stages = sorted(frame["stage"].unique())
    strata = ["stage"] if len(stages) > 1 else None
    frame = frame[["duration", "event", "contact", *(strata or ()), *told]]
    fitter = lifelines.CoxPHFitter(alpha=1 - confidence)
    try:
        fitter.fit(frame, "duration", "event", strata=strata, cluster_col="contact")
    except (lifelines.exceptions.ConvergenceError, ValueError, ArithmeticError):
        return None
    steady = lifelines.statistics.proportional_hazard_test(fitter, frame, time_transform="rank")
    p_values = [float(p) for p in steady.p_value]
    return Adjusted(
        rows=tuple(
            _row(fitter, name, model.terms[int(name[1:])], p)
            for name, p in zip(told, p_values, strict=True)
        ),
        observed=len(frame),
        events=int(frame["event"].sum()),
        left_out=len(whole) - len(frame),
        strata=tuple(stages) if strata else (),
        not_held=tuple(
            name for name, own in model.held.items() if not any(f"x{n}" in told for n in own)
        ),
    )


def _row(fitter: Any, name: str, term: tuple[str, str], steady: float) -> HazardRow:
    one = fitter.summary.loc[name]
    lower, upper = (exp(float(end)) for end in fitter.confidence_intervals_.loc[name])
    return HazardRow(
        term=term[0],
        against=term[1],
        coefficient=float(one["coef"]),
        ratio=float(one["exp(coef)"]),
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
