"""What a silence tells of a true lapse: plain patiences beside rhythms, where the truth is known.

Contacts visit at random, each at a rate of its own. Now and then one lapses: it visits no more,
until it comes back, or for ever. A rule sees the visits alone. Asked of each: of the departures
that it makes, how many fall into a true lapse; how long after a lapse began its departure is known;
how many lapses it never notices; of the returns that it counts, how many follow a true lapse.

    python benchmarks/lapse.py [--contacts N] [--seed N] [--days N]

Seeded, and without a database: the state machine itself walks the visits. Takes about a minute.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Final, NamedTuple

from motfunnel import Funnel, Rhythm, rhythm, touch
from motfunnel.domain.machine import (
    ACTIVE,
    DEPART,
    DEPARTED_AT,
    FOREVER,
    NEW_CONTACT,
    NOTE,
    PRESENCE,
    RECIDIVISM,
    step,
)
from motfunnel.domain.signal import Signal

DAY: Final = 86_400_000_000
GAP: Final = 20.0  # days between two visits, at the mean rate
LAPSE: Final = 360.0  # days until a lapse, in the mean
RETURN: Final = 240.0  # days until it ends, in the mean
FINAL: Final = 0.2  # of the lapses in the world where some die
LATE: Final = 365  # a lapse that began in the last so many days is not asked after

Span = tuple[int, int]
"""A lapse, from its beginning to its end."""


class World(NamedTuple):
    """How contacts come and go.

    Attributes:
        name: what it is called.
        shape: of the gamma by which rates are spread; None: all alike.
        final: the share of lapses that never end.
        season: how far the rate swings in a year, as a share of it.
    """

    name: str
    shape: float | None
    final: float = 0.0
    season: float = 0.0


WORLDS: Final = (
    World("all come alike", None),
    World("rates spread by a gamma of shape 1", 1.0),
    World("rates spread by a gamma of shape 0.5", 0.5),
    World("shape 1, one lapse in five for ever", 1.0, final=FINAL),
    World("shape 1, with seasons", 1.0, season=0.8),
)
RULES: Final[tuple[timedelta | Rhythm, ...]] = (
    *(timedelta(days=days) for days in (30, 60, 90, 120, 180)),
    *(rhythm(times, usual="20d", at_least="7d", at_most="730d") for times in (3, 4, 5, 6.5, 8, 10)),
)


class Life(NamedTuple):
    """What a contact did: its visits, and its lapses, which no rule sees; in microseconds."""

    visits: list[int]
    lapses: list[Span]


def main() -> None:
    """Draw each world, and print what each rule says of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=2_000)
    given = parser.parse_args()
    print(f"{given.contacts:,} contacts, {given.days:,} days, seed {given.seed}")
    for world in WORLDS:
        chance = random.Random(f"{given.seed} {world.name}")
        lives = [live(world, chance, given.days) for _ in range(given.contacts)]
        print(f"\n{world.name}")
        print("| patience | truly lapsed | known after | lapses missed | returns after a lapse |")
        print("|---|---|---|---|---|")
        for rule in RULES:
            print(f"| {named(rule)} | {Judged.of(lives, rule, given.days)} |", flush=True)


def named(rule: timedelta | Rhythm) -> str:
    """A rule in a few words."""
    return f"rhythm {rule.times:g}" if isinstance(rule, Rhythm) else f"{rule.days} d"


def live(world: World, chance: random.Random, days: int) -> Life:
    """Draw a contact: it visits until it lapses, and from its return on again."""
    spread = 1.0 if world.shape is None else chance.gammavariate(world.shape, 1 / world.shape)
    rate = max(spread, 1e-3) / GAP
    now, visits, lapses = chance.uniform(0, 365), [], []
    while now < days:
        until = now + chance.expovariate(1 / LAPSE)
        visits.append(now)
        visits += [at for at in walks(now, min(until, days), rate, world.season, chance)]
        back = math.inf if chance.random() < world.final else until + chance.expovariate(1 / RETURN)
        lapses.append((until, back))
        now = back
    micros = [int(at * DAY) for at in visits]
    spans = [(int(a * DAY), FOREVER if math.isinf(b) else int(b * DAY)) for a, b in lapses]
    return Life(micros, spans)


def walks(
    since: float, until: float, rate: float, season: float, chance: random.Random
) -> Iterator[float]:
    """Draw visits at a rate that swings with the year, by thinning."""
    now = since
    while (now := now + chance.expovariate(rate * (1 + season))) < until:
        if chance.random() * (1 + season) < 1 + season * math.sin(2 * math.pi * now / 365):
            yield now


class Judged(NamedTuple):
    """What a rule said of all contacts, beside the truth.

    Attributes:
        departures: how many it made.
        true: how many of them fell into a lapse.
        delays: of each lapse that it noticed, how long after its beginning; in days.
        missed: how many lapses it did not notice.
        returns: how many it counted.
        real: how many of them ended a departure amid which there was a lapse.
    """

    departures: int
    true: int
    delays: list[float]
    missed: int
    returns: int
    real: int

    @classmethod
    def of(cls, lives: list[Life], rule: timedelta | Rhythm, days: int) -> Judged:
        """Walk all contacts by a rule."""
        rules = {"seen": touch()}
        funnel = Funnel(stages=("here", "there"), rules=rules, patience={"default": rule})
        found = cls(0, 0, [], 0, 0, 0)
        for life in lives:
            found = found.with_one(life, absences(life.visits, funnel.terms, days * DAY), days)
        return found

    def with_one(self, life: Life, away: list[tuple[int, int, int]], days: int) -> Judged:
        """Add a contact, of whom a rule says that it was away so."""
        asked = [one for one in life.lapses if one[0] < (days - LATE) * DAY]
        noticed = [
            [max(a, gone) for _, gone, b in away if gone < end and b > a] for a, end in asked
        ]
        delays = [(min(one) - a) / DAY for (a, _), one in zip(asked, noticed, strict=True) if one]
        ended = [one for one in away if one[2] < FOREVER]
        return Judged(
            self.departures + len(away),
            self.true + sum(any(a <= gone < b for a, b in life.lapses) for _, gone, _ in away),
            self.delays + delays,
            self.missed + sum(not one for one in noticed),
            self.returns + len(ended),
            self.real + sum(any(last <= a < b for a, _ in life.lapses) for last, _, b in ended),
        )

    def __str__(self) -> str:
        """The four answers, as cells of a table."""
        lapses = len(self.delays) + self.missed
        cells: list[Callable[[], str]] = [
            lambda: f"{self.true / self.departures:.0%}",
            lambda: f"{median(self.delays):.0f} d",
            lambda: f"{self.missed / lapses:.0%}",
            lambda: f"{self.real / self.returns:.0%}",
        ]
        return " | ".join(one() for one in cells)


def absences(visits: list[int], terms: tuple[int, ...], until: int) -> list[tuple[int, int, int]]:
    """The times away that a rule makes of visits: last touch, departure, and return or for ever."""
    state, found, last = list(NEW_CONTACT), [], 0
    for at in visits:
        made = step(state, terms, Signal.TOUCH, at, 0)
        if made & RECIDIVISM:
            found.append((last, state[DEPARTED_AT], at))
        last = at
    if state[PRESENCE] == ACTIVE and step(state, terms, NOTE, until + 1, 0) & DEPART:
        found.append((last, state[DEPARTED_AT], FOREVER))
    return found


if __name__ == "__main__":
    main()
