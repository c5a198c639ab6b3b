"""``flask motfunnel``: the commands on the application's own database, with its handlers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from motfunnel import Moment, track
from tests.integrations.flask.shop import Shop
from tests.tracking.scene import day

Run = Callable[..., Result]


@pytest.fixture
def shop(shared_url: str, open_shop: Callable[..., Shop]) -> Shop:
    """A shop whose one contact has been silent for long."""
    shop = open_shop(shared_url)
    with shop.app.app_context():
        track("ada", "saw", occurred_at=day(0))
        shop.session().commit()
    return shop


@pytest.fixture
def run(shop: Shop) -> Run:
    """Runs ``flask motfunnel``."""

    def run(*arguments: str, code: int = 0) -> Result:
        result = shop.app.test_cli_runner().invoke(args=["motfunnel", *arguments])
        assert result.exit_code == code, result.output
        return result

    return run


def test_reports_are_of_the_applications_database(run: Run) -> None:
    """Nothing has to be named; what is written are the forms of the command line."""
    answer = json.loads(run("report", "recidivism", "--within", "7d", "--format", "json").stdout)
    assert (answer["denominator"], answer["numerator"]) == (1, 0)
    assert "ada is departed" in run("contact", "ada").stdout


def test_a_sweep_tells_the_applications_handlers(shop: Shop, run: Run) -> None:
    """Unlike ``motfunnel sweep``, which knows none."""
    told: list[Moment] = []
    shop.funnel.on("depart", told.append)
    assert "1 contact departed" in run("sweep").stdout
    assert [moment.contact for moment in told] == ["ada"]


def test_what_the_application_stores_is_relayed(shop: Shop, run: Run) -> None:
    """A subscription is told in the transaction of the application's session."""
    run("subscribe", "crm")
    with shop.app.app_context():
        track("bob", "saw", occurred_at=day(0))
        shop.session().rollback()
        track("cy", "saw", occurred_at=day(0))
        shop.session().commit()
    done = run("relay", "crm", "--stdout")
    assert [json.loads(line)["data"]["contact"] for line in done.stdout.splitlines()] == ["cy"]
    assert done.stderr == "1 message delivered\n"


def test_the_environment_does_not_divert_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """MOTFUNNEL_DB is for ``motfunnel``; here only an option on the command line counts."""
    monkeypatch.setenv("MOTFUNNEL_DB", "sqlite:///elsewhere.db")
    assert "ada is departed" in run("contact", "ada").stdout
    elsewhere = run("contact", "ada", "--db", "sqlite://", "--funnel", "saas", code=1)
    assert "ada is unknown" in elsewhere.stdout


@pytest.mark.parametrize("option", ["tenant", "schema", "funnel"])
def test_the_tracker_is_not_changed_by_options(run: Run, option: str) -> None:
    """What belongs to another store is refused, and not passed over."""
    assert f"--{option} goes with --db" in run("sweep", f"--{option}", "saas", code=2).output


def test_without_the_extra_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flask brings click, and not the rest."""
    monkeypatch.setitem(sys.modules, "rich", None)
    assert "pip install 'motfunnel[cli]'" in run("sweep", code=3).output
