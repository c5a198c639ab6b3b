"""Two runs into one folder: the second is refused, and takes nothing of the first away."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from motfunnel import Funnel, Tracker, touch
from motfunnel.batch import classify
from motfunnel.batch.manifest import Output
from motfunnel.errors import SourceError
from motfunnel.transfer import dump

FUNNEL = Funnel(stages=("visitor", "customer"), rules={"came": touch()})
HOLD = """
import sys, time
from pathlib import Path
from motfunnel.batch.manifest import Output
with Output(Path(sys.argv[1])).alone():
    print("there", flush=True)
    time.sleep(60)
"""


def classify_one(folder: Path) -> None:
    """Classify one event into a folder."""
    file = folder.with_name("history.csv")
    file.write_text("contact,event,at,id\nada,came,2025-01-01T00:00Z,1\n")
    classify(file, folder, FUNNEL)


def dump_one(folder: Path) -> None:
    """Dump a store of one event into a folder."""
    with Tracker("sqlite://", FUNNEL, spool=False) as tracker:
        tracker.track("ada", "came")
        dump(tracker, folder)


@pytest.mark.parametrize("write", [classify_one, dump_one])
def test_a_second_run_is_refused(write: Callable[[Path], None], tmp_path: Path) -> None:
    """While another process has the folder; once that is killed, it is free."""
    folder = tmp_path / "out"
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None and other.stdout.readline()
        begun = folder / ".unfinished" / "begun"
        begun.parent.mkdir()
        begun.touch()
        with pytest.raises(SourceError, match=r"another run is writing to .*out; wait"):
            write(folder)
        assert begun.exists()
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    write(folder)
    assert Output(folder).about() is not None
