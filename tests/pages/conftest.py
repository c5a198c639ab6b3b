"""What the tests of pages share: the report on a short history."""

from tests.reports.conftest import report

__all__ = ["report"]
