"""A killed import goes on where it was, and in the end nobody can tell."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from motfunnel import Tracker
from motfunnel.intake import importer as importing
from tests.intake.conftest import FUNNEL, NOW, Write, checkpoints, ids, rejects, stored, take

SCRIPT = """
import os, signal, sys
from motfunnel.intake import importer as importing
from tests.intake.conftest import FUNNEL, NOW, take
from motfunnel import Tracker
from pathlib import Path

importing.AT_ONCE = 100
def die(what, done):
    if (what, done) == (sys.argv[3], int(sys.argv[4])):
        os.kill(os.getpid(), signal.SIGKILL)

take(Tracker(sys.argv[1], FUNNEL, clock=lambda: NOW), Path(sys.argv[2]), progress=die)
"""
ROWS = 1000


def history() -> str:
    """Rows of which many are identical, across batches too, and some are bad."""
    days = [f"2024-01-{1 + n % 7:02}" if n % 50 else "bad" for n in range(ROWS)]
    rows = [f"c{n % 20},{'bought' if n % 3 else 'seen'},{day}" for n, day in enumerate(days)]
    return "who,what,when\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("at", [("rows", 300), ("rows", 1000), ("contacts", 20)], ids=str)
def test_a_killed_import_goes_on(
    url: str, write: Write, tmp_path: Path, at: tuple[str, int]
) -> None:
    """The events, rejects and moments are those of an import that was left in peace."""
    path = write(history())
    arguments = [sys.executable, "-c", SCRIPT, url, str(path), at[0], str(at[1])]
    here = str(Path(__file__).parents[2])
    paths = os.pathsep.join([here, str(Path(here) / "src")])
    killed = subprocess.run(arguments, check=False, env=os.environ | {"PYTHONPATH": paths})
    assert killed.returncode == -signal.SIGKILL
    with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
        assert checkpoints(tracker) == 1
        resumed = take(tracker, path)
        assert resumed.resumed_after == at[1] + 1 if at[0] == "rows" else ROWS + 1
        assert (resumed.rows, resumed.added, resumed.rejected) == (ROWS, ROWS - 20, 20)
        assert checkpoints(tracker) == 0
        with Tracker(f"sqlite:///{tmp_path}/peace.db", FUNNEL, clock=lambda: NOW) as peaceful:
            take(peaceful, path)
            for read in (stored, ids, rejects, lambda t: list(t.moments())):
                assert read(tracker) == read(peaceful)


def test_what_is_resumed_must_be_the_same(
    lite: Tracker, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another file, or one understood otherwise, begins at its beginning, and ends the note."""
    monkeypatch.setattr(importing, "AT_ONCE", 100)

    def stop(what: str, done: int) -> None:
        raise KeyboardInterrupt

    path = write(history())
    with pytest.raises(KeyboardInterrupt):
        take(lite, path, progress=stop)
    assert take(lite, path, timezone="Europe/Berlin").resumed_after == 0
    assert checkpoints(lite) == 0
    assert take(lite, path).resumed_after == 0
