"""Plain Alembic, as a user types it, with an ordinary and with an asynchronous ``env.py``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from motfunnel.store.tables import tables

MODELS = """
from sqlalchemy.orm import DeclarativeBase

from motfunnel.integrations.alembic import add_tables


class Base(DeclarativeBase):
    pass


add_tables(Base.metadata)
"""
DRIVERS = {"generic": "sqlite", "async": "sqlite+aiosqlite"}


@pytest.mark.parametrize("template", DRIVERS)
def test_revision_and_upgrade(tmp_path: Path, template: str) -> None:
    """Only target_metadata is changed in what ``alembic init`` made."""

    def alembic(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
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
    alembic("revision", "--autogenerate", "-m", "moments")
    alembic("upgrade", "head")
    assert "No new upgrade operations detected" in alembic("check")
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    assert set(inspect(engine).get_table_names()) > set(tables().metadata.tables)
    engine.dispose()
