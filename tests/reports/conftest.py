"""What the tests of pictures share: a report on a short history."""

from collections.abc import Iterator

import pytest

from motfunnel.reports.report import Report
from tests.reports.drawn import AS_OF, make_tracker


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Report]:
    """A report as of a day on which some clocks have not run out yet."""
    folder = tmp_path_factory.mktemp("figures")
    with make_tracker(f"sqlite:///{folder / 'store.db'}") as tracker:
        yield tracker.report(as_of=AS_OF)
