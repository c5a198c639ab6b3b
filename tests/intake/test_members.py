"""Folders and ZIP archives of files: one import, one fold, and other files are told."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from motfunnel import Tracker
from motfunnel.errors import OutdatedError, SourceError
from motfunnel.intake.look import look
from tests.intake.conftest import FUNNEL, NOW, checkpoints, rejects, stored, take

HEADER = "who,what,when\n"
FILES: dict[str, bytes] = {
    "2025/b.csv": (
        HEADER + "bob,seen,2025-01-03\nbob,seen,2025-01-03\n,seen,2025-01-04\n"
    ).encode(),
    "2025/a.jsonl.gz": gzip.compress(b'{"who":"ada","what":"bought","when":"2025-01-02"}\n'),
    "c.tsv": b"who\twhat\twhen\tmore\nbob\tseen\t2025-01-03\n" + b"ada\tseen\t2025-01-05\t7\n",
    "d.csv": b"a,b\n1,2\n",
    "read me.txt": b"hello",
    ".hidden.csv": b"x",
    "__MACOSX/b.csv": b"x",
}


@pytest.fixture(params=["folder", "archive"])
def many(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The files in a folder or an archive."""
    path = tmp_path / ("export.zip" if request.param == "archive" else "export")
    if request.param == "archive":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in FILES.items():
                archive.writestr(name, content)
        return path
    for name, content in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def test_all_files_are_taken(lite: Tracker, many: Path, tmp_path: Path) -> None:
    """In the order of names; each row of one is an event, alike rows of two are one."""
    told = take(lite, many, rejects=tmp_path / "rejects.csv")
    assert (told.rows, told.added, told.duplicates, told.rejected) == (6, 4, 0, 2)
    assert told.reasons == (
        (4, "2025/b.csv: the column 'who' is empty"),
        (2, "c.tsv: the row has 3 cells, and the header names 4 columns"),
    )
    assert told.unread[0].startswith("d.csv has no column 'who'") and not told.is_whole
    assert any("left out 1 file" in remark and "read me.txt" in remark for remark in told.remarks)
    assert [who for who, *_ in stored(lite)] == ["ada", "ada", "bob", "bob"]
    assert len(rejects(lite)) == 2 == len((tmp_path / "rejects.csv").read_text().splitlines()) - 1
    again = take(lite, many)
    assert (again.added, again.duplicates, again.contacts) == (0, 4, 0)
    found = look(many)
    assert "3 files" in found.remarks[0] or "4 files" in found.remarks[0]


def test_parquet_in_an_archive(lite: Tracker, tmp_path: Path) -> None:
    """It is read where it is."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(
        pyarrow.table({"who": ["ada"], "what": ["seen"], "when": ["2025-01-01"]}),
        tmp_path / "a.parquet",
    )
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.parquet", "a.parquet")
    assert take(lite, tmp_path / "a.zip").added == 1


@pytest.mark.parametrize("content", ["nothing", "workbook", "damaged", "locked"])
def test_an_archive_that_cannot_be_read(lite: Tracker, tmp_path: Path, content: str) -> None:
    """The message says what it is."""
    path = tmp_path / "a.zip"
    name = {"nothing": "a.txt", "workbook": "[Content_Types].xml"}.get(content, "a.csv")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, HEADER + "ada,seen,2025-01-01\n")
    whole = path.read_bytes()
    if content == "damaged":
        path.write_bytes(whole.replace(b"ada,seen", b"eve,seen"))
    elif content == "locked":
        path.write_bytes(
            whole.replace(
                b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
            )
        )
    why = {"nothing": "it holds a.txt", "workbook": "workbook", "damaged": "damaged",
           "locked": "password"}[content]  # fmt: skip
    with pytest.raises(SourceError, match=why):
        take(lite, path)


SCRIPT = """
import os, signal, sys
from pathlib import Path
from motfunnel import Tracker
from tests.intake.conftest import FUNNEL, NOW, take

def die(what, done):
    if what == "rows" and done > 2:
        os.kill(os.getpid(), signal.SIGKILL)

take(Tracker(sys.argv[1], FUNNEL, clock=lambda: NOW), Path(sys.argv[2]), progress=die)
"""


def test_a_report_says_that_an_import_is_not_finished(tmp_path: Path, many: Path) -> None:
    """Until it is, also when it was the same file with other content, or is folded meanwhile."""
    url = f"sqlite:///{tmp_path}/killed.db"
    here = str(Path(__file__).parents[2])
    paths = os.pathsep.join([here, str(Path(here) / "src")])
    killed = subprocess.run(
        [sys.executable, "-c", SCRIPT, url, str(many)], check=False,
        env=os.environ | {"PYTHONPATH": paths},
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    with Tracker(url, FUNNEL, clock=lambda: NOW) as tracker:
        with pytest.raises(OutdatedError, match="broken off after 4 rows: import the file again"):
            tracker.report().funnel()
        tracker.rebuild()
        assert "an import is not finished, of which 4 rows came" in str(tracker.report().funnel())
        told = take(tracker, many)
        assert (told.added, told.rejected) == (4, 2)
        assert checkpoints(tracker) == 0
        assert "not finished" not in str(tracker.report().funnel())
