"""Every end of a command has its code, and what goes wrong is one line without a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import COLUMNS, FUNNEL, Run

SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep", "--db", "sqlite:////no/such/place.db"], "no database /no/such/place.db"),
        (["sweep", "--db", "nonsense://x"], "nonsense"),
        (["sweep", "--funnel", "gone.toml"], "gone.toml"),
        (["sweep", "--db", "sqlite://"], "no funnel was given"),
        (["moments", "--db", "sqlite://", "--funnel", "saas", "--as-of", "2999-01-01"], "future"),
        (["import", "gone.csv", "--funnel", "funnel.toml", *COLUMNS], "there is no file gone.csv"),
        (
            ["import", "events.csv", "--funnel", "funnel.toml", *COLUMNS[:4], "--at", "whn"],
            "Did you mean --at 'when'?",
        ),
    ],
)
def test_what_could_not_be_done(run: Run, arguments: list[str], words: str) -> None:
    """Exit code 3, and one line on standard error."""
    result = run(*arguments, code=3)
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "events.csv", "--funnel", "funnel.toml"],
        ["import", *COLUMNS],
        ["import", "--retry-rejects", "--delimiter", ";"],
        ["moments", "--kind", "nonsense"],
        ["nonsense"],
    ],
)
def test_bad_usage(run: Run, arguments: list[str]) -> None:
    """Exit code 2, as click has it."""
    assert "Error" in run(*arguments, code=2).stderr


def test_a_store_must_be_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By --db or the environment."""
    monkeypatch.delenv("MOTFUNNEL_DB")
    assert "MOTFUNNEL_DB" in run("sweep", code=2).stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    """For whoever looks for the fault."""
    done = start(tmp_path, "--debug", "sweep", "--funnel", "gone.toml")
    assert b"Traceback" in done.communicate()[1]


def start(directory: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start the command line in a process of its own."""
    environment = os.environ | {"PYTHONPATH": SOURCE, "MOTFUNNEL_DB": "sqlite:///store.db"}
    return subprocess.Popen(
        [sys.executable, "-m", "motfunnel", *arguments],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A directory with a store of many moments."""
    (tmp_path / "funnel.toml").write_text(FUNNEL)
    rows = "".join(f"c{n},bought,{n}\n" for n in range(20_000))
    (tmp_path / "events.csv").write_text("who,what,when\n" + rows)
    return tmp_path


IMPORT = ("import", "events.csv", "--funnel", "funnel.toml", "--at-format", "unix", *COLUMNS)


@pytest.mark.slow
def test_a_reader_may_leave(large: Path) -> None:
    """``| head`` ends the command quietly; no colours and no progress go into a pipe."""
    done = start(large, *IMPORT)
    out, error = done.communicate()
    assert (done.returncode, error) == (0, b"")
    assert b"\x1b" not in out
    for form in ("text", "json", "csv"):
        listing = start(large, "moments", "--format", form)
        assert listing.stdout is not None and listing.stderr is not None
        listing.stdout.readline()
        listing.stdout.close()
        assert listing.stderr.read() == b""
        assert listing.wait() == 0
        listing.stderr.close()


@pytest.mark.slow
def test_an_interrupt(large: Path) -> None:
    """Ctrl-C gives 130, and the next run goes on."""
    running = start(large, *IMPORT)
    deadline = time.monotonic() + 30
    while not (large / "store.db").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, error = running.communicate()
    assert running.returncode == 130
    assert b"Traceback" not in error
    again = start(large, *IMPORT)
    out, _ = again.communicate()
    assert again.returncode == 0
    assert b"0 rejected" in out


def test_without_the_extra(tmp_path: Path) -> None:
    """It says what to install."""
    script = (
        "import sys; sys.modules['click'] = None; from motfunnel.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert done.stderr == "the command line needs more: pip install 'motfunnel[cli]'\n"
