"""What a type checker refuses: each line that says so, and no other."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

import motfunnel
from motfunnel import AsyncTracker, Funnel, Moment, Rule, Tracker, touch
from motfunnel.reports.report import Report
from motfunnel.testing import Clock, memory_tracker


def track(tracker: Tracker, engine: Engine, session: AsyncSession) -> None:
    """Details have names, and instants are no texts."""
    tracker.track("ada", "saw", {"value": 1})  # refused
    tracker.track("ada", 7)  # refused
    tracker.track("ada", "saw", occured_at=None)  # refused
    tracker.track("ada", "saw", occurred_at="2025-01-01")  # refused
    tracker.track("ada", "saw", properties=["value"])  # refused
    tracker.track("ada", "saw", bind=session)  # refused
    tracker.track("ada", "saw", bind=engine)  # refused
    motfunnel.track("ada", "saw", {"value": 1})  # refused
    motfunnel.track("ada", "saw", propertys={})  # refused
    motfunnel.track("ada", "saw", bind=session)  # refused


async def track_async(tracker: AsyncTracker, session: Session) -> None:
    """A synchronous session joins nothing here."""
    await tracker.track("ada", "saw", bind=session)  # refused
    len(tracker.moments())  # refused
    await tracker.report().recidivism(days=90)  # refused


def make(engine: AsyncEngine) -> None:
    """Options are what they are said to be."""
    Tracker(engine)  # refused
    Tracker("sqlite://", on_error="ignore")  # refused
    Tracker("sqlite://", budget=5)  # refused
    Tracker("sqlite://", spool=True)  # refused
    Tracker("sqlite://", clock="now")  # refused
    motfunnel.configure("sqlite://", on_error="ignore")  # refused
    motfunnel.configure("sqlite://", tenants="a")  # refused
    Tracker("sqlite://", "e-commerce")  # refused
    memory_tracker("shop")  # refused


def listen(tracker: Tracker) -> None:
    """A handler takes a moment, and stays what it was."""

    def greet(name: str) -> None: ...

    def count(moment: Moment) -> int:
        return len(moment.contact)

    tracker.on("departed", count)  # refused
    tracker.moments(kind="departed")  # refused
    tracker.on("opening", greet)  # refused
    tracker.on("opening")(greet)  # refused
    tracker.on("opening")(count)("ada")  # refused


def define(rule: Rule, funnel: Funnel) -> None:
    """A funnel's parts have types, and values do not change."""
    Funnel(stages=("a", "b"), rules={"saw": "touch"})  # refused
    Funnel(stages=("a", "b"), rules={"saw": touch()}, patience={"a": 14})  # refused
    Funnel(stages=("a", "b"), rules={}, unmapped="ignore")  # refused
    Funnel(("a", "b"), {})  # refused
    funnel.loyal_after = 3  # refused


def ask(tracker: Tracker) -> None:
    """A window is a timedelta or a text, and a unit one of two."""
    tracker.report().recidivism(within=90)  # refused
    tracker.report().recidivism(within=timedelta(days=90), unit="person")  # refused
    tracker.report().recidivism("90d")  # refused
    tracker.report().recidivism()  # refused
    tracker.report().lifecycle("fortnight")  # refused
    Report.recidivism(tracker, within="90d")  # refused


async def ask_async(tracker: AsyncTracker) -> None:
    """It is the same under asyncio, where each answer is awaited."""
    await tracker.report().recidivism(within=3)  # refused
    await tracker.report().recidivism(within="90d", unit="person")  # refused
    await tracker.report().recidivism()  # refused
    str.upper(tracker.report().recidivism(within="90d"))  # refused


def under_test(clock: Clock) -> None:
    """A clock is moved on by a timedelta, and its instant is not set."""
    clock.advance(3)  # refused
    clock.now += timedelta(days=3)  # refused
    memory_tracker(clock=7)  # refused
