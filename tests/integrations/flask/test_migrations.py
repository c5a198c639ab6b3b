"""Flask-Migrate, as a user types it: init, migrate, upgrade, check, and a downgrade at the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, inspect

from motfunnel.store.database.database import Database
from motfunnel.store.schema.tables import tables

APP = """
import os

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData

from motfunnel import Funnel, track
from motfunnel.integrations.alembic import include_object
from motfunnel.integrations.flask import MotFunnel

db = SQLAlchemy(metadata=MetaData(naming_convention={"ck": "ck_%(constraint_name)s"}))


class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    contact = db.Column(db.String(99))


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_DB"]
    app.config["MOTFUNNEL_TABLES"] = os.environ.get("SHOP_TABLES", "yes") == "yes"
    if "SHOP_CRM" in os.environ:
        app.config["SQLALCHEMY_BINDS"] = {"crm": os.environ["SHOP_CRM"]}
        app.config["MOTFUNNEL_BIND_KEY"] = "crm"
    db.init_app(app)
    MotFunnel(app, db=db, funnel="ecommerce")
    Migrate(app, db, include_object=include_object)

    @app.cli.command("order")
    def order():
        db.session.add(Order(contact="ada@example.com"))
        track("ada@example.com", "Order Completed")
        db.session.commit()

    return app
"""

Run = Callable[..., str]


@pytest.fixture
def flask(tmp_path: Path, engine: Engine) -> Run:
    """Runs ``flask --app shop …`` in a folder of its own; gives all it printed."""
    (tmp_path / "shop.py").write_text(APP)
    url = engine.url.render_as_string(hide_password=False)

    def run(*words: str, code: int = 0, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "shop", *words],
            cwd=tmp_path,
            env=os.environ | {"SHOP_DB": url} | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def ours(engine: Engine) -> set[str]:
    """The tables of ours that are there."""
    return set(inspect(engine).get_table_names()) & set(tables().metadata.tables)


@pytest.mark.slow
def test_migrations_make_the_tables(flask: Run, engine: Engine, tmp_path: Path) -> None:
    """From nothing to a tracked order, a clean check, and back."""
    flask("db", "init")
    assert "flask db upgrade" in flask("order", code=1)
    flask("db", "migrate", "-m", "orders and moments")
    [script] = (tmp_path / "migrations" / "versions").glob("*.py")
    assert "motfunnel_events" in script.read_text()
    assert "import motfunnel" not in script.read_text()
    assert "from motfunnel" not in script.read_text()
    flask("db", "upgrade")
    assert "No new upgrade operations detected" in flask("db", "check")
    flask("order")
    assert "ada@example.com is active" in flask("motfunnel", "contact", "ada@example.com")
    flask("db", "downgrade")
    assert ours(engine) == set()


@pytest.mark.parametrize("url", ["mariadb"], indirect=True)
def test_migrations_leave_the_trackers_tables_alone(flask: Run, engine: Engine) -> None:
    """Where the application does not take them, autogenerate passes them over."""
    apart = {"SHOP_TABLES": "no"}
    Database(engine).create_tables()
    flask("db", "init", **apart)
    flask("db", "migrate", "-m", "orders", **apart)
    flask("db", "upgrade", **apart)
    flask("order", **apart)
    assert "No new upgrade operations detected" in flask("db", "check", **apart)
    assert ours(engine) == set(tables().metadata.tables)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_an_application_takes_over_the_trackers_tables(flask: Run, engine: Engine) -> None:
    """Tables that a tracker made are those that the models say: there is nothing to migrate."""
    Database(engine).create_tables()
    flask("db", "init")
    flask("db", "migrate", "-m", "orders")
    flask("db", "upgrade")
    assert "No new upgrade operations detected" in flask("db", "check")
    flask("order")


@pytest.mark.slow
def test_migrations_of_another_engine(flask: Run, engine: Engine, tmp_path: Path) -> None:
    """With a bind key, Flask-Migrate's template for several databases makes the tables there."""
    crm = create_engine(f"sqlite:///{tmp_path / 'crm.db'}")
    apart = {"SHOP_CRM": crm.url.render_as_string()}
    flask("db", "init", "--multidb", **apart)
    assert "flask db init --multidb" in flask("order", code=1, **apart)
    flask("db", "migrate", "-m", "orders and moments", **apart)
    flask("db", "upgrade", **apart)
    assert ours(engine) == set()
    assert ours(crm) == set(tables().metadata.tables)
    flask("order", **apart)
    assert "is active" in flask("motfunnel", "contact", "ada@example.com", **apart)
    crm.dispose()
