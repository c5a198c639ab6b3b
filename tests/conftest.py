"""What every test may ask for: an empty database of each kind, a kept one, and Hypothesis profiles.

`url` and `engine` run a test once a backend; `@pytest.mark.parametrize("url", ["postgresql"],
indirect=True)` chooses. Property tests take `shared_engine` and a tenant of their own.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Engine, create_engine

import motfunnel
from tests.databases import BACKENDS, NO_MARIADB, Databases, NoServer
from tests.faults.figures import Figures, print_figures
from tests.faults.pooler import NO_PGBOUNCER
from tests.on_servers import backend_of, fewer_examples, mark_the_slow
from tests.report_header import header
from tests.tracking.asynchronous import lets_go

settings.register_profile(
    "default",
    database=None,
    deadline=None,  # a shared machine's seconds say nothing about a rule
    derandomize=True,  # whoever runs the tests runs the same tests
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "random",
    settings.get_profile("default"),
    derandomize=False,
    print_blob=True,  # a failure says how to have it again
)
settings.register_profile("long", settings.get_profile("random"), max_examples=2_000)
settings.register_profile("quick", settings.get_profile("default"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """Draw fewer examples where slow tests are left out, too, unless somebody chooses."""
    size = "quick" if config.option.markexpr == "not slow" else "default"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", size))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The worker's databases, dropped when it ends."""
    databases = Databases(tmp_path_factory.mktemp("databases"))
    yield databases
    databases.close()


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once for each backend."""
    try:
        with databases.empty(request.param, tmp_path) as empty:
            yield _written(empty)
    except NoServer as absence:
        pytest.skip(str(absence))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine on an empty database, once for each backend."""
    engine = create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session", params=BACKENDS)
def shared_engine(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Engine]:
    """An engine on a database that keeps its tables and rows until the worker ends."""
    try:
        engine = create_engine(databases.shared(request.param))
    except NoServer as absence:
        pytest.skip(str(absence))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(directory)]
    subprocess.run(build, cwd=Path(__file__).parents[1], check=True, capture_output=True)
    (file,) = directory.glob("*.whl")
    return file


@pytest.fixture(scope="session")
def installed(wheel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("installed")
    ZipFile(wheel_file).extractall(folder)
    return folder


@pytest.fixture
def figures(
    record_property: Callable[[str, object], None], request: pytest.FixtureRequest
) -> Figures:
    """Where a test puts down what it counted."""
    return Figures(record_property, backend_of(request.node))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is run, and on what."""
    return [*header(config)]


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the runs on servers that `make test` leaves out, and the page that starts Spark."""
    mark_the_slow(items)
    for item in items:
        if item.path.name == "classify-with-spark.md":
            item.add_marker("slow")


def pytest_collection_finish() -> None:
    """Import all of the library, whatever the tests of this run import of it, and when.

    Hypothesis draws now and then a constant that it found in a module of ours. With the same
    modules from the first test on, it draws the same in every order and on every worker.
    """
    ready = "django" in sys.modules and import_module("django.apps").apps.ready
    root = Path(motfunnel.__file__).parent
    for file in sorted(root.rglob("*.py")):
        name = ".".join(["motfunnel", *file.relative_to(root).with_suffix("").parts])
        if not name.endswith("__") and (ready or ".django." not in name):
            with suppress(ImportError):  # of an extra that is not installed
                import_module(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Have laws draw fewer examples on a server than on SQLite."""
    with fewer_examples(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Have what a test lets go collected with it, and told of nowhere else."""
    result = yield
    if lets_go.mark in item.iter_markers("filterwarnings"):
        gc.collect()
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was counted, and say aloud that a database went untested."""
    print_figures(terminalreporter)
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_PGBOUNCER in str(report.longrepr) for report in skipped):
        terminalreporter.section("PgBouncer was NOT tested", sep="!", red=True, bold=True)
        terminalreporter.line(f"{NO_PGBOUNCER}; apt-get install pgbouncer")
    count = sum(NO_MARIADB in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.section("MariaDB was NOT tested", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{count} tests were skipped: {NO_MARIADB} at 127.0.0.1:3306 as root without a"
            " password, and MOTFUNNEL_TEST_MARIADB names none."
        )


def _written(url: URL) -> str:
    return url.render_as_string(hide_password=False)
