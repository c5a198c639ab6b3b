"""The funnel of the shop, by its dotted path."""

from tests.tracking.scene import FUNNEL as funnel

__all__ = ["funnel", "made"]


def made() -> object:
    """The same, made when it is asked for."""
    return funnel
