"""The referral yield: how many openings referrals bring, for each active contact.

A ratio, no share: it may exceed one. An opening is credited to the latest referral before it,
whatever its own source says.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import ClassVar, Final

from attrs import field, frozen

from motfunnel.answers.answer import Answer, Row
from motfunnel.answers.cells import COHORT, COUNT, LEVEL, NUMBER, TEXT, between, cell
from motfunnel.domain.moment import Moment
from motfunnel.reports.facts.facts import Referring
from motfunnel.reports.inquiry import Inquiry
from motfunnel.reports.measure.arguments import CONFIDENCE, Bounds, read_cohort
from motfunnel.reports.measure.clock import Cohort, in_period, lies_in
from motfunnel.reports.remarks import names_gone, nobody_named
from motfunnel.statistics import Interval, Ratio

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


@frozen(kw_only=True, repr=False)
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


def _named(found: Referring) -> int:
    """How many referrals name another contact."""
    return sum(one.referred not in (None, one.moment.contact) for one in found.referrals)


def _credited(found: Referring, period: Cohort) -> list[tuple[str, str]]:
    """Each opening of the period that a referral led to, with who made that."""
    by_referred: dict[str, list[Moment]] = {}
    for one in found.referrals:
        if one.referred is not None and one.referred != one.moment.contact:
            by_referred.setdefault(one.referred, []).append(one.moment)
    credited = []
    for contact, opened_at in sorted(found.opened.items()):
        before = [
            (one.occurred_at, one.event_id or "", one.contact)
            for one in by_referred.get(contact, ())
            if one.occurred_at <= opened_at
        ]
        if before and lies_in(period, opened_at):
            credited.append((contact, max(before)[2]))
    return credited


def _rows(found: Referring, period: Cohort, confidence: float) -> tuple[YieldRow, ...]:
    """The yield for each active contact, and for each that referred."""
    credited = _credited(found, period)
    made = (one.moment for one in found.referrals)
    referring = {one.contact for one in made if lies_in(period, one.occurred_at)}
    return tuple(
        _row(per, credited, contacts, confidence)
        for per, contacts in (("was active", found.active), ("referred", referring))
    )


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
    cohort = read_cohort(period)
    erased, _ = inquiry.erased()
    with inquiry.reading() as source:
        found = source.referring(cohort)
    unnamed = sum(one.referred is None and one.moment.contact in erased for one in found.referrals)
    notes = (
        nobody_named(inquiry.funnel, len(found.referrals), _named(found)),
        names_gone(len(erased), unnamed),
    )
    return ReferralYield(
        name="referral yield",
        definition=DEFINITION,
        rows=_rows(found, cohort, confidence),
        period=cohort,
        notes=tuple(note for note in notes if note is not None),
        **inquiry.header(confidence),
    )
