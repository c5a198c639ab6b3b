"""The examples of README.md and docs/*.md are tests: each document is one story, told in order.

A document runs in an empty directory of its own. `<!-- skip: next -->` above a block keeps the
block out; a block of another language than Python is only read.
"""

import gc
import os
import signal
from contextlib import ExitStack, chdir
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE
from importlib.util import find_spec
from itertools import groupby
from random import Random
from shutil import rmtree, which
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.myst import DocTestDirectiveParser, PythonCodeBlockParser, SkipParser

from motfunnel.trackers import configured


def enter_an_empty_directory(namespace: dict[str, Any]) -> None:
    stack = namespace["_stack"] = ExitStack()
    stack.enter_context(chdir(stack.enter_context(TemporaryDirectory())))
    namespace["lacks_mcp"] = find_spec("mcp") is None
    namespace["lacks_spark"] = find_spec("pyspark") is None or which("java") is None


def pytest_configure() -> None:
    """Let processes be interrupted; what a shell starts in the background ignores that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Take away what the run set aside."""
    rmtree(os.environ["XDG_STATE_HOME"], ignore_errors=True)


def leave_the_directory(namespace: dict[str, Any]) -> None:
    while configured._configured:  # or another document would track into this one's database
        configured._configured.pop().close()
    namespace["_stack"].close()
    gc.collect()  # what an example left behind is told of here, and not in another test


# What a tracker sets aside for its user goes to a folder of this run, also from other processes.
os.environ["XDG_STATE_HOME"] = mkdtemp(prefix="motfunnel-state-")

# SQLAlchemy gives up a cancelled connection of aiosqlite without closing it, and Python 3.13 says
# so when the garbage is collected: in whatever example that happens to be.
GIVEN_UP = "ignore:Exception ignored in.*sqlite3.Connection:pytest.PytestUnraisableExceptionWarning"

FLAGS = ELLIPSIS | NORMALIZE_WHITESPACE

pytest_collect_file = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=FLAGS),
        DocTestDirectiveParser(optionflags=FLAGS),
        SkipParser(),
    ],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    setup=enter_an_empty_directory,
    teardown=leave_the_directory,
).pytest()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that shuffles."""
    parser.addoption(
        "--shuffle",
        type=int,
        metavar="SEED",
        help="run the files, and the tests of each, in an order that this number decides;"
        " a document is told in its own",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let documents cancel calls; and shuffle, where that is asked for, alike on every worker."""
    for item in items:
        if item.path.suffix == ".md":
            item.add_marker(pytest.mark.filterwarnings(GIVEN_UP))
    seed = config.getoption("--shuffle")
    if seed is None:
        return
    chance = Random(seed)
    in_files = sorted(items, key=lambda item: str(item.path))
    files = [list(of_file) for _, of_file in groupby(in_files, key=lambda item: item.path)]
    chance.shuffle(files)
    for of_file in files:
        if of_file[0].path.suffix != ".md":
            chance.shuffle(of_file)
    items[:] = [item for of_file in files for item in of_file]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare each collection of garbage the modules and tests, which stay until the end."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors, since tests wait for servers, disks and others."""
    return min(os.cpu_count() or 1, 3) + 1


collect_ignore = ["docs/conf.py", "tests/integrations/django_project"]
