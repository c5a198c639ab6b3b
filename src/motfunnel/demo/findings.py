"""What the tour tells: found in one pass over all moments, or asked of reports. Prints nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from attrs import define, field, frozen

from motfunnel.domain.moment import Moment, MomentKind
from motfunnel.reports.measure.rate import Rate
from motfunnel.reports.report import Report

YEAR = timedelta(days=365)
_TELLING = 14
"""The longest story, in moments, that fits the screen."""


@define
class Findings:
    """Counts over all contacts.

    Attributes:
        moments: how many there are of each kind.
        contacts: how many contacts have one of that kind.
        years: for each kind, how many fall into each year.
        after_complaint: whose complaints were followed by which moment; None: by none yet.
        teller: the contact whose story has most kinds of moments and yet fits the screen.
    """

    moments: Counter[MomentKind] = field(factory=Counter)
    contacts: Counter[MomentKind] = field(factory=Counter)
    years: defaultdict[MomentKind, Counter[int]] = field(factory=lambda: defaultdict(Counter))
    after_complaint: defaultdict[MomentKind | None, list[str]] = field(
        factory=lambda: defaultdict(list)
    )
    teller: str = ""


@frozen
class YearOfDeparture:
    """What became of those whose first departure of a year lay in it."""

    year: int
    rate: Rate


def find(moments: Iterable[Moment]) -> Findings:
    """Count over moments that come contact by contact, each contact's in order."""
    findings = Findings()
    best = 0
    for contact, group in groupby(moments, lambda moment: moment.contact):
        story = list(group)
        kinds = {moment.kind for moment in story}
        findings.contacts.update(kinds)
        for moment, following in zip(story, [*story[1:], None], strict=True):
            findings.moments[moment.kind] += 1
            findings.years[moment.kind][moment.occurred_at.year] += 1
            if moment.kind is MomentKind.COMPLAINT:
                findings.after_complaint[following.kind if following else None].append(contact)
        if len(story) <= _TELLING and len(kinds) > best:
            findings.teller, best = contact, len(kinds)
    return findings


def returns_by_year(report: Report, years: Iterable[int]) -> Iterator[YearOfDeparture]:
    """Ask, for each year of departure, what share was back within a year."""
    for year in years:
        departed = (datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
        yield YearOfDeparture(year, report.recidivism(within=YEAR, departed=departed))
