"""Handlers and signals: told after the commit, each with a session of its own."""

from __future__ import annotations

import gc
import logging
from typing import Any

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from motfunnel import Moment, MomentKind, track
from motfunnel.errors import QuestionError
from motfunnel.integrations.flask import MotFunnel, signals
from tests.integrations.flask.shop import Shop
from tests.tracking.scene import FUNNEL, day


def test_there_is_a_signal_for_each_kind() -> None:
    """They are named as the moments are."""
    assert [signal.name for signal in signals.SIGNALS.values()] == [*MomentKind]
    assert all(getattr(signals, kind.value) is signals.SIGNALS[kind] for kind in MomentKind)


def test_receivers_are_told_after_the_commit(shop: Shop) -> None:
    """They are given the application and the moment; nobody hears of what was rolled back."""
    told: list[tuple[Any, str]] = []

    def receive(sender: Any, moment: Moment) -> None:
        told.append((sender, moment.contact))

    with signals.opening.connected_to(receive, shop.app), shop.app.app_context():
        track("ada", "saw")
        shop.session().rollback()
        track("bob", "saw")
        assert told == []
        shop.session().commit()
        assert told == [(shop.app, "bob")]


def test_one_that_raises_harms_nobody(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged; the order stays, and others are told."""
    told: list[Moment] = []

    def fail(sender: Any, moment: Moment) -> None:
        raise RuntimeError("the mail server is down")

    def receive(sender: Any, moment: Moment) -> None:
        told.append(moment)

    shop.funnel.on("opening", told.append)
    with (
        signals.opening.connected_to(fail, shop.app),
        signals.opening.connected_to(receive, shop.app),
        caplog.at_level(logging.ERROR, "motfunnel"),
    ):
        assert shop.app.test_client().post("/orders/ada").status_code == 200
    assert [moment.contact for moment in told] == ["ada", "ada"]
    assert "a handler of moments failed" in caplog.text
    assert f"raised_at={f'{__file__}:{fail.__code__.co_firstlineno + 1}'!r}" in caplog.text
    assert "the mail server is down" not in caplog.text
    assert shop.orders("ada") == 1


def test_what_a_handler_tracks_is_committed_by_itself(shop: Shop) -> None:
    """The session that was waited for is closing; the handler's track needs none."""

    @shop.funnel.on(MomentKind.OPENING)
    def write(moment: Moment) -> None:
        track(moment.contact, "mailed", id="mail")

    shop.app.test_client().post("/orders/ada")
    with shop.app.app_context():
        assert len(shop.tracker.export("ada")["events"]) == 2


@pytest.mark.parametrize("shared_engine", ["sqlite"], indirect=True)
def test_handlers_hear_of_a_sweep(shop: Shop) -> None:
    """A departure by silence is told of when a sweep writes it down."""
    told: list[Moment] = []
    shop.funnel.on("depart", told.append)
    with shop.app.app_context():
        track("ada", "saw", occurred_at=day(0))
        shop.session().commit()
        assert shop.tracker.sweep() == 1
    assert [moment.contact for moment in told] == ["ada"]


def test_a_handler_has_a_session_of_its_own(shop: Shop) -> None:
    """Where the extension keeps a session a context, a handler may write with it."""

    @shop.funnel.on("opening")
    def write(moment: Moment) -> None:
        shop.session().add(shop.order(contact=f"{shop.tenant} from a handler"))
        shop.session().commit()

    shop.app.test_client().post("/orders/ada")
    assert shop.orders("from a handler") == 1


def test_there_is_no_other_moment(shop: Shop) -> None:
    """A name that is no kind is refused where the handler is set."""
    with pytest.raises(QuestionError, match="there is no moment 'departed'; did you mean 'depart'"):
        shop.funnel.on("departed")  # type: ignore[arg-type]  # what a checker refuses, too


def test_what_stands_open_is_not_seen_by_a_handler(shop: Shop) -> None:
    """Handlers are told once the order is there for everybody."""
    seen: list[int] = []

    @shop.funnel.on("opening")
    def count(moment: Moment) -> None:
        with shop.engines()[0].connect() as connection:
            mine = select(shop.order.id).where(shop.order.contact == f"{shop.tenant} ada")
            seen.append(len(connection.scalars(mine).all()))

    shop.app.test_client().post("/orders/ada")
    assert seen == [1]


def test_a_handler_is_the_extensions_and_a_receiver_the_applications() -> None:
    """Of several applications, ``on`` hears all, and ``connect_via`` one."""
    funnel, db = MotFunnel(funnel=FUNNEL), SQLAlchemy()
    told: list[str] = []
    received: list[str] = []

    def create_app(name: str) -> Flask:
        app = Flask(name)
        app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
        db.init_app(app)
        funnel.init_app(app, db=db)

        @signals.opening.connect_via(app)
        def receive(sender: Flask, moment: Moment) -> None:
            received.append(f"{name} {moment.contact}")

        return app

    apps = [create_app("first"), create_app("second")]
    gc.collect()
    funnel.on("opening", lambda moment: told.append(moment.contact))
    for app in apps:
        with app.app_context():
            db.create_all()
            track(f"ada of {app.name}", "saw")
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
    assert told == ["ada of first", "ada of second"]
    assert received == ["first ada of first", "second ada of second"]
