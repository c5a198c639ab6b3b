"""Every report as it is asked here, and some of the same questions in SQL written by hand.

The statements are PostgreSQL's, and give the counts alone: no interval, no curve, no names, nothing
about silences that no sweep has written down. ``counts`` reads the same counts out of the answer.
``named`` brings the rows that these counts are made of into the process, with their names and
instants and nothing done about them: less than that no answer can cost that names who was counted.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import evolve, field, frozen
from made_up import FUNNEL, UNTIL

from motfunnel import Funnel

Counts = list[tuple[Any, ...]]


@frozen(kw_only=True)
class ByHand:
    """A question in one statement.

    Attributes:
        sql: the statement.
        counts: what it should give, read out of the answer of the report.
        named: the statement that gives the rows behind the counts.
        mark: how many times as much the report may take.
        is_counting: as much as the statement that counts; otherwise, as the one that gives rows.
    """

    sql: str
    counts: Callable[[Any], Counts]
    named: str
    mark: float
    is_counting: bool = False


@frozen(kw_only=True)
class Question:
    """A report, and how it is asked.

    Attributes:
        report: its name.
        asked: its arguments.
        known_by: whether by what was known at an instant.
        by_hand: the same in SQL, where that is one statement.
        marks: of a database, how many times as much the first reports should have taken at least.
        memory: how many times the memory.
    """

    report: str
    asked: dict[str, Any]
    known_by: bool = False
    by_hand: ByHand | None = None
    marks: dict[str, float] = field(factory=dict)
    memory: float = 1.0

    def __str__(self) -> str:
        """The report, and what sets this question apart."""
        told = [f"{name}={self.asked[name]}" for name in ("by", "unit") if name in self.asked]
        told += [str(self.asked["name"])] if self.report == "lens" else []
        told += ["known_by"] if self.known_by else []
        return " ".join([self.report, *told])


WITHIN: Final = {"within": timedelta(days=90)}
_YEAR: Final = {"period": (datetime(2024, 1, 1, tzinfo=UTC), UNTIL)}
_OTHER: Final[Funnel] = evolve(FUNNEL, patience={"default": timedelta(days=45)})

_RECIDIVISM: Final = ByHand(
    sql="""
        SELECT count(*) FILTER (WHERE returned_at <= departed_at + interval '90 days'), count(*)
        FROM motfunnel_episodes
        WHERE tenant = :tenant AND episode = 1 AND departed_at + interval '90 days' <= :as_of
    """,
    counts=lambda answer: [(answer.numerator, answer.denominator)],
    mark=2.0,
    named="""
        SELECT contact, departed_at, returned_at FROM motfunnel_episodes
        WHERE tenant = :tenant AND episode = 1 AND departed_at <= :as_of ORDER BY contact
    """,
)
_FUNNEL: Final = ByHand(
    sql="""
        SELECT count(*), count(*) FILTER (WHERE stage >= 2), count(*) FILTER (WHERE stage >= 3),
            count(*) FILTER (WHERE stage >= 4)
        FROM (
            SELECT max(array_position(
                ARRAY['visitor', 'lead', 'prospect', 'customer'], to_stage)) AS stage
            FROM motfunnel_moments
            WHERE tenant = :tenant AND moment IN ('opening', 'conversion')
                AND occurred_at <= :as_of
            GROUP BY contact
        ) AS reached
    """,
    counts=lambda answer: [tuple(row.contacts for row in answer.rows)],
    mark=2.0,
    named="""
        SELECT contact, moment, to_stage, occurred_at FROM motfunnel_moments
        WHERE tenant = :tenant AND moment IN ('opening', 'conversion', 'depart', 'recidivism')
            AND occurred_at <= :as_of
        ORDER BY contact, ordinal
    """,
)
_ACTIVE: Final = """
    WITH active AS (
        SELECT DISTINCT contact, date_trunc('month', occurred_at AT TIME ZONE 'UTC') AS month
        FROM motfunnel_events
        WHERE tenant = :tenant AND occurred_at <= :as_of AND alive
    )
