"""The versions that motfunnel promises to work with, each in an environment of its own.

``make matrix`` runs all of it; ``nox --list`` names the parts, and what follows ``--`` goes to
pytest. Whatever a session does not vary has the version that constraints.txt gives it. A Python
that this machine lacks is skipped.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYTHONS = ("3.11", "3.12", "3.13")
SQLALCHEMY = ("2.0", "2.1")
# The newest Django wants a newer Python than we do.
PYTHONS_OF_DJANGO = {"5.2": PYTHONS, "6.1": PYTHONS[1:]}

# What could differ between versions: the language, the statements, the transactions.
SUITE = (
    "tests/domain",
    "tests/store",
    "tests/tracking/test_track.py",
    "tests/tracking/test_joined.py",
    "tests/tracking/test_async_tracker.py",
)

# pyenv hides the versions that nobody has chosen.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
if PYENV.is_dir():
    chosen = (path.name for path in sorted(PYENV.iterdir()) if path.name.startswith(PYTHONS))
    os.environ.setdefault("PYENV_VERSION", ":".join(chosen))

nox.needs_version = ">=2025.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"


@nox.session(python=PYTHONS)
@nox.parametrize("sqlalchemy", SQLALCHEMY)
def tests(session: nox.Session, sqlalchemy: str) -> None:
    """Run what could differ between versions of Python and SQLAlchemy."""
    install(session, "sqlalchemy", sqlalchemy)
    run(session, SUITE)


@nox.session
@nox.parametrize(
    ("python", "django"),
    [(python, django) for django, pythons in PYTHONS_OF_DJANGO.items() for python in pythons],
)
def django(session: nox.Session, django: str) -> None:
    """Run the tests of the Django app with a version of Django."""
    found = sorted((ROOT / "tests" / "integrations").glob("*django*"))
    if not found:
        session.skip("there are no tests of Django")
    install(session, "django", django)
    run(session, [str(path.relative_to(ROOT)) for path in found])


def install(session: nox.Session, package: str, version: str) -> None:
    """Install everything that tests need, and of one package this version."""
    constraints = ROOT / "constraints.txt"
    ours = Path(session.create_tmp(), "constraints.txt")
    pinned = re.compile(rf"{package}==", re.IGNORECASE)
    lines = constraints.read_text("utf-8").splitlines(keepends=True)
    ours.write_text("".join(line for line in lines if not pinned.match(line)), "utf-8")
    session.install(
        *("--constraint", str(ours), "--editable", ".[all]", "--group", "test"),
        f"{package}~={version}.0",
    )


def run(session: nox.Session, suite: tuple[str, ...] | list[str]) -> None:
    """Run tests; those that were asked for in place of the suite."""
    session.run("python", "-m", "pytest", "-q", "-n", "2", *(session.posargs or suite))
