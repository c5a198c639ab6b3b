"""Who was erased stays away: tombstones know it again, and what named it is known by the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from motfunnel import Tracker
from motfunnel.errors import ConflictError, ErasedError, StoreError, TombstoneError
from motfunnel.intake import import_file, retry_rejects
from motfunnel.store.ledger.tombstones import Tombstone
from motfunnel.tracking.recording.call import Call
from motfunnel.tracking.recording.entry import set_aside
from tests.tracking.scene import Clock, day, rows_of

ADA = "ada-5d1e@example.com"
SECRET = "a secret of the host's own"
COLUMNS: Any = {"contact": "who", "event": "what", "at": "when"}
Make = Callable[..., Tracker]


def write(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["who,what,when,friend,note", *rows]), encoding="utf-8")
    return path


def left(engine: Engine, tracker: Tracker) -> str:
    """All that is stored of a tenant, as text."""
    return repr(rows_of(engine, tracker.tenant))


def wait(tracker: Tracker, contact: str, at: datetime, **properties: Any) -> None:
    """Have a call wait in the spool."""
    call = Call(
        verb="track", contact=contact, event="saw", id="w", occurred_at=at, properties=properties
    )
    assert tracker.spool is not None
    tracker.spool.append(set_aside(call, StoreError("down"), datetime.now(UTC), is_refused=False))


def test_an_import_does_not_bring_her_back(
    shared_engine: Engine, make_tracker: Make, clock: Clock, tmp_path: Path
) -> None:
    """Rows of hers up to the erasure are refused, and nothing of them is kept; later ones come."""
    clock.now = day(10)
    tracker = make_tracker(tombstone_key=SECRET)
    path = write(tmp_path, f"{ADA},saw,2024-06-01,,her word", "bob,saw,2024-06-01,,his word")
    assert import_file(tracker, path, **COLUMNS).added == 2
    assert tracker.forget(ADA).tombstones == 1
    clock.now = day(30)
    path = write(
        tmp_path,
        f"{ADA},saw,2024-06-01,,her word",
        f"{ADA},bought,2024-06-05T10:00:00Z,,her word",
        "bob,saw,2024-06-01,,his word",
    )
    again = import_file(tracker, path, **COLUMNS)
    assert (again.added, again.duplicates, again.rejected) == (0, 1, 2)
    assert {reason for _, reason in again.reasons} == {ErasedError().reason}
    assert ADA not in left(shared_engine, tracker)
    assert "her word" not in left(shared_engine, tracker)
    assert SECRET not in left(shared_engine, tracker) + repr(vars(tracker))
    assert retry_rejects(tracker).rejected == 2
    tracker.track(ADA, "saw", occurred_at=day(1))
    later = write(tmp_path, f"{ADA},bought,2024-06-20,,")
    assert import_file(tracker, later, **COLUMNS).added == 1
    assert tracker.contact(ADA).events == 2
    assert tracker.check().is_sound


def test_what_cannot_be_read_of_her_is_not_kept(
    shared_engine: Engine, make_tracker: Make, tmp_path: Path
) -> None:
    """Of a row of hers without an instant only that there was one is kept, imported again."""
    tracker = make_tracker(tombstone_key=SECRET)
    rows = (
        f"{ADA},saw,yesterday,,her word",
        f"{ADA},,2024-06-01,,her word",
        "bob,saw,tomorrow,,his word",
    )
    path = write(tmp_path, *rows)
    assert import_file(tracker, path, **COLUMNS).rejected == 3
    tracker.forget(ADA)
    assert "her word" not in left(shared_engine, tracker)
    assert import_file(tracker, path, **COLUMNS).rejected == 3
    assert retry_rejects(tracker).rejected == 3
    assert ADA not in left(shared_engine, tracker)
    assert "her word" not in left(shared_engine, tracker)
    assert "his word" in left(shared_engine, tracker)


def test_without_the_key_nothing_is_imported_any_more(
    make_tracker: Make, clock: Clock, tmp_path: Path
) -> None:
    """A tracker that cannot know who was erased takes no file and no reject."""
    clock.now = day(10)
    make_tracker(tombstone_key=SECRET).forget(ADA)
    tracker = make_tracker()
    with pytest.raises(TombstoneError, match="tombstone_key"):
        import_file(tracker, write(tmp_path, f"{ADA},saw,2024-06-01,,"), **COLUMNS)
    with pytest.raises(TombstoneError, match="tombstone_key"):
        retry_rejects(tracker)


def test_with_another_key_nothing_is_known(
    shared_engine: Engine, make_tracker: Make, clock: Clock, tmp_path: Path
) -> None:
    """Whoever has another key is told so by all that would bring her back, and erases nobody."""
    clock.now = day(10)
    first = make_tracker(tombstone_key=SECRET)
    first.forget(ADA)
    first.track("bob", "saw", id="1", occurred_at=day(1))
    tracker = make_tracker(tombstone_key=f"{SECRET}?", spool=tmp_path / "spool")
    wait(tracker, ADA, day(1), n="her word")
    path = write(tmp_path, f"{ADA},saw,2024-06-01,,her word")
    refused: list[Callable[[], object]] = [
        lambda: import_file(tracker, path, **COLUMNS),
        lambda: retry_rejects(tracker),
        tracker.deliver,
        lambda: tracker.forget_again(first.tombstones()),
        lambda: tracker.forget("bob"),
    ]
    for act in refused:
        with pytest.raises(TombstoneError, match="another tombstone_key"):
            act()
    assert ADA not in left(shared_engine, tracker)
    assert tracker.contact("bob").events == 1
    assert len(first.tombstones()) == 1
    assert import_file(first, path, **COLUMNS).rejected == 1


def test_without_a_secret_nothing_is_kept(
    shared_engine: Engine, make_tracker: Make, tmp_path: Path
) -> None:
    """Then nobody knows her again, and the same file brings her back, as it is said."""
    tracker = make_tracker()
    path = write(tmp_path, f"{ADA},saw,2024-06-01,,")
    import_file(tracker, path, **COLUMNS)
    assert tracker.forget(ADA).tombstones == 0
    assert rows_of(shared_engine, tracker.tenant)["motfunnel_tombstones"] == []
    assert import_file(tracker, path, **COLUMNS).added == 1


def test_a_retry_and_a_delivery_do_not_bring_her_back(
    shared_engine: Engine, make_tracker: Make, clock: Clock, tmp_path: Path
) -> None:
    """What is kept elsewhere, and comes after the erasure, is refused; of what came later it is."""
    clock.now = day(10)
    tracker = make_tracker(tombstone_key=SECRET, spool=tmp_path / "spool")
    tracker.forget(ADA)
    lenient = make_tracker(spool=False, on_error="log")
    lenient.track(ADA, "saw", occurred_at=datetime(2024, 6, 2), properties={"n": "her word"})
    lenient.track(ADA, "saw", occurred_at=day(12), properties={"n": "her word"})
    clock.now = day(20)
    assert retry_rejects(tracker).added == 1
    tracker.forget(ADA)
    lenient.track(ADA, "saw", occurred_at=day(22), properties={"n": "her word"})
    clock.now = day(30)
    wait(tracker, ADA, day(15), n="her word")
    wait(tracker, "bob", day(15))
    delivered = tracker.deliver()
    assert (delivered.recorded, delivered.rejected) == (1, 1)
    assert tracker.contact(ADA).events == 0
    tracker.forget(ADA)
    retry_rejects(tracker)
    assert ADA not in left(shared_engine, tracker)
    assert "her word" not in left(shared_engine, tracker)


def test_a_restored_backup(shared_engine: Engine, make_tracker: Make, clock: Clock) -> None:
    """Tombstones that were kept outside forget again whom the backup brought back, merged too."""
    clock.now = day(10)
    tracker = make_tracker(tombstone_key=SECRET)

    def live() -> None:
        tracker.track(ADA, "saw", id="1", occurred_at=day(0))
        tracker.track("anon-5d1e", "saw", id="1", occurred_at=day(0))
        tracker.merge("anon-5d1e", into=ADA)
        tracker.track("bob", "referred", id="1", occurred_at=day(1), properties={"friend": ADA})

    live()
    tracker.forget("anon-5d1e")
    kept = tracker.tombstones()
    assert len(kept) == 2
    other = make_tracker(tombstone_key=SECRET, tenant=f"{tracker.tenant}r")
    with pytest.raises(TombstoneError):
        make_tracker().forget_again(kept)
    tracker, marks = other, kept
    live()
    assert tracker.forget_again(marks) == 0  # another tenant's
    live_again = [Tombstone(tracker.marker.mark(key), clock.now) for key in (ADA, "anon-5d1e")]  # type: ignore[union-attr]
    assert tracker.forget_again(live_again) == 2
    assert ADA not in left(shared_engine, tracker)
    assert {*tracker.tombstones()} == {*live_again, *marks}
    assert tracker.check().is_sound


@pytest.mark.parametrize("secret", [None, SECRET])
def test_what_named_her_counts_once(
    shared_engine: Engine, make_tracker: Make, secret: str | None
) -> None:
    """An event of somebody else that named her is known when it comes again, and no other is."""
    tracker = make_tracker(tombstone_key=secret)
    said: list[tuple[str, str, float, dict[str, Any]]] = [
        ("bought", "as it is", 0, {"for": ADA, "value": 3}),
        ("bought", f"order of {ADA}", 1, {"value": 3}),
        ("bought", f"another of {ADA}", 2, {"for": f"of {ADA}", "value": 3}),
        ("referred", "4", 3, {"friend": ADA, "value": 3}),
        (f"for {ADA}", "5", 4, {"value": 3}),
        ("saw", "6", 5, {ADA: 1, "value": 3}),
    ]

    def tell(**more: None) -> list[bool]:
        return [
            tracker.track("bob", event, id=id, occurred_at=day(at), properties=of | more).duplicate
            for event, id, at, of in said
        ]

    assert tell() == [False] * 6
    assert tracker.forget(ADA).others == 6
    before = tracker.contact("bob", as_of=day(8))
    assert tell() == [True] * 6
    assert tell(note=None) == [True] * 6  # a null is absent, also beside what is gone
    assert ADA not in left(shared_engine, tracker)
    after = tracker.contact("bob", as_of=day(8))
    assert (after.events, after.purchases, after.moments) == (6, before.purchases, before.moments)
    for event, id, at, of in said:
        with nullcontext() if ADA in id else pytest.raises(ConflictError):
            other = tracker.track(
                "bob", event, id=id, occurred_at=day(at), properties=of | {"value": 4}
            )
            assert not other.duplicate
    new = tracker.track("bob", "bought", id="8", occurred_at=day(2), properties={"value": 3})
    assert new.duplicate is False
    assert tracker.check().is_sound


@pytest.mark.parametrize("secret", [None, SECRET])
def test_a_file_that_named_her_counts_once(
    shared_engine: Engine, make_tracker: Make, clock: Clock, tmp_path: Path, secret: str | None
) -> None:
    """Imported again, rows of others that named her are known, though their ids told of her."""
    clock.now = day(10)
    tracker = make_tracker(tombstone_key=secret)
    rows = (
        f"bob,bought,2024-06-01,,for {ADA}",
        f"bob,referred,2024-06-02,{ADA},",
        "bob,bought,2024-06-03,,for carl",
        "cyd,bought,2024-06-01,,",
    )
    assert import_file(tracker, write(tmp_path, *rows), **COLUMNS).added == 4
    ids = {one["id"] for one in rows_of(shared_engine, tracker.tenant)["motfunnel_events"]}
    tracker.forget(ADA)
    after = {one["id"] for one in rows_of(shared_engine, tracker.tenant)["motfunnel_events"]}
    assert len(ids & after) == 2  # an id made of a row tells whoever guesses the row
    again = import_file(tracker, write(tmp_path, *rows, "bob,bought,2024-06-04,,new"), **COLUMNS)
    assert (again.added, again.duplicates, again.rejected) == (1, 4, 0)
    assert ADA not in left(shared_engine, tracker)
    assert tracker.check().is_sound


def test_what_others_say_of_her_later(
    shared_engine: Engine, make_tracker: Make, clock: Clock, tmp_path: Path
) -> None:
    """It is theirs, and stays as they said it until she is erased again; she is nobody by that."""
    clock.now = day(10)
    tracker = make_tracker(tombstone_key=SECRET)
    tracker.track(ADA, "saw", occurred_at=day(0))
    tracker.forget(ADA)
    path = write(tmp_path, f"bob,referred,2024-06-02,{ADA},", f"bob,saw,2024-06-03,,of {ADA}")
    assert import_file(tracker, path, **COLUMNS).added == 2
    assert tracker.contact(ADA).events == 0
    assert [moment.referred for moment in tracker.moments(kind="referral")] == [ADA]
    assert tracker.forget(ADA).others == 2
    assert ADA not in left(shared_engine, tracker)
    assert import_file(tracker, path, **COLUMNS).duplicates == 2
    assert tracker.check().is_sound


@pytest.mark.parametrize("secret", ["short", b"short", 7, ""])
def test_a_secret_that_is_none(make_tracker: Make, secret: Any) -> None:
    """A secret that is easily guessed, or no text, is refused, and not shown."""
    with pytest.raises(ValueError, match="tombstone key") as caught:
        make_tracker(tombstone_key=secret)
    assert "short" not in str(caught.value)


def test_a_sweep_by_age_leaves_tombstones(
    shared_engine: Engine, make_tracker: Make, clock: Clock
) -> None:
    """Whom ``retain`` forgot no file brings back either; of the mark nothing can be read."""
    tracker = make_tracker(tombstone_key=SECRET)
    tracker.track(ADA, "saw", id="1", occurred_at=day(0))
    assert tracker.retain(timedelta(days=100)) == 1
    [stone] = tracker.tombstones()
    assert stone.erased_at == clock.now
    assert len(stone.mark) == 64
    assert json.dumps(stone.mark) not in ADA
