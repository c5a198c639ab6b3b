"""A row that cannot be taken is kept with its line and reason, and can be tried again."""

import csv
import sys
from pathlib import Path

import pytest

from motfunnel import Funnel, Tracker
from motfunnel.errors import SourceError
from motfunnel.intake import retry_rejects
from tests.intake.conftest import FUNNEL, NOW, Write, ids, rejects, stored, take

LONG = "x" * 300
BAD = {
    f"{LONG},seen,2024-01-01,": "the contact has 300 characters",
    "  ,seen,2024-01-01,": "the contact is blank",
    ",seen,2024-01-01,": "the column 'who' is empty",
    "ada,,2024-01-01,": "the column 'what' is empty",
    "ada,seen,,": "the column 'when' is empty",
    "ada,seen,soon,": "no ISO 8601 instant",
    "ada,seen,2026-02-01,": "lies in the future",
    "ada,seen,0999-01-01,": "before the year 1000",
    "ada,seen,2024-01-01T00:00:00.1234567,": "finer than a microsecond",
    "a\0a,seen,2024-01-01,": "the character NUL",
    "ada,seen,2024-01-01,a\0": "the character NUL",
    "ada,rated,2024-01-01,bad": "no number",
    "ada,$identify,2024-01-01,": "a name of our own",
    "ada,seen": "the row has 2 cells, and the header names 4 columns",
    "ada,seen,2024-01-01,,": "the row has 5 cells",
    "ada,seen,2024-01-01," + "y" * 70_000: "65536",
    "ada,seen,2024-01-01," + "y" * 140_000: "the line is no CSV: field larger",
    'ada,"seen"x,2024-01-01,': "the line is no CSV",
}


@pytest.mark.parametrize("row", BAD, ids=BAD.values())
def test_a_bad_row_is_kept(lite: Tracker, write: Write, row: str) -> None:
    """It names its line and reason, and the rows around it are taken."""
    csv.field_size_limit(131_072)  # as Python has it; a package that was imported may raise it
    path = write(f"who,what,when,score\nada,seen,2024-01-01,\n{row}\nbob,seen,2024-01-01,\n")
    imported = take(lite, path)
    assert (imported.rows, imported.added, imported.rejected) == (3, 2, 1)
    (reject,) = rejects(lite)
    assert reject.line == 3
    assert BAD[row] in reject.reason
    assert imported.reasons == ((3, reject.reason),)


def test_bad_rows_on_every_database(tracker: Tracker, write: Write) -> None:
    """What one database could not hold is rejected alike on all."""
    rows = "".join(f"{row}\n" for row in BAD)
    imported = take(tracker, write(f"who,what,when,score\n{rows}ada,seen,2024-01-01,\n"))
    assert (imported.added, imported.rejected) == (1, len(BAD))
    assert [reject.line for reject in rejects(tracker)] == list(range(2, len(BAD) + 2))


def test_bytes_that_are_no_text(tracker: Tracker, write: Write) -> None:
    """A line in another encoding is rejected, and says what to do."""
    imported = take(
        tracker, write(b"who,what,when\nada,seen,2024-01-01\nJos\xe9,seen,2024-01-01\n")
    )
    assert (imported.added, imported.rejected) == (1, 1)
    assert "not UTF-8" in rejects(tracker)[0].reason


def test_an_unclosed_quote_costs_one_line(lite: Tracker, write: Write) -> None:
    """The lines behind it are read as if it were not there."""
    path = write('who,what,when\nada,seen,2024-01-01\nbob,"seen,2024-01-01\ncyd,seen,2024-01-01\n')
    imported = take(lite, path)
    assert (imported.added, imported.rejected) == (2, 1)
    assert rejects(lite)[0].line == 3
    assert [who for who, *_ in stored(lite)] == ["ada", "cyd"]


def test_a_row_is_where_it_begins(lite: Tracker, write: Write) -> None:
    """Line numbers count physical lines, also after quoted line breaks and blank lines."""
    path = write(
        'who,what,when,text\r\n\r\nada,seen,2024-01-01,"one\r\ntwo"\r\nbob,seen,never,"a\nb"\r\n'
    )
    take(lite, path)
    assert rejects(lite)[0].line == 5
    assert stored(lite)[0][3] == {"text": "one\r\ntwo"}


