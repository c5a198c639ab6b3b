"""Column types that mean the same on every database.

Instants are kept with their microseconds and come back in UTC; keys compare by code point. A type
here is also what code close to the driver uses to turn values over, so that both ways agree.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime, Dialect, String, Text, TypeDecorator
from sqlalchemy.types import TypeEngine, UserDefinedType

from motfunnel.domain.event import MOST_CHARACTERS, to_json
from motfunnel.domain.instant import EPOCH, instant_text

# MariaDB's default collation takes Bob for bob and forgets blanks at the end.
MARIADB_COLLATION: Final = "utf8mb4_nopad_bin"
MARIADB: Final = ("mysql", "mariadb")
_NAIVE_EPOCH: Final = EPOCH.replace(tzinfo=None)


def key_type(length: int = MOST_CHARACTERS) -> String:
    """A text that is compared by code point, trailing blanks and letter case included."""
    from sqlalchemy.dialects import mysql  # costly, and needed only where there is a tracker

    return (
        String(length)
        .with_variant(
            mysql.VARCHAR(length, charset="utf8mb4", collation=MARIADB_COLLATION), *MARIADB
        )
        .with_variant(String(length, collation="C"), "postgresql")
    )


def text_type() -> Text:
    """A text of any length that is compared by code point."""
    from sqlalchemy.dialects import mysql

    return (
        Text()
        .with_variant(mysql.MEDIUMTEXT(charset="utf8mb4", collation=MARIADB_COLLATION), *MARIADB)
        .with_variant(Text(collation="C"), "postgresql")
    )


class Instant(TypeDecorator[datetime]):
    """An instant: a timestamp with time zone, DATETIME(6) in UTC, or on SQLite text in UTC."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type with which the database keeps microseconds."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects import postgresql

            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=6))
        if dialect.name in MARIADB:
            from sqlalchemy.dialects import mysql

            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        from sqlalchemy.dialects import sqlite

        return dialect.type_descriptor(sqlite.DATETIME())  # type: ignore[no-untyped-call]

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write an instant as SQLAlchemy's own type would, without its detours on SQLite."""
        return _sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Read what a driver gives: text, or a datetime, naive or aware; in one call, not three."""
        return lambda value: None if value is None else read_instant(value)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware instant into what the driver takes: naive UTC where it has no zones."""
        if value is None or dialect.name == "postgresql":
            return value
        return value.astimezone(UTC).replace(tzinfo=None)


def _sqlite_text(instant: datetime | None) -> str | None:
    return None if instant is None else instant_text(instant.astimezone(UTC))


def read_instant(value: Any) -> datetime:
    """Read an instant as any driver here hands it over."""
    instant: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def read_micros(value: Any) -> int:
    """Read an instant as any driver here hands it over, in microseconds since 1970."""
    instant: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    passed = instant - (_NAIVE_EPOCH if instant.tzinfo is None else EPOCH)
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


class Properties(UserDefinedType[dict[str, Any]]):
    """A JSON object, kept as it was written: JSON on PostgreSQL, text elsewhere.

    Not JSONB, which rewrites numbers; not MariaDB's JSON, which stops at 31 levels.
    """

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The column's type where no dialect says otherwise."""
        return "TEXT"

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write compact JSON."""
        return to_json

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Read JSON, which some drivers have read already."""
        return read_properties


def properties_type() -> TypeEngine[dict[str, Any]]:
    """The type of an event's properties."""
    return (
        Properties()
        .with_variant(_PostgresProperties(), "postgresql")
        .with_variant(_MariaDBProperties(), *MARIADB)
    )


def read_properties(value: Any) -> dict[str, Any]:
    """Read properties as any driver here hands them over."""
    read: dict[str, Any] = json.loads(value) if isinstance(value, str | bytes) else value
    return read


class _PostgresProperties(Properties):
    def get_col_spec(self, **_: object) -> str:
        return "JSON"


class _MariaDBProperties(Properties):
    def get_col_spec(self, **_: object) -> str:
        return f"MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE {MARIADB_COLLATION}"
