"""Projects with other settings, each a fresh one in a process of its own.

Time zones that repeat an hour, and every driver that Django takes: what was said comes back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from motfunnel import Funnel, Tracker
from tests.databases import NoServer
from tests.tracking.scene import stored_events

pytest.importorskip("django")

from tests.integrations.django_project.databases import as_django

ROOT = Path(__file__).parents[3]

# An hour that New York's clocks show twice, and a fraction of a second.
INSTANTS = ["2024-11-03T05:30:00.000001Z", "2024-11-03T06:30:00.000000Z"]

STORY = """
import json
import django
django.setup()
import motfunnel
from datetime import datetime
from django.conf import settings
from django.db import connection, transaction

with transaction.atomic():
    motfunnel.track("ada", "Signed Up", id="1", occurred_at=datetime.fromisoformat({first!r}),
                    properties={properties!r})
motfunnel.track("ada", "Account Deleted", id="2", occurred_at=datetime.fromisoformat({second!r}))
motfunnel.tracker().identify("ada", {{"plan": "é"}}, id="3",
                             occurred_at=datetime.fromisoformat({second!r}))
tracker = motfunnel.tracker()
rate = tracker.report().recidivism(within=__import__("datetime").timedelta(days=30))
assert rate.rows[0].denominator == 1, rate
moments = [moment.to_dict() for moment in tracker.moments()]
print(json.dumps({{
    "driver": connection.Database.__name__,
    "profile": [one["occurred_at"] for one in tracker.contact("ada").to_dict()["moments"]],
    "moments": [(one["moment"], one["occurred_at"]) for one in moments],
    "sound": tracker.check().is_sound,
    "duplicate": tracker.track("ada", "Signed Up", id="1",
                               occurred_at=datetime.fromisoformat({first!r}),
                               properties={properties!r}).duplicate,
    "rebuilt": tracker.rebuild(),
    "sound again": tracker.check().is_sound,
}}))
"""
PROPERTIES: dict[str, Any] = {
    "a": [1, 2.5, True, None, "50%s \\ \" ' 🙂"],
    "b": {"c": 2**60, "d": "%(tenant)s"},
}

PSYCOPG2 = "import sys; sys.modules['psycopg'] = None\n"
PYMYSQL = (
    "import sys; sys.modules.pop('MySQLdb', None)\n"
    "import pymysql; pymysql.version_info = (2, 2, 7, 'final', 0); pymysql.install_as_MySQLdb()\n"
)
LOCAL = "DATABASES['default']['TIME_ZONE'] = 'America/New_York'\n"
CASES = {
    "sqlite": ("sqlite", "sqlite3.dbapi2", ""),
    "psycopg": ("postgresql", "psycopg", ""),
    "psycopg2": ("postgresql", "psycopg2", PSYCOPG2),
    "mysqlclient": ("mariadb", "MySQLdb", ""),
    "PyMySQL": ("mariadb", "pymysql", PYMYSQL),
}


@pytest.fixture(
    params=[
        pytest.param(name, marks=() if backend == "sqlite" else pytest.mark.slow)
        for name, (backend, *_) in CASES.items()
    ]
)
def case(request: pytest.FixtureRequest) -> str:
    """The name of a driver."""
    name: str = request.param
    # By its package: PyMySQL may be standing in for the module of another.
    packages = {one for some in packages_distributions().values() for one in some}
    if name == "mysqlclient" and name not in packages:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture
def url(case: str, request: pytest.FixtureRequest) -> str:
    """An empty database of the driver's kind."""
    databases, place = (request.getfixturevalue(name) for name in ("databases", "tmp_path"))
    empty = databases.empty(CASES[case][0], place)
    try:
        found = empty.__enter__()
    except NoServer as absence:
        pytest.skip(str(absence))
    request.addfinalizer(lambda: empty.__exit__(None, None, None))
    return str(found.render_as_string(hide_password=False))


def start(place: Path, url: str, before: str, after: str) -> None:
    """Start a project, with these lines around what its settings say."""
    manage(place, "-m", "django", "startproject", "shop", ".")
    settings = place / "shop/settings.py"
    lines = [
        before,
        settings.read_text("utf-8"),
        f"DATABASES = {{'default': {as_django(url)!r}}}",
        "INSTALLED_APPS = ['django.contrib.contenttypes', 'motfunnel.integrations.django']",
        "MOTFUNNEL = {'FUNNEL': 'saas', 'SPOOL': False}",
        "TIME_ZONE = 'America/New_York'",
        after,
    ]
    settings.write_text("\n".join(lines), "utf-8")
    (place / "shop/urls.py").write_text("urlpatterns = []\n", "utf-8")
    manage(place, "manage.py", "migrate", "--verbosity=0")


def manage(place: Path, *arguments: str) -> str:
    """Run Python in a project, and give what it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DJANGO_")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=place,
        env=environment
        | {"DJANGO_SETTINGS_MODULE": "shop.settings", "PYTHONPATH": f"{place}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "zone",
    [
        "USE_TZ = True",
        *(
            pytest.param(zone, marks=pytest.mark.slow)
            for zone in ("USE_TZ = False", f"USE_TZ = True\n{LOCAL}")
        ),
    ],
)
def test_a_project(tmp_path: Path, case: str, url: str, zone: str) -> None:
    """Instants and properties are the same inside the project and outside of it."""
    start(tmp_path, url, CASES[case][2], zone)
    first, second = (one.replace("Z", "+00:00") for one in INSTANTS)
    story = STORY.format(first=first, second=second, properties=PROPERTIES)
    told = json.loads(manage(tmp_path, "-W", "error", "-c", story))
    assert told == {
        "driver": CASES[case][1],
        "profile": [INSTANTS[0], INSTANTS[0], INSTANTS[1]],
        "moments": [
            ["opening", INSTANTS[0]],
            ["conversion", INSTANTS[0]],
            ["depart", INSTANTS[1]],
        ],
        "sound": True,
        "duplicate": True,
        "rebuilt": 1,
        "sound again": True,
    }
    engine = create_engine(url)
    assert_same_outside(engine)
    engine.dispose()


def assert_same_outside(engine: Engine) -> None:
    """A tracker on an engine of its own reads what the project wrote."""
    [events] = stored_events(engine, "default").values()
    by_id = {event.id: event for event in events}
    found = [by_id[id].occurred_at.isoformat() for id in ("1", "2")]
    assert found == [
        "2024-11-03T05:30:00.000001+00:00",
        "2024-11-03T06:30:00+00:00",
    ]
    assert by_id["1"].properties == PROPERTIES
    tracker = Tracker(engine, Funnel.saas())
    assert tracker.check().is_sound
    assert not tracker.track("ada", "Signed Up", id="4").duplicate
