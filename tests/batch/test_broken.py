"""Runs that are killed, and disks that are full: nothing looks whole that is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import monotonic, sleep

import duckdb
import pytest

from motfunnel.batch import classification, classify
from motfunnel.errors import SourceError

ROWS = 60_000
MOST_KILLED = 20
RUN = """
import sys
from motfunnel.batch import classification, classify
classification._PART = 4_000
classify(sys.argv[1], sys.argv[2], "ecommerce", threads=1)
"""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of some thousand contacts, in no order."""
    file = tmp_path_factory.mktemp("history") / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""
            COPY (
                SELECT 'c' || hash(i, 1) % 3000 AS contact, 'e' || i AS id,
                    ['Product Viewed', 'Order Completed'][(hash(i, 2) % 2)::INT + 1] AS event,
                    make_timestamptz(1700000000000000 + (hash(i, 3) % 60000000000000)::BIGINT) AS at
                FROM range({ROWS}) t(i)
            ) TO '{file}' (FORMAT parquet)""")
    return file


def bytes_of(out: Path) -> dict[str, bytes]:
    """All files of an output."""
    files = (file for file in out.rglob("*") if file.is_file())
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


def run(history: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RUN, str(history), str(out)])


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_in_the_same_bytes(history: Path, tmp_path: Path) -> None:
    """At twenty points that nobody chose; until the end there is no manifest."""
    began = monotonic()
    assert run(history, tmp_path / "whole").wait() == 0
    whole, duration = bytes_of(tmp_path / "whole"), monotonic() - began
    chance, killed = Random(20), 0
    while killed < MOST_KILLED:
        out = tmp_path / f"out{killed // 4}"
        broken = run(history, out)
        sleep(chance.uniform(0.2, 0.8) * duration)
        broken.kill()
        if broken.wait():
            killed += 1
        else:  # it was quicker than the first, as a machine is that has less to do
            duration *= 0.9
            assert bytes_of(out) == whole
            shutil.rmtree(out)
    for folder in tmp_path.glob("out*"):
        assert not (folder / "manifest.json").exists() or bytes_of(folder) == whole
        assert run(history, folder).wait() == 0
        assert bytes_of(folder) == whole


def _does(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that holds nothing yet."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if sys.platform != "linux" or not _does(made):
        pytest.skip("nobody lets us mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_more_space_goes_on(
    history: Path, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in the run it fills up, what is there does not look whole."""
    monkeypatch.setattr(classification, "_PART", 4_000)
    classify(history, tmp_path / "whole", "ecommerce", threads=1)
    out, fillings = small_disk / "out", 0
    for size in range(200, 20_000, 400):
        subprocess.run(["mount", "-o", f"remount,size={size}k", str(small_disk)], check=True)
        try:
            classify(history, out, "ecommerce", threads=1)
            break
        except SourceError as error:
            assert "no space is left on the disk; the same call goes on" in str(error)
            assert not (out / "manifest.json").exists()
            fillings += 1
    assert fillings > 2
    assert bytes_of(out) == bytes_of(tmp_path / "whole")
