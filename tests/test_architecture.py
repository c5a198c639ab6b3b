"""The rooms of src/motfunnel: who may know whom, who may know what, and how large each thing is."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
TESTS = SOURCE.parent / "tests"
FILES = sorted((SOURCE / "motfunnel").rglob("*.py"))

# From the ground up, of the house and of each room that has floors of its own: a file or a room
# knows what stands on the floors below its own, and no room beside it. "…" is all others.
FLOORS: dict[str, tuple[set[str], ...]] = {
    "motfunnel": (
        {"errors", "keys", "text"},
        {"domain"},
        {"statistics"},
        {"charts"},
        {"answers"},
        {"store"},
        {"tracking"},
        {"reports"},
        {"trackers"},
        {"intake", "pages"},
        {"batch"},
        {"classified", "figures", "transfer"},
        {"dashboard", "mcp"},
        {"testing", "cli", "demo", "integrations"},
        {"__main__"},
    ),
    "motfunnel.domain": ({"…"}, {"funnel"}, {"experience", "journey", "lens", "trial"}),
    "motfunnel.store": (
        {"schema"},
        {"engine"},
        {"hosts"},
        {"database"},
        {"kept"},
        {"ledger"},
        {"outbox", "queries"},
        {"copies"},
    ),
    "motfunnel.tracking": (
        {"recording"},
        {"spool"},
        {"profile"},
        {"reader"},
        {"writer"},
        {"outbox", "people", "upkeep"},
    ),
    "motfunnel.reports": (
        {"measure"},
        {"facts"},
        {"…"},
        {"returns", "progress", "periods", "experience"},
        {"decisions"},
        {"report"},
        {"catalogue"},
    ),
    "motfunnel.intake": ({"files"}, {"exports"}, {"…"}),
    "motfunnel.integrations": ({"…"}, {"django", "flask"}),
    "motfunnel.integrations.django": ({"…"}, {"admin"}, {"dashboard", "management", "migrations"}),
    "motfunnel.cli": (
        {"arguments", "exit", "help"},
        {"output", "store"},
        {"queues"},
        {"…"},
    ),
    "motfunnel.dashboard": (
        {"assets", "filters", "page", "typed", "words"},
        {"pages"},
        {"links"},
        {"asking"},
        {"views"},
        {"…"},
        {"web"},
    ),
}
SURFACES = {"cli": {"demo"}, "integrations": {"cli"}}  # one that opens another, called
MOST_FILES = 13
ALLOWED = {"step": 89}  # the state machine: one function, so that a compiler takes it as it stands
PRIVATE_OF_OTHERS = {
    "_default_manager": "Django documents it",
    "_fields": "a named tuple's, documented",
    "_meta": "Django documents it",
    "_on_connect_isolation_level": "SQLAlchemy 2.1 does not tell how an engine was made",
    "_registry": "register of Django 5.2 refuses models whose key has several columns",
    "_replace": "a named tuple's, documented",
    "_set_mariadb": "a dialect of SQLAlchemy 2.1 asks the server which of the two it is",
    "_state": "Django documents it",
}
HEAVY = {"celery", "click", "django", "duckdb", "flask", "numba", "numpy", "pandas", "plotly"}
HEAVY |= {"mcp", "pyarrow", "pydantic", "pyspark", "rich"}


def room_of(name: str) -> str:
    """The room of the house that a dotted name lies in; what lies in none is the front door's."""
    second = f"{name}.".split(".")[1]
    return second if (SOURCE / "motfunnel" / second).is_dir() else second or "motfunnel"


@cache
def module_of(name: str) -> str:
    """The module that a dotted name is, or is defined in."""
    path = SOURCE.joinpath(*name.split("."))
    return name if path.is_dir() or path.with_suffix(".py").exists() else name.rpartition(".")[0]


