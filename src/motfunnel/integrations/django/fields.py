"""Fields that keep a value as the tables of the store do, on every database.

They name the types and collations of ``store/schema`` in Django's words, and read and write values
alike, whatever ``USE_TZ`` and ``TIME_ZONE`` say: an instant is always aware, in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models.fields.json import KeyTransform
from django.utils import timezone

from motfunnel.domain.event import to_json
from motfunnel.domain.instant import instant_text
from motfunnel.store.schema.types import MARIADB_COLLATION, read_instant, read_properties

_COLLATIONS: Final = {"postgresql": "C", "mysql": MARIADB_COLLATION}


class _ByCodePoint(models.Field):
    """A text that compares by code point, trailing blanks and letter case included."""

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        """Name the collation that the database calls so."""
        parameters: dict[str, Any] = super().db_parameters(connection)
        return parameters | {"collation": _COLLATIONS.get(connection.vendor)}


class KeyField(_ByCodePoint, models.CharField):
    """A short text: a key, a name, a label."""


class LongTextField(_ByCodePoint, models.TextField):
    """A text of any length."""

    def db_type(self, connection: Any) -> str:
        """Name the type; on MariaDB one of 16 MiB is enough."""
        kept: str = super().db_type(connection)
        return "mediumtext" if connection.vendor == "mysql" else kept


class PropertiesField(models.JSONField):
    """A JSON object, kept as it was written: no jsonb, which rewrites numbers.

    The lookups of its keys work as those of a ``JSONField`` do; those of the object as a whole
    (``contains``, ``has_key``) do not on PostgreSQL.
    """

    def db_type(self, connection: Any) -> str:
        """Name the type."""
        return {"postgresql": "json", "mysql": "mediumtext"}.get(connection.vendor, "text")

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        """Name the collation where the type is a text."""
        collation = MARIADB_COLLATION if connection.vendor == "mysql" else None
        return {**super().db_parameters(connection), "collation": collation}

    def db_check(self, connection: Any) -> None:
        """Leave the check to the library, which writes no other than JSON."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Read the object, or a value out of it."""
        if isinstance(expression, KeyTransform):
            return super().from_db_value(value, expression, connection)
        return None if value is None else read_properties(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Write compact JSON."""
        return value if hasattr(value, "as_sql") else to_json(value)

    def get_transform(self, name: str) -> Any:
        """Give the key of that name."""
        found = super(models.JSONField, self).get_transform(name)
        return found or (lambda *args, **kwargs: _Key(name, *args, **kwargs))


class _Key(KeyTransform):
    """A key of the object, which PostgreSQL can compare as jsonb only."""

    def preprocess_lhs(self, compiler: Any, connection: Any) -> Any:
        sql, params, keys = super().preprocess_lhs(compiler, connection)
        return (f"({sql})::jsonb" if connection.vendor == "postgresql" else sql), params, keys


class InstantField(models.DateTimeField):
    """An instant with microseconds: given as an aware datetime, in UTC.

    A naive one in a query is read in the project's time zone, as Django reads it anywhere. Without
    ``USE_TZ``, the parts of a date (``__date``, ``__year``) are those of UTC on SQLite and MariaDB;
    and psycopg2 does not tell which of the two hours it was when the clocks went back.
    """

    def get_prep_value(self, value: Any) -> Any:
        """Turn what is compared or written into an instant in UTC."""
        instant = super().get_prep_value(value)
        if not isinstance(instant, datetime):
            return instant
        if timezone.is_naive(instant):
            instant = instant.replace(tzinfo=timezone.get_default_timezone())
        return instant.astimezone(UTC)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Write it as the library does."""
        instant = value if prepared else self.get_prep_value(value)
        if not isinstance(instant, datetime) or connection.vendor == "postgresql":
            return instant
        return instant_text(instant)

    def value_from_object(self, obj: models.Model) -> Any:
        """Give it to a fixture as a text, for Django's JSON would leave out the microseconds."""
        instant = getattr(obj, self.attname)
        return instant.isoformat() if isinstance(instant, datetime) else instant

    def value_to_string(self, obj: models.Model) -> str:
        """Give it to a fixture."""
        return str(self.value_from_object(obj))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> datetime | None:
        """Read it, whatever zone Django has put on it or taken off it."""
        if value is None:
            return None
        instant: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
        if connection.vendor != "postgresql":
            return instant.replace(tzinfo=UTC)
        if timezone.is_naive(instant):
            instant = instant.replace(tzinfo=ZoneInfo(connection.timezone_name))
        return read_instant(instant)
