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

from attrs import evolve, frozen
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
    """

    sql: str
    counts: Callable[[Any], Counts]
    named: str


@frozen(kw_only=True)
class Question:
    """A report, and how it is asked.

    Attributes:
        report: its name.
        asked: its arguments.
        known_by: whether by what was known at an instant.
        by_hand: the same in SQL, where that is one statement.
    """

    report: str
    asked: dict[str, Any]
    known_by: bool = False
    by_hand: ByHand | None = None

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
    counts=lambda answer: [(row.active, row.new, row.returning) for row in answer.rows[:24]],
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
        (one.returned,) for row in answer.rows for one in row.cells if one.returned
    ],
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
    named="""
        SELECT contact, moment, occurred_at FROM motfunnel_moments
        WHERE tenant = :tenant AND moment IN ('opening', 'recidivism', 'depart')
            AND occurred_at <= :as_of
        ORDER BY contact, ordinal
    """,
)


def _ask(report: str, by_hand: ByHand | None = None, **asked: Any) -> Question:
    return Question(report=report, asked=asked, by_hand=by_hand)


QUESTIONS: Final = (
    _ask("recidivism", _RECIDIVISM, **WITHIN),
    _ask("recidivism", **WITHIN, unit="episode"),
    _ask("recidivism", **WITHIN, by="reason"),
    _ask("recidivism", **WITHIN, by="source"),
    _ask("recidivism", **WITHIN, by="plan"),
    _ask("recidivism", **WITHIN, by="property:reason"),
    _ask("reengagement", **WITHIN),
    _ask("coverage", **WITHIN),
    _ask("reactivation", **_YEAR),
    _ask("relapse", **WITHIN),
    _ask("conversion", start="lead", goal="customer", **WITHIN),
    _ask("loyalty", **WITHIN),
    _ask("recovery", **WITHIN),
    _ask("departure_after_complaint", **WITHIN),
    _ask("complaints", **WITHIN),
    _ask("referrals", **_YEAR),
    _ask("holdout", **WITHIN),
    _ask("landmark", after=timedelta(days=30), **WITHIN),
    _ask("mantel_byar"),
    _ask("funnel", _FUNNEL),
    _ask("flows"),
    _ask("lifecycle", _LIFECYCLE),
    _ask("growth", _GROWTH),
    _ask("retention", _RETENTION),
    _ask("retention", by="plan"),
    _ask("nps"),
    _ask("touchpoints"),
    _ask("touchpoints", by="branch"),
    _ask("journey_map"),
    _ask("lens", name="carlzon"),
    _ask("lens", name="lafley"),
    _ask("lens", name="ultimate"),
    _ask("lens", name="eight"),
    _ask("worklist"),
    _ask("patience"),
    _ask("simulate", other_funnel=_OTHER),
    Question(report="recidivism", asked=WITHIN, known_by=True),
    Question(report="recovery", asked=WITHIN, known_by=True),
    Question(report="lifecycle", asked={}, known_by=True),
)
