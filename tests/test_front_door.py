"""The front door: every name, each loaded when it is first used, and nothing besides."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import motfunnel

HEAVY = {
    *("asyncio", "click", "django", "flask", "numpy", "pandas", "plotly", "pyarrow", "rich"),
    *("greenlet", "sqlalchemy", "structlog", "zoneinfo"),
}

OF_SQLALCHEMY = (
    "sqlalchemy.orm",
    *(f"sqlalchemy.dialects.{one}" for one in ("mysql", "postgresql", "sqlite")),
)


def typed() -> dict[str, str]:
    """The names that type checkers see, each with the module that it is imported from."""
    tree = ast.parse(Path(motfunnel.__file__).read_text("utf-8"))
    imports = [one for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)]
    return {
        alias.name: f"{one.module}"
        for one in imports
        for alias in one.names
        if alias.name in motfunnel.__all__
    }


def test_names_are_those_that_are_typed() -> None:
    """A name is the very thing that its typed import gives, and none is without one."""
    homes = typed()
    assert sorted(homes) == sorted(motfunnel.__all__)
    for name, home in homes.items():
        assert getattr(motfunnel, name) is getattr(import_module(home), name)


def test_names_are_listed() -> None:
    """Whoever looks for a name finds it, and a star brings all."""
    assert {*motfunnel.__all__, "__version__", "errors"} <= {*dir(motfunnel)}
    brought: dict[str, object] = {}
    exec("from motfunnel import *", brought)
    assert {*motfunnel.__all__} <= brought.keys()


def test_threads_that_use_it_first_all_get_their_names() -> None:
    """As the first requests of a server do, all at once."""
    script = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import motfunnel

sys.setswitchinterval(1e-6)
names = [*motfunnel.__all__, "__version__"]
together = Barrier(len(names))

def use(name):
    together.wait()
    return getattr(motfunnel, name)

with ThreadPoolExecutor(len(names)) as threads:
    things = [*threads.map(use, names)]
assert things == [getattr(motfunnel, name) for name in names]
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_no_module_takes_the_place_of_a_name() -> None:
    """A module that is loaded becomes an attribute; one called like a name would hide it."""
    modules = {module.name for module in iter_modules(motfunnel.__path__)}
    assert modules.isdisjoint(motfunnel.__all__)


def test_a_tool_that_asks_loads_nothing() -> None:
    """Python and its tools ask modules for names like `__wrapped__`; that is no use of ours."""
    loaded = loaded_by("import motfunnel; assert not hasattr(motfunnel, '__wrapped__')")
    assert {name for name in loaded if name.startswith("motfunnel")} == {
        "motfunnel",
        "motfunnel.errors",
    }


@pytest.mark.parametrize(
    "script",
    [
        "import motfunnel",
        "import motfunnel.domain.machine",
        "from motfunnel import Funnel, Moment, Rule, touch; Funnel.saas()",
        "import motfunnel.statistics",
    ],
)
def test_what_needs_no_database_loads_none(script: str) -> None:
    """The front door, the domain and the statistics load no library but attrs."""
    assert HEAVY.isdisjoint(loaded_by(script))


def test_help_loads_no_command() -> None:
    """The list of commands is printed without any of them."""
    script = "import sys; sys.argv[1:] = ['--help']; from motfunnel.cli import main"
    loaded = loaded_by(f"{script}\ntry: main()\nexcept SystemExit: pass")
    assert "click" in loaded
    assert (HEAVY - {"click", "rich"}).isdisjoint(loaded)


@pytest.mark.parametrize("name", ["Tracker", "track", "AsyncTracker"])
def test_tracking_loads_no_extra(name: str) -> None:
    """A tracker loads SQLAlchemy, and none of its dialects, nor its ORM, nor an extra."""
    loaded = loaded_by(f"from motfunnel import {name}")
    assert "sqlalchemy" in loaded
    assert loaded.isdisjoint(HEAVY - {"asyncio", "greenlet", "sqlalchemy"})
    assert not [one for one in loaded if one.startswith(OF_SQLALCHEMY)]


def loaded_by(script: str) -> set[str]:
    """The modules that a process has loaded once it has run a script."""
    told = f"{script}\nimport sys\nprint('loaded:', *sys.modules)"
    printed = subprocess.check_output([sys.executable, "-c", told], text=True)
    return {*printed.rpartition("loaded:")[2].split()}
