"""Webhooks to a receiver that is not to be relied on, by relays that are killed: none is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.faults.figures import Figures
from tests.faults.soak import size

bench = pytest.importorskip("benchmarks.webhook_relay")

MESSAGES = size(1_000, 100_000)
EACH = size(10, 100)


@pytest.mark.slow
def test_none_is_lost_or_out_of_order(url: str, tmp_path: Path, figures: Figures) -> None:
    """It answers 500, 302, 429, stalls, and dies; so do two relays; what is stored was taken."""
    run = bench.Run(url, tmp_path, MESSAGES, relays=2, each=EACH)
    said = run.with_faults()
    assert f"{MESSAGES:,} moments, 0 lost, 0 out of order" in said
    deliveries = re.search(r"([\d,]+) deliveries", said)
    assert deliveries is not None
    figures.add("messages posted to a receiver with faults, in order", MESSAGES)
    figures.add("deliveries of these by webhook", int(deliveries[1].replace(",", "")))
