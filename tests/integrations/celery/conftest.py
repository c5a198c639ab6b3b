"""A tracker on each kind of database, as for the tests of the tracker."""

from tests.tracking.conftest import clock, make_tracker, tenant

__all__ = ["clock", "make_tracker", "tenant"]
