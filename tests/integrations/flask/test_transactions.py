"""In a request: what is tracked shares the fate of the session's transaction."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from motfunnel import track
from motfunnel.errors import ConflictError
from tests.integrations.flask.shop import Shop

pytestmark = pytest.mark.every_database


def test_a_commit_keeps_both(shop: Shop) -> None:
    """The order and its event are there once the view has committed."""
    assert shop.app.test_client().post("/orders/ada").status_code == 200
    assert (shop.orders("ada"), shop.presence("ada")) == (1, "active")


@pytest.mark.parametrize("path", ["/broken/ada", "/forgotten-commit/ada"])
def test_without_a_commit_neither_is_kept(shop: Shop, path: str) -> None:
    """Where a view raises, or forgets to commit, the teardown takes back order and event."""
    shop.app.test_client().post(path)
    assert (shop.orders("ada"), shop.presence("ada")) == (0, "unknown")


def test_an_event_belongs_to_its_savepoint(shop: Shop) -> None:
    """What was tracked in a savepoint goes with it; the rest stays."""
    with shop.app.app_context():
        shop.place("ada")
        with pytest.raises(RuntimeError), shop.session().begin_nested():
            shop.place("bob")
            raise RuntimeError
        shop.session().commit()
    assert [shop.presence(one) for one in ("ada", "bob")] == ["active", "unknown"]
    assert [shop.orders(one) for one in ("ada", "bob")] == [1, 0]


def test_a_refused_event_leaves_the_view_alone(shop: Shop) -> None:
    """A view may catch what track raises, and commit its own work."""
    with shop.app.app_context():
        track("ada", "saw", id="1")
        shop.session().add(shop.order(contact=f"{shop.tenant} ada"))
        with pytest.raises(ConflictError):
            track("ada", "bought", id="1")
        shop.session().commit()
    assert (shop.orders("ada"), shop.presence("ada")) == (1, "active")


def test_reads_see_what_the_view_has_written(shop: Shop) -> None:
    """Within its transaction, a contact is known from its first event on."""
    with shop.app.app_context():
        shop.place("ada")
        assert shop.tracker.contact("ada").presence == "active"
        assert shop.tracker.report().funnel().rows
        shop.session().rollback()
        assert shop.tracker.contact("ada").presence == "unknown"


def test_two_applications_have_trackers_of_their_own(
    shared_url: str, open_shop: Callable[..., Shop]
) -> None:
    """track goes to the application that is running, also where their contexts are nested."""
    one, other = open_shop(shared_url), open_shop(shared_url)
    with one.app.app_context():
        with other.app.app_context():
            other.place("bob")
            other.session().commit()
        one.place("ada")
        one.session().commit()
    assert [one.presence(who) for who in ("ada", "bob")] == ["active", "unknown"]
    assert [other.presence(who) for who in ("ada", "bob")] == ["unknown", "active"]
