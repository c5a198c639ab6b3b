"""A search for texts that must be nowhere: every column of every table, every byte of every file.

Looks for each text as it is and as JSON, SQL, URLs, hexadecimal and Base64 write it, in UTF-8 and
UTF-16, and for halves of long ones, since a page of a file may end within a text. Finds too much
rather than too little: what it is asked to find must be like nothing else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from attrs import frozen
from sqlalchemy import Connection, Engine, text

_LONG = 16
"""Characters from which on the halves of a text are looked for, too."""

_SYSTEM = ("pg_catalog", "information_schema")
_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": (
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
        f" WHERE schemaname NOT IN {_SYSTEM}"
    ),
    "mysql": (
        "SELECT concat('`', table_name, '`') FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
    ),
}


@frozen
class Find:
    """A place where a text was found.

    Attributes:
        text: what was looked for.
        where: the table and column, or the file and the byte.
        form: how it was written there.
    """

    text: str
    where: str
    form: str


def forms(wanted: str) -> dict[str, str]:
    """The ways in which a text may be written as text: the name of each, and the writing."""
    written = {"as it is": wanted}
    if len(wanted) >= _LONG:
        half = len(wanted) // 2
        written |= {"first half": wanted[:half], "second half": wanted[half:]}
    forms = dict(written)
    for name, one in written.items():
        escaped = json.dumps(one)[1:-1]
        forms |= {
            f"{name}, JSON": escaped,
            f"{name}, JSON in JSON": json.dumps(escaped)[1:-1],
            f"{name}, JSON in letters": json.dumps(one, ensure_ascii=False)[1:-1],
            f"{name}, SQL": one.replace("'", "''"),
            f"{name}, URL": quote(one, safe=""),
            f"{name}, hexadecimal": one.encode().hex(),
            f"{name}, Python": repr(one)[1:-1],
        }
    for start in range(3):  # whatever stands before it, four letters of Base64 are three bytes
        coded = base64.b64encode(b"." * start + wanted.encode()).decode().rstrip("=")
        forms[f"Base64 from {start}"] = coded[start + (start > 0) : -1]
    return forms


def search_tables(engine: Engine, wanted: Iterable[str]) -> list[Find]:
    """Search every row of every table of a database, ours or not, the tables' names included."""
    patterns = {one: {n: form.casefold() for n, form in forms(one).items()} for one in wanted}
    found: list[Find] = []
    with engine.connect() as connection:
        for table in _tables(connection):
            for where, value in _values(connection, table):
                found += [
                    Find(one, where, name)
                    for one, written in patterns.items()
                    for name, form in written.items()
                    if any(form in view for view in _views(value))
                ]
    return found


def search_files(database: Path, wanted: Iterable[str]) -> list[Find]:
    """Search every byte of every file in the directory of a SQLite database, their names too."""
    patterns = {
        (one, f"{name}, {encoding}"): {cased.encode(encoding) for cased in _cases(form)}
        for one in wanted
        for name, form in forms(one).items()
        for encoding in ("utf-8", "utf-16-le", "utf-16-be")
    }
    found: list[Find] = []
    for file in sorted(path for path in database.parent.rglob("*") if path.is_file()):
        content = file.name.encode() + b"\0" + file.read_bytes()
        small = content.lower()  # of letters beyond ASCII the three cases must do
        for (one, name), written in patterns.items():
            places = {text.find(pattern) for text in (content, small) for pattern in written}
            found += [Find(one, f"{file.name}, byte {at}", name) for at in places if at >= 0]
    return found


def _cases(form: str) -> tuple[str, str, str]:
    return form, form.casefold(), form.upper()


def _tables(connection: Connection) -> list[str]:
    return list(connection.scalars(text(_TABLES[connection.dialect.name])).all())


def _values(connection: Connection, table: str) -> Iterator[tuple[str, Any]]:
    yield f"the name of {table}", table
    result = connection.exec_driver_sql(f"SELECT * FROM {table}")
    names = list(result.keys())
    for row in result:
        yield from ((f"{table}.{name}", value) for name, value in zip(names, row, strict=True))


def _views(value: object) -> Iterator[str]:
    """The texts that a value is, or may be read as."""
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield raw.decode(encoding, errors="replace").casefold()
    elif isinstance(value, dict | list):
        yield json.dumps(value, ensure_ascii=False).casefold()
        yield json.dumps(value).casefold()
    elif value is not None:
        yield str(value).casefold()
