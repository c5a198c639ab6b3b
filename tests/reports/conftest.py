"""What the tests of pictures share: a report on a short history."""

from collections.abc import Iterator

import pytest

from motfunnel import Tracker
from motfunnel.reports.report import Report
from tests.reports.drawn import AS_OF, make_tracker


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    """A tracker with a short history."""
    folder = tmp_path_factory.mktemp("figures")
    with make_tracker(f"sqlite:///{folder / 'store.db'}") as tracker:
        yield tracker


@pytest.fixture(scope="session")
def report(drawn: Tracker) -> Report:
    """A report as of a day on which some clocks have not run out yet."""
    return drawn.report(as_of=AS_OF)
