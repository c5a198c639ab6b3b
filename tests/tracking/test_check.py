"""The check: what is stored is held to the events, and mended where it is told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, delete, update

from motfunnel import Tracker
from motfunnel.errors import SchemaError
from motfunnel.store.schema.tables import Tables, tables
from tests.tracking.scene import FUNNEL, day, rows_of

DAMAGES: dict[str, Callable[[Tables], Any]] = {
    "presence": lambda t: update(t.contacts).values(presence="active", departed_at=None),
    "stage": lambda t: update(t.contacts).values(stage="customer"),
    "episodes": lambda t: delete(t.episodes),
    "moments": lambda t: delete(t.moments),
    "signals": lambda t: update(t.events).values(signal="note"),
    "alive": lambda t: update(t.events).values(alive=~t.events.c.alive),
    "traits": lambda t: delete(t.traits),
    "contact": lambda t: delete(t.contacts),
    "last_id": lambda t: update(t.contacts).values(last_id="another"),
    "known": lambda t: update(t.contacts).values(known=False),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_repaired(shared_engine: Engine, tracker: Tracker, damage: str) -> None:
    """Whatever was changed behind our back is reported by its name, and mended from the events."""
    for key in ("ada", "bob"):
        tracker.identify(key, {"plan": "pro"}, id="t", occurred_at=day(0))
        tracker.track(key, "saw", id="1", occurred_at=day(0))
        tracker.track(key, "signed_up", id="2", occurred_at=day(30))
        tracker.track(key, "left", id="3", occurred_at=day(31))
    tracker.sweep()
    before = rows_of(shared_engine, tracker.tenant)
    statement = DAMAGES[damage](tables())
    table = statement.table
    with shared_engine.begin() as connection:
        mine = statement.where(table.c.tenant == tracker.tenant, table.c.contact == "ada")
        connection.execute(mine)
    found = tracker.check()
    assert not found.is_sound
    assert {one.contact for one in found.differences} == {"ada"}
    assert damage in {one.what for one in found.differences}
    mended = tracker.check(repair=True)
    assert (mended.repaired, mended.is_sound) == (1, True)
    assert "1 repaired" in str(mended)
    assert tracker.check().differences == ()
    assert rows_of(shared_engine, tracker.tenant) == before


def test_a_check_of_what_is_not_there(tmp_path: Path) -> None:
    """Where nothing is stored nothing differs; tables of another version say what to run."""
    with Tracker(f"sqlite:///{tmp_path}/crm.db", FUNNEL) as tracker:
        assert tracker.check().contacts == 0
        with tracker.database.engine.begin() as connection:
            connection.execute(update(tables().version).values(version=99))
    with (
        Tracker(f"sqlite:///{tmp_path}/crm.db", FUNNEL) as tracker,
        pytest.raises(SchemaError, match="the tables are of version 99"),
    ):
        tracker.check()
