"""Change the source in one small place at a time, and count how often a test notices.

    python benchmarks/mutants.py statistics --sample 40 --seed 1 --tool build/mutants

Cosmic-ray, which `--tool` is the folder of, knows the changes. A place is drawn first and a change
of it second, so that an operator that could become any of twelve others counts once. Annotations,
assertions and what only type checkers read are left out: no test can notice them.

Everything happens in a copy of the checkout. The libraries are imported once; each mutant is tried
in a fork of that process, which imports motfunnel anew. A mutant that takes far longer than the
tests do on the source as it stands is counted as noticed: it runs in a circle.
"""

import argparse
import ast
import contextlib
import difflib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import cache_from_source
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = {
    "domain": [
        "src/motfunnel/domain",
        *(f"tests/domain/test_{name}.py" for name in (
            "calendar", "instant", "event", "payload", "value", "experience", "lens", "words",
            "condition", "rule_text", "rhythm", "trial", "funnel", "laws", "machine", "oracle",
        )),
    ],
    "statistics": ["src/motfunnel/statistics", "tests/statistics"],
    "reports/measure": [
        "src/motfunnel/reports/measure",
        *(f"tests/reports/test_{name}.py" for name in (
            "published_survival", "published_retention", "published_clocks", "published_silence",
            "trend", "periods", "period_edges", "period_examples", "adjusted", "trial", "values",
            "cautions", "windowed", "event_groups", "patience", "metamorphic",
        )),
    ],
}  # fmt: skip
# Each of these takes far longer than what it notices first is noticed by another.
TOO_LONG = (
    "test_the_walk_as_of_an_instant or test_every_move_is_a_row or test_a_compiled_step"
    " or test_chance_can_be_repeated"
)
LOADED = "pytest sybil sqlalchemy numpy scipy.stats pandas lifelines statsmodels.api"
LOADED += " sksurv.nonparametric duckdb django flask click rich plotly.graph_objects mcp pyarrow"
LOADED += " psycopg pymysql jinja2 attrs structlog numba polars aiosqlite"


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    file: Path
    line: int
    operator: str
    source: str

    def __str__(self) -> str:
        before = (ROOT / self.file).read_text("utf-8").splitlines()
        lines = difflib.unified_diff(before, self.source.splitlines(), n=0, lineterm="")
        changed = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        return "\n    ".join([f"{self.file}:{self.line} {self.operator}", *changed])


def unnoticeable(tree: ast.AST) -> Iterator[ast.AST]:
    """What no test can notice a change of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation:
            yield node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.returns:
                yield node.returns
            yield from (one for one in node.decorator_list if ast.unparse(one) == "overload")
        elif isinstance(node, ast.If):
            yield from [node] if "TYPE_CHECKING" in ast.unparse(node.test) else []
        elif isinstance(node, ast.Assert) or type(node).__name__ == "TypeAlias":
            yield node
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("cast", "TypeVar"):
            yield node.args[0]


def places(file: Path) -> list[tuple[Path, int, list[tuple[str, int]]]]:
    """Each place of a file where something can be changed, its line, and its changes."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.operators.provider import OperatorProvider

    source = (ROOT / file).read_text("utf-8")
    nodes = [*ast_nodes(get_ast(source))]
    left_out = [
        ((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset))
        for one in unnoticeable(ast.parse(source))
    ]
    found: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    for name in OperatorProvider():
        kind = OperatorProvider()[name]
        if kind.arguments():
            continue
        positions = (at for node in nodes for at in kind().mutation_positions(node))
        for number, (start, _) in enumerate(positions):
            if not any(since <= start <= until for since, until in left_out):
                found[start].append((name, number))
    return [(file, start[0], changes) for start, changes in sorted(found.items())]


