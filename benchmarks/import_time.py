"""How long a process takes to import motfunnel, as a multiple of its three libraries alone.

Whole processes, timed from outside, in turn: each pair is one of ours and one that imports
SQLAlchemy, attrs and structlog. The multiple is the median of the pairs. Everything was compiled
to bytecode before, as in an application.

    python benchmarks/import_time.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
LIBRARIES = ("-c", "import sqlalchemy, attrs, structlog")
OURS = {
    "import motfunnel": ("-c", "import motfunnel"),
    "a funnel": ("-c", "from motfunnel import Funnel; Funnel.saas()"),
    "import of Tracker": ("-c", "from motfunnel import Tracker"),
    "a tracker": ("-c", "from motfunnel import Tracker; Tracker('sqlite://', spool=False)"),
    "a report": ("-c", "from motfunnel.testing import memory_tracker as memory\n"
                       "with memory('saas') as tracker: tracker.report().funnel()"),
    "motfunnel --help": ("-m", "motfunnel", "--help"),
    "motfunnel report --help": ("-m", "motfunnel", "report", "--help"),
}  # fmt: skip


def main() -> None:
    """Measure each, and print the multiples."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    for name, command in OURS.items():
        pairs = [(_time(command), _time(LIBRARIES)) for _ in range(rounds + 1)][1:]
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        millis = 1_000 * statistics.median(ours for ours, _ in pairs)
        print(f"{name:24} {ratio:.2f} times its libraries ({millis:,.0f} ms, here and now)")


def _time(command: tuple[str, ...]) -> float:
    before = time.perf_counter()
    done = [sys.executable, *command]
    subprocess.run(done, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - before


if __name__ == "__main__":
    main()
