"""Questions put through the older lenses: the same events by the models that came before.

Counts and follows; what a class is, ``domain.lens`` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from motfunnel.domain.lens import CARLZON, LENSES, ULTIMATE, ZERO_TO_ULTIMATE
from motfunnel.errors import QuestionError
from motfunnel.reports.clock import lies_in
from motfunnel.reports.lens import LensAnswer, LensFacts, LensRow, Link, Loop, UltimateLens, gather
from motfunnel.reports.question import CONFIDENCE, Bounds, Question, read_cohort
from motfunnel.reports.touchpoint_rows import NO_SCORES
from motfunnel.statistics import Ratio
from motfunnel.store.referrals import Referral
from motfunnel.text import counted


class AboutLenses(Question):
    """The older models of the moments of truth."""

    def lens(
        self, name: str, *, period: Bounds | None = None, confidence: float = CONFIDENCE
    ) -> LensAnswer:
        """How many events and contacts belong to each class of an older model.

        The lenses are ``carlzon`` (any experience, good, bad or in between, per touchpoint),
        ``lafley`` (first, second and third moment), ``ultimate`` (zero, first, second and ultimate
        moment, with the loop from the last to the zero moments and openings that it made) and
        ``eight`` (the moments of the journey). Events of the business and notes belong to no class.

        Args:
            name: which lens.
            period: events from the first instant on, before the second; None leaves an end open.
            confidence: of the intervals in the loop.

        Raises:
            QuestionError: there is no such lens; its text lists them.
        """
        if not isinstance(name, str) or name not in LENSES:
            raise QuestionError(f"no lens is called {name!r}; there are: {', '.join(LENSES)}")
        lens = LENSES[name]
        facts = LensFacts(lens, read_cohort(period))
        with self._reading() as source:
            gather(source, facts)
        told: dict[str, Any] = {
            "name": "lens",
            "lens": name,
            "definition": lens.definition,
            "rows": tuple(_rows(facts)),
            "period": facts.period,
            "notes": _notes(facts),
        }
        told |= self._asked(confidence)
        if lens is not ZERO_TO_ULTIMATE:
            return LensAnswer(**told)
        links = _links(facts)
        return UltimateLens(loop=_loop(facts, links, confidence), links=links, **told)


def _notes(facts: LensFacts) -> tuple[str, ...]:
    """That nothing has a score, or how many events with one are of no class."""
    if facts.scored_aside:
        of = ", ".join(f"{signal.label} {n:,}" for signal, n in sorted(facts.scored_aside.items()))
        many = counted(facts.scored_aside.total(), "event")
        told = f"{many} with a score that belong to no class ({of})"
        return (f"left out: {told}; touchpoints counts them",)
    return (NO_SCORES,) if facts.lens is CARLZON and not facts.counted else ()


def _rows(facts: LensFacts) -> Iterator[LensRow]:
    """A row for each class, of each touchpoint where they are told apart."""
    events: Counter[tuple[str | None, str]] = Counter()
    contacts: dict[tuple[str | None, str], list[str]] = {}
    for (touchpoint, of_class, contact), count in facts.counted.items():
        events[touchpoint, of_class] += count
        contacts.setdefault((touchpoint, of_class), []).append(contact)
    places: list[str | None] = [None]
    if facts.lens is CARLZON:
        places = [*sorted({touchpoint or "" for touchpoint, _ in events})]
    for touchpoint in places:
        for of_class in facts.lens.classes:
            who = tuple(sorted(contacts.get((touchpoint, of_class), ())))
            yield LensRow(
                touchpoint=touchpoint,
                of_class=of_class,
                events=events[touchpoint, of_class],
                contacts=len(who),
                names={"contacts": who},
            )


def _links(facts: LensFacts) -> tuple[Link, ...]:
    """Follow each referral of the period to the contact that it named."""
    credited: dict[str, tuple[Any, ...]] = {}
    for one in facts.referrals:
        whom = one.referred
        if whom is not None and whom in facts.opened and facts.makes_zero_moment(one):
            credited[whom] = max(credited.get(whom, ()), _place(one))
    followed = [
        (_place(one), _link(one, facts, credited))
        for one in facts.referrals
        if one.referred not in (None, one.moment.contact)
        and lies_in(facts.period, one.moment.occurred_at)
    ]
    return tuple(link for _, link in sorted(followed, key=lambda pair: pair[0]))


def _place(referral: Referral) -> tuple[Any, ...]:
    moment = referral.moment
    return moment.occurred_at, moment.event_id or "", moment.contact, moment.recorded_as or ""


def _link(referral: Referral, facts: LensFacts, credited: dict[str, tuple[Any, ...]]) -> Link:
    whom, moment = referral.referred or "", referral.moment
    opened_at = facts.opened.get(whom)
    is_zero = facts.makes_zero_moment(referral)
    own = [
        at
        for at in facts.researched.get(whom, ())
        if at >= moment.occurred_at and (opened_at is None or at <= opened_at)
    ]
    return Link(
        contact=moment.contact,
        occurred_at=moment.occurred_at,
        event_id=moment.event_id,
        referred=whom,
        zero_moment=is_zero,
        researched=len(own) if is_zero else 0,
        opened_at=opened_at,
        credited=credited.get(whom) == _place(referral),
    )


def _loop(facts: LensFacts, links: tuple[Link, ...], confidence: float) -> Loop:
    told = {who: n for (_, of_class, who), n in facts.counted.items() if of_class == ULTIMATE}
    zero = Counter(link.contact for link in links if link.zero_moment)
    opened = Counter(link.contact for link in links if link.credited)
    zero_each = Ratio.of((zero[who], n) for who, n in sorted(told.items()))
    opened_each = Ratio.of((opened[who], n) for who, n in sorted(told.items()))
    return Loop(
        ultimate_moments=sum(told.values()),
        referrals=len(links),
        zero_moments=zero_each.numerator,
        zero_moments_each=zero_each.value,
        zero_moments_interval=zero_each.interval(confidence),
        openings=opened_each.numerator,
        openings_each=opened_each.value,
        openings_interval=opened_each.interval(confidence),
    )
