"""``--app``: a command on the tracker of an application, whose handlers are told."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SHOP = """
from motfunnel import {kind}

tracker = {kind}("sqlite:///store.db")
trackers = {{"eu": tracker}}


@tracker.on("depart")
{coroutine}def remember(moment):
    with open("told.txt", "a") as file:
        print(moment.contact, file=file)


def make():
    return tracker


class settings:
    crm = tracker
    answer = 42
"""
KINDS = {"Tracker": "", "AsyncTracker": "async "}


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, filled: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line where an application lies, with a tracker of either kind."""
    Path("shop.py").write_text(SHOP.format(kind=request.param, coroutine=KINDS[request.param]))
    Path("broken.py").write_text("import no_such_library\n")
    monkeypatch.delenv("MOTFUNNEL_DB")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "shop", raising=False)
    return filled


@pytest.mark.parametrize("name", ["tracker", "make", "settings.crm"])
def test_a_sweep_tells_the_applications_handlers(shop: Run, name: str) -> None:
    """The tracker is named, or a function that gives it, or what holds it."""
    swept = shop("sweep", "--app", f"shop:{name}", "--as-of", "2024-03-01")
    assert swept.stdout == "1 contact departed by silence\n"
    assert Path("told.txt").read_text() == "ada\n"


def test_every_command_takes_it(shop: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment too; what it prints and its exit codes are the same."""
    monkeypatch.setenv("MOTFUNNEL_APP", "shop:tracker")
    assert "ada is departed" in shop("contact", "ada").stdout
    assert "Recidivism within 7d" in shop("report", "recidivism", "--within", "7d").stdout
    assert len(shop("moments").stdout.splitlines()) == 6
    assert shop("check").stdout == "2 contacts replayed: 0 differ\n"
    assert shop("rebuild").stdout == "2 contacts folded\n"
    Path("more.csv").write_text("who,what,when\nada,seen,2024-04-01\nada,odd,1.2.2024\n")
    columns = ("--contact", "who", "--event", "what", "--at", "when")
    assert "1 added" in shop("import", "more.csv", *columns, code=1).stdout
    assert "ada" in shop("export", "ada").stdout
    assert "erased" in shop("forget", "ada").stdout
    assert "lies in the future" in shop("sweep", "--as-of", "2999-01-01", code=3).stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--app", "shop"], "write e.g. --app shop.crm:tracker"),
        (["--app", "shops:tracker"], "no module 'shops' here"),
        (["--app", "shop.crm:tracker"], "no module 'shop.crm' here"),
        (["--app", "shop:trackers"], "gives none; its type is dict"),
        (["--app", "shop:settings.answer"], "type is int (in Flask write flask motfunnel …"),
        (["--app", "shop:nothing"], "shop has no 'nothing'"),
        (["--app", "shop:tracker", "--db", "sqlite://"], "give one of them"),
        (["--app", "shop:tracker", "--tenant", "eu"], "--tenant goes with --db"),
    ],
)
def test_what_is_no_application(shop: Run, given: list[str], words: str) -> None:
    """Bad usage, and what to write instead."""
    assert words in " ".join(shop("sweep", *given, code=2).stderr.split())


def test_an_application_that_does_not_start(shop: Run) -> None:
    """Its own fault is told as it is."""
    assert "no_such_library" in shop("sweep", "--app", "broken:tracker", code=3).stderr


def test_what_is_typed_goes_before_the_environment(
    shop: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the application before the database."""
    monkeypatch.setenv("MOTFUNNEL_APP", "shop:tracker")
    assert shop("contact", "ada", "--db", "sqlite:///empty.db", code=3).stderr
    monkeypatch.setenv("MOTFUNNEL_DB", "sqlite:///empty.db")
    assert "ada is departed" in shop("contact", "ada").stdout
