"""About these numbers: the funnel in words, the glossary of a page's words, and all questions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from motfunnel.dashboard.words import days, own
from motfunnel.domain.funnel.funnel import Funnel
from motfunnel.domain.funnel.rhythm import Rhythm
from motfunnel.domain.funnel.rule import Rule
from motfunnel.domain.instant import format_duration
from motfunnel.domain.signal import Signal
from motfunnel.reports.catalogue import CATALOGUE
from motfunnel.text import counted
from motfunnel.tracking.upkeep.upkeep import Health

Entry = tuple[str, str]
"""A word, and what it means."""

_PATIENT: Final = timedelta(days=1)

_MEANS: Final = {
    Signal.NOTE: "is kept, and counts for nothing",
    Signal.RESEARCH: "looked us up elsewhere",
    Signal.OUTREACH: "we wrote to somebody",
    Signal.TOUCH: "was here",
    Signal.PURCHASE: "bought",
    Signal.RATING: "gave a score",
    Signal.REFER: "referred somebody",
    Signal.ADVOCATE: "praised us",
    Signal.COMPLAIN: "complained",
    Signal.RESOLVE: "we put a complaint right",
    Signal.LEAVE: "said goodbye",
}

WORDS: Final[tuple[Entry, ...]] = (
    ("new", "did something here for the first time, of whatever kind"),
    ("with us", "has been here and has not left, or has come back"),
    ("left", "said goodbye, or was silent for longer than the patience"),
    ("away", "left and has not come back"),
    ("came back", "did something here after it had left; reports call it recidivism"),
    ("seen in the month", "did something in it that shows that somebody is still there"),
    ("bought again", "bought as often as makes a loyal customer"),
    ("gained per lost", "new and came back, for each that left; reports call it the quick ratio"),
    ("each person once", "of each person the first departure counts, and no later one"),
    ("too recent to count", "left so lately that the window is not over; reports say immature"),
    ("the interval", "95 of 100 such intervals hold the true number; a wide one says: few people"),
    ("hatched, hollow", "not over yet: the number will still change"),
    ("at risk", "followed for so long, and it has not happened to them so far"),
    ("Kaplan–Meier", "the share by the time since, with all counted for as long as one saw them"),
    ("log-rank", "a test whether the curves of several groups could be one"),
)
"""What the words of the pages mean."""


def rules(funnel: Funnel) -> list[Entry]:
    """The funnel as one tells it: its stages, its patience, and what each event means."""
    told = [
        ("the stages", ", then ".join(funnel.stages)),
        ("gone", "; ".join(_patience(funnel))),
        ("bought again", f"from purchase number {funnel.loyal_after} on"),
        *((event, "; ".join(map(_meaning, rules))) for event, rules in funnel.rules.items()),
        ("any other event", {"note": "is kept, and counts for nothing", "touch": "was here"}.get(
            funnel.unmapped, "is refused")),
    ]  # fmt: skip
    names = [*funnel.rules, *funnel.stages]
    return [
        (own(word, funnel.spoken, names), own(means, funnel.spoken, names)) for word, means in told
    ]


def waiting(health: Health) -> list[Entry]:
    """What the numbers do not hold yet, or nobody was told of, and the command for it."""
    if health.error is not None:
        return [("the store", f"cannot be asked: {health.reason}")]
    return [
        ("refused rows and calls", _counted(health.rejects, "reject", "rejects")),
        ("departures that nobody was told of", _counted(health.overdue, "departure", "sweep")),
        ("people with late events to be taken in", _counted(health.owed, "contact", "sweep")),
        ("people as another funnel saw them", _counted(health.outdated, "contact", "rebuild")),
        ("events without a rule", str(health.unmapped) if health.unmapped else "none"),
    ]


def _counted(count: int | None, noun: str, command: str) -> str:
    return f"{counted(count, noun)}: motfunnel {command}" if count else "none"


def late(health: Health) -> str:
    """What is said where departures by silence have waited for a sweep for more than a day."""
    overdue, lag = health.overdue, health.sweep_lag
    if not overdue or lag is None or lag < _PATIENT:
        return ""
    return (
        f"{counted(overdue, 'departure')} by silence could have been recorded, the first "
        f"{days(f'{lag.days}d')} ago, and nobody was told"
    )


def words(funnel: Funnel) -> tuple[Entry, ...]:
    """What the words of the pages mean, those of the funnel among them."""
    spoken = funnel.spoken
    return tuple((own(word, spoken), own(meaning, spoken)) for word, meaning in WORDS)


def questions(funnel: Funnel) -> list[Entry]:
    """All that can be asked, each by the name that the command line has for it."""
    spoken = funnel.spoken
    return [(one.name.replace("_", "-"), own(one.summary, spoken)) for one in CATALOGUE.values()]


def _patience(funnel: Funnel) -> Iterator[str]:
    for stage in funnel.stages:
        patience = funnel.patience_of(stage)
        if patience is None:
            yield f"{stage}: never by silence"
        elif isinstance(patience, Rhythm):
            bounds = (days(format_duration(one)) for one in (patience.at_least, patience.at_most))
            own = f"after {patience.times:g} times one's own usual pause"
            yield f"{stage}: {own}, between {' and '.join(bounds)}"
        else:
            yield f"{stage}: after {days(format_duration(patience))} of silence"


def _meaning(rule: Rule) -> str:
    said = f"reached {rule.stage}" if rule.signal is Signal.REACH else _MEANS[rule.signal]
    return f"{said}, in some cases" if rule.when else said
