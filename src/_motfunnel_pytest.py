"""The pytest plugin: fixtures that give an application's tests a tracker in memory.

Every test run imports it where motfunnel is installed, used or not. It therefore lies outside of
the package, and imports that only when a fixture is asked for: a run without one stays as quick as
it was, and a measurement of coverage that begins after the plugins misses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from motfunnel import Funnel, Moment, Tracker
    from motfunnel.testing import Clock


@pytest.fixture
def motfunnel_clock() -> Clock:
    """A clock that stands at the beginning of 2025 until the test moves it."""
    from motfunnel.testing import Clock

    return Clock()


@pytest.fixture
def motfunnel_funnel() -> Funnel:
    """The funnel of `motfunnel_tracker`; define a fixture of this name that returns yours."""
    pytest.fail(
        "motfunnel_tracker needs a funnel: define a fixture motfunnel_funnel in your conftest.py "
        "that returns your application's Funnel",
        pytrace=False,
    )


@pytest.fixture
def motfunnel_tracker(motfunnel_funnel: Funnel, motfunnel_clock: Clock) -> Iterator[Tracker]:
    """A tracker in memory, which `motfunnel.track` uses while the test runs."""
    from motfunnel.testing import configured, memory_tracker

    with memory_tracker(motfunnel_funnel, clock=motfunnel_clock) as tracker, configured(tracker):
        yield tracker


@pytest.fixture
def motfunnel_moments(motfunnel_tracker: Tracker) -> Iterator[list[Moment]]:
    """The moments of which `motfunnel_tracker` has told its handlers during the test."""
    from motfunnel.testing import capture_moments

    with capture_moments(motfunnel_tracker) as moments:
        yield moments
