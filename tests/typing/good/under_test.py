"""An application's own tests, with the fixtures of the plugin."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_type

import motfunnel
from motfunnel import Funnel, Moment, MomentKind, Tracker
from motfunnel.testing import START, Clock, capture_moments, configured, memory_tracker


def with_fixtures(motfunnel_tracker: Tracker, motfunnel_moments: list[Moment]) -> None:
    """What the fixtures give."""
    motfunnel.track("ada", "saw")
    assert motfunnel_tracker.clock() == START
    assert motfunnel_moments[0].kind is MomentKind.OPENING


def without(funnel: Funnel) -> None:
    """What stands behind them."""
    clock = Clock()
    assert_type(clock.now, datetime)
    assert_type(clock.advance(timedelta(days=1)), datetime)
    assert_type(clock.advance("1d"), datetime)
    with (
        memory_tracker(funnel, clock=clock, tenant="a", on_error="log") as tracker,
        configured(tracker) as running,
        capture_moments(kind="depart") as moments,
    ):
        assert_type(tracker, Tracker)
        assert_type(running, Tracker)
        assert_type(moments, list[Moment])
