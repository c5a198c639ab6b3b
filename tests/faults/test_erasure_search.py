"""The search for what must be nowhere finds what is somewhere."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.faults.erasure_search import search_files, search_tables

MARKER = "Łódź-4f9ac2\"'marker-\\日本-77e0b1"
PLAIN = "Zoë"

WAYS = [
    MARKER,
    f"before {MARKER} after",
    MARKER.upper(),
    MARKER.lower(),
    json.dumps({"a": [MARKER]}),
    json.dumps({"a": [MARKER]}, ensure_ascii=False),
    json.dumps({"a": json.dumps([MARKER])}),
    MARKER[: len(MARKER) // 2],
    MARKER[len(MARKER) // 2 :],
    MARKER.encode().hex(),
    b64encode(f"xy{MARKER}".encode()).decode(),
    b64encode(f"x{MARKER}".encode()).decode(),
    b64encode(MARKER.encode()).decode(),
]


@pytest.mark.parametrize("way", WAYS, ids=range(len(WAYS)))
def test_a_text_in_a_table_is_found(engine: Engine, way: str) -> None:
    """A text in any column of any table is found, however it is written."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (a INTEGER, b TEXT)"))
        connection.execute(text("INSERT INTO theirs VALUES (1, :b), (2, NULL)"), {"b": way})
        assert not search_tables(engine, ["nobody-4711-anywhere"])
    assert {find.where.rpartition(".")[2] for find in search_tables(engine, [MARKER])} == {"b"}


def test_bytes_and_short_texts_in_a_table_are_found(engine: Engine) -> None:
    """A text within bytes, and one too short to be halved, are found."""
    kind = "BYTEA" if engine.dialect.name == "postgresql" else "BLOB"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE theirs (a {kind}, b TEXT)"))
        values = {"a": f"..{PLAIN}".encode("utf-16-le"), "b": f"<{PLAIN}>"}
        connection.execute(text("INSERT INTO theirs VALUES (:a, :b)"), values)
    where = {find.where.rpartition(".")[2] for find in search_tables(engine, [PLAIN])}
    assert where == {"a", "b"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("way", WAYS, ids=range(len(WAYS)))
def test_a_text_in_a_file_is_found(tmp_path: Path, way: str, encoding: str) -> None:
    """A text in any file beside the database is found, in any place of it."""
    (tmp_path / "shop.db-journal").write_bytes(b"\xff\x00\xd8" + way.encode(encoding) + b"\x00")
    assert search_files(tmp_path / "shop.db", [MARKER])
    assert not search_files(tmp_path / "shop.db", ["nobody-4711-anywhere"])


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_what_sqlite_only_freed_is_found(tmp_path: Path, mode: str, encoding: str) -> None:
    """A row that was deleted, or only lies in the log beside the file, is found."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute(f"PRAGMA encoding = '{encoding}'")
    connection.execute(f"PRAGMA journal_mode = {mode}")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE a (b TEXT)")
    connection.execute("INSERT INTO a VALUES (?)", [MARKER])
    connection.commit()
    assert search_files(tmp_path / "shop.db", [MARKER])
    connection.execute("DELETE FROM a")
    connection.commit()
    assert search_files(tmp_path / "shop.db", [MARKER])
    connection.close()


def test_a_text_across_two_pages_is_found(tmp_path: Path) -> None:
    """Wherever a page of the file ends within a text, one of its halves is found."""
    for start in range(4000, 4110, 7):
        file = tmp_path / str(start) / "shop.db"
        file.parent.mkdir()
        connection = sqlite3.connect(file)
        connection.execute("CREATE TABLE a (b TEXT)")
        connection.execute("INSERT INTO a VALUES (?)", ["." * start + MARKER + "." * 9000])
        connection.commit()
        connection.close()
        assert search_files(file, [MARKER])
