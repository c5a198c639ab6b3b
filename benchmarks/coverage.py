"""How often each interval holds the truth: the coverage of all that the product prints, simulated.

Plain: everybody is observed to the window's end, or drops out by chance, and 40% return. Rare: 4%
do. Clustered: contacts have one episode to ten, by a pace of their own. Each cell is the share of
studies whose interval held the truth, of those that had one; in brackets, the share that had none.
In columns, how many contacts a study has. Seeded: the same table every time.

    python benchmarks/coverage.py [STUDIES]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from math import exp, log
from random import Random
from statistics import NormalDist

from motfunnel.statistics import (
    Chance,
    ClusteredCurve,
    ClusteredShare,
    CompetingRisks,
    Interval,
    NetPromoterScore,
    Proportion,
    Ratio,
    SurvivalCurve,
    difference,
)

SIZES = (5, 10, 30, 100)
WINDOW = 1_000
PLAIN, RARE = 0.4, 0.04
NORMAL = NormalDist()
Study = Callable[[Random, int, float], Iterator[tuple[str, bool | None]]]
"""Draws a study of so many contacts and a share that returns; says of each interval if it held."""


def main() -> None:
    """Simulate each study at each size, and print the table."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    print("| interval | " + " | ".join(f"n = {size}" for size in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for title, study, share in (
        ("plain", single, PLAIN), ("rare", single, RARE),
        ("clustered", clustered, PLAIN), ("clustered, rare", clustered, RARE),
    ):  # fmt: skip
        table: dict[str, dict[int, tuple[int, int]]] = {}
        for size in SIZES:
            rng = Random(f"{title} {size}")
            for _ in range(studies):
                for name, held in study(rng, size, share):
                    drawn, right = table.setdefault(name, {}).get(size, (0, 0))
                    table[name][size] = drawn + (held is not None), right + bool(held)
        for name, cells in table.items():
            told = " | ".join(_cell(*cells[size], studies) for size in SIZES)
            print(f"| {title}: {name} | {told} |")


def _cell(drawn: int, right: int, studies: int) -> str:
    none = 100 * (1 - drawn / studies)
    held = f"{100 * right / drawn:.0f}" if drawn > studies / 100 else "–"
    return held + (f" ({none:.0f})" if none >= 0.5 else "")  # noqa: PLR2004


def single(rng: Random, size: int, share: float) -> Iterator[tuple[str, bool | None]]:
    """One episode each: proportions, curves, and what is read off them."""
    hazard = -log(1 - share) / WINDOW
    waits = [rng.expovariate(hazard) for _ in range(size)]
    ends = [min(2 * WINDOW, rng.expovariate(0.3 / WINDOW)) for _ in range(size)]
    seen = [(int(min(w, e)), w <= e) for w, e in zip(waits, ends, strict=True)]
    counted = Proportion(numerator=sum(w <= WINDOW for w in waits), denominator=size)
    yield "Wilson", _held(counted.interval(), share)
    other = Proportion(numerator=sum(rng.random() < share for _ in range(size)), denominator=size)
    apart = difference(counted, other)
    yield "Newcombe's difference", _held(None if apart is None else apart.interval, 0.0)
    curve = SurvivalCurve.from_observations(seen)
    yield "curve at the window", _held(curve.probability_interval(WINDOW), share)
    mean = curve.restricted_mean(WINDOW)
    away = (1 - exp(-hazard * WINDOW)) / hazard
    yield "restricted mean", _held(None if mean is None else mean.interval(), away)
    half = curve.median_interval()
    median = log(2) / hazard
    reached = half is not None and half.lower <= median <= (half.upper or 10**9)
    yield "median", None if half is None else reached
    chance = Chance.of(curve, WINDOW // 2, WINDOW // 2)
    yield "chance of one still away", _held(chance.interval, 1 - exp(-hazard * WINDOW / 2))
    ways = rng.choices(("back", "gone"), k=size)
    causes = [(t, way if ended else None) for (t, ended), way in zip(seen, ways, strict=True)]
    risks = CompetingRisks.from_observations(causes, causes=["back", "gone"])
    yield "Aalen–Johansen", _held(risks.interval("back", WINDOW), share / 2)
    drawn = [rng.random() for _ in range(size)]
    good, bad = sum(one < share for one in drawn), sum(one > 1 - share / 2 for one in drawn)
    score = NetPromoterScore(promoters=good, detractors=bad, passives=size - good - bad)
    yield "net promoter score", _held(score.interval(), 100 * share / 2)
    gave = Ratio.of((int(rng.expovariate(1 / share)) if share < 1 else 1, 1) for _ in range(size))
    yield "ratio", _held(gave.interval(), 1 / (exp(1 / share) - 1))


def clustered(rng: Random, size: int, share: float) -> Iterator[tuple[str, bool | None]]:
    """One episode to ten each, which are like each other: an intraclass correlation of a half."""
    seen: list[tuple[int, int, bool]] = []
    shares, pairs = [], []
    for contact in range(size):
        own = rng.gauss(0, 1)
        waits = [_wait(share, own, rng) for _ in range(rng.choice((1, 1, 2, 3, 10)))]
        back = sum(wait <= WINDOW for wait in waits)
        shares.append((back, len(waits)))
        pairs.append((len(waits) - back, len(waits)))
        for wait in waits:
            end = min(2 * WINDOW, rng.expovariate(0.3 / WINDOW))
            seen.append((contact, int(min(wait, end)), wait <= end))
    away = ClusteredShare.of(pairs).interval()
    yield "rate of episodes", _held(None if away is None else away.complement(), share)
    yield (
        "share of what contacts have several of",
        _held(ClusteredShare.of(shares).interval(), share),
    )
    yield "ratio of sums", _held(Ratio.of(shares).interval(), share)
    curve = ClusteredCurve.from_observations(seen)
    yield "curve at the window", _held(curve.probability_interval(WINDOW), share)
    mean = curve.restricted_mean(WINDOW)
    hazard = -log(1 - share) / WINDOW
    lasts = (1 - exp(-hazard * WINDOW)) / hazard
    yield "restricted mean", _held(None if mean is None else mean.interval(), lasts)
    half = curve.median_interval()
    median = log(2) / hazard
    reached = half is not None and half.lower <= median <= (half.upper or 10**9)
    yield "median", None if half is None else reached


def _wait(share: float, own: float, rng: Random) -> float:
    """A wait of an exponential distribution; those of one contact are alike by a half."""
    place = NORMAL.cdf((own + rng.gauss(0, 1)) / 2**0.5)
    return -log(max(1 - place, 1e-300)) * WINDOW / -log(1 - share)


def _held(interval: Interval | None, truth: float) -> bool | None:
    return None if interval is None else interval.lower - 1e-9 <= truth <= interval.upper + 1e-9


if __name__ == "__main__":
    main()