"""
_LIFECYCLE: Final = ByHand(
    sql=_ACTIVE
    + """
        SELECT count(*), count(*) FILTER (WHERE before IS NULL),
            count(*) FILTER (WHERE before = month - interval '1 month')
        FROM (SELECT month, lag(month) OVER (PARTITION BY contact ORDER BY month) AS before
            FROM active) AS each
        GROUP BY month ORDER BY month
    """,
    counts=lambda answer: [(row.seen, row.new, row.returning) for row in answer.rows[:24]],
    mark=1.0,
    is_counting=True,
    named=_ACTIVE + "SELECT contact, month FROM active ORDER BY contact, month",
)
_RETENTION: Final = ByHand(
    sql=_ACTIVE
    + """
        SELECT count(*) FROM (
            SELECT month, min(month) OVER (PARTITION BY contact) AS first FROM active) AS each
        WHERE month < date_trunc('month', CAST(:as_of AS timestamptz) AT TIME ZONE 'UTC')
        GROUP BY first, month ORDER BY first, month
    """,
    counts=lambda answer: [
        (one.retained,) for row in answer.rows for one in row.cells if one.retained
    ],
    mark=1.0,
    is_counting=True,
    named=_ACTIVE + "SELECT contact, month FROM active ORDER BY contact, month",
)
_GROWTH: Final = ByHand(
    sql="""
        SELECT count(*) FILTER (WHERE moment = 'opening'),
            count(*) FILTER (WHERE moment = 'recidivism'), count(*) FILTER (WHERE moment = 'depart')
        FROM motfunnel_moments
        WHERE tenant = :tenant AND moment IN ('opening', 'recidivism', 'depart')
            AND occurred_at <= :as_of
        GROUP BY date_trunc('month', occurred_at AT TIME ZONE 'UTC')
        ORDER BY date_trunc('month', occurred_at AT TIME ZONE 'UTC')
    """,
    counts=lambda answer: [(row.openings, row.returns, row.departures) for row in answer.rows[:24]],
    mark=2.0,
    named="""
        SELECT contact, moment, occurred_at FROM motfunnel_moments
        WHERE tenant = :tenant AND moment IN ('opening', 'recidivism', 'depart')
            AND occurred_at <= :as_of
        ORDER BY contact, ordinal
    """,
)


def _ask(
    report: str,
    marks: tuple[float, float] | None = None,
    memory: float = 1.0,
    by_hand: ByHand | None = None,
    *,
    known_by: bool = False,
    **asked: Any,
) -> Question:
    return Question(
        report=report,
        asked=asked,
        known_by=known_by,
        by_hand=by_hand,
        marks=dict(zip(("postgresql", "sqlite"), marks or (), strict=False)),
        memory=memory,
    )


# Marks: on PostgreSQL, and on SQLite.
_BY_CONTACT: Final = (5.0, 3.5)
_FLOWS: Final = (4.0, 2.5)
_BY_EPISODE: Final = (3.0, 2.5)
_TOUCHPOINTS: Final = (2.5, 2.5)
_WALK: Final = (3.5, 1.8)
_PATIENCE: Final = (2.5, 1.8)
_HALF, _QUARTER = 2.0, 4.0

QUESTIONS: Final = (
    _ask("recidivism", _BY_CONTACT, _HALF, _RECIDIVISM, **WITHIN),
    _ask("recidivism", _BY_EPISODE, _HALF, **WITHIN, unit="episode"),
    _ask("recidivism", _BY_CONTACT, _HALF, **WITHIN, by="reason"),
    _ask("recidivism", _BY_CONTACT, _HALF, **WITHIN, by="source"),
    _ask("recidivism", _BY_CONTACT, _HALF, **WITHIN, by="plan"),
    _ask("recidivism", _BY_CONTACT, _HALF, **WITHIN, by="property:reason"),
    _ask("reengagement", _BY_CONTACT, _HALF, **WITHIN),
    _ask("coverage", _BY_CONTACT, _HALF, **WITHIN),
    _ask("reactivation", _BY_CONTACT, _HALF, **_YEAR),
    _ask("relapse", _BY_CONTACT, _HALF, **WITHIN),
    _ask("conversion", _BY_CONTACT, _HALF, start="lead", goal="customer", **WITHIN),
    _ask("loyalty", _BY_CONTACT, **WITHIN),
    _ask("recovery", _BY_CONTACT, **WITHIN),
    _ask("departure_after_complaint", _BY_CONTACT, **WITHIN),
    _ask("complaints", _BY_EPISODE, **WITHIN),
    _ask("referrals", **_YEAR),
    _ask("plan_holdout", _BY_CONTACT, baseline=0.1, effect=0.05),
    _ask("holdout", _BY_CONTACT, **WITHIN),
    _ask("landmark", _BY_CONTACT, _HALF, after=timedelta(days=30), **WITHIN),
    _ask("mantel_byar", _BY_CONTACT, _HALF),
    _ask("funnel", None, _HALF, _FUNNEL),
    _ask("flows", _FLOWS, _HALF),
    _ask("lifecycle", None, 1.0, _LIFECYCLE),
    _ask("growth", _BY_EPISODE, _HALF, _GROWTH),
    _ask("retention", None, _QUARTER, _RETENTION),
    _ask("retention", None, _QUARTER, by="plan"),
    _ask("nps"),
    _ask("touchpoints", _TOUCHPOINTS),
    _ask("touchpoints", _TOUCHPOINTS, by="branch"),
    _ask("journey_map"),
    _ask("lens", name="carlzon"),
    _ask("lens", name="lafley"),
    _ask("lens", name="ultimate"),
    _ask("lens", name="eight"),
    _ask("worklist", _BY_EPISODE, _HALF),
    _ask("patience", _PATIENCE),
    _ask("simulate", _WALK, other_funnel=_OTHER),
    _ask("recidivism", _WALK, known_by=True, **WITHIN),
    _ask("recovery", _WALK, known_by=True, **WITHIN),
    _ask("lifecycle", _WALK, known_by=True),
)
