"""Setting it up: settings, several engines, and what is said when something is amiss."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, MetaData, create_engine, inspect
from sqlalchemy.orm import Session, sessionmaker

import motfunnel
from motfunnel import Funnel, track
from motfunnel.errors import (
    FunnelError,
    MotfunnelError,
    NotConfiguredError,
    SchemaError,
    SettingError,
    TransactionError,
)
from motfunnel.integrations.flask import MotFunnel
from motfunnel.store.schema.portable import add_plain_tables
from tests.integrations.flask.shop import Shop
from tests.tracking.scene import FUNNEL, row_counts


@pytest.fixture
def app() -> Flask:
    """An application with a database in memory."""
    app = Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    return app


@pytest.fixture
def db(app: Flask) -> Any:
    """Its Flask-SQLAlchemy."""
    db = SQLAlchemy(app)
    yield db
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


def test_settings_come_from_the_configuration(app: Flask, db: SQLAlchemy) -> None:
    """They are read when the application is set up; an argument goes before them."""
    app.config |= {
        "MOTFUNNEL_FUNNEL": "saas",
        "MOTFUNNEL_TENANT": "shop",
        "MOTFUNNEL_BUDGET": 2,
        "MOTFUNNEL_ON_ERROR": "log",
        "MOTFUNNEL_CONTACT_KEY": lambda contact: contact["email"],
        "MOTFUNNEL_SPOOL": False,
    }
    extension = MotFunnel(tenant="market")
    extension.init_app(app, db=db, on_error="raise")
    with app.app_context():
        tracker = extension.tracker
        assert tracker.funnel == Funnel.saas()
        assert (tracker.tenant, tracker.on_error) == ("market", "raise")
        assert (tracker.budget, tracker.spool) == (timedelta(seconds=2), None)
        db.create_all()
        assert track({"email": "ada@example.com"}, "Signed Up").contact == "ada@example.com"
        assert current_app.extensions["motfunnel"].tracker is tracker is motfunnel.tracker()


def test_no_budget_is_a_setting_too(app: Flask, db: SQLAlchemy) -> None:
    """None means that calls may wait without bound."""
    extension = MotFunnel(app, db=db, funnel=FUNNEL, budget=None)
    with app.app_context():
        assert extension.tracker.budget is None


def test_the_funnels_file_lies_in_the_application(tmp_path: Path) -> None:
    """A path is read from the application's folder."""
    FILE = 'stages = ["guest", "buyer"]\n[rules]\nbought = "purchase"\n'
    (tmp_path / "funnel.toml").write_text(FILE)
    app = Flask("shop", root_path=str(tmp_path))
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        extension = MotFunnel(app, session=lambda: session, funnel="funnel.toml")
        with app.app_context():
            assert extension.tracker.funnel.stages == ("guest", "buyer")
        with pytest.raises(FunnelError):
            MotFunnel(Flask("other"), session=lambda: session, funnel="no-such-file.toml")
    engine.dispose()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FUNNEL", 3),
        ("TENANT", 3),
        ("TENANT", ""),
        ("TENANT", " "),
        ("TENANT", "a" * 64),
        ("TENANT", "a\x00"),
        ("SCHEMA", ""),
        ("SCHEMA", 3),
        ("CONTACT_KEY", "email"),
        ("ON_ERROR", "ignore"),
        ("BUDGET", "five"),
        ("BUDGET", True),
        ("BUDGET", 0),
        ("BUDGET", -1),
        ("BUDGET", timedelta(seconds=-1)),
        ("BUDGET", float("nan")),
        ("BUDGET", float("inf")),
        ("SPOOL", True),
        ("SPOOL", "False"),
        ("SPOOL", "off"),
        ("SPOOL", ""),
        ("SPOOL_LIMIT", 0),
        ("SPOOL_LIMIT", "1 GB"),
        ("SPOOL_FULL", "wait"),
        ("TABLES", "no"),
        ("BIND_KEY", "crm"),
    ],
)
def test_a_bad_setting_is_named(app: Flask, db: SQLAlchemy, key: str, value: object) -> None:
    """The error names the setting, when the application is set up."""
    app.config[f"MOTFUNNEL_{key}"] = value
    with pytest.raises(SettingError) as caught:
        MotFunnel(app, db=db)
    assert caught.value.key == f"MOTFUNNEL_{key}"
    assert repr(value) in caught.value.reason


