"""A shop in Flask, with orders of its own, on each kind of session that Flask applications have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from attrs import frozen
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy_lite import SQLAlchemy as SQLAlchemyLite
from sqlalchemy import Engine, String, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, scoped_session, sessionmaker

from motfunnel import Tracker, track
from motfunnel.integrations.flask import MotFunnel
from tests.tracking.scene import FUNNEL


@frozen
class Shop:
    """An application, with all that a test wants to lay hands on."""

    app: Flask
    order: Any
    session: Callable[[], Any]
    funnel: MotFunnel
    engines: Callable[[], list[Engine]]
    tenant: str

    @property
    def tracker(self) -> Tracker:
        return self.funnel.tracker

    def orders(self, contact: str) -> int:
        """How many orders of a contact are there, seen from a fresh context."""
        with self.app.app_context():
            mine = select(func.count()).where(self.order.contact == f"{self.tenant} {contact}")
            counted: int = self.session().scalar(mine)
            return counted

    def presence(self, contact: str) -> str:
        """Whether a contact is with the shop, seen from a fresh context."""
        with self.app.app_context():
            return self.tracker.contact(contact).presence.value

    def place(self, contact: str) -> None:
        """Write down an order, and track it, in the session that is in use."""
        self.session().add(self.order(contact=f"{self.tenant} {contact}"))
        track(contact, "bought")


class Columns:
    """The columns of an order, for whatever base class a host has."""

    id: Mapped[int] = mapped_column(primary_key=True)
    contact: Mapped[str] = mapped_column(String(99))


def with_flask_sqlalchemy(url: str, **settings: Any) -> Shop:
    db, app = SQLAlchemy(), Flask("shop")
    app.config["SQLALCHEMY_DATABASE_URI"] = url

    class Order(Columns, db.Model):  # type: ignore[name-defined,misc]
        __tablename__ = "flask_orders"

    db.init_app(app)
    return _open(
        app, Order, lambda: db.session, {"db": db}, settings, lambda: [*db.engines.values()]
    )


def with_flask_sqlalchemy_lite(url: str, **settings: Any) -> Shop:
    db, app = SQLAlchemyLite(), Flask("shop")
    app.config["SQLALCHEMY_ENGINES"] = {"default": url}

    class Model(DeclarativeBase):
        pass

    class Order(Columns, Model):
        __tablename__ = "flask_orders"

    db.init_app(app)
    mine = {"db": db, "metadata": Model.metadata}
    return _open(app, Order, lambda: db.session, mine, settings, lambda: list(db.engines.values()))


def with_plain_sqlalchemy(url: str, **settings: Any) -> Shop:
    app, engine = Flask("shop"), create_engine(url)
    session = scoped_session(sessionmaker(engine))

    class Model(DeclarativeBase):
        pass

    class Order(Columns, Model):
        __tablename__ = "flask_orders"

    @app.teardown_appcontext
    def remove(_: BaseException | None) -> None:
        session.remove()

    mine = {"session": session, "metadata": Model.metadata}
    return _open(app, Order, session, mine, settings, lambda: [engine])


HOSTS: dict[str, Callable[..., Shop]] = {
    "Flask-SQLAlchemy": with_flask_sqlalchemy,
    "Flask-SQLAlchemy-Lite": with_flask_sqlalchemy_lite,
    "SQLAlchemy": with_plain_sqlalchemy,
}


def _open(
    app: Flask,
    order: Any,
    session: Callable[[], Any],
    mine: dict[str, Any],
    settings: dict[str, Any],
    engines: Callable[[], list[Engine]],
) -> Shop:
    given: dict[str, Any] = {"funnel": FUNNEL, "tenant": uuid4().hex} | settings
    shop = Shop(app, order, session, MotFunnel(app, **mine, **given), engines, given["tenant"])

    @app.post("/orders/<contact>")
    def place(contact: str) -> str:
        shop.place(contact)
        shop.session().commit()
        return ""

    @app.post("/broken/<contact>")
    def fail(contact: str) -> str:
        shop.place(contact)
        raise RuntimeError("the card was declined")

    @app.post("/forgotten-commit/<contact>")
    def forget_to_commit(contact: str) -> str:
        shop.place(contact)
        return ""

    with app.app_context():
        order.metadata.create_all(engines()[0])
    return shop
