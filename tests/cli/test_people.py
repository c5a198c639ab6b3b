"""The commands about people: merge, unmerge, export, forget; and the upkeep beside them."""

import json

from tests.cli.conftest import Run


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
    assert "ada is unknown" in filled("contact", "ada").stdout
    assert "kept as a count" in filled("contact", token).stdout
    assert filled("forget", "--silent-for", "9d").stdout == "1 contact forgotten\n"
    assert "4 events, none" not in filled("contact", token).stdout


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
    assert filled("migrate").stdout == "the tables are of version 4 already\n"
