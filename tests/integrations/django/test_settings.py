"""The setting MOTFUNNEL: what may stand in it, when it takes effect, and what a check says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import motfunnel
from motfunnel import Funnel
from motfunnel.errors import NoFunnelError
from tests.integrations.django.conftest import FUNNEL
from tests.tracking.scene import FUNNEL as SCENE

pytestmark = pytest.mark.usefixtures("project")


def with_setting(**given: Any) -> Any:
    """The project with another setting."""
    from django.test import override_settings

    return override_settings(MOTFUNNEL={"SPOOL": False} | given)


@pytest.mark.parametrize(
    ("given", "funnel"),
    [
        (FUNNEL, SCENE),
        ("tests.integrations.django_project.funnel.made", SCENE),
        (SCENE, SCENE),
        ("saas", Funnel.saas()),
        ("ecommerce", Funnel.ecommerce()),
    ],
    ids=["path", "function", "funnel", "saas", "ecommerce"],
)
def test_a_funnel_may_be_given_in_several_ways(given: Any, funnel: Funnel) -> None:
    """As itself, by its dotted path or that of what makes it, or as a preset."""
    with with_setting(FUNNEL=given):
        assert motfunnel.tracker().funnel == funnel


def test_a_funnel_file(tmp_path: Path) -> None:
    """A relative path begins at the project's BASE_DIR."""
    from django.test import override_settings

    (tmp_path / "funnel.toml").write_text('stages = ["a", "b"]\n[rules]\nx = "touch"\n', "utf-8")
    with override_settings(BASE_DIR=tmp_path), with_setting(FUNNEL="funnel.toml"):
        assert motfunnel.tracker().funnel.stages == ("a", "b")
    with with_setting(FUNNEL=tmp_path / "funnel.toml"):
        assert motfunnel.tracker().funnel.stages == ("a", "b")


def clock() -> datetime:
    """A clock that stands still."""
    return datetime(2024, 6, 1, tzinfo=UTC)


def test_the_other_keys() -> None:
    """They are the options of the Tracker."""
    with with_setting(
        FUNNEL="saas", TENANT="north", ON_ERROR="log", BUDGET=2.5, CLOCK=f"{__name__}.clock"
    ):
        tracker: Any = motfunnel.tracker()
        assert (tracker.tenant, tracker.on_error) == ("north", "log")
        assert tracker.budget == timedelta(seconds=2.5)
        assert tracker.clock() == clock()
        assert tracker.spool is None
    with with_setting(FUNNEL="saas", BUDGET=None, SPOOL="spool.jsonl"):
        tracker = motfunnel.tracker()
        assert tracker.budget is None
        assert tracker.spool.path == Path("spool.jsonl")


def test_a_change_takes_effect() -> None:
    """Trackers are made anew when the setting changes, and kept as long as it does not."""
    with with_setting(FUNNEL="saas", TENANT="north"):
        first = motfunnel.tracker()
        assert motfunnel.tracker() is first
        with with_setting(FUNNEL="saas", TENANT="south"):
            assert motfunnel.tracker().tenant == "south"
        assert motfunnel.tracker().tenant == "north"


def test_no_funnel(alias: str, tenant: str) -> None:
    """Without one, the funnel that is stored with the data is used."""
    from django.db import transaction

    without = {"DATABASE": alias, "TENANT": tenant}
    with with_setting(**without), pytest.raises(NoFunnelError):
        motfunnel.track("ada", "saw")
    with with_setting(FUNNEL=FUNNEL, **without):
        motfunnel.track("ada", "saw")
    with with_setting(**without), transaction.atomic(using=alias):
        assert motfunnel.track("ada", "bought").moments


def checked() -> list[tuple[str, str]]:
    """What ``manage.py check`` says."""
    from motfunnel.integrations.django.settings import check_setting

    return [(one.id or "", f"{one.msg} {one.hint or ''}") for one in check_setting()]


@pytest.mark.parametrize(
    ("given", "id", "words"),
    [
        ({"FUNNL": "saas"}, "E002", "did you mean FUNNEL"),
        ({"FUNNEL": "shop.nowhere.funnel"}, "E003", "shop"),
        ({"FUNNEL": "tests.tracking.scene.nothing"}, "E003", "nothing"),
        ({"FUNNEL": "tests.tracking.scene.NOON"}, "E003", "no Funnel"),
        ({"FUNNEL": 7}, "E003", "no Funnel"),
        ({"FUNNEL": ["saas"]}, "E003", "no Funnel"),
        ({"FUNNEL": "no.toml"}, "E003", "no.toml"),
        ({"DATABASE": "other"}, "E004", "other"),
        ({"ON_ERROR": "swallow"}, "E006", "ON_ERROR"),
        ({"BUDGET": -1}, "E006", "BUDGET"),
        ({"BUDGET": "five"}, "E006", "BUDGET"),
        ({"TENANT": "x" * 64}, "E006", "TENANT"),
        ({"TENANT": 7}, "E006", "TENANT"),
        ({"CONTACT_KEY": "shop.nowhere.key"}, "E006", "CONTACT_KEY"),
        ({"CONTACT_KEY": 7}, "E006", "CONTACT_KEY"),
        ({"SPOOL": True}, "E006", "SPOOL"),
        ({"SPOOL_LIMIT": 0}, "E006", "SPOOL_LIMIT"),
        ({"SPOOL_FULL": "wait"}, "E006", "SPOOL_FULL"),
    ],
)
def test_a_check_names_what_is_wrong(given: dict[str, Any], id: str, words: str) -> None:
    """And so does Django's own error, where the tracker is asked for nevertheless."""
    from django.core.exceptions import ImproperlyConfigured
    from django.utils.connection import ConnectionDoesNotExist

    with with_setting(**({"FUNNEL": "saas"} | given)):
        [(found, text)] = checked()
        assert found == f"motfunnel.{id}"
        assert words in text
        with pytest.raises((ImproperlyConfigured, ConnectionDoesNotExist)):
            motfunnel.tracker()


def test_a_check_of_a_sound_project() -> None:
    """It says nothing; but where there is no funnel, that."""
    from django.core.management import call_command
    from django.test import override_settings

    with with_setting(FUNNEL=FUNNEL):
        assert checked() == []
        call_command("check")
    with with_setting():
        assert [id for id, _ in checked()] == ["motfunnel.W001"]
    with override_settings(MOTFUNNEL=["saas"]):
        assert [id for id, _ in checked()] == ["motfunnel.E001"]


def test_a_kind_of_database_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check says which can."""
    from django.db import connections

    monkeypatch.setattr(type(connections["default"]), "vendor", "oracle")
    with with_setting(FUNNEL="saas"):
        [(id, text)] = checked()
    assert (id, "PostgreSQL" in text) == ("motfunnel.E005", True)


def test_mysql_is_not_mariadb(monkeypatch: pytest.MonkeyPatch, places: dict[str, Any]) -> None:
    """``check --database`` asks the server what it is."""
    from django.db import connections

    from motfunnel.integrations.django.settings import check_server

    if "mariadb" not in places:
        pytest.skip("no server for mariadb")
    with with_setting(FUNNEL="saas", DATABASE="mariadb"):
        assert check_server(databases=["mariadb"]) == []
        monkeypatch.setattr(connections["mariadb"], "mysql_is_mariadb", False)
        assert [one.id for one in check_server(databases=["mariadb"])] == ["motfunnel.E007"]
    connections.close_all()
