"""Every benchmark runs, in a size that measures nothing: names of the library may have changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.databases import Databases, NoServer

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SIZES = {
    "batch.py": ["2000"],
    "coverage.py": ["3"],
    "dashboard_cost.py": ["--db", "{url}", "--events", "2000"],
    "import_rate.py": ["--db", "{url}", "--rows", "500", "--rounds", "1"],
    "import_time.py": ["1"],
    "lapse.py": ["--contacts", "300", "--days", "900"],
    "late_event.py": ["{url}", "--events", "6000"],
    "report_cost.py": ["--db", "{url}", "--events", "2000", "--first", "",
        "--only", "funnel", "lifecycle", "growth", "retention", "worklist"],
    "spool_length.py": ["{url}", "--lengths", "10"],
    "subscription_cost.py": ["{url}", "--rounds", "1"],
    "sweep.py": ["{url}", "--contacts", "1000"],
    "track_cost.py": ["{url}", "--calls", "20", "--rounds", "1"],
    "track_share.py": ["--requests", "5", "--rounds", "1"],
    "transfer.py": ["--db", "{url}", "--events", "2000", "--rounds", "1"],
    "webhook_relay.py": ["{url}", "--messages", "20"],
    "write_turns.py": ["--processes", "2", "--seconds", "0.2"],
}  # fmt: skip
PARTS = {"filling.py", "made_up.py", "one_report.py", "questions.py"}
"""Of other benchmarks; they are run with those."""
OTHERS = {"mutants.py"}
"""This needs what ``make mutants`` installs."""
SERVED = {"report_cost.py", "transfer.py"}
"""These run on PostgreSQL: beside statements by hand, and beside COPY."""


def test_each_benchmark_has_a_size() -> None:
    """None is left out below."""
    assert {one.name for one in BENCHMARKS.glob("*.py")} == {*SIZES, *PARTS, *OTHERS}


@pytest.mark.parametrize("name", SIZES)
def test_a_benchmark_runs(name: str, databases: Databases, tmp_path: Path) -> None:
    """It ends well, and prints something."""
    try:
        with databases.empty("postgresql" if name in SERVED else "sqlite", tmp_path) as url:
            written = url.render_as_string(hide_password=False)
            sizes = [one.format(url=written) for one in SIZES[name]]
            command = [sys.executable, str(BENCHMARKS / name), *sizes]
            done = subprocess.run(
                command, cwd=tmp_path, capture_output=True, text=True, check=False
            )
    except NoServer as absence:
        pytest.skip(str(absence))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
