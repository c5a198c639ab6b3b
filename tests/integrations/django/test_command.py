"""``manage.py motfunnel …`` is the command line of motfunnel on the project's own database."""

from __future__ import annotations

import json
import sys
from io import StringIO
from typing import Any

import pytest

import motfunnel
from motfunnel import Tracker
from motfunnel.cli.group import COMMANDS
from tests.tracking.scene import NOON


def call(*arguments: str, **options: Any) -> str:
    """What a command prints, called from Python."""
    from django.core.management import call_command

    printed = StringIO()
    call_command("motfunnel", *arguments, stdout=printed, **options)
    return printed.getvalue()


def typed(*arguments: str) -> int:
    """The exit code of a command, as it is typed."""
    from django.core.management import execute_from_command_line

    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", "motfunnel", *arguments])
    code: int = ended.value.code  # type: ignore[assignment]
    return code


def test_it_works_on_the_projects_database(alias: str, tracker: Tracker) -> None:
    """Commands ask and change what the project tracks, under its tenant."""
    tracker.track("ada", "saw", occurred_at=NOON)
    assert call("sweep") == "1 contact departed by silence\n"
    assert "ada" in call("moments", "--kind", "depart")
    assert "departed" in call("contact", "ada")
    assert "recidivism" in call("report", "recidivism", "--within", "90d", "--format", "json")
    assert call("check").startswith("1 contact replayed")
    assert "1 event erased" in call("forget", "ada")
    assert tracker.contact("ada").events == 0


def test_a_relay(alias: str, tracker: Tracker) -> None:
    """What the project stores reaches a subscription; what it rolls back does not."""
    from django.db import transaction

    assert call("subscribe", "crm") == "crm is subscribed; 0 messages waiting\n"
    for contact, is_kept in ("bob", False), ("ada", True):
        with transaction.atomic(using=alias):
            tracker.track(contact, "saw", occurred_at=NOON)
            transaction.set_rollback(not is_kept, using=alias)
    [line] = call("relay", "crm", "--stdout").splitlines()
    assert json.loads(line)["data"]["contact"] == "ada"
    assert call("relay", "crm", "--stdout") == ""
    assert call("unsubscribe", "crm") == "crm is ended\n"


def test_exit_codes(alias: str, tracker: Tracker, capfd: pytest.CaptureFixture[str]) -> None:
    """They are those of ``motfunnel``."""
    assert typed("health") == 0
    assert typed("report", "recidivism") == 2
    assert typed("migrate") == 3
    assert typed("no-such-command") == 2
    err = capfd.readouterr().err
    assert "the tables are made by: python manage.py migrate" in err
    assert "Usage: manage.py motfunnel report" in err


def test_help(
    alias: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names every command, and needs no database."""
    # Django writes --settings into the environment, where the next test's process would find it.
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.integrations.django_project.settings")
    assert typed("--help") == 0
    printed = capfd.readouterr().out
    assert "Usage: manage.py motfunnel" in printed
    assert [name for name in COMMANDS if name not in printed] == []
    assert typed("sweep", "--help", "--settings=any.thing") == 0
    assert "Usage: manage.py motfunnel sweep" in capfd.readouterr().out


def test_a_failure_in_python(alias: str) -> None:
    """Called from Python, what does not end with 0 is a CommandError with the code."""
    from django.core.management import CommandError

    with pytest.raises(CommandError) as caught:
        call("migrate", stderr=StringIO())
    assert caught.value.returncode == 3


def test_another_database(
    alias: str, tracker: Tracker, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """``--db`` names another; an environment variable does not, nor do options that go with it."""
    from django.core.management import CommandError

    monkeypatch.setenv("MOTFUNNEL_DB", "sqlite:///nowhere/at/all.db")
    tracker.track("ada", "saw", occurred_at=NOON)
    assert call("sweep") == "1 contact departed by silence\n"
    url = f"sqlite:///{tmp_path}/other.db"
    with Tracker(url) as other:
        other.create_tables()
    assert call("sweep", "--db", url, "--funnel", "saas").startswith("0 contacts")
    for option in ("--tenant", "--funnel", "--schema"):
        with pytest.raises(CommandError) as caught:
            call("sweep", option, "saas", stderr=StringIO())
        assert caught.value.returncode == 2


def test_without_the_extra(
    alias: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without click it says what to install."""
    from django.core.management import CommandError

    monkeypatch.setitem(sys.modules, "click", None)
    assert typed("sweep") == 3
    assert "pip install 'motfunnel[cli]'" in capfd.readouterr().err
    with pytest.raises(CommandError, match="pip install"):
        call("sweep")


def test_an_import(alias: str, tracker: Tracker, tmp_path: Any) -> None:
    """A history from a file goes into the project's database."""
    file = tmp_path / "history.csv"
    file.write_text("who,what,when\nada,saw,2024-06-01\nbob,bought,2024-06-02\n", "utf-8")
    columns = ("--contact", "who", "--event", "what", "--at", "when")
    assert "2 added" in call("import", str(file), *columns)
    assert motfunnel.tracker().contact("bob").presence == "active"
