"""The rooms of src/motfunnel: who may know whom, who may know what, and how large each thing is."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
FILES = sorted((SOURCE / "motfunnel").rglob("*.py"))

# From the ground up. A room knows the floors below its own, and nobody beside it.
FLOORS = (
    {"errors", "text"},
    {"domain", "charts"},
    {"statistics"},
    {"answers"},
    {"store"},
    {"tracking"},
    {"reports"},
    {"pages", "intake"},
    {"motfunnel", "batch", "figures"},  # the front door is the package itself
    {"cli", "integrations", "dashboard", "demo", "testing"},
)
KNOWS = {room: set().union(*FLOORS[:at]) for at, rooms in enumerate(FLOORS) for room in rooms}
KNOWS["batch"] = {"errors", "domain"}

# One surface opens the next when it is called: these imports stand in a function.
DOORS = {
    "tracking": {"reports"},  # tracker.report()
    "cli": {"dashboard", "demo"},  # motfunnel serve, motfunnel demo
    "integrations": {"cli"},  # flask motfunnel, manage.py motfunnel
}
ALLOWED = {"step": 73}  # the state machine: one function, so that a compiler takes it as it stands
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
HEAVY = {"celery", "click", "django", "flask", "numpy", "pandas", "plotly", "pyarrow", "rich"}


def room_of(name: str) -> str:
    """The room of a dotted name within the package; what lies in none is the front door's."""
    second = f"{name}.".split(".")[1]
    return {"__main__": "cli"}.get(second, second if second in KNOWS else "motfunnel")


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


def each_file(*rooms: str) -> pytest.MarkDecorator:
    """Run a test for every file, or for those of some rooms."""
    files = [file for file in FILES if not rooms or room_of(dotted(file)) in rooms]
    return pytest.mark.parametrize("file", files, ids=dotted)


def dotted(file: Path) -> str:
    return ".".join(file.relative_to(SOURCE).with_suffix("").parts)


@each_file()
def test_imports_point_down(file: Path) -> None:
    """A room imports the floors below its own, and the next surface only when called."""
    room = room_of(dotted(file))
    for name, when in imports(file):
        if name.split(".")[0] == "motfunnel" and room_of(name) != room:
            known = KNOWS[room] | (set() if when == "loaded" else DOORS.get(room, set()))
            assert room_of(name) in known, f"{room} may not import {name}"


def test_every_room_has_a_floor() -> None:
    """A new room is written into the table before anything is put in it."""
    rooms = {file.relative_to(SOURCE / "motfunnel").parts[0].removesuffix(".py") for file in FILES}
    assert rooms - {"__init__", "__main__"} <= set(KNOWS)


@each_file()
def test_sqlalchemy_stays_in_the_store(file: Path) -> None:
    """Only the store imports SQLAlchemy; tracking and reports may name its types."""
    room = room_of(dotted(file))
    allowed = {"tracking": {"type-checked"}, "reports": {"type-checked"}}.get(room, set())
    for name, when in imports(file):
        if name.split(".")[0] == "sqlalchemy" and room != "store":
            assert when in allowed, f"{room} imports {name}"


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
