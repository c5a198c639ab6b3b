"""kill -9 while the tables are made or migrated: whoever comes next finishes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, select

from motfunnel.store.database.database import Database
from motfunnel.store.database.migrations import migrate
from motfunnel.store.schema.tables import tables
from motfunnel.store.schema.versions import VERSION
from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.figures import Figures
from tests.faults.operations import open_tracker
from tests.faults.snapshot import everything
from tests.faults.soak import size
from tests.faults.victim import Death, kill_while_making_tables, kill_while_migrating
from tests.store.test_migrations import RELEASED, put_released, shape
from tests.tracking.fleet import Place

pytestmark = pytest.mark.slow

MOST = 6


def boundaries(
    engine: Engine, url: str, kill: Callable[[Engine, Place, int], Death]
) -> Iterator[int]:
    """The statements of a whole run, of which an ordinary run takes some, and the last."""
    whole = kill(engine, Place(url, "mine"), 0)
    assert whole.survived
    step = size(max(1, whole.statements // MOST), 1)
    yield from sorted({*range(1, whole.statements + 1, step), whole.statements})


def drop_all(engine: Engine) -> None:
    """Drop whatever tables there are."""
    found = MetaData()
    found.reflect(engine)
    found.drop_all(engine)


def test_tables_half_made_are_finished(url: str, engine: Engine, figures: Figures) -> None:
    """After a kill at any statement of making the tables, the next to come makes the rest."""
    kills = 0
    for fatal in boundaries(engine, url, kill_while_making_tables):
        drop_all(engine)
        death = kill_while_making_tables(engine, Place(url, "mine"), fatal)
        assert not death.survived
        kills += 1
        with open_tracker(url, "mine") as tracker:
            tracker.track("ada", "saw")
            assert check_contacts(tracker).is_sound
        with engine.connect() as connection:
            assert connection.scalars(select(tables().version.c.version)).all() == [VERSION]
    figures.add("kills while making the tables", kills)


@pytest.mark.parametrize("version", sorted(RELEASED))
def test_a_migration_that_was_killed_is_finished(
    url: str, engine: Engine, version: int, figures: Figures
) -> None:
    """After a kill at any statement of a migration, running it again ends as if it never was."""
    put_released(engine, version)
    before, said = everything(engine), _said(engine)
    numbers = boundaries(engine, url, kill_while_migrating)
    kills, first = 0, next(numbers)
    after, made = everything(engine), shape(engine)
    assert after.keys() >= before.keys()
    for fatal in [first, *numbers]:
        drop_all(engine)
        put_released(engine, version)
        death = kill_while_migrating(engine, Place(url, "mine"), fatal)
        assert not death.survived
        kills += 1
        assert _said(engine) == said
        found, _ = migrate(Database(engine))
        assert version <= found <= VERSION  # a step that was done is not done again
        assert (everything(engine), shape(engine)) == (after, made)
    figures.add("kills at a statement of a migration", kills)


def _said(engine: Engine) -> list[Any]:
    """What was said, in columns that there have always been."""
    e = tables().events.c
    always = select(e.tenant, e.contact, e.id, e.event, e.occurred_at, e.signal, e.properties)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(always.order_by(e.contact, e.id))]