@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("MOTFUNNEL_FUNEL", "did you mean MOTFUNNEL_FUNNEL?"),
        ("MOTFUNNEL_TENNANT", "did you mean MOTFUNNEL_TENANT?"),
        ("MOTFUNNEL_ON_ERRORS", "did you mean MOTFUNNEL_ON_ERROR?"),
        ("motfunnel_budget", "did you mean MOTFUNNEL_BUDGET?"),
        ("MOTFUNNEL_DB", "there are: MOTFUNNEL_FUNNEL, MOTFUNNEL_TENANT, "),
    ],
)
def test_a_misspelt_setting_is_named(app: Flask, db: SQLAlchemy, key: str, remedy: str) -> None:
    """A key of ours that is none is refused, though its value might be harmless."""
    app.config[key] = None
    with pytest.raises(SettingError) as caught:
        MotFunnel(app, db=db)
    assert caught.value.key == key
    assert remedy in caught.value.reason


@pytest.mark.parametrize(
    ("key", "value", "remedy"),
    [
        ("SPOOL", "False", "; in an environment variable write false"),
        ("TABLES", "True", "; in an environment variable write true"),
        ("BUDGET", "None", "; in an environment variable write null"),
        ("TENANT", "42", "; put it in quotes: '\"42\"' in an environment variable"),
    ],
)
def test_what_an_environment_variable_should_say(
    app: Flask, db: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, key: str, value: str, remedy: str
) -> None:
    """Flask reads JSON there; the error says how to write what was meant, and that is taken."""
    monkeypatch.setenv(f"SHOP_MOTFUNNEL_{key}", value)
    app.config.from_prefixed_env("SHOP")
    with pytest.raises(SettingError) as caught:
        MotFunnel(app, db=db)
    assert caught.value.reason.endswith(remedy)
    meant = '"42"' if key == "TENANT" else remedy.rsplit(maxsplit=1)[-1]
    monkeypatch.setenv(f"SHOP_MOTFUNNEL_{key}", meant)
    app.config.from_prefixed_env("SHOP")
    MotFunnel(app, db=db)


def test_a_misspelt_preset_is_named(app: Flask, db: SQLAlchemy) -> None:
    """A bare name is more likely a preset than a file."""
    for name, words in (
        ("ecomerce", r'neither a preset .* nor a file; did you mean "ecommerce"\?'),
        ("shop", r"neither a preset \(ecommerce, saas\) nor a file; name a preset"),
    ):
        with pytest.raises(FunnelError, match=words):
            MotFunnel(app, db=db, funnel=name)


