"""The referral yield: how many openings referrals bring, for each contact seen.

A ratio, no share: it may exceed one. An opening is credited to the latest referral before it,
whatever its own source says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Row
from motfunnel.answers.cells import COHORT, COUNT, NAMED, NUMBER, TEXT, between, cell
from motfunnel.answers.members import Members
from motfunnel.domain.columns import NEVER
from motfunnel.reports.facts.facts import Facts
from motfunnel.reports.facts.relations import NOBODY, Referrals
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort, bounds_of, in_period
from motfunnel.reports.remarks import names_gone, nobody_named
from motfunnel.statistics import Interval, Ratio

DEFINITION: Final = (
    "the contacts that opened in the period and that another contact had referred by then, each "
    "credited to the latest such referral, for each contact that was seen in the period; and for "
    "each contact that referred somebody in it"
)


@frozen(kw_only=True)
class YieldRow(Row):
    """The yield for each contact of some kind.

    Names stand behind ``openings`` and ``contacts``.

    Attributes:
        per: for each contact of which kind: ``was seen`` in the period, or ``referred``.
        k: openings for each; None, never 0, where there are no contacts.
        interval: around it, on the log scale, by what each contact gave; None where nobody gave
            anything, or all alike.
        openings: those credited to a referral.
        contacts: those that they are divided by.
    """

    per: str = field(metadata=cell(TEXT, "per {contact} that"))
    k: float | None = field(metadata=cell(NUMBER, NAMED))
    interval: Interval | None = field(metadata=cell(between(NUMBER), NAMED))
    openings: int = field(metadata=cell(COUNT, NAMED))
    contacts: int = field(metadata=cell(COUNT, NAMED))


@frozen(kw_only=True, repr=False)
class ReferralYield(Answer[YieldRow]):
    """What referrals bring: for each contact seen, and for each that referred.

    Attributes:
        period: of the openings, the activity and the referrals; half-open, None: no bound.
    """

    row_class: ClassVar[type[Row]] = YieldRow

    period: tuple[datetime | None, datetime | None] = field(metadata=cell(COHORT))

    @property
    def title(self) -> str:
        """What was asked, as a heading."""
        return "Referral yield" + in_period(self.period)


def _credited(
    found: Referrals, opened: Mapping[int, int], people: Sequence[str], period: Cohort
) -> list[tuple[int, int]]:
    """Each opening of the period that a referral led to, with who made that."""
    low, high = bounds_of(period)
    latest: dict[int, int] = {}
    for place, (whom, at) in enumerate(zip(found.referred, found.at, strict=True)):
        opened_at = opened.get(whom, NEVER)
        if found.names_another(place) and at <= opened_at and low <= opened_at < high:
            before = latest.setdefault(whom, place)
            if found.rank(place, people) > found.rank(before, people):
                latest[whom] = place
    return [(whom, found.contacts[place]) for whom, place in latest.items()]


def opened_of(source: Facts, contacts: Iterable[int]) -> dict[int, int]:
    """When some contacts opened; who did not is left out."""
    asked, opened = {*contacts}, source.openings()
    return {who: at for who, at in zip(*opened, strict=True) if who in asked}


def _rows(
    found: Referrals, source: Facts, period: Cohort, confidence: float
) -> tuple[YieldRow, ...]:
    """The yield for each contact seen, and for each that referred."""
    people, (low, high) = source.names.people.texts, bounds_of(period)
    credited = _credited(found, opened_of(source, found.referred), people, period)
    referring = {who for who, at in zip(found.contacts, found.at, strict=True) if low <= at < high}
    each = (("was seen", {*source.seen(period)}), ("referred", referring))
    return tuple(_row(per, credited, who, people, confidence) for per, who in each)


def _row(
    per: str,
    credited: Sequence[tuple[int, int]],
    contacts: set[int],
    people: Sequence[str],
    confidence: float,
) -> YieldRow:
    gave = Counter(referrer for _, referrer in credited)
    ratio = Ratio.of((gave[one], one in contacts) for one in contacts | gave.keys())
    return YieldRow(
        per=per,
        k=ratio.value,
        interval=ratio.interval(confidence),
        openings=ratio.numerator,
        contacts=ratio.denominator,
        names={
            "openings": Members(people, (whom for whom, _ in credited)),
            "contacts": Members(people, contacts),
        },
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
    cohort, (erased, _) = read_cohort(period, inquiry.instant), inquiry.erased()
    with inquiry.reading(keeps=frozenset({"referrals", "openings", "activity"})) as source:
        found, people = source.referrals(), source.names.people.texts
        rows = _rows(found, source, cohort, confidence)
    unnamed = sum(
        whom == NOBODY and people[who] in erased
        for who, whom in zip(found.contacts, found.referred, strict=True)
    )
    named = sum(map(found.names_another, range(len(found))))
    notes = (nobody_named(inquiry.funnel, len(found), named), names_gone(len(erased), unnamed))
    return ReferralYield(
        name="referral yield",
        definition=DEFINITION,
        rows=rows,
        period=cohort,
        notes=tuple(note for note in notes if note is not None),
        **inquiry.header(confidence),
    )