def test_rejects_go_to_a_file(lite: Tracker, write: Write, tmp_path: Path) -> None:
    """On request, with line and reason, in the order of lines."""
    bad = "".join(f"ada,seen,bad{n}\n" for n in range(12))
    target = tmp_path / "rejects.csv"
    take(lite, write(f"who,what,when\n{bad}"), rejects=target)
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == list(range(2, 14))
    assert "'bad0' is no ISO 8601 instant" in rows[0]["reason"]
    assert '"when":"bad0"' in rows[0]["payload"]


def test_mended_rejects_are_taken(tracker: Tracker, write: Write) -> None:
    """They leave the table; those that are still bad stay; the ids are those of the file."""
    rows = "who,what,when\nada,seen,01.02.2024\nada,seen,01.02.2024\nbob,seen,soon\n"
    path = write(rows)
    assert take(tracker, path).rejected == 3
    retried = retry_rejects(tracker, at_format="%d.%m.%Y")
    assert (retried.rows, retried.added, retried.rejected) == (3, 2, 1)
    assert [reject.contact for reject in rejects(tracker)] == ["bob"]
    assert "does not have the form" in rejects(tracker)[0].reason
    before = ids(tracker)
    again = take(tracker, path, at_format="%d.%m.%Y")
    assert (again.added, again.duplicates) == (0, 2)
    assert ids(tracker) == before


def test_a_mended_funnel_takes_rejects(lite: Tracker, write: Write) -> None:
    """A funnel that refuses unmapped events rejects them until it names them."""
    strict = Funnel(stages=("a", "b"), rules={"seen": FUNNEL.rules["seen"]}, unmapped="refuse")
    url = lite.database.engine.url
    with Tracker(url, strict, clock=lambda: NOW) as tracker:
        imported = take(
            tracker, write("who,what,when\nada,seen,2024-01-01\nada,bought,2024-01-02\n")
        )
        assert (imported.added, imported.rejected) == (1, 1)
        assert "refuses such events" in rejects(tracker)[0].reason
    assert retry_rejects(lite).added == 1
    assert rejects(lite) == []
    assert len(list(lite.moments("ada"))) >= 2


def test_a_conflict_stays_rejected(lite: Tracker, write: Write) -> None:
    """A retry does not overwrite what is stored; unreadable lines wait too."""
    rows = 'key,who,what,when\n1,ada,seen,2024-01-01\n1,ada,left,2024-01-02\n2,ada,"x"y,2024\n'
    take(lite, write(rows), id="key")
    retried = retry_rejects(lite)
    assert (retried.added, retried.rejected) == (0, 2)
    assert "is taken by an event with other content" in rejects(lite)[0].reason


def test_a_retry_may_be_of_one_file(lite: Tracker, write: Write) -> None:
    """Other files' rejects are left alone."""
    take(lite, write("who,what,when\nada,seen,1\n", "one.csv"))
    take(lite, write("who,what,when\nada,seen,2\n", "two.csv"))
    assert retry_rejects(lite, source="one.csv", at_format="unix").added == 1
    assert [reject.source for reject in rejects(lite)] == ["two.csv"]


def test_no_cell_of_that_file_is_a_formula(lite: Tracker, write: Write, tmp_path: Path) -> None:
    """What a spreadsheet would reckon has an apostrophe before it, which can be taken away."""
    keys = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "ada", "a=1"]
    target = tmp_path / "rejects.csv"
    with (tmp_path / "file.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["who", "what", "when"], *[[k, k, "never"] for k in keys]])
    take(lite, tmp_path / "file.csv", rejects=target)
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, key in zip(rows, keys, strict=True):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        for name in ("contact", "event"):
            assert row[name].removeprefix("'") == key
    assert [row["contact"] for row in rows][-2:] == ["ada", "a=1"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are of POSIX")
def test_that_file_is_for_its_owner_alone(lite: Tracker, write: Write, tmp_path: Path) -> None:
    """Even if it was open to all before; where it is a link, what that leads to stays as it was."""
    path, target = write("who,what,when\nada,seen,never\n"), tmp_path / "rejects.csv"
    target.write_text("what was here before, and was much longer than this\n" * 99)
    target.chmod(0o666)
    take(lite, path, rejects=target)
    assert target.stat().st_mode & 0o777 == 0o600
    assert len(target.read_text().splitlines()) == 2
    for plant in (Path.symlink_to, Path.hardlink_to):
        mine, link = tmp_path / "mine", tmp_path / "link.csv"
        mine.write_text("mine")
        plant(link, mine)
        with pytest.raises(SourceError, match="link"):
            take(lite, write("who,what,when\nada,seen,2024-01-01\n"), rejects=link)
        assert stored(lite) == []
        assert mine.read_text() == "mine"
        link.unlink()
