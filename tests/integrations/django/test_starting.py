"""A project that is starting: when its tracker can be had, whoever stands first in its apps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")

ROOT = Path(__file__).parents[3]
SETTINGS = """
from pathlib import Path
SECRET_KEY = "of no use to anybody"
INSTALLED_APPS = ["orders", "motfunnel.integrations.django"]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {name!r}}}}}
MOTFUNNEL = {{"FUNNEL": "saas", "SPOOL": False}}
"""
APP = """
import motfunnel
from django.apps import AppConfig
from motfunnel.errors import NotConfiguredError

try:
    motfunnel.tracker()
except NotConfiguredError as error:
    print(error)

class OrdersConfig(AppConfig):
    name = "orders"

    def ready(self):
        motfunnel.tracker().on("opening", lambda moment: print("hello,", moment.contact))
"""
TRACK = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
import motfunnel
motfunnel.track("ada", "Signed Up")
"""


def test_handlers_registered_in_ready(tmp_path: Path) -> None:
    """They are told, though their app stands before this one; while models load, there is none."""
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/__init__.py").write_text("")
    (tmp_path / "orders/apps.py").write_text(APP)
    (tmp_path / "shop.py").write_text(SETTINGS.format(name=str(tmp_path / "shop.db")))
    printed = subprocess.check_output(
        [sys.executable, "-W", "error", "-c", TRACK],
        cwd=tmp_path,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "shop", "PYTHONPATH": f"{ROOT / 'src'}"},
        text=True,
    )
    early, told = printed.splitlines()
    assert "AppConfig.ready()" in early or "motfunnel.configure" in early
    assert told == "hello, ada"
