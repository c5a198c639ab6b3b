"""What a run says before it begins: which tests, about how long, and which databases it found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import where_found

MINUTES = {
    "not slow": ("all tests but the slow ones; `make test-all` runs those too", 18),
    "": ("all tests, on every database", 96),
}
"""For what ``-m`` chooses: what that is, and the minutes that it takes one core."""


def header(config: pytest.Config) -> Iterator[str]:
    """The lines of the header."""
    what, minutes = MINUTES.get(config.option.markexpr, ("", 0))
    if what and config.args_source is config.ArgsSource.TESTPATHS:
        workers = max(1, len(config.getoption("tx", [])))
        yield f"motfunnel: {what}: about {-(-minutes // workers)} minutes with {workers} workers"
    seed = config.getoption("--shuffle")
    if seed is not None:
        yield f"motfunnel: in the order of --shuffle {seed}"
    found = where_found()
    there = [f"{kind} ({where})" for kind, where in found.items() if where]
    yield f"motfunnel: tested on {', '.join(there)}"
    missing = [kind for kind, where in found.items() if not where]
    if missing:
        yield f"motfunnel: NOT tested on {', '.join(missing)}: no server answers"
