"""A list that looks at a bounded part of a table, and knows where it would go on.

A page of an admin counts its rows and skips those before it, and a filter may look through all
rows to find few: over millions that takes long. Here a list is of some thousand rows in the order
of the key, from one key up to another; filters, counts and pages stay within it, and a link leads
to the rows that follow.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import Q, QuerySet

from motfunnel.integrations.django import addresses

FROM_VAR: Final = "from"
ROWS: Final = 10_000

Key = tuple[Any, ...]


class Window(ChangeList):
    """The rows from a key on, as many as can be looked through at once.

    Attributes:
        begins: the key that the list begins with, where it is not the table's first.
        ends: the key that the next list would begin with, where there is one.
    """

    begins: Key | None = None
    ends: Key | None = None

    def get_filters_params(self, params: Any = None) -> Any:
        """Leave out what is no filter."""
        found = super().get_filters_params(params)
        found.pop(FROM_VAR, None)
        return found

    def get_queryset(self, request: Any, **kwargs: Any) -> QuerySet[Any]:
        """Filter and search within the window."""
        found = super().get_queryset(request, **kwargs)
        rows = self.model_admin.get_queryset(request)
        rows, _ = self.model_admin.get_search_results(request, rows, self.query)
        given = addresses.read(request.GET.get(FROM_VAR, ""), self.model, self._columns)
        if given is not None and self._is_sought(given):
            self.begins = given
            rows, found = self._from(rows, given), self._from(found, given)
        following = rows.order_by(*self.get_ordering(request, rows)).values_list(*self._columns)
        self.ends = next(iter(following[ROWS : ROWS + 1]), None)
        return found if self.ends is None else self._before(found, self.ends)

    def get_ordering(self, request: Any, queryset: QuerySet[Any]) -> list[str]:
        """Follow the key; its tenant is the same in all rows, and named here MariaDB would sort."""
        falls = "-" if self.model_admin.latest_first else ""
        return [f"{falls}{column}" for column in self._columns]

    def url_for_result(self, result: Any) -> str:
        """Lead to the page of a row."""
        return str(self.model_admin.address_of(result))

    @property
    def onward(self) -> str | None:
        """The address of the list that follows."""
        if self.ends is None:
            return None
        following = {FROM_VAR: addresses.write(self.ends)}
        return str(self.get_query_string(following, [PAGE_VAR]))

    @property
    def beginning(self) -> str:
        """The address of the first list."""
        return str(self.get_query_string(remove=[FROM_VAR, PAGE_VAR]))

    @property
    def first_shown(self) -> str:
        """The key that the list begins with, to be read."""
        return addresses.shown(self.begins[0]) if self.begins else ""

    @property
    def next_shown(self) -> str:
        """The key that the next list begins with, to be read."""
        return addresses.shown(self.ends[0]) if self.ends else ""

    rows_at_once = ROWS

    @property
    def _columns(self) -> tuple[str, ...]:
        columns: tuple[str, ...] = self.model_admin.key
        return columns

    def _is_sought(self, key: Key) -> bool:
        """Whether a key lies among those that are searched for."""
        return not self.query or str(key[0]).startswith(self.query)

    def _from(self, rows: QuerySet[Any], key: Key) -> QuerySet[Any]:
        return self._beside(rows, key, "lt" if self.model_admin.latest_first else "gt", "e")

    def _before(self, rows: QuerySet[Any], key: Key) -> QuerySet[Any]:
        return self._beside(rows, key, "gt" if self.model_admin.latest_first else "lt", "")

    def _beside(self, rows: QuerySet[Any], key: Key, side: str, or_equal: str) -> QuerySet[Any]:
        """Rows on one side of a key.

        Said twice: PostgreSQL finds its place in an index by comparing all columns at once,
        MariaDB by comparing one after the other; neither understands what the other does.
        """
        beside = Q()
        for at, column in enumerate(self._columns):
            same = dict(zip(self._columns[:at], key[:at], strict=True))
            last = or_equal if at == len(key) - 1 else ""
            beside |= Q(**same, **{f"{column}__{side}{last}": key[at]})
        whole = {f"pk__{side}{or_equal}": (self.model_admin.tenant(), *key)}
        return rows.filter(beside, **whole)
