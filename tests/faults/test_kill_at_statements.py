"""kill -9 before every statement: what is stored is always what some commit left."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from attrs import define, field
from sqlalchemy import Engine

from motfunnel.tracking.upkeep.check import check_contacts
from tests.faults.boundary import before_each
from tests.faults.figures import Figures
from tests.faults.operations import OPERATIONS, RANDOM, open_tracker
from tests.faults.snapshot import Snapshot, copy_tenant, snapshot
from tests.faults.soak import size
from tests.faults.victim import kill_at
from tests.tracking.fleet import Place

pytestmark = pytest.mark.slow

MOST = 5


def stored(engine: Engine, tenant: str) -> Snapshot:
    """All that is stored, but for the random name that an erasure goes by."""
    return snapshot(engine, tenant, without=["token"])


@define
class Watch:
    """What is stored before an undisturbed run, after each of its commits, and at its end."""

    engine: Engine
    tenant: str
    states: list[Snapshot] = field(factory=list)
    statements: int = 0
    latest: str = "COMMIT"

    def __call__(self, statement: str) -> None:
        if self.latest.upper().startswith("COMMIT"):
            self.look()
        self.latest = statement
        self.statements += 1

    def look(self) -> None:
        self.states.append(stored(self.engine, self.tenant))


def watch(engine: Engine, place: Place, operation: str, directory: Path) -> Watch:
    """Do an operation undisturbed."""
    watch = Watch(engine, place.tenant)
    with open_tracker(place.url, place.tenant) as tracker:
        before_each(tracker.database.engine, watch)
        tracker.create_tables()
        watch.statements = 0
        OPERATIONS[operation].act(tracker, directory)
    watch.look()
    return watch


def some(statements: int) -> list[int]:
    """The numbers of the statements to die before: all, or in an ordinary run some of many."""
    step = size(max(1, statements // MOST), 1)
    return sorted({*range(1, statements + 1, step), statements})


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one not in RANDOM])
def test_a_killed_operation_is_whole_and_can_be_done_again(
    shared_engine: Engine, place: Place, operation: str, tmp_path: Path, figures: Figures
) -> None:
    """After a kill at any statement a commit's state is there; done again, it ends as if never."""
    prepared = uuid4().hex
    with open_tracker(place.url, prepared) as tracker:
        OPERATIONS[operation].prepare(tracker, tmp_path)
    copy_tenant(shared_engine, prepared, place.tenant)
    before = stored(shared_engine, prepared)
    undisturbed = watch(shared_engine, place, operation, tmp_path)
    after = undisturbed.states[-1]
    assert undisturbed.states[0] == before != after
    numbers = some(undisturbed.statements)
    for fatal in [*numbers, undisturbed.statements + 1]:
        mine = Place(place.url, uuid4().hex)
        copy_tenant(shared_engine, prepared, mine.tenant)
        death = kill_at(shared_engine, mine, operation, tmp_path, fatal)
        assert death.survived is (fatal > undisturbed.statements)
        left = stored(shared_engine, mine.tenant)
        assert left == after if death.survived else left in undisturbed.states
        tracker = open_tracker(shared_engine, mine.tenant)
        assert not check_contacts(tracker).differences
        if not death.survived:
            OPERATIONS[operation].act(tracker, tmp_path)
            assert stored(shared_engine, mine.tenant) == after
        assert check_contacts(tracker).is_sound
    figures.add("kills at a statement", len(numbers))
