"""The referral yield: how many openings referrals bring, for each active contact.

A ratio, no share: it may exceed one. An opening is credited to the latest referral before it,
whatever its own source says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final

from attrs import define, evolve, field, frozen

from motfunnel.answers.answer import Answer, Row
from motfunnel.answers.cells import COHORT, COUNT, LEVEL, NUMBER, TEXT, between, cell
from motfunnel.domain.journey import Journey
from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.reports.facts.known import Known
from motfunnel.reports.facts.stored import Stored
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import in_period, lies_in
from motfunnel.reports.remarks import nobody_named
from motfunnel.statistics import Interval, Ratio
from motfunnel.store.ledger.identity import follow, known_pointers
from motfunnel.store.queries.events import read_active
from motfunnel.store.queries.moments import Referral, read_referrals, read_stories

DEFINITION: Final = (
    "the contacts that opened in the period and that another contact had referred by then, each "
    "credited to the latest such referral, for each contact that was active in the period; and for "
    "each contact that referred somebody in it"
)


@frozen(kw_only=True)
class YieldRow(Row):
    """The yield for each contact of some kind.

    Names stand behind ``openings`` and ``contacts``.

    Attributes:
        per: for each contact of which kind: ``active``, or ``referred``.
        k: openings for each; None, never 0, where there are no contacts.
        interval: around it, on the log scale, by what each contact gave; None where nobody gave
            anything, or all alike.
        openings: those credited to a referral.
        contacts: those that they are divided by.
    """

    per: str = field(metadata=cell(TEXT, "per contact that"))
    k: float | None = field(metadata=cell(NUMBER, "K"))
    interval: Interval | None = field(metadata=cell(between(NUMBER), LEVEL))
    openings: int = field(metadata=cell(COUNT, "openings"))
    contacts: int = field(metadata=cell(COUNT, "contacts"))


@frozen(kw_only=True)
class ReferralYield(Answer[YieldRow]):
    """What referrals bring: for each active contact, and for each that referred.

    Attributes:
        period: of the openings, the activity and the referrals; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = YieldRow

    period: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Referral yield" + in_period(self.period)


@define
class Facts:
    """Who referred whom, who opened, and who was active in the period."""

    period: tuple[datetime | None, datetime | None]
    referrals: list[Referral] = field(factory=list)
    openings: list[Moment] = field(factory=list)
    active: set[str] = field(factory=set)

    def named(self) -> int:
        """How many referrals name another contact."""
        return sum(one.referred not in (None, one.moment.contact) for one in self.referrals)

    def credited(self) -> list[tuple[str, str]]:
        """Each opening of the period that a referral led to, with who made that."""
        by_referred: dict[str, list[Moment]] = {}
        for one in self.referrals:
            if one.referred is not None and one.referred != one.moment.contact:
                by_referred.setdefault(one.referred, []).append(one.moment)
        found = []
        for opening in sorted(self.openings, key=lambda moment: moment.contact):
            before = [
                (one.occurred_at, one.event_id or "", one.contact)
                for one in by_referred.get(opening.contact, ())
                if one.occurred_at <= opening.occurred_at
            ]
            if before and lies_in(self.period, opening.occurred_at):
                found.append((opening.contact, max(before)[2]))
        return found

    def rows(self, confidence: float) -> tuple[YieldRow, ...]:
        """The yield for each active contact, and for each that referred."""
        credited = self.credited()
        made = (one.moment for one in self.referrals)
        referring = {one.contact for one in made if lies_in(self.period, one.occurred_at)}
        return tuple(
            _row(per, credited, contacts, confidence)
            for per, contacts in (("was active", self.active), ("referred", referring))
        )


def _gather(source: Stored, facts: Facts) -> None:
    facts.referrals += read_referrals(source.extent)
    for _, moments in read_stories(source.extent, [MomentKind.OPENING]):
        facts.openings += (one for one in moments if lies_in(facts.period, one.occurred_at))
    facts.active.update(read_active(source.extent, facts.period))


def _gather_known(source: Known, facts: Facts) -> None:
    extent = source.stored.extent
    into = known_pointers(extent.connection, extent.tables, extent.tenant, source.known_by)
    for one in source.histories():
        facts.openings += (m for m in one.journey.moments if m.kind is MomentKind.OPENING)
        facts.referrals += referrals_of(one.journey, into)
        if any(lies_in(facts.period, at) for at in one.touches()):
            facts.active.add(one.contact)
    _gather(evolve(source.stored, extent=evolve(extent, erased_only=True)), facts)


def referrals_of(journey: Journey, into: dict[str, str]) -> Iterable[Referral]:
    """The referrals of a journey, each with whom it led to by pointers that were known."""
    for moment in journey.moments:
        if moment.kind is MomentKind.REFERRAL:
            whom = None if moment.referred is None else follow(into, moment.referred)
            yield Referral(moment=moment, referred=whom)


def _row(
    per: str, credited: list[tuple[str, str]], contacts: set[str], confidence: float
) -> YieldRow:
    gave = Counter(referrer for _, referrer in credited)
    ratio = Ratio.of((gave[one], one in contacts) for one in contacts | gave.keys())
    return YieldRow(
        per=per,
        k=ratio.value,
        interval=ratio.interval(confidence),
        openings=ratio.numerator,
        contacts=ratio.denominator,
        names={"openings": tuple(one for one, _ in credited), "contacts": tuple(sorted(contacts))},
    )


def referrals(
    inquiry: Inquiry, *, period: Bounds | None = None, confidence: float = CONFIDENCE
) -> ReferralYield:
    """How many openings referrals bring.

    Numerator: contacts that opened in the period, credited to the latest referral by another
    contact no later than the opening. Denominator: contacts with an event in the period that
    kept them alive; and separately, contacts with a referral in it. An empty denominator gives
    None.

    Args:
        period: from the first instant on, before the second; None leaves an end open.
        confidence: of the intervals.
    """
    facts = Facts(read_cohort(period))
    with inquiry.reading() as source:
        if isinstance(source, Known):
            _gather_known(source, facts)
        else:
            _gather(source, facts)
    note = nobody_named(inquiry.funnel, len(facts.referrals), facts.named())
    return ReferralYield(
        name="referral yield",
        definition=DEFINITION,
        rows=facts.rows(confidence),
        period=facts.period,
        notes=() if note is None else (note,),
        **inquiry.header(confidence),
    )