def imports(file: Path) -> Iterator[tuple[str, str]]:
    """Each dotted name that a file imports, and when: loaded, called or type-checked."""
    package = file.relative_to(SOURCE).parent.parts

    def walk(node: ast.AST, when: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.Import):
            yield from ((alias.name, when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            yield from ((f"{module}.{alias.name}", when) for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            when = "called"
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            when = "type-checked"
        for child in ast.iter_child_nodes(node):
            yield from walk(child, when)

    return walk(ast.parse(file.read_text("utf-8")), "loaded")


def of_ours(file: Path) -> Iterator[tuple[str, str]]:
    """The modules of ours that a file imports, and when."""
    for name, when in imports(file):
        if name.split(".")[0] == "motfunnel" and module_of(name) != dotted(file):
            yield module_of(name), when


def each_file(*rooms: str) -> pytest.MarkDecorator:
    """Run a test for every file, or for those of some rooms."""
    files = [file for file in FILES if not rooms or room_of(dotted(file)) in rooms]
    return pytest.mark.parametrize("file", files, ids=dotted)


def dotted(file: Path) -> str:
    """The module that a file is."""
    return ".".join(file.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def floor(room: str, member: str) -> int | None:
    """On which floor of a room a file or a room in it stands."""
    for number, members in enumerate(FLOORS[room]):
        if member in members:
            return number
    return next((n for n, members in enumerate(FLOORS[room]) if "…" in members), None)


def parting(one: str, other: str) -> tuple[str, str, str]:
    """The innermost room that two modules share, and what each is or lies in there."""
    mine, theirs = one.split("."), other.split(".")
    shared = 0
    while mine[shared : shared + 1] == theirs[shared : shared + 1]:
        shared += 1
    mine_there, theirs_there = (".".join(one[shared : shared + 1]) for one in (mine, theirs))
    return ".".join(mine[:shared]), mine_there, theirs_there


@each_file()
def test_imports_point_down(file: Path) -> None:
    """Between rooms and within them, also where the import stands in a function or is a type's."""
    for name, when in of_ours(file):
        room, mine, theirs = parting(dotted(file), name)
        if not mine:  # the face of a room stands on all of it
            continue
        assert theirs, f"{dotted(file)} imports the face of its own room, {name}"
        if room not in FLOORS:
            continue
        above, below = floor(room, mine), floor(room, theirs)
        assert above is not None and below is not None, f"{room} has no floor for {mine}, {theirs}"
        is_door = when == "called" and theirs in SURFACES.get(mine, ())
        are_files = not any((SOURCE.joinpath(*room.split("."), m)).is_dir() for m in (mine, theirs))
        is_down = below < above or (below == above and are_files)
        assert is_down or is_door, f"{dotted(file)} may not import {name}"


def test_no_circle_of_files() -> None:
    """Not even of imports that stand in functions, or are for type checkers."""
    graph: dict[str, set[str]] = defaultdict(set)
    for file in FILES:
        graph[dotted(file)] |= {name for name, _ in of_ours(file)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


DOORS = {"answers", "batch", "charts", "classified", "dashboard", "demo", "intake", "pages"}
DOORS |= {"statistics", "transfer"}
"""Rooms whose faces documents name as places to import from."""


@pytest.mark.parametrize("file", [f for f in FILES if f.stem == "__init__"], ids=dotted)
def test_a_face_opens_no_second_door(file: Path) -> None:
    """It imports nothing of its own room, or threads that enter by other files may find half of it.

    One thread holds the face and waits for a file; another holds the file and waits for the face.
    """
    room = dotted(file)
    second = room.partition(".")[2]
    if second in {"", "cli"} | DOORS or second.startswith("integrations"):
        return
    assert not [name for name, _ in of_ours(file) if name.startswith(f"{room}.")]


def test_every_room_has_a_floor() -> None:
    """A new room is written into the table before anything is put in it."""
    for room, floors in FLOORS.items():
        folder = SOURCE.joinpath(*room.split("."))
        members = {file.stem for file in folder.iterdir() if file.suffix == ".py"}
        members |= {one.name for one in folder.iterdir() if [*one.glob("*.py")]}
        assert all(floor(room, one) is not None for one in members - {"__init__"}), room
        named = set[str]().union(*floors) - {"…"}
        assert named <= members, f"{room} has no {named - members}"


@pytest.mark.parametrize("room", sorted({dotted(file).rpartition(".")[0] for file in FILES}))
def test_no_room_is_crowded(room: str) -> None:
    """One sees at a glance what is in it."""
    files = [f for f in FILES if dotted(f).rpartition(".")[0] == room and f.stem != "__init__"]
    assert len(files) <= MOST_FILES


@each_file()
def test_sqlalchemy_stays_in_the_store(file: Path) -> None:
    """Only the store imports SQLAlchemy; what records, asks and is held may name its types."""
    room = room_of(dotted(file))
    may_name = {"tracking", "reports", "trackers", "transfer"}
    allowed = {"type-checked"} if room in may_name else set[str]()
    for name, when in imports(file):
        if name.split(".")[0] == "sqlalchemy" and room != "store":
            assert when in allowed, f"{room} imports {name}"


def test_no_question_asks_where_facts_come_from() -> None:
    """What is stored or was known its ground chooses; all others know the facts alone."""
    room = "motfunnel.reports.facts"
    sources = {f"{room}.stored", f"{room}.known"}
    telling = {dotted(file) for file in FILES if sources & {name for name, _ in of_ours(file)}}
    assert telling - sources == {"motfunnel.reports.ground"}


def known_to(file: Path, known: set[str]) -> set[str]:
    """All modules of ours that loading a file loads, itself among them."""
    if dotted(file) not in known:
        known.add(dotted(file))
        for name, when in of_ours(file):
            if when == "loaded":
                path = SOURCE.joinpath(*name.split("."))
                known_to(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"), known)
    return known


@each_file("batch")
def test_the_batch_engine_knows_no_store(file: Path) -> None:
    """It shares with an import how rows are read, and names nothing of a database."""
    rooms = {room_of(name) for name in known_to(file, set())}
    assert rooms <= {"batch", "domain", "errors", "intake", "keys", "text"}


@each_file("domain")
def test_the_domain_is_pure(file: Path) -> None:
    """The domain needs the standard library, attrs and our errors."""
    outside = {name.split(".")[0] for name, _ in imports(file)} - {"motfunnel"}
    assert outside <= set(sys.stdlib_module_names) | {"attr", "attrs"}


@each_file()
def test_nothing_grows_large(file: Path) -> None:
    """A file ends by line 600, and a function within 40 lines."""
    source = file.read_text("utf-8")
    assert len(source.splitlines()) <= 600
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= ALLOWED.get(node.name, 40), f"{node.name} has {length} lines"


HAVE_A_TEST_OF_THEIR_NAME = 0.29  # where the share has risen, this rises with it


def test_files_have_a_test_of_their_name() -> None:
    """It lies in the folder of the same room, at any depth; the share of such files never falls."""
    tests = {(part, file.stem) for file in TESTS.rglob("test_*.py") for part in file.parts}
    files = [file.relative_to(SOURCE / "motfunnel") for file in FILES]
    files = [file for file in files if not file.stem.startswith("__")]
    named = [file for file in files if (file.parts[0], f"test_{file.stem}") in tests]
    named += [file for file in files if (TESTS / f"test_{file.name}").exists()]
    assert len({*named}) / len(files) >= HAVE_A_TEST_OF_THEIR_NAME


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """The private names that code makes, and those that it uses as attributes."""
    made: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            made.add(node.id)
        elif isinstance(node, ast.Attribute):
            (used if isinstance(node.ctx, ast.Load) else made).add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"getattr", "setattr"}:
            used |= {str(one.value) for one in node.args[1:2] if isinstance(one, ast.Constant)}
    return {*filter(is_private, made)}, {*filter(is_private, used)}


def test_what_is_private_to_others_is_theirs() -> None:
    """Of other libraries only what they publish is used, but for a few things with a reason."""
    found = [private_names(ast.parse(file.read_text("utf-8"))) for file in FILES]
    made = {name for names, _ in found for name in names}
    used = {name for _, names in found for name in names}
    assert used - made == set(PRIVATE_OF_OTHERS)


def overridden(cls: type) -> set[str]:
    """The private names of other libraries' classes that a class of ours defines anew."""
    others = [base for base in cls.__mro__ if not base.__module__.startswith("motfunnel")]
    private = filter(is_private, vars(cls))
    return {name for name in private if any(name in vars(base) for base in others)}


def test_drivers_and_pools_keep_their_private_methods() -> None:
    """What keeps a call's budget overrides what is public alone."""
    from motfunnel.store.engine.timeouts import BoundedPool, psycopg_connection, pymysql_connection

    for cls in (BoundedPool, psycopg_connection(), pymysql_connection()):
        assert not overridden(cls), cls


def test_the_front_door_is_light() -> None:
    """Importing motfunnel loads no web framework, no numpy and no extra."""
    script = "import sys, motfunnel; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert HEAVY.isdisjoint(loaded.split())
