"""The commands about people: merge, unmerge, export, forget; and the upkeep beside them."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import COLUMNS, Run


def test_merge_and_unmerge(filled: Run) -> None:
    """Two keys are one contact after a merge, say so, and are two again after an unmerge."""
    assert filled("merge", "bob", "ada").stdout == "ada, also known as bob\n"
    assert filled("merge", "bob", "ada").stdout == "ada, also known as bob (as before)\n"
    told = json.loads(filled("contact", "bob", "--format", "json").stdout)
    assert (told["contact"], told["aliases"], told["events"]) == ("ada", ["bob"], 5)
    filled("merge", "bob", "cyd", code=3)
    assert filled("unmerge", "bob").stdout == "bob\n"
    assert "1 event" in filled("contact", "bob").stdout


def test_export(filled: Run) -> None:
    """An export is JSON with every event and its properties."""
    exported = json.loads(filled("export", "ada").stdout)
    assert [event["event"] for event in exported["events"]] == ["seen", "bought", "left", "seen"]
    assert exported["events"][2]["properties"] == {"reason": "price"}


def test_forget(filled: Run) -> None:
    """One contact is forgotten by its key, or all by their silence; never both, never neither."""
    filled("forget", code=2)
    filled("forget", "ada", "--silent-for", "9d", code=2)
    gone = filled("forget", "ada", "--keep-counts").stdout
    assert "4 events erased" in gone
    token = gone.split()[-1]
    assert "ada is unknown" in filled("contact", "ada", code=1).stdout
    assert "kept as a count" in filled("contact", token).stdout
    assert filled("forget", "--silent-for", "9d").stdout == "1 contact forgotten\n"
    assert "4 events, none" not in filled("contact", token).stdout


def test_a_backup_forgets_again(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tombstones that lie outside the database forget again whom a restored backup brought back."""
    monkeypatch.setenv("MOTFUNNEL_TOMBSTONE_KEY", "a secret of the host's own")
    shutil.copy("store.db", "backup.db")
    filled("forget", "ada")
    stones = Path("stones.jsonl")
    stones.write_text("of yesterday, and readable to all\n")
    stones.chmod(0o644)
    assert filled("tombstones", "--output", "stones.jsonl").stdout == "1 tombstone\n"
    assert stat.S_IMODE(stones.stat().st_mode) == 0o600
    assert [*Path().glob("stones*")] == [stones]
    assert "ada" not in stones.read_text()
    shutil.move("backup.db", "store.db")
    assert "4 events" in filled("contact", "ada").stdout
    assert filled("forget", "--again", "stones.jsonl").stdout == "1 contact forgotten again\n"
    assert "ada is unknown" in filled("contact", "ada", code=1).stdout
    filled("import", "events.csv", *COLUMNS, code=1)
    assert "ada is unknown" in filled("contact", "ada", code=1).stdout
    assert filled("forget", "--again", "stones.jsonl").stdout == "0 contacts forgotten again\n"


@pytest.mark.parametrize(
    "content", ["", "no JSON", "[]", '{"mark": "1"}', '{"mark": 1, "erased_at": 2}']
)
def test_a_file_without_tombstones(
    filled: Run, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """What holds no tombstones is refused, and so is everything where there is no secret."""
    Path("stones.jsonl").write_text(content + "\n")
    filled("forget", "--again", "stones.jsonl", code=2)
    filled("forget", "ada", "--again", "stones.jsonl", code=2)
    Path("stones.jsonl").write_text("")
    filled("forget", "--again", "stones.jsonl", code=3)
    monkeypatch.setenv("MOTFUNNEL_TOMBSTONE_KEY", "a secret of the host's own")
    assert "4 events" in filled("contact", "ada").stdout


def test_a_check_that_repairs(filled: Run) -> None:
    """A check that finds damage fails, one that repairs it does not, and the next finds none."""
    from sqlalchemy import create_engine, text

    engine = create_engine("sqlite:///store.db")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM motfunnel_moments WHERE contact = 'ada'"))
    engine.dispose()
    assert "2 contacts replayed: 1 differ\n" in filled("check", code=1).stdout
    assert "1 differ, 1 repaired" in filled("check", "--repair").stdout
    assert filled("check").stdout == "2 contacts replayed: 0 differ\n"
    assert filled("migrate").stdout == "the tables are of version 7 already\n"
