"""Pages that show rows, and offer nothing that could change one.

They show the tenant of the application's tracker, to those whom Django lets view the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html

from motfunnel.errors import NotConfiguredError
from motfunnel.integrations.django import addresses
from motfunnel.integrations.django.admin.paging import Window
from motfunnel.trackers.configured import tracker


class Browser(admin.ModelAdmin):
    """A list and a page for each row.

    Attributes:
        key: the columns of the key, after the tenant.
        latest_first: whether a list begins with the last key.
    """

    key: ClassVar[tuple[str, ...]] = ("contact",)
    latest_first: ClassVar[bool] = False
    actions = None
    sortable_by = ()
    search_fields: tuple[str, ...] = ("contact",)
    search_help_text = "A contact's key, or how it begins"
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # each would count rows
    change_list_template = "admin/motfunnel/change_list.html"
    record_template = "admin/motfunnel/record.html"

    class Media:  # noqa: D106
        css: ClassVar = {"all": ["motfunnel/admin.css"]}

    @property
    def route(self) -> str:
        """What the names of the pages begin with."""
        return f"{self.opts.app_label}_{self.opts.model_name}"

    def tenant(self) -> str:
        """Whose contacts are shown."""
        try:
            return tracker().tenant
        except NotConfiguredError:
            return "default"

    def get_urls(self) -> list[Any]:
        """A list, and a page for each row; no others."""
        of_row = self.admin_site.admin_view(self.record_view)
        of_list = self.admin_site.admin_view(self.changelist_view)
        return [
            path("", of_list, name=f"{self.route}_changelist"),
            path("<path:address>/change/", of_row, name=f"{self.route}_change"),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody may."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody may."""
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Allow the filters that are offered, and none that an address makes up."""
        return lookup in {one.parameter_name for one in self.list_filter}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Window]:
        """Show a bounded part at once."""
        return Window

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Show one tenant's."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(tenant=self.tenant())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find what begins with the term, as the key's index can."""
        if not search_term:
            return queryset, False
        if "\x00" in search_term:
            return queryset.none(), False
        column, end = self.key[0], addresses.beyond(search_term)
        bounds = {f"{column}__gte": search_term} | ({} if end is None else {f"{column}__lt": end})
        return queryset.filter(**bounds), False

    def address_of(self, row: Model) -> str:
        """The address of a row's page."""
        return self.link(self.route, *(getattr(row, column) for column in self.key))

    def link(self, route: str, *key: object) -> str:
        """The address of the page of a row, by its key."""
        name = f"{self.admin_site.name}:{route}_change"
        return str(reverse(name, kwargs={"address": addresses.write(key)}))

    def record_view(self, request: HttpRequest, address: str) -> HttpResponse:
        """Show a row."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = addresses.read(address, self.model, self.key)
        named = dict(zip(self.key, key or (), strict=False))
        row = self.get_queryset(request).filter(**named).first() if key else None
        if row is None:
            said = f"There is no such {self.opts.verbose_name} any more."
            self.message_user(request, said, messages.WARNING)
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{self.route}_changelist"))
        return self.show(request, row, self.details(request, row))

    def show(self, request: HttpRequest, row: Model, details: dict[str, Any]) -> HttpResponse:
        """Put the details into the admin's frame."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"{self.opts.verbose_name}".capitalize(),
            "subtitle": addresses.shown(row),
            "opts": self.opts,
            "original": addresses.shown(row),
            "has_view_permission": True,
            "media": self.media,
            "zone": timezone.get_current_timezone_name() if settings.USE_TZ else "UTC",
            **details,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.record_template, context)

    def details(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What is shown of a row: by default, every column."""
        fields = [field for field in self.opts.fields if field.column and field.name != "tenant"]
        return {"rows": [(field.verbose_name, getattr(row, field.name)) for field in fields]}


def key_column(name: str, title: str) -> Any:
    """A column of a list that holds a key, written so that all of it is seen."""

    @admin.display(description=title)
    def column(row: Any) -> str:
        key = getattr(row, name)
        return "" if key is None else as_key(key)

    return column


def as_key(key: object) -> Any:
    """Mark a text as a key, which must not mix with the text around it."""
    return format_html('<bdi class="motfunnel-key">{}</bdi>', addresses.shown(key))


def choice(column: str, values: Iterable[str], title: str) -> type[admin.SimpleListFilter]:
    """A filter by values that are known beforehand, so that none needs looking for."""
    offered = [(value, value) for value in values]

    class Choice(admin.SimpleListFilter):
        parameter_name = column

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return offered

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            return queryset.filter(**{column: value}) if (value, value) in offered else queryset

    Choice.title = title
    return Choice


def laid_out(text: str) -> str:
    """Lay out a JSON text over lines; leave what is no JSON as it is."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text
