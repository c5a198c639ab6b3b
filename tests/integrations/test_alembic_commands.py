"""Plain Alembic, as a user types it, with an ordinary and with an asynchronous ``env.py``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from motfunnel import Tracker
from motfunnel.errors import SchemaError
from motfunnel.store.schema.tables import tables
from tests.tracking.scene import FUNNEL

MODELS = """
from sqlalchemy.orm import DeclarativeBase

from motfunnel.integrations.alembic import add_tables


class Base(DeclarativeBase):
    pass


add_tables(Base.metadata)
"""
DRIVERS = {"generic": "sqlite", "async": "sqlite+aiosqlite"}


Run = Callable[..., str]


def begin(tmp_path: Path, template: str) -> Run:
    """Make a project, in which only target_metadata is changed; gives what runs ``alembic``."""

    def alembic(*words: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def edit(name: str, old: str, new: str) -> None:
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))

    (tmp_path / "models.py").write_text(MODELS)
    alembic("init", "-t", template, "migrations")
    edit("alembic.ini", "driver://user:pass@localhost/dbname", f"{DRIVERS[template]}:///shop.db")
    edit(
        "migrations/env.py",
        "target_metadata = None",
        "from models import Base\n\ntarget_metadata = Base.metadata",
    )
    return alembic


@pytest.mark.slow
@pytest.mark.parametrize("template", DRIVERS)
def test_revision_and_upgrade(tmp_path: Path, template: str) -> None:
    """Only target_metadata is changed in what ``alembic init`` made."""
    alembic = begin(tmp_path, template)
    alembic("revision", "--autogenerate", "-m", "moments")
    alembic("upgrade", "head")
    assert "No new upgrade operations detected" in alembic("check")
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    assert set(inspect(engine).get_table_names()) > set(tables().metadata.tables)
    engine.dispose()


@pytest.mark.slow
def test_tables_that_a_tracker_made_meanwhile(tmp_path: Path) -> None:
    """The migration finds them there and fails; once it is stamped, all goes on."""
    alembic = begin(tmp_path, "generic")
    alembic("revision", "--autogenerate", "-m", "moments")
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    tracker = Tracker(engine, FUNNEL)
    with engine.connect() as connection, pytest.raises(SchemaError, match="alembic upgrade head"):
        tracker.track("ada", "saw", bind=connection)
    tracker.create_tables()
    assert "already exists" in alembic("upgrade", "head", code=1)
    alembic("stamp", "head")
    alembic("upgrade", "head")
    assert "No new upgrade operations detected" in alembic("check")
    with engine.begin() as connection:
        tracker.track("ada", "saw", bind=connection)
    assert tracker.contact("ada").events == 1
    engine.dispose()
