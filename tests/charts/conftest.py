"""What the tests of charts share: the report on a short history."""

from tests.reports.conftest import drawn, report

__all__ = ["drawn", "report"]
