"""Models that are read: every row of these tables is the library's to write.

What is stored of a contact belongs together, and only ``track``, ``merge``, ``forget`` and the like
keep it so. Fixtures are another matter: ``loaddata`` and ``dumpdata`` work as usual.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from motfunnel.errors import ReadOnlyError


class ReadQuerySet(models.QuerySet):
    """Rows to filter and to read."""

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(self.model.__name__)

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(self.model.__name__)

    def delete(self) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(self.model.__name__)

    update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


class ReadModel(models.Model):
    """A row that is read."""

    objects = ReadQuerySet.as_manager()

    class Meta:
        """Shared by all."""

        abstract = True
        ordering: ClassVar = ("pk",)

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(type(self).__name__)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to write."""
        raise ReadOnlyError(type(self).__name__)

    save.alters_data = delete.alters_data = True  # type: ignore[attr-defined]
