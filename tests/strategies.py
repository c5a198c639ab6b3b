"""Hypothesis strategies that all property tests share: funnels, histories, instants, rows.

A history is drawn from few ids and a coarse grid of instants, one microsecond to either side
included, and every patience is a whole number of the grid's hours, or a rhythm of such. So events
tie, deadlines are hit exactly and missed by a microsecond, and duplicates and disorder are the
rule.

A `Story` is a funnel as the oracle reads it; `make_funnel` makes the library's funnel of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from motfunnel.domain.event import IDENTIFY, Event, make_event
from motfunnel.domain.funnel import rule as rules
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm, rhythm
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.instant import iso
from tests.oracle import Story

RESERVED = (IDENTIFY, "default")
"""Names that are our own: of events, of stages."""

START = datetime(2024, 2, 28, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
NEVER = timedelta(days=400)

CONTACTS = ("ada", "bob", "Ada", "日本")
IDS = ("a", "b", "B", "é", "z", "0", "10", "9", "\uffff", "😀", "a b", "ß", "ss", "Z")
"""Ids whose order differs between collations; by code point it is the one that counts."""

STAGES = ("visitor", "lead", "prospect", "customer")
UNMAPPED = "heard_of"
"""An event that no rule names."""

STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
"""The characters that every database keeps: no NUL, no half of a surrogate pair."""


# Texts.


def texts(most: int = 20) -> st.SearchStrategy[str]:
    """Any text that can be a contact, an id, or the name of an event, a stage or a property."""
    usable = st.text(STORABLE, min_size=1, max_size=most)
    return usable.filter(lambda text: bool(text.strip()) and text not in RESERVED)


VALUES = [0, 40, 0.1, -0.2, "12.50", " -3 ", "", None, "0.000001", "999999999999.999999", 1e2]
"""What purchases are worth; below 0 they are refunds."""
WORTH = {"property": "worth"}


# Funnels.


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A funnel in the oracle's form: its stages, every signal, and any thresholds."""
    stages = [*draw(st.sampled_from([STAGES[:1], STAGES[:2], STAGES[:3]])), STAGES[3]]
    return {
        "stages": stages,
        "rules": draw(vocabularies(stages)),
        "patience": {stage: draw(waits()) for stage in stages},
        "loyal_after": draw(st.integers(2, 3)),
        "loyal_apart": draw(st.sampled_from([timedelta(0), MICROSECOND, HOUR, 2 * HOUR])),
        "apostle_after_referrals": draw(st.sampled_from([None, 1, 2, 3])),
        "unmapped": draw(st.sampled_from(["note", "touch"])),
    }


def waits() -> st.SearchStrategy[timedelta | Story | None]:
    """A patience: mostly a duration, else a rhythm, or none."""
    plain = [HOUR, 2 * HOUR, 3 * HOUR, HOUR + MICROSECOND, None]
    return st.one_of(st.sampled_from(plain), st.sampled_from(plain), rhythms())


def rhythms() -> st.SearchStrategy[Story]:
    """A rhythm in the oracle's form; gaps of whole hours often give a deadline on the grid."""
    return st.fixed_dictionaries(
        {
            "tenths": st.sampled_from([5, 10, 13, 15, 20]),
            "usual": st.sampled_from([HOUR, HOUR, 2 * HOUR, HOUR + MICROSECOND]),
            "at_least": st.sampled_from([MICROSECOND, HOUR, 2 * HOUR]),
            "at_most": st.sampled_from([2 * HOUR, 3 * HOUR, NEVER]),
        }
    )


@st.composite
def vocabularies(draw: st.DrawFn, stages: Sequence[str]) -> Story:
    """The rules of a story: an event name for each signal, and some that need conditions."""
    outreach = st.sampled_from(
        [{}, {"arm": "arm"}, {"arm": "arm", "holdout": "control"}, {"arm": "arm", "holdout": "0"}]
    )
    leaving_or_reaching = [
        {"signal": "leave", "property": "reason", "when": {"plan": "free"}},
        {"signal": "reach", "stage": stages[-1], "when": {"seats": ">= 5"}},
    ]
    several = {"plan": ["free", "basic"]}
    return {
        "synced": [{"signal": "note"}],
        "reviews_read": [{"signal": "research"}],
        "winback_sent": [{"signal": "outreach", **draw(outreach)}],
        "page_viewed": [{"signal": "touch"}],
        **{f"became_{stage}": [{"signal": "reach", "stage": stage}] for stage in stages},
        "order_placed": [
            draw(st.sampled_from([{"signal": "purchase"}, {"signal": "purchase", **WORTH}]))
        ],
        "nps_answered": [
            {"signal": "rating", "property": "score", "promoter": draw(st.integers(8, 10))}
        ],
        "invited_friend": [{"signal": "refer", "property": "friend"}],
        "praised": [{"signal": "advocate"}],
        "ticket_opened": [{"signal": "complain", "property": "ticket"}],
        "ticket_closed": [{"signal": "resolve", "property": "ticket"}],
        "closed_any": [{"signal": "resolve"}],
        "unsubscribed": [{"signal": "leave", "property": "reason"}],
        "plan_changed": leaving_or_reaching,
        "renewed": [{"signal": "purchase", "when": several, **WORTH}, {"signal": "note"}],
        IDENTIFY: [{"signal": "note"}],
    }


