"""PostgreSQL's tables parted by contact, as the guide does it: no answer changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from motfunnel.transfer import dump, opened
from tests.golden.questions import answers
from tests.tracking.scene import day
from tests.transfer.test_transfer import fill, stored

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "partition-by-contact.md"


@pytest.mark.slow
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_no_answer_changes(engine: Engine, tmp_path: Path) -> None:
    """Neither of what was there before, nor of what is written afterwards."""
    tracker = fill(engine, tmp_path)
    instants = [day(30), tracker.clock()]
    rows, told = stored(tracker), [*answers(tracker, instants, instants)]
    (statements,) = re.findall(r"```postgresql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    with engine.begin() as connection:
        connection.exec_driver_sql(statements.replace("%", "%%"))
    parts = [name for name in inspect(engine).get_table_names() if re.search(r"_\d$", name)]
    assert len(parts) == 8 * 8
    assert stored(tracker) == rows
    assert [*answers(tracker, instants, instants)] == told
    anew = fill(engine, tmp_path)
    assert anew.check().is_sound
    dump(anew, tmp_path / "out")
    with opened(tmp_path / "out") as plain:
        assert [*answers(plain, instants, instants)] == [*answers(anew, instants, instants)]