def mutant_at(
    file: Path, line: int, changes: list[tuple[str, int]], chance: random.Random
) -> Mutant | None:
    """One of the changes of a place, unless it is none, or not Python."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.operators.provider import OperatorProvider

    name, number = chance.choice(changes)
    source = (ROOT / file).read_text("utf-8")
    changed = mutate_code(source, OperatorProvider()[name](), number)
    with contextlib.suppress(SyntaxError):
        if ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source)):
            return Mutant(file, line, name, changed)
    return None


def in_a_fork(copy: Path, tests: list[str], seconds: float, log: Path) -> bool:
    """Whether the tests passed, in time."""
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(copy)
        sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(sink, 1), os.dup2(sink, 2)
        sys.path[:0] = [str(copy / "src"), str(copy)]
        code = 1
        try:
            import pytest

            quiet = ["-x", "-q", "-p", "no:cacheprovider", "-n", "0", "-m", "not slow"]
            quiet += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # imported above
            code = pytest.main([*quiet, "-k", f"not ({TOO_LONG})", *tests])
            name = sys.modules["motfunnel"].__file__
            code = code if str(name).startswith(str(copy)) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def tests_of(package: str, file: Path) -> list[str]:
    """The tests that should notice, those of the file's own name first."""
    mine = [f"tests/{package}/test_{file.stem}.py", f"tests/reports/test_{file.stem}.py"]
    first = [str(file), *(one for one in mine if (ROOT / one).exists())]
    return [*dict.fromkeys([*first, *TESTS[package]])]


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The interval of a share at 95 %; motfunnel's own must not be imported here."""
    z, share = 1.96, part / whole
    middle = share + z * z / (2 * whole)
    half = z * ((share * (1 - share) + z * z / (4 * whole)) / whole) ** 0.5
    return (middle - half) / (1 + z * z / whole), (middle + half) / (1 + z * z / whole)


def run(package: str, sample: int, seed: int, copy: Path) -> tuple[int, int]:
    """Try a sample of a package's mutants; say how many were noticed, and of how many."""
    chance = random.Random(f"{package} {seed}")
    files = sorted((ROOT / "src/motfunnel" / package).glob("*.py"))
    known = [place for file in files for place in places(file.relative_to(ROOT))]
    chance.shuffle(known)
    made = (mutant_at(*place, chance) for place in known)
    drawn = [*islice(filter(None, made), sample)]
    began = time.monotonic()
    log = copy / "pytest.log"
    if not in_a_fork(copy, TESTS[package], 3600, log):
        sys.exit(f"the tests fail on the source as it stands:\n{log.read_text()[-3000:]}")
    most = 10 + 3 * (time.monotonic() - began)
    print(f"{package}: {len(known):,} places; the tests take {most / 3:.0f} s", flush=True)
    sys.dont_write_bytecode = True
    noticed = 0
    for number, mutant in enumerate(drawn, 1):
        place = copy / mutant.file
        kept = place.read_bytes()
        Path(cache_from_source(str(place))).unlink(missing_ok=True)
        place.write_text(mutant.source, "utf-8")
        began = time.monotonic()
        lives = in_a_fork(copy, tests_of(package, mutant.file), most, log)
        place.write_bytes(kept)
        noticed += not lives
        print(f"[{number}] {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        if lives:
            print(f"[{number}] lives: {mutant}", flush=True)
    return noticed, len(drawn)


def main() -> None:
    """Try what the command line asks for, and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", nargs="*", default=[*TESTS], metavar="PACKAGE")
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tool", default="build/mutants")
    asked = parser.parse_args()
    sys.path.remove(str(Path(__file__).parent))  # where coverage is not what numba takes it for
    sys.path.append(str(Path(asked.tool).resolve()))
    for name in LOADED.split():
        with contextlib.suppress(ImportError):
            import_module(name)
    for package in asked.packages:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split(
                "\n"
            ):
                if name and (ROOT / name).exists():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / name, copy / name)
            noticed, drawn = run(package, asked.sample, asked.seed, copy)
            lower, upper = wilson(noticed, drawn)
            share = f"{noticed / drawn:.0%}, 95 % interval {lower:.0%} to {upper:.0%}"
            print(f"{package}: {noticed} of {drawn} noticed ({share})", flush=True)


if __name__ == "__main__":
    main()