def make_funnel(story: Story) -> Funnel:
    """Give the library's funnel of a story."""
    return Funnel(
        stages=story["stages"],
        rules={
            name: [make_rule(rule) for rule in several]
            for name, several in story["rules"].items()
            if name != IDENTIFY
        },
        patience={stage: make_patience(told) for stage, told in story["patience"].items()},
        loyal_after=story["loyal_after"],
        loyal_apart=story["loyal_apart"],
        apostle_after_referrals=story["apostle_after_referrals"],
        unmapped=story["unmapped"],
    )


def make_patience(told: timedelta | Story | None) -> timedelta | Rhythm | None:
    """Give the library's patience of a story's."""
    if not isinstance(told, dict):
        return told
    parts = {key: value for key, value in told.items() if key != "tenths"}
    return rhythm(told["tenths"] / 10, **parts)


def make_rule(told: Story) -> Rule:
    """Give the library's rule of a story's."""
    names = {"rating": "score", "refer": "referred", "complain": "case"}
    names |= {"resolve": "case", "leave": "reason", "purchase": "value"}
    keywords = {key: value for key, value in told.items() if key not in ("signal", "property")}
    if "property" in told:
        keywords[names[told["signal"]]] = told["property"]
    made: Rule = getattr(rules, told["signal"])(**keywords)
    return made


def funnels() -> st.SearchStrategy[Funnel]:
    """Any funnel of a story."""
    return stories().map(make_funnel)


# Instants.


def instants(hours: int = 8) -> st.SearchStrategy[datetime]:
    """An instant on the grid, or a microsecond beside it."""
    beside = st.sampled_from([0, 0, 0, 0, 1, -1])
    return st.builds(
        lambda hour, micros: START + hour * HOUR + micros * MICROSECOND,
        st.integers(0, hours),
        beside,
    )


def moments_of_asking() -> st.SearchStrategy[datetime]:
    """An `as_of`: mostly on an event or a deadline, else before all or after all."""
    return st.one_of(instants(12), st.sampled_from([START - HOUR, START + NEVER]))


def shifts() -> st.SearchStrategy[timedelta]:
    """A duration by which everything may be moved and stay in the calendar."""
    return st.timedeltas(timedelta(days=-300_000), timedelta(days=300_000))


# Events.


def properties() -> st.SearchStrategy[dict[str, Any]]:
    """What the rules of a story read, often absent or blank, numbers sometimes as text."""
    return st.fixed_dictionaries(
        {},
        optional={
            "score": st.sampled_from([None, " ", 0, 6, 8, 8.5, "9", 9, " 10 ", 1e1]),
            "arm": st.sampled_from(["control", "treated", 0, None]),
            "friend": st.sampled_from(["bob", "cyd", "", "ada", 7]),
            "ticket": st.sampled_from(["t1", "t2", " ", None, 7, "7"]),
            "reason": st.sampled_from(["price", "silence", "", None]),
            "plan": st.sampled_from(["free", "basic", "pro"]),
            "seats": st.sampled_from([1, 5, "7", "many", None]),
            "worth": st.sampled_from(VALUES),
        },
    )


def names(story: Story) -> st.SearchStrategy[str]:
    """The name of an event, of a rule or of none."""
    return st.sampled_from([*story["rules"], UNMAPPED])


@st.composite
def events(
    draw: st.DrawFn,
    story: Story,
    contacts: Sequence[str] = CONTACTS[:1],
    *,
    named: Sequence[str] | None = None,
    ids: Sequence[str] = IDS,
) -> Event:
    """One event of one of the contacts."""
    return make_event(
        draw(st.sampled_from(contacts)),
        draw(names(story) if named is None else st.sampled_from(named)),
        occurred_at=draw(instants()),
        id=draw(st.sampled_from(ids)),
        properties=draw(properties()),
    )


@st.composite
def histories(
    draw: st.DrawFn,
    story: Story,
    contacts: Sequence[str] = CONTACTS[:1],
    *,
    conflicts: bool = False,
    most: int = 14,
) -> list[Event]:
    """Events in any order, some more than once; with `conflicts`, one id may be two events.

    Each history has a few of the names only, so that the same things happen again and again.
    """
    key = None if conflicts else (lambda event: (event.contact, event.id))
    few = draw(st.lists(names(story), min_size=1, max_size=6, unique=True))
    least = draw(st.sampled_from([0, most // 2]))
    one = events(story, contacts, named=few)
    drawn = draw(st.lists(one, min_size=least, max_size=most, unique_by=key))
    again = draw(st.lists(st.sampled_from(drawn), max_size=3)) if drawn else []
    return draw(st.permutations(drawn + again))


def bystanders(story: Story) -> st.SearchStrategy[Event]:
    """An event that may change no moment: a note, research, outreach or resolve, with a new id."""
    still = [
        name
        for name, several in story["rules"].items()
        if all(rule["signal"] in ("note", "research", "outreach", "resolve") for rule in several)
    ]
    return events(story, named=still, ids=["new"])


# Rows of a file.


def as_row(event: Event) -> dict[str, str]:
    """Write an event as a row of a file: texts only, and what is null is an empty cell."""
    cells = {key: "" if value is None else str(value) for key, value in event.properties.items()}
    at = iso(event.occurred_at)
    return {"contact": event.contact, "event": event.name, "at": at, "id": event.id, **cells}


def rows(
    story: Story, contacts: Sequence[str] = CONTACTS
) -> st.SearchStrategy[list[dict[str, str]]]:
    """The raw rows of an importable file: texts, several contacts, duplicates, any order."""
    return histories(story, contacts).map(lambda told: [as_row(event) for event in told])
