"""Recovery: how many of those who complain come round, and whether they buy or praise first.

Its clock, its words, and the question.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from typing import Any, Final, Self

from attrs import field, frozen

from motfunnel.domain.columns import NEVER, Column, column
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.instant import Duration
from motfunnel.domain.moment import MomentKind
from motfunnel.domain.signal import Signal
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.moments import PLACES
from motfunnel.reports.facts.relations import Happenings, places_of
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, Unit
from motfunnel.reports.measure.clock import Clocks, Names
from motfunnel.reports.measure.grouping import By
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.measure.trend import Per
from motfunnel.reports.window import IN_THE_COHORT, Asked, Windowed
from motfunnel.reports.windowed import adjust_rate, ask_rate
from motfunnel.store.queries.happenings import Wanted

PURCHASE: Final = "purchase"
ADVOCACY: Final = "advocacy"
PRAISE_OR_PURCHASE: Final = frozenset(
    {Signal.PURCHASE, Signal.RATING, Signal.REFER, Signal.ADVOCATE}
)
_COMPLAINT, _DEPART, _APOSTLE = map(
    PLACES.__getitem__, (MomentKind.COMPLAINT, MomentKind.DEPART, MomentKind.APOSTLE)
)


@frozen(kw_only=True, eq=False)
class Complaints:
    """The complaints of everybody, in columns: contact by contact, each contact's in order.

    Attributes:
        contact: who complained.
        at: when.
        stage: the stage that held.
        departed: when the contact departed next.
        key: the event that complained, where that is asked for.
        praised: of contacts that complained, when they became apostles.
    """

    contact: Column = field(factory=column)
    at: Column = field(factory=column)
    stage: Column = field(factory=column)
    departed: Column = field(factory=column)
    key: list[Hashable] = field(factory=list)
    praised: defaultdict[int, list[int]] = field(factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, facts: Facts, asked: Asked, *others: MomentKind) -> Self:
        """Read them, with moments of other kinds."""
        kinds = frozenset({MomentKind.COMPLAINT, MomentKind.CONVERSION, *others})
        columns = ("at", "labels", *asked.events)
        found = facts.moments(kinds, *columns, having=MomentKind.COMPLAINT)
        labels, made = facts.names.labels, cls()
        first, none = labels[facts.funnel.stages[0]], labels[None]
        stage = whose = waiting = -1
        moments = zip(found.contacts, found.kinds, found.labels, found.at, strict=True)
        for place, (contact, kind, label, at) in enumerate(moments):
            if contact != whose:
                whose, stage, waiting = contact, first, len(made.at)
            stage = stage if label == none else label
            if kind == _COMPLAINT:
                made._add(contact, at, stage)
                made.key.extend(found.events[place : place + 1])
            elif kind == _DEPART:
                made.departed[waiting:] = column([at]) * (len(made.at) - waiting)
                waiting = len(made.at)
            elif kind == _APOSTLE:
                made.praised[contact].append(at)
        return made

    def _add(self, contact: int, at: int, stage: int) -> None:
        self.contact.append(contact)
        self.at.append(at)
        self.stage.append(stage)
        self.departed.append(NEVER)

    def clocks(self, names: Names, ended: Column, cause: Column | None = None) -> Clocks:
        """From each complaint to what ended its clock."""
        return Clocks(
            names=names,
            contact=self.contact,
            key=self.key,
            started=self.at,
            ended=ended,
            stage=self.stage,
            cause=column() if cause is None else cause,
        )


def recoveries(facts: Facts, asked: Asked) -> Clocks:
    """From each complaint to the first purchase or advocacy after it."""
    recovering = read_recovering(facts)
    made = Complaints.read(facts, asked, MomentKind.APOSTLE)
    return made.clocks(facts.names, *first_recoveries(facts, made, recovering))


def read_recovering(facts: Facts) -> Happenings:
    """Read what could recover of those who complained."""
    reads = {**dict.fromkeys(PRAISE_OR_PURCHASE), Signal.RATING: partial(_argument, facts.funnel)}
    return facts.happenings(Wanted(reads=reads, having=MomentKind.COMPLAINT))


def first_recoveries(facts: Facts, made: Complaints, found: Happenings) -> tuple[Column, Column]:
    """When whoever complained first purchased or advocated after that, and which it was.

    What recovers ranks before a complaint of the same instant, and so comes later in time.
    """
    labels, places = facts.names.labels, places_of(found.contacts)
    none, bought, praised = map(labels.__getitem__, (None, PURCHASE, ADVOCACY))
    enough, ended, causes = facts.funnel.apostle_after_referrals, column(), column()
    recovering, whose = list[tuple[int, bool]](), -1
    for contact, at in zip(made.contact, made.at, strict=True):
        if contact != whose:
            whose, mine = contact, places.get(contact, range(0))
            # All that is left of the praise of one who was erased is the moment.
            told = ((one, True) for one in made.praised.get(contact, ()))
            recovering = sorted([*_recovering(found, mine, enough), *told])
        later = bisect_right(recovering, at, key=itemgetter(0))
        end, is_praise = recovering[later] if later < len(recovering) else (NEVER, None)
        ended.append(end)
        causes.append(none if is_praise is None else praised if is_praise else bought)
    return ended, causes


def _argument(funnel: Funnel, name: str, properties: Mapping[str, Any]) -> int:
    return funnel.read_stored(name, properties).argument


def _recovering(found: Happenings, places: range, enough: int | None) -> Iterator[tuple[int, bool]]:
    """When a contact did what could recover, and whether that was advocacy."""
    referrals = 0
    for place in places:
        signal, at = found.signals[place], found.at[place]
        if signal == Signal.REFER:
            referrals += 1
            if enough is not None and referrals >= enough:
                yield at, True
        elif signal != Signal.RATING or found.said[place] == 1:
            yield at, signal != Signal.PURCHASE


RECOVERY: Final = Windowed(
    name="recovery",
    definition=(
        f"of the complaints {IN_THE_COHORT}, the share followed within it by a purchase or by "
        "advocacy, whether or not these were moments"
    ),
    since="the complaint",
    event="purchased or advocated",
    clocks=recoveries,
    start=frozenset({MomentKind.COMPLAINT}),
    awaits=PRAISE_OR_PURCHASE,
    groups=frozenset({"stage"}),
    causes=(PURCHASE, ADVOCACY),
    keeps=frozenset({MomentKind.COMPLAINT, MomentKind.CONVERSION, MomentKind.APOSTLE}),
)


def recovery(
    inquiry: Inquiry,
    *,
    within: Duration,
    complained: Bounds | None = None,
    by: By = None,
    adjust: By = None,
    per: Per | None = None,
    unit: Unit = "contact",
    confidence: float = CONFIDENCE,
) -> Rate:
    """How many of those who complain come round, and whether they buy or praise first.

    Numerator: mature complaints followed, within the window, by a purchase or by advocacy:
    what the funnel takes for it, whether or not it was a moment. Denominator: complaints in
    the cohort that were observed for the whole window. An empty denominator gives None.

    Args:
        within: the window after the complaint; its edge belongs to it. What happened at the
            very instant of the complaint came before it.
        complained: the cohort: complaints from the first instant on, before the second.
        by: ``stage``, ``source``, a trait, or ``event`` or ``property:NAME`` of the complaint,
            as in ``recidivism``.
        adjust: what to hold alike between these groups, as in ``recidivism``.
        per: ``day``, ``week``, ``month``, ``quarter`` or ``year``: a row for each such period of
            the complaint, with the change from the period before; None: one row of all.
        unit: ``contact`` for each contact's first complaint in the cohort, ``episode`` for all.
        confidence: of the intervals.
    """
    answer = ask_rate(inquiry, RECOVERY, within, complained, by, unit, confidence, per)
    return adjust_rate(inquiry, RECOVERY, answer, by, adjust)