def test_an_unknown_engine_is_told_from_those_that_are_there(app: Flask, db: SQLAlchemy) -> None:
    """The one without a name is called the default."""
    with pytest.raises(SettingError, match="no engine 'crm', but: the default;"):
        MotFunnel(app, db=db, bind_key="crm")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"tennant": "shop"}, SettingError, "there is no such setting"),
        ({"session": sessionmaker()}, TypeError, "a new session each time"),
        ({"session": Session()}, TypeError, "a function that gives a Session"),
        ({"session": Session, "bind_key": "crm"}, SettingError, "only a db= has engines"),
        ({"session": Session, "tables": True}, SettingError, "pass metadata="),
        ({}, NotConfiguredError, r"db.init_app\(app\)"),
    ],
)
def test_what_does_not_fit_is_refused(
    wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    """What cannot work says so when the application is set up, and not in its first request."""
    with pytest.raises(error, match=words):
        MotFunnel(Flask("shop"), **wrong)


def test_an_application_has_one(app: Flask, db: SQLAlchemy) -> None:
    """A second one is refused, as a second SQLAlchemy is."""
    extension = MotFunnel(app, funnel=FUNNEL)
    with pytest.raises(SettingError, match="has one already"):
        extension.init_app(app, db=db)


def test_outside_of_an_application_it_says_so(app: Flask, db: SQLAlchemy) -> None:
    """Without a context, or in another application's, nothing is written anywhere."""
    extension = MotFunnel(app, db=db, funnel=FUNNEL)
    with app.app_context():
        db.create_all()
        tracker = extension.tracker
    with pytest.raises(NotConfiguredError, match=r"with app\.app_context"):
        track("ada", "saw")
    with pytest.raises(NotConfiguredError, match=r"with app\.app_context"):
        _ = extension.tracker
    for ask in (lambda: tracker.track("ada", "saw"), lambda: tracker.contact("ada")):
        with Flask("other").app_context(), pytest.raises(NotConfiguredError, match="of shop"):
            ask()


def test_missing_tables_teach_the_next_step(url: str, open_shop: Callable[..., Shop]) -> None:
    """In the session and out of it; the view's own work goes on, and no table is made."""
    shop = open_shop(url)
    with shop.app.app_context():
        engine = shop.engines()[0]
        ours = MetaData()
        add_plain_tables(ours)
        ours.drop_all(engine)
        shop.session().add(shop.order(contact=f"{shop.tenant} ada"))
        asked: list[Callable[[], object]] = [
            lambda: track("ada", "bought"),
            lambda: shop.tracker.contact("ada"),
            lambda: shop.tracker.merge("ada", into="bob"),
        ]
        for ask in asked:
            with pytest.raises(SchemaError, match="run: flask db upgrade"):
                ask()
        shop.session().commit()
        for ask in (asked[1], shop.tracker.sweep):
            with pytest.raises(SchemaError, match="run: flask db upgrade"):
                ask()
        assert inspect(engine).get_table_names() == ["flask_orders"]
        assert shop.orders("ada") == 1
        shop.tracker.create_tables()
        track("ada", "bought")
        shop.session().commit()
    assert shop.presence("ada") == "active"


def test_tables_that_the_application_does_not_take(url: str) -> None:
    """Its metadata stays as it was; the tracker makes them on its own connection."""
    app, db = Flask("shop"), SQLAlchemy()
    app.config |= {"SQLALCHEMY_DATABASE_URI": url, "MOTFUNNEL_TABLES": False}
    db.init_app(app)
    extension = MotFunnel(app, db=db, funnel=FUNNEL)
    with app.app_context():
        assert not db.metadata.tables
        with pytest.raises(SchemaError, match=r"tracker.create_tables\(\)"):
            track("ada", "saw")
        db.session.rollback()
        extension.tracker.create_tables()
        track("ada", "saw")
        db.session.commit()
        assert extension.tracker.contact("ada").presence == "active"
        db.engine.dispose()


@pytest.mark.parametrize("url", ["postgresql", "mariadb"], indirect=True)
def test_what_would_wait_for_the_session_is_refused(
    url: str, open_shop: Callable[..., Shop]
) -> None:
    """An erasure would wait for the contact's lock, which the view holds and waits in turn."""
    shop = open_shop(url)
    with shop.app.app_context():
        shop.place("ada")
        with pytest.raises(TransactionError, match="commit or roll back first"):
            shop.tracker.forget("ada")
        shop.session().commit()
        assert shop.tracker.forget("ada").events == 1


def test_events_on_another_engine_of_the_session(engine: Engine, tmp_path: Path) -> None:
    """A bind key puts the tables there; order and event still stand or fall together."""
    app, db = Flask("shop"), SQLAlchemy()
    url = engine.url.render_as_string(hide_password=False)
    app.config |= {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'orders.db'}",
        "SQLALCHEMY_BINDS": {"crm": url},
    }
    db.init_app(app)

    class Order(db.Model):  # type: ignore[name-defined,misc,unused-ignore]
        id = db.Column(db.Integer, primary_key=True)

    extension = MotFunnel(app, db=db, funnel=FUNNEL, bind_key="crm")
    with app.app_context():
        db.create_all()
        assert inspect(db.engine).get_table_names() == ["order"]
        for end in (db.session.rollback, db.session.commit):
            db.session.add(Order())
            track("ada", "bought")
            end()
        assert db.session.query(Order).count() == 1
        assert row_counts(engine, "default")["motfunnel_events"] == 1
        assert extension.tracker.contact("ada").presence == "active"
        db.session.rollback()
        assert extension.tracker.sweep() == 0
        for one in db.engines.values():
            one.dispose()


def test_without_flask_it_says_what_to_install() -> None:
    """Importing the integration without the extra names it."""
    script = (
        "import sys; sys.modules['flask'] = None\n"
        "from motfunnel.errors import MissingExtraError\n"
        "try: import motfunnel.integrations.flask\n"
        "except MissingExtraError as error: print(error)"
    )
    said = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert "pip install 'motfunnel[flask]'" in said


def test_errors_are_of_one_family() -> None:
    """Whoever catches what the library raises catches these too."""
    assert issubclass(SettingError, MotfunnelError | ValueError)
    assert issubclass(TransactionError, MotfunnelError | RuntimeError)
