"""SQLite in memory has one connection for everybody: no work of ours ends the session's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from motfunnel import Tracker, track
from motfunnel.errors import TransactionError
from tests.integrations.flask.shop import Shop
from tests.tracking.scene import day


@pytest.fixture(params=["Flask-SQLAlchemy", "Flask-SQLAlchemy-Lite"])
def shop(request: pytest.FixtureRequest, open_shop: Callable[..., Shop]) -> Shop:
    """A shop in memory."""
    return open_shop("sqlite://", request.param)


VERBS: dict[str, Callable[[Tracker], Any]] = {
    "sweep": lambda tracker: tracker.sweep(),
    "rebuild": lambda tracker: tracker.rebuild(),
    "forget": lambda tracker: tracker.forget("ada"),
    "check": lambda tracker: tracker.check(repair=True),
    "migrate": lambda tracker: tracker.migrate(),
    "create_tables": lambda tracker: tracker.create_tables(),
}


@pytest.mark.parametrize("verb", VERBS)
def test_what_commits_by_itself_waits_for_the_session(shop: Shop, verb: str) -> None:
    """Amid the session's transaction it is refused or harmless, and after it, done."""
    with shop.app.app_context():
        track("ada", "saw", occurred_at=day(0))
        shop.session().commit()
        shop.place("bob")
        try:
            VERBS[verb](shop.tracker)
        except TransactionError as error:
            assert "commit or roll back first" in str(error)
        shop.session().rollback()
        assert shop.tracker.contact("bob").presence == "unknown"
        VERBS[verb](shop.tracker)
    assert shop.orders("bob") == 0


def test_questions_leave_the_session_alone(shop: Shop) -> None:
    """A question that is read while the session writes neither commits nor undoes that."""
    with shop.app.app_context():
        track("ada", "bought")
        shop.session().commit()
        moments = shop.tracker.iter_moments()
        next(moments)
        shop.place("bob")
        shop.session().flush()
        list(moments)
        shop.tracker.report().funnel()
        shop.session().rollback()
    assert shop.orders("bob") == 0
    with shop.app.app_context():
        shop.tracker.contact("ada")
        shop.place("bob")
        shop.tracker.health()
        shop.session().commit()
    assert (shop.orders("bob"), shop.presence("bob")) == (1, "active")


def test_a_view_that_has_only_read_may_sweep(shop: Shop) -> None:
    """A session that has written nothing is in nobody's way."""
    with shop.app.app_context():
        track("ada", "saw", occurred_at=day(0))
        shop.session().commit()
        assert shop.orders("ada") == 0
        shop.tracker.contact("ada")
        assert shop.tracker.sweep() == 1


def test_handlers_may_track(shop: Shop) -> None:
    """What a handler tracks goes over the one connection, which is just being given back."""
    shop.funnel.on("opening", lambda moment: track(moment.contact, "mailed", id="mail"))
    shop.app.test_client().post("/orders/ada")
    with shop.app.app_context():
        assert len(shop.tracker.export("ada")["events"]) == 2
    assert shop.orders("ada") == 1
