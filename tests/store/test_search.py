"""Looking for contacts by a part of their keys, on each database as text and never as a pattern."""

from __future__ import annotations

from uuid import uuid4

import pytest

from motfunnel import Funnel, Tracker
from motfunnel.store.queries.search import find_contacts

KEYS = ("ada", "Ada Lovelace", "nevada", "100%", "100 percent", "a_b", "aXb", "a\\b", "É", "日本")


@pytest.mark.every_database
def test_what_is_found(url: str) -> None:
    """The key itself first, then beginnings, then others; nobody erased, or of another."""
    with Tracker(url, Funnel.ecommerce(), tenant=uuid4().hex, spool=False) as tracker:
        for key in (*KEYS, "ada erased"):
            tracker.track(key, "Order Completed")
        tracker.forget("ada erased", keep_counts=True)
        tracker.merge("aXb", into="ada")

        def find(part: str, limit: int = 50) -> list[str]:
            with tracker.database.read() as connection:
                tables = tracker.database.tables
                return find_contacts(connection, tables, tracker.tenant, part, limit)

        assert find("ada") == ["ada", "Ada Lovelace", "nevada"]
        assert find("ADA", 2) == find("ada", 2) or find("ADA", 2) == ["Ada Lovelace", "ada"]
        assert find("0%") == ["100%"]
        assert find("_") == ["a_b"]
        assert find("\\") == ["a\\b"]
        assert find("axb") == ["aXb"]
        assert find("本") == ["日本"]
        assert find("nobody") == []
