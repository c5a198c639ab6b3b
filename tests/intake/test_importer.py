"""An import takes every row that can be taken, once, on every database."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motfunnel import MomentKind, Tracker
from motfunnel.domain.event import make_event
from motfunnel.domain.journey import walk
from motfunnel.intake import import_file
from motfunnel.intake import importer as importing
from tests.intake.conftest import (
    COLUMNS,
    FUNNEL,
    NOW,
    Write,
    checkpoints,
    ids,
    rejects,
    stored,
    take,
)

FILE = """who,what,when,score
ada,seen,2024-01-01,
ada,bought,2024-01-02T10:00:00,
bob,rated,2024-01-03T10:00:00Z,9
ada,bought,2024-01-02T10:00:00,
"""


def test_an_import_classifies(tracker: Tracker, write: Write) -> None:
    """Rows become events, events moments; empty cells and the named columns are no properties."""
    imported = take(tracker, write(FILE))
    assert (imported.rows, imported.added, imported.duplicates, imported.rejected) == (4, 4, 0, 0)
    assert imported.contacts == 2
    bought = datetime(2024, 1, 2, 10, tzinfo=UTC)
    assert stored(tracker) == [
        ("ada", "bought", bought, {}),
        ("ada", "bought", bought, {}),
        ("ada", "seen", datetime(2024, 1, 1, tzinfo=UTC), {}),
        ("bob", "rated", datetime(2024, 1, 3, 10, tzinfo=UTC), {"score": "9"}),
    ]
    kinds = [moment.kind for moment in tracker.moments("ada", as_of=bought)]
    assert kinds == [MomentKind.OPENING, MomentKind.CONVERSION, MomentKind.LOYALIST]
    assert checkpoints(tracker) == 0


def test_importing_twice_adds_nothing(tracker: Tracker, write: Write) -> None:
    """The same file gives the same ids, rejects and moments."""
    path = write(FILE + "cyd,seen,never,\n")
    take(tracker, path)
    before = (ids(tracker), list(tracker.moments()), rejects(tracker))
    again = take(tracker, path)
    assert (again.rows, again.added, again.duplicates, again.rejected) == (5, 0, 4, 1)
    assert (ids(tracker), list(tracker.moments()), rejects(tracker)) == before


def test_identical_rows_all_count(lite: Tracker, write: Write) -> None:
    """Two equal rows of one file are two events, however the file grows behind them."""
    take(lite, write(FILE))
    grown = take(lite, write(FILE + "ada,bought,2024-01-02T10:00:00,\n"))
    assert (grown.added, grown.duplicates) == (1, 4)


def test_an_id_is_an_event(tracker: Tracker, write: Write) -> None:
    """With ids, the same content is a duplicate, other content a reject, and the first stays."""
    first = "key,who,what,when\n1,ada,seen,2024-01-01\n2,ada,seen,2024-01-01\n"
    take(tracker, write(first), id="key")
    second = first + "1,ada,bought,2024-01-01\n1,bob,seen,2024-01-01\n"
    imported = take(tracker, write(second), id="key")
    assert (imported.added, imported.duplicates, imported.rejected) == (1, 2, 1)
    (reject,) = rejects(tracker)
    assert (reject.line, reject.contact, reject.event) == (4, "ada", "bought")
    assert "the id '1' is taken" in reject.reason
    assert ids(tracker) == {("ada", "1"), ("ada", "2"), ("bob", "1")}
    assert {event for _, event, _, _ in stored(tracker)} == {"seen"}


def test_of_two_contents_in_a_batch_the_first_in_order_stays(lite: Tracker, write: Write) -> None:
    """The order of events decides, not the order of rows."""
    rows = "key,who,what,when\n1,ada,bought,2024-01-02\n1,ada,seen,2024-01-01\n"
    imported = take(lite, write(rows), id="key")
    assert (imported.added, imported.rejected) == (1, 1)
    assert [event for _, event, _, _ in stored(lite)] == ["seen"]
    assert rejects(lite)[0].line == 2


def test_an_import_meets_what_was_tracked(tracker: Tracker, write: Write) -> None:
    """Imported events fold together with those that were tracked before."""
    tracker.track("ada", "bought", occurred_at=datetime(2024, 1, 5, tzinfo=UTC))
    take(tracker, write("who,what,when\nada,bought,2024-01-02\n"))
    kinds = [
        moment.kind for moment in tracker.moments("ada", as_of=datetime(2024, 1, 6, tzinfo=UTC))
    ]
    assert kinds == [MomentKind.OPENING, MomentKind.CONVERSION, MomentKind.LOYALIST]


def test_batches_make_no_difference(
    tracker: Tracker, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small transactions store what one would."""
    monkeypatch.setattr(importing, "AT_ONCE", 2)
    seen: list[tuple[str, int]] = []
    imported = take(tracker, write(FILE), progress=lambda what, done: seen.append((what, done)))
    assert imported.added == 4
    assert seen == [("rows", 2), ("rows", 4), ("contacts", 2)]


def test_tenants_are_apart(lite: Tracker, write: Write, tmp_path: Path) -> None:
    """One tenant's import is nothing to another."""
    take(lite, write(FILE + "cyd,seen,never,\n"))
    url = lite.database.engine.url
    with Tracker(url, FUNNEL, tenant="other", clock=lambda: NOW) as other:
        assert take(other, write(FILE)).added == 4
        assert rejects(other) == []


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["ada", "bob", "日本"]),
            st.sampled_from(["seen", "signed", "bought", "left", "mailed", "unheard"]),
            st.integers(0, 90),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_an_import_is_the_walk(
    rows: list[tuple[str, str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the order of the rows, the moments are those of the journey walked by hand."""
    directory = tmp_path_factory.mktemp("walk")
    lines = [f"{n},{who},{what},{day * 86400}" for n, (who, what, day) in enumerate(rows)]
    path = directory / "events.csv"
    path.write_text("\n".join(["key,who,what,when", *lines]))
    with Tracker(f"sqlite:///{directory}/walk.db", FUNNEL, clock=lambda: NOW) as tracker:
        import_file(tracker, path, **COLUMNS, id="key", at_format="unix")
        found = list(tracker.moments(as_of=NOW))
    events = [
        make_event(who, what, occurred_at=datetime.fromtimestamp(day * 86400, UTC), id=str(n))
        for n, (who, what, day) in enumerate(rows)
    ]
    walked = [
        moment
        for contact in sorted({who for who, _, _ in rows})
        for moment in walk(
            contact, FUNNEL, [event for event in events if event.contact == contact], as_of=NOW
        ).moments
    ]
    assert found == walked
